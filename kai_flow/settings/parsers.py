"""Parsers of settings: from the text of a variable to its value, without the unit.

The rule: the message of a `ValueError` has the allowed form, the range and an example;
`kai_flow.settings` puts the variable's name before it.
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

from kai_flow.stream.errors import InvalidKey
from kai_flow.stream.signing_keys import SigningSecrets, read_keys

LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")  # the names of this machine

KIB: Final = 1024
MIB: Final = 1024 * KIB


class Keys(tuple[bytes, ...]):
    """Keys of 32 bytes: the first encrypts, every one decrypts. Its ``repr`` holds no secret."""

    __slots__ = ()

    def __repr__(self) -> str:
        """How many there are."""
        return f"<{len(self)} keys>"


class Token(bytes):
    """A shared secret. Its ``repr`` and its text do not hold it."""

    __slots__ = ()

    def __repr__(self) -> str:
        """That there is one."""
        return "<a token>"

    __str__ = __repr__


def shown(value: str) -> str:
    """The value for a message: quoted, on one line, cut, and without a password."""
    value = re.sub(r"//[^/@]*@", "//***@", value)
    return ascii(value if len(value) <= 80 else value[:77] + "...")


def whole(low: int, high: int, example: str) -> Callable[[str], int]:
    def parse(value: str) -> int:
        number = int(value) if re.fullmatch(r"[0-9]{1,9}", value) else -1
        if not low <= number <= high:
            raise ValueError(
                f"it must be a whole number from {low} to {high}, for example {example}"
            )
        return number

    return parse


def port(example: str) -> Callable[[str], int]:
    def parse(value: str) -> int:
        try:
            return whole(0, 65_535, example)(value)
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


def duration(low: str, high: str, example: str) -> Callable[[str], float]:
    return _measure(_SECONDS, "duration", low, high, example)


def size(low: str, high: str, example: str) -> Callable[[str], int]:
    parse = _measure(_BYTES, "size", low, high, example)
    return lambda value: int(parse(value))


def split_url(value: str, *, query: bool = False) -> SplitResult:
    url = urlsplit(value)  # raises ValueError by itself for a broken address
    _ = url.port
    if url.scheme not in ("http", "https") or not url.hostname or re.search(r"[\s\\]", value):
        raise ValueError("this is not an http or https URL")
    if "@" in url.netloc or (url.query and not query) or url.fragment:
        raise ValueError("it may have no user, password, query or fragment")
    return url


def base_urls(value: str) -> tuple[str, ...]:
    return _base_urls(value, "the bridge", "http://localhost:8092")


def codec_urls(value: str) -> tuple[str, ...]:
    return _base_urls(value, "the codec server", "https://codec.example.com")


def _base_urls(value: str, of: str, example: str) -> tuple[str, ...]:
    found = []
    for part in listed(value):
        try:
            split_url(part)
        except ValueError as wrong:
            raise ValueError(
                f"it must be the base URL of {of} ({wrong}), or several separated by "
                f"commas, for example {example}"
            ) from None
        found.append(part.rstrip("/"))
    if not found:
        raise ValueError(f"it names no URL, for example {example}")
    return tuple(dict.fromkeys(found))


def _origin(value: str) -> str:
    try:
        url = split_url(value)
        if url.path not in ("", "/"):
            raise ValueError("it may have no path")
    except ValueError as wrong:
        raise ValueError(
            f"{shown(value)} must be an origin, scheme://host[:port] ({wrong}), "
            "for example https://app.example.com"
        ) from None
    return f"{url.scheme}://{url.netloc.lower()}"


def listed(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def origins(value: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_origin(part) for part in listed(value)))


def address(value: str) -> str:
    host = value.lower().strip("[]")
    try:
        return "localhost" if host == "localhost" else str(ip_address(host))
    except ValueError:
        raise ValueError(
            "it must be an address of this machine, for example 127.0.0.1, ::1 or 0.0.0.0"
        ) from None


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def token(value: str) -> Token:
    if not re.fullmatch(r"[!-~]{20,200}", value):
        raise ValueError(
            "it must be 20 to 200 printable characters without spaces, for example the output of "
            "`openssl rand -hex 32`"
        )
    return Token(value.encode())


def log_format(value: str) -> str:
    if value.lower() not in ("plain", "json"):
        raise ValueError("it must be plain or json, for example json")
    return value.lower()


def switch(example: str) -> Callable[[str], bool]:
    def parse(value: str) -> bool:
        if value.lower() not in ("on", "off"):
            raise ValueError(f"it must be on or off, for example {example}")
        return value.lower() == "on"

    return parse


def log_level(value: str) -> str:
    if value.lower() not in ("debug", "info", "warning", "error", "critical"):
        raise ValueError("it must be debug, info, warning, error or critical, for example info")
    return value.lower()


def path_of(value: str, example: str) -> Path:
    try:
        return Path(value).expanduser().absolute()
    except RuntimeError:
        raise ValueError(f"it names an unknown home folder; write for example {example}") from None


def home(value: str) -> Path:
    path = path_of(value, "/home/me/.kai")
    if path.exists() and not path.is_dir():
        raise ValueError("it must be a folder, but it is a file, for example ~/.kai")
    return path


def signing_keys(value: str) -> SigningSecrets:
    try:
        return read_keys(value)
    except InvalidKey as wrong:
        raise ValueError(str(wrong)) from None


def folders(value: str) -> tuple[Path, ...]:
    found = []
    for part in listed(value):
        path = path_of(part, "/srv/data")
        if path.resolve() == Path("/") or (path.exists() and not path.is_dir()):
            raise ValueError(
                f"{shown(part)} must be a folder other than the root of the file system, for"
                " example /srv/data"
            )
        found.append(path)
    return tuple(dict.fromkeys(found))


def queue(value: str) -> str:
    if not re.fullmatch(r"[!-~]{1,200}", value):
        raise ValueError(
            "it must be 1 to 200 printable characters without spaces, for example kai-agent-queue"
        )
    return value


def queue_of_organisation(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", value):
        raise ValueError("it must be 1 to 100 letters, digits, '.', '_' or '-', for example acme-1")
    return f"kai-{value}-queue"


def _named(what: str, example: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        module, _, name = value.partition(":")
        parts = [*module.split("."), *name.split(".")]
        if not all(part.isidentifier() for part in parts):
            raise ValueError(f"it must be package.module:{what}, for example {example}")
        return value

    return parse


factory = _named("factory", "my_agents.sales:create")
converter = _named("name", "kai_flow.temporal.codec:encrypted")


def keys(value: str) -> Keys:
    found = []
    for part in listed(value):
        try:
            found.append(base64.b64decode(part.replace("-", "+").replace("_", "/"), validate=True))
        except (binascii.Error, ValueError):
            found.append(b"")
    if not 1 <= len(found) <= 8 or any(len(key) != 32 for key in found):
        raise ValueError(
            "it must be 32 random bytes in base64, or up to 8 such keys separated by commas, of "
            "which the first encrypts; for example the output of `openssl rand -base64 32`"
        )
    return Keys(found)
