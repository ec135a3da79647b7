"""The interface of every engine, and the values that it takes and returns."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from kai_flow.analyst.schema import Schema

__all__ = [
    "CONNECT_TIMEOUT_S",
    "DEFAULT_LIMITS",
    "MAX_RESULT_BYTES",
    "MAX_ROWS",
    "QUERY_DEADLINE_S",
    "SCAN_DEADLINE_S",
    "Cell",
    "Engine",
    "Limits",
    "Probe",
    "Rows",
]

CONNECT_TIMEOUT_S = 5.0
"""Seconds for a server to accept a connection."""

QUERY_DEADLINE_S = 30.0
"""Seconds after which a query is stopped."""

SCAN_DEADLINE_S = 20.0
"""Seconds after which a scan reads no more values."""

MAX_ROWS = 1_000
"""Rows of a result at most; a result with more is marked as truncated."""

MAX_RESULT_BYTES = 64 * 1024
"""Bytes of a result's rows as JSON at most; an event may have 256 KiB."""

Cell = str | int | float | None
"""A value for JSON."""


@dataclass(frozen=True)
class Limits:
    """The limits of one query."""

    deadline_s: float = QUERY_DEADLINE_S
    rows: int = MAX_ROWS
    bytes: int = MAX_RESULT_BYTES


DEFAULT_LIMITS = Limits()
"""The default limits of a query."""


@dataclass(frozen=True)
class Rows:
    """The result of a query."""

    columns: tuple[str, ...]
    data: tuple[tuple[Cell, ...], ...]
    truncated: bool
    """Whether there were more rows."""


@dataclass(frozen=True)
class Probe:
    """Whether a database can be used."""

    ok: bool
    message: str
    """One sentence: what answered, or what is wrong and the remedy. It holds no secret."""
    may_write: bool = False
    """Whether the role may change data, which KAI never does; ``message`` then has a warning."""
    server: str = ""
    """Name and version of what answered."""


class Engine(Protocol):
    """One database. No connection stays open between two calls, and calls may run at once."""

    @property
    def dialect(self) -> str:
        """Sqlglot's name of the SQL it understands."""
        ...

    async def check(self) -> Probe:
        """Connect, and report the result; a database that cannot be used raises nothing."""
        ...

    async def scan(
        self, tables: Sequence[str] | None = None, deadline_s: float = SCAN_DEADLINE_S
    ) -> Schema:
        """What is in the database, within limits of time and rows.

        ``tables`` are names as a scan returns them. ``EngineError`` when the database cannot be
        read, or has no such table.
        """
        ...

    async def fingerprint(self) -> str:
        """A short text that changes when a scan would find other tables, columns or keys.

        Of files it changes with the data too; on a server, rows may change without it. It costs
        far less than a scan. ``EngineError`` when the database cannot be read.
        """
        ...

    async def run(
        self, sql: str, limits: Limits = DEFAULT_LIMITS, *, tables: Collection[str] | None = None
    ) -> Rows:
        """The rows of one query, truncated at the limits; nothing else can be run.

        ``tables``: what it may read, where the connection itself enforces that (SQLite). On a
        server the role's grants do. Raises ``QueryTimeout``, ``QueryFailed`` or
        ``DatabaseUnavailable``.
        """
        ...
