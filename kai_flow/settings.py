"""What the programs of KAI are told by their environment.

The rule: every setting is read, checked and given its unit here, once, at start; the rest of the
code sees a frozen `Settings` and never the environment. A wrong value is refused with its name,
the value, the allowed range and an example. A variable that is set but blank counts as not set.

The connection to Temporal is not here: it has variables and profiles of its own
(`kai_flow.connect`).

    StartError            a program cannot start; its message is one sentence for the user
    └── SettingsError     a variable of the environment has a wrong value
"""

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

import msgspec

__all__ = ["LOOPBACK", "Keys", "Settings", "SettingsError", "StartError", "load_settings"]

LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")

KIB: Final = 1024
MIB: Final = 1024 * KIB


class StartError(Exception):
    """A program cannot start. Its message is one sentence: what is wrong and what to do."""


class SettingsError(StartError):
    """A variable of the environment has a value that is not allowed."""


class Keys(tuple[bytes, ...]):
    """Keys of 32 bytes: the first encrypts, every one decrypts. Its ``repr`` holds no secret."""

    __slots__ = ()

    def __repr__(self) -> str:
        """How many there are."""
        return f"<{len(self)} keys>"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The checked settings: durations in seconds, sizes in bytes, the documented defaults."""

    bridge_host: str = "127.0.0.1"  # loopback only, until credentials can be configured
    bridge_port: int = 8092  # 0: any free port
    bridge_url: str | None = None  # how others reach the bridge; None: see `reach_bridge`
    health_port: int = 8091  # of the worker; 0: any free port
    signal_interval: float = 0.25
    buffer_events: int = 2_000
    buffer_bytes: int = 512 * KIB
    stream_idle_timeout: float = 300.0
    heartbeat_timeout: float = 60.0
    cors_origins: tuple[str, ...] = ()  # origins (scheme://host[:port]) besides the bridge's own
    callback_allow: tuple[str, ...] = LOOPBACK  # hosts that a callback URL may name, lower case
    log_level: str = "info"
    home: Path = msgspec.field(default_factory=lambda: Path.home() / ".kai")
    task_queue: str = "kai-agent-queue"
    agent: str | None = None  # "package.module:factory"; None: the built-in analyst
    encrypt_keys: Keys = Keys()  # for the stored connections; none: the key file in the home

    def reach_bridge(self, bound_port: int) -> str:
        """The base URL (no slash at its end) of a bridge on `bound_port`, as others reach it."""
        if self.bridge_url is not None:
            return self.bridge_url
        host = "localhost" if self.bridge_host == "127.0.0.1" else self.bridge_host
        return f"http://[{host}]:{bound_port}" if ":" in host else f"http://{host}:{bound_port}"


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read and check every setting; raises `SettingsError` for the first wrong one."""
    found: dict[str, object] = {}
    for variable, (attribute, parse) in _VARIABLES.items():
        value = environ.get(variable, "").strip()
        if not value:
            continue
        try:
            found[attribute] = parse(value)
        except ValueError as wrong:
            shown = "***" if variable in _SECRETS else _shown(value)
            raise SettingsError(f"{variable}={shown} is refused: {wrong}") from None
    return msgspec.structs.replace(Settings(), **found)


def _shown(value: str) -> str:
    """The value for a message: quoted, on one line, cut, and without a password."""
    value = re.sub(r"//[^/@]*@", "//***@", value)
    return ascii(value if len(value) <= 80 else value[:77] + "...")


# --- parsers: text → value; a ValueError says the allowed form, the range and an example


def _whole(low: int, high: int, example: str) -> Callable[[str], int]:
    def parse(value: str) -> int:
        number = int(value) if re.fullmatch(r"[0-9]{1,9}", value) else -1
        if not low <= number <= high:
            raise ValueError(
                f"it must be a whole number from {low} to {high}, for example {example}"
            )
        return number

    return parse


def _port(example: str) -> Callable[[str], int]:
    def parse(value: str) -> int:
        try:
            return _whole(0, 65_535, example)(value)
        except ValueError as wrong:
            raise ValueError(f"{wrong} (0 takes any free port)") from None

    return parse


_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_BYTES: Final = {"B": 1, "KiB": KIB, "MiB": MIB}


def _measure(
    units: Mapping[str, float], what: str, low: str, high: str, example: str
) -> Callable[[str], float]:
    """A parser of a number with a unit, between `low` and `high` (both inclusive)."""
    form = re.compile(rf"([0-9]{{1,12}}(?:\.[0-9]{{1,6}})?) ?({'|'.join(units)})")

    def read(written: str) -> float:
        match = form.fullmatch(written)
        return float(match[1]) * units[match[2]] if match else math.nan

    def parse(value: str) -> float:
        number = read(value)
        if not read(low) <= number <= read(high):  # never true of NaN
            raise ValueError(
                f"it must be a {what} with its unit ({', '.join(units)}), from {low} to {high}, "
                f"for example {example}"
            )
        return number

    return parse


def _duration(low: str, high: str, example: str) -> Callable[[str], float]:
    return _measure(_SECONDS, "duration", low, high, example)


def _size(low: str, high: str, example: str) -> Callable[[str], int]:
    parse = _measure(_BYTES, "size", low, high, example)
    return lambda value: int(parse(value))


def _loopback_host(value: str) -> str:
    host = value.lower().strip("[]")
    try:
        loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ValueError(
            "the bridge listens on a loopback address only as long as it has no credentials to "
            "check, for example 127.0.0.1, ::1 or localhost"
        )
    return host


def _split_url(value: str) -> SplitResult:
    url = urlsplit(value)  # raises ValueError by itself for a broken address
    _ = url.port
    if url.scheme not in ("http", "https") or not url.hostname or re.search(r"[\s\\]", value):
        raise ValueError("not an http or https URL")
    if "@" in url.netloc or url.query or url.fragment:
        raise ValueError("user, password, query and fragment have no place in it")
    return url


def _base_url(value: str) -> str:
    try:
        _split_url(value)
    except ValueError as wrong:
        raise ValueError(
            f"it must be the base URL of the bridge ({wrong}), for example http://localhost:8092"
        ) from None
    return value.rstrip("/")


def _origin(value: str) -> str:
    try:
        url = _split_url(value)
        if url.path not in ("", "/"):
            raise ValueError("a path has no place in it")
    except ValueError as wrong:
        raise ValueError(
            f"{_shown(value)} must be an origin, scheme://host[:port] ({wrong}), "
            "for example https://app.example.com"
        ) from None
    return f"{url.scheme}://{url.netloc.lower()}"


def _host(value: str) -> str:
    host = value.lower().strip("[]")
    if re.fullmatch(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?", host):
        return host
    try:
        return str(ip_address(host))
    except ValueError:
        raise ValueError(
            f"{_shown(value)} must be a host name or an IP address without scheme and port, or "
            "the word loopback, for example loopback,hooks.example.com"
        ) from None


def _listed(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def _origins(value: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_origin(part) for part in _listed(value)))


def _allowed_hosts(value: str) -> tuple[str, ...]:
    hosts: list[str] = []
    for part in _listed(value):
        hosts += LOOPBACK if part.lower() == "loopback" else [_host(part)]
    return tuple(dict.fromkeys(hosts))


def _log_level(value: str) -> str:
    if value.lower() not in ("debug", "info", "warning", "error", "critical"):
        raise ValueError("it must be debug, info, warning, error or critical, for example info")
    return value.lower()


def _home(value: str) -> Path:
    try:
        path = Path(value).expanduser().absolute()
    except RuntimeError:
        raise ValueError("its home folder is not known, for example /home/me/.kai") from None
    if path.exists() and not path.is_dir():
        raise ValueError("it must be a folder and is a file, for example ~/.kai")
    return path


def _queue(value: str) -> str:
    if not re.fullmatch(r"[!-~]{1,200}", value):
        raise ValueError(
            "it must be 1 to 200 printable characters without blanks, for example kai-agent-queue"
        )
    return value


def _queue_of_organisation(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", value):
        raise ValueError("it must be 1 to 100 letters, digits, '.', '_' or '-', for example acme-1")
    return f"kai-{value}-queue"


def _factory(value: str) -> str:
    module, _, name = value.partition(":")
    parts = [*module.split("."), *name.split(".")]
    if not all(part.isidentifier() for part in parts):
        raise ValueError("it must be package.module:factory, for example my_agents.sales:create")
    return value


def _keys(value: str) -> Keys:
    keys = []
    for part in _listed(value):
        try:
            keys.append(base64.b64decode(part.replace("-", "+").replace("_", "/"), validate=True))
        except (binascii.Error, ValueError):
            keys.append(b"")
    if not 1 <= len(keys) <= 8 or any(len(key) != 32 for key in keys):
        raise ValueError(
            "it must be 32 random bytes in base64 (or up to 8 such keys with commas between, of "
            "which the first encrypts), for example what `openssl rand -base64 32` prints"
        )
    return Keys(keys)


_SECRETS: Final = ("KAI_ENCRYPT_KEY",)  # never shown, not even when wrong

# variable → (attribute, parser). ORG_ID stands before TEMPORAL_TASK_QUEUE, which overrides it.
_VARIABLES: Final[Mapping[str, tuple[str, Callable[[str], object]]]] = {
    "KAI_BRIDGE_HOST": ("bridge_host", _loopback_host),
    "KAI_BRIDGE_PORT": ("bridge_port", _port("8092")),
    "KAI_BRIDGE_URL": ("bridge_url", _base_url),
    "KAI_HEALTH_PORT": ("health_port", _port("8091")),
    # below 50 ms the server's own 7 ms a signal become a load; 5 s is the producer's stall rule
    "KAI_SIGNAL_INTERVAL": ("signal_interval", _duration("50ms", "5s", "250ms")),
    "KAI_BUFFER_EVENTS": ("buffer_events", _whole(100, 20_000, "2000")),
    # at least one event of the largest size (256 KiB); at most what one query can carry (pages of
    # 1 MiB) with its ids and still stay under Temporal's 2 MiB
    "KAI_BUFFER_BYTES": ("buffer_bytes", _size("256KiB", "1MiB", "512KiB")),
    "KAI_STREAM_IDLE_TIMEOUT": ("stream_idle_timeout", _duration("1s", "1d", "300s")),
    "KAI_HEARTBEAT_TIMEOUT": ("heartbeat_timeout", _duration("5s", "10m", "60s")),
    "KAI_CORS_ORIGINS": ("cors_origins", _origins),
    "KAI_CALLBACK_ALLOW": ("callback_allow", _allowed_hosts),
    "KAI_LOG_LEVEL": ("log_level", _log_level),
    "KAI_HOME": ("home", _home),
    "ORG_ID": ("task_queue", _queue_of_organisation),
    "TEMPORAL_TASK_QUEUE": ("task_queue", _queue),
    "KAI_AGENT": ("agent", _factory),
    "KAI_ENCRYPT_KEY": ("encrypt_keys", _keys),
}
