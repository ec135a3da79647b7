"""Where Temporal is, found in the standard way: `TEMPORAL_*` variables and profiles.

Temporal's SDK is not imported here unless only it can read what is configured, because that takes
longer than starting an embedded server.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kai_flow.settings import LOOPBACK, StartError

if TYPE_CHECKING:
    from temporalio.envconfig import ClientConnectConfig

DEFAULT_ADDRESS: Final = "localhost:7233"

_OURS: Final = "TEMPORAL_TASK_QUEUE"  # a setting of KAI, which the SDK does not read
_FILE: Final = Path("temporalio", "temporal.toml")  # with profiles, in the user's folder for these


class NoTemporal(StartError):
    """No Temporal server (or not the named namespace) at the configured address."""


@dataclass(frozen=True)
class Target:
    """Where Temporal is, according to the environment."""

    address: str  # host:port
    namespace: str
    chosen: bool  # False: no address is set, so it is the default one
    secured: bool  # TLS or an API key is configured: it cannot be an embedded server
    config: "ClientConnectConfig"

    @property
    def port(self) -> int:
        """The port; 0 asks an embedded server for any free one."""
        return int(self.address.rpartition(":")[2])

    @property
    def host(self) -> str:
        """The host, without the brackets of an IPv6 address."""
        return _host(self.address)

    @property
    def loopback(self) -> bool:
        """Whether it is an address of this machine that an embedded server could take."""
        return self.host in LOOPBACK


def same_address(one: str, other: str) -> bool:
    """Whether two addresses (host:port) mean the same place; all names of this machine are one."""
    ports = [address.rpartition(":")[2] for address in (one, other)]
    hosts = [_host(one), _host(other)]
    return ports[0] == ports[1] and (
        hosts[0] == hosts[1] or all(host in LOOPBACK for host in hosts)
    )


def _host(address: str) -> str:
    return address.rpartition(":")[0].strip("[]")


def target() -> Target:
    """Read the variables and the profile; raises `StartError` when they cannot be read."""
    try:
        config = _plain(os.environ)
        if config is None:
            config = _loaded()
    except (RuntimeError, ValueError, OSError, TypeError) as wrong:
        raise StartError(
            f"the configuration of Temporal cannot be read ({one_line(wrong)}): look at the "
            "TEMPORAL_* variables, or at the file that TEMPORAL_CONFIG_FILE names"
        ) from None
    chosen = "target_host" in config
    address = config.setdefault("target_host", DEFAULT_ADDRESS) or DEFAULT_ADDRESS
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdecimal() or int(port) > 65_535:
        raise StartError(
            f"TEMPORAL_ADDRESS={address!a} is refused: it must be host:port with a port from 0 to "
            f"65535, for example {DEFAULT_ADDRESS}"
        )
    return Target(
        address=address,
        namespace=config.get("namespace") or "default",
        chosen=chosen,
        secured=bool(config.get("tls") or config.get("api_key")),
        config=config,
    )


def _plain(environ: Mapping[str, str]) -> "ClientConnectConfig | None":
    """What the SDK would load, if nothing but an address can be configured; otherwise None."""
    names = {name for name in environ if name.startswith("TEMPORAL_")} - {_OURS}
    if not names and _no_profiles(environ):
        return {}
    if names == {"TEMPORAL_ADDRESS"} and environ["TEMPORAL_ADDRESS"] and _no_profiles(environ):
        return {"target_host": environ["TEMPORAL_ADDRESS"]}
    return None


def _no_profiles(environ: Mapping[str, str]) -> bool:
    """Whether the file with profiles is in none of the folders where the SDK might look for it."""
    try:
        home = Path.home()
    except RuntimeError:
        return False
    folders = [home / ".config", home / "Library" / "Application Support"]
    if environ.get("XDG_CONFIG_HOME"):
        folders.append(Path(environ["XDG_CONFIG_HOME"]))
    return all(_absent(folder / _FILE) for folder in folders)


def _absent(file: Path) -> bool:
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _loaded() -> "ClientConnectConfig":
    from temporalio.envconfig import ClientConfig  # noqa: PLC0415  (heavy, and seldom needed)

    return ClientConfig.load_client_connect_config()


def one_line(failure: Exception) -> str:
    """The failure's text on one line of at most 200 characters."""
    text = " ".join(str(failure).split())
    return text if len(text) <= 200 else text[:197] + "..."
