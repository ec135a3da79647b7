"""What a connection is: its values, its names and its errors.

StoreError               the store refuses; the message is one sentence with the remedy
├── UnknownConnection    no connection has this id or alias
├── BadConnection        the connection cannot be stored as given
└── WrongKey             the connection cannot be decrypted here
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from kai_flow.connections.uris import path_of, safe_uri

__all__ = [
    "DEMO_ALIAS",
    "MAX_NAME_LENGTH",
    "BadConnection",
    "Connection",
    "Entry",
    "StoreError",
    "UnknownConnection",
    "WrongKey",
    "check_alias",
    "check_name",
]

DEMO_ALIAS: Final = "koperasi"
"""The alias of the demo database, which always exists: it is generated when first used."""

MAX_NAME_LENGTH: Final = 200
"""Longest id or alias, in characters."""


class StoreError(ValueError):
    """Root of this store's refusals; the message is one sentence that says what to do."""


class UnknownConnection(StoreError):
    """No connection has this id or alias."""


class BadConnection(StoreError):
    """The connection cannot be stored as given."""


class WrongKey(StoreError):
    """The connection cannot be decrypted with the keys that this process has."""


@dataclass(frozen=True)
class Connection:
    """One database that questions can be asked about. Its ``repr`` holds no secret."""

    id: str
    alias: str
    uri: str = field(repr=False)
    """As given, with its secrets: only for the engine."""
    folder: Path | None = None
    """The folder that a user of the command line allowed this connection to read files from."""

    @property
    def safe_uri(self) -> str:
        """The URI as it may be shown: user, password and query left out."""
        return safe_uri(self.uri)

    def __repr__(self) -> str:
        """Id, alias and the URI without its secrets."""
        return f"Connection(id={self.id!r}, alias={self.alias!r}, uri={self.safe_uri!r})"

    def sqlite_path(self) -> Path:
        """The file behind a ``sqlite:///`` URI."""
        return path_of(urlsplit(self.uri))


@dataclass(frozen=True)
class Entry:
    """A connection in a list, without secrets; listed even when its URI cannot be decrypted."""

    id: str
    alias: str
    shown: str
    """The URI as it may be shown, or why it cannot be shown."""


def check_name(what: str, value: object) -> str:
    """``value`` if it can be an id or alias, else ``BadConnection``."""
    good = isinstance(value, str) and value.strip() == value and value.isprintable()
    if not good or not isinstance(value, str) or not 1 <= len(value) <= MAX_NAME_LENGTH:
        raise BadConnection(
            f"The {what} of a connection must be 1 to {MAX_NAME_LENGTH} printable characters"
            " without space around them."
        )
    return value


def check_alias(alias: object, connection_id: str) -> str:
    """``alias`` if that connection may have it, else ``BadConnection``."""
    name = check_name("alias", alias)
    if name == DEMO_ALIAS != connection_id:
        raise BadConnection(
            f"The alias {DEMO_ALIAS!r} belongs to the demo database; choose another one."
        )
    return name
