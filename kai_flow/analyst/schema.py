"""What a scan finds in a database: tables, columns, keys and the values of short text columns.

Plain values without behaviour, made by an engine's `scan`.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from msgspec import Struct

__all__ = ["Column", "ColumnRef", "ForeignKey", "Kind", "Note", "Schema", "Step", "Table"]


class Kind(StrEnum):
    """What a column can be used for."""

    NUMBER = "number"
    """Something to add up or average."""
    YEAR = "year"
    """Calendar years as integers."""
    DATE = "date"
    """ISO dates or timestamps as text."""
    TEXT = "text"
    KEY = "key"
    """Part of a primary or foreign key: joins, never sums."""
    OTHER = "other"


@dataclass(frozen=True)
class Note:
    """What a comment in the DDL says about a table or column."""

    names: tuple[str, ...] = ()
    unit: str = ""
    """As written in parentheses, e.g. ``Rp`` or ``kg``; empty when there is none."""
    meanings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Other words for single values: ``A = active``."""


@dataclass(frozen=True)
class Column:
    """One column and what was seen in it."""

    name: str
    kind: Kind
    note: Note = Note()
    unique: bool = False
    """Whether every scanned row has a different value."""
    values: tuple[str, ...] = ()
    """All distinct values of a text column when they are few; else empty."""
    type: str = ""
    """As the database names it; empty where it has none."""
    text_date: bool = False
    """Whether it holds dates as ISO text."""
    low: float | str | None = None
    """The least value seen: of numbers, and of dates as ISO text; None where it is not known."""
    high: float | str | None = None
    """The greatest value seen."""
    distinct: int | None = None
    """Different values seen; None where they were not counted."""
    nulls: bool = True
    """Whether rows may lack a value; False when every scanned row had one."""


@dataclass(frozen=True)
class ForeignKey:
    """Columns of this table that point to columns of ``target``, pairwise."""

    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """One table or view."""

    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    row_count: int = 0
    """Exact up to the scan's limit; above it, from the database's statistics where it has them."""
    note: Note = Note()
    source: tuple[str, ...] = ()
    """(namespace, name) when the name alone does not find it; else empty."""
    sampled: bool = False
    """Whether only its first rows were scanned, so that values may be missing."""
    studied: bool = True
    """False when the scan's time was over: only its definition is known."""

    def column(self, name: str) -> Column:
        """The column of that name; ``KeyError`` when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def label(self) -> Column | None:
        """The column that names a row for a person: the first unique text column."""
        texts = [column for column in self.columns if column.kind is Kind.TEXT]
        unique = [column for column in texts if column.unique]
        return next(iter(unique or texts), None)


class ColumnRef(Struct, frozen=True, gc=False, cache_hash=True):
    """A column by the names of its table and itself."""

    table: str
    column: str


@dataclass(frozen=True)
class Step:
    """One join along a foreign key. ``widens`` when it goes from parent to children."""

    source: str
    target: str
    pairs: tuple[tuple[str, str], ...]
    """(column of source, column of target)."""
    widens: bool


@dataclass(frozen=True)
class Schema:
    """All scanned tables, by name."""

    tables: Mapping[str, Table]
    dialect: str = "sqlite"
    """sqlglot's name of the SQL that the database understands."""

    @property
    def sources(self) -> tuple[str | tuple[str, ...], ...]:
        """What each table is called in SQL: its name, or (namespace, name)."""
        return tuple(table.source or table.name for table in self.tables.values())

    def column(self, ref: ColumnRef) -> Column:
        """The column behind a reference."""
        return self.tables[ref.table].column(ref.column)

    def path(self, source: str, target: str) -> tuple[Step, ...] | None:
        """The shortest joins from one table to another, or None when no keys connect them.

        Among equally short ones those that do not multiply rows come first.
        """
        queue: deque[tuple[str, tuple[Step, ...]]] = deque([(source, ())])
        seen = {source}
        while queue:
            here, steps = queue.popleft()
            if here == target:
                return steps
            for step in self._steps(here):
                if step.target not in seen:
                    seen.add(step.target)
                    queue.append((step.target, (*steps, step)))
        return None

    def distance(self, source: str, target: str) -> tuple[int, int]:
        """(joins that multiply rows, joins) between two tables; large when unconnected."""
        path = self.path(source, target)
        if path is None:
            return 99, 99
        return sum(step.widens for step in path), len(path)

    def _steps(self, here: str) -> list[Step]:
        """Every join that leaves a table, towards parents first."""
        up = [
            Step(here, key.target, tuple(zip(key.columns, key.target_columns, strict=True)), False)
            for key in self.tables[here].foreign_keys
            if key.target in self.tables and key.target != here
        ]
        down = [
            Step(here, table.name, tuple(zip(key.target_columns, key.columns, strict=True)), True)
            for table in self.tables.values()
            for key in table.foreign_keys
            if key.target == here and table.name != here
        ]
        return up + down
