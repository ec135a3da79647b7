"""What every engine promises, and the values that it takes and gives."""

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
"""How long a server may take to let us in, in seconds."""

QUERY_DEADLINE_S = 30.0
"""A query that runs longer is stopped, in seconds."""

SCAN_DEADLINE_S = 20.0
"""After this many seconds a scan looks at no more values."""

MAX_ROWS = 1_000
"""Rows of a result at most; more are cut, and the result says so."""

MAX_RESULT_BYTES = 64 * 1024
"""Bytes of a result's rows as JSON at most; an event may have 256 KiB."""

Cell = str | int | float | None
"""A value as JSON can carry it."""


@dataclass(frozen=True)
class Limits:
    """How much one query may take."""

    deadline_s: float = QUERY_DEADLINE_S
    rows: int = MAX_ROWS
    bytes: int = MAX_RESULT_BYTES


DEFAULT_LIMITS = Limits()
"""What a query may take unless said otherwise."""


@dataclass(frozen=True)
class Rows:
    """What a query gave."""

    columns: tuple[str, ...]
    data: tuple[tuple[Cell, ...], ...]
    truncated: bool
    """Whether there was more than is shown here."""


@dataclass(frozen=True)
class Probe:
    """What came of knocking at a database's door."""

    ok: bool
    message: str
    """One sentence: what answered, or what is wrong and how to mend it. Never a secret."""
    may_write: bool = False
    """The role could change data (KAI never does): a warning, said in ``message`` as well."""
    server: str = ""
    """Name and version of what answered."""


class Engine(Protocol):
    """One database. Nothing is open between two calls; any number may run at once."""

    @property
    def dialect(self) -> str:
        """Sqlglot's name of the SQL it understands."""
        ...

    async def check(self) -> Probe:
        """Connect and say what was found; raises nothing for a database that cannot be used."""
        ...

    async def scan(
        self, tables: Sequence[str] | None = None, deadline_s: float = SCAN_DEADLINE_S
    ) -> Schema:
        """What is in it, bounded in time and rows; ``tables`` by the names a scan gives.

        ``EngineError`` when it cannot be read, or has no such table.
        """
        ...

    async def run(
        self, sql: str, limits: Limits = DEFAULT_LIMITS, *, tables: Collection[str] | None = None
    ) -> Rows:
        """The rows of one query, cut at the limits; nothing else can be run.

        ``tables``: what it may read, where the connection itself can enforce that (SQLite). On a
        server the role's grants do. ``QueryTimeout``, ``QueryFailed``, ``DatabaseUnavailable``.
        """
        ...
