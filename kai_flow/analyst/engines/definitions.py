"""Tables and columns as their database defines them, before any row is read."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from kai_flow.analyst.comments import parse_note
from kai_flow.analyst.errors import EngineError
from kai_flow.analyst.schema import ForeignKey, Note, Schema, Table

__all__ = [
    "Definition",
    "catalogue",
    "chosen",
    "comment",
    "connected",
    "digest",
    "qualified",
    "quoted",
]


@dataclass(frozen=True)
class Definition:
    """A table or view as its database defines it."""

    name: str
    """Unique among all; with its namespace in front where it has one."""
    columns: tuple[tuple[str, str, Note], ...]
    """Name, type and note of each."""
    primary_key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    note: Note = field(default_factory=Note)
    source: tuple[str, ...] = ()
    """(namespace, name) where the name alone does not find it."""
    estimate: int | None = None
    """Rows by the engine's own statistics, when it keeps any."""


def quoted(names: Iterable[str], dialect: str) -> str:
    """A name, with its namespace in front, as an identifier."""
    return ".".join(exp.to_identifier(name, quoted=True).sql(dialect=dialect) for name in names)


def digest(parts: Iterable[object]) -> str:
    """A short text that is another one when a part is another one."""
    return hashlib.sha256(repr(list(parts)).encode("utf-8", "replace")).hexdigest()[:32]


def catalogue(found: Iterable[Definition]) -> str:
    """A fingerprint of definitions, whatever the statistics say about their rows."""
    return digest(replace(each, estimate=None) for each in found)


def chosen(found: Iterable[Definition], tables: Sequence[str] | None) -> list[Definition]:
    """The definitions with these names, or all; ``EngineError`` names one that does not exist."""
    everything = list(found)
    if tables is None:
        return everything
    wanted = {name.casefold() for name in tables}
    picked = [each for each in everything if each.name.casefold() in wanted]
    if missing := wanted - {each.name.casefold() for each in picked}:
        raise EngineError(
            f"There is no table {min(missing)[:100]!r} in this database that this role can read;"
            " scan without table names to list the tables."
        )
    return picked


def connected(tables: Iterable[Table], dialect: str) -> Schema:
    """A schema; foreign keys to what was not scanned are left out."""
    found = {table.name: table for table in tables}
    return Schema(
        {
            name: replace(
                table, foreign_keys=tuple(k for k in table.foreign_keys if k.target in found)
            )
            for name, table in found.items()
        },
        dialect,
    )


def comment(text: object) -> Note:
    """The note in a database's comment on a table or column."""
    return parse_note(str(text)) if text else Note()


def qualified(name: str, note: Note) -> Note:
    """The note of a table whose name has a namespace, with the bare name as another name."""
    return replace(note, names=(*note.names, name)) if name not in note.names else note
