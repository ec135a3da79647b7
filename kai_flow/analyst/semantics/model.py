"""The semantic model of a database: plain values, built once from a scan and what was taught."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeAlias

from msgspec import Struct

from kai_flow.analyst.lexicon.lexicon import concepts
from kai_flow.analyst.query.nodes import Expression, Grain, TimeUnit
from kai_flow.analyst.schema import ColumnRef, Schema
from kai_flow.connections.knowledge import Term

MOST_KEPT = 5_000
"""Tables, each by itself and beside others that questions named, of which readers keep facts."""


class Role(StrEnum):
    """What a column is for."""

    ADDITIVE = "additive"
    """A quantity or amount: sums make sense (units sold, revenue, weight, members)."""
    RATE = "rate"
    """A price, percentage, rating, age, temperature: averages make sense, sums do not."""
    CODE = "code"
    """A number that is no quantity (postcode, phone): compared and counted, never added."""
    FLAG = "flag"
    """Yes or no, whether as boolean, 0/1, or Y/N."""
    CATEGORY = "category"
    """A text with few values."""
    NAME = "name"
    """A text that names a row for a person."""
    TEXT = "text"
    """Any other text."""
    TIME = "time"
    """A date or timestamp, also when it is written as text or as an integer like 20250131."""
    TIME_PART = "time part"
    """A year, quarter, month, week, day or weekday as a number or a name."""
    KEY = "key"
    """Identifies a row, or points to one."""
    OTHER = "other"


class Name(Struct, frozen=True, gc=False, cache_hash=True):
    """One thing that people call a table, column, value, join or measure."""

    words: tuple[str, ...]
    """Lower-case words as written, without those that say nothing ("the", "of")."""
    weight: float = 1.0
    """1: its own name, or taught; less for a guess, such as a synonym or a part of the name."""
    taught: bool = False
    """From the glossary, an instruction or the data model, and not from the database itself."""


@dataclass(frozen=True)
class Value:
    """One value of a category, flag or name, and what it is called."""

    value: str | float | bool
    names: tuple[Name, ...] = field(compare=False)


@dataclass(frozen=True)
class Attribute:
    """A column."""

    table: str
    column: str
    role: Role
    names: tuple[Name, ...]
    unit: str = ""
    """``Rp``, ``kg``, ``%`` …; empty when nothing says so."""
    values: tuple[Value, ...] = ()
    """Of a category, flag or name with few values; else empty."""
    part: str = ""
    """Of a TIME_PART: ``year``, ``quarter``, ``month``, ``week``, ``day``, ``weekday``."""
    unique: bool = False
    low: float | None = None
    high: float | None = None
    """Bounds of numbers seen in the scan."""
    nullable: bool = True

    @cached_property
    def ref(self) -> ColumnRef:
        """The column."""
        return ColumnRef(self.table, self.column)

    @cached_property
    def concepts(self) -> frozenset[str]:
        """The concepts that its names express, and each of their words by itself."""
        phrases = [name.words for name in self.names]
        phrases += [(word,) for name in self.names for word in name.words]
        return frozenset().union(*map(concepts, phrases))


class AxisForm(StrEnum):
    """How a table keeps the time of a row."""

    DATE = "date"
    """A date or timestamp column of the database's own type."""
    TEXT = "text"
    """ISO dates or timestamps as text."""
    NUMBER_DAY = "yyyymmdd"
    """Integers like 20250131."""
    TEXT_MONTH = "yyyy-mm"
    """ISO months as text, without a day."""
    NUMBER_MONTH = "yyyymm"
    """Integers like 202501."""
    YEAR = "year"
    """A year column alone: no finer grain than the year."""
    YEAR_MONTH = "year and month"
    """A year column and a month column (1 to 12)."""
    YEAR_QUARTER = "year and quarter"
    """A year column and a quarter column (1 to 4)."""


@dataclass(frozen=True)
class Axis:
    """The time of a table's rows."""

    id: str
    """``table.column`` of its (first) column."""
    table: str
    columns: tuple[str, ...]
    """One column; of YEAR_MONTH and YEAR_QUARTER the year, then the part."""
    form: AxisForm
    names: tuple[Name, ...]
    """What people call it: "order date", "shipped"."""
    first: str | None = None
    last: str | None = None
    """First and last day seen, ISO; None when the scan did not see them."""
    usual: bool = True
    """Whether a question that names no date may mean this one; not so for a date of birth."""

    @cached_property
    def finest(self) -> Grain:
        """The smallest unit that it can tell apart."""
        return {
            AxisForm.TEXT_MONTH: Grain.MONTH,
            AxisForm.NUMBER_MONTH: Grain.MONTH,
            AxisForm.YEAR_MONTH: Grain.MONTH,
            AxisForm.YEAR_QUARTER: Grain.QUARTER,
            AxisForm.YEAR: Grain.YEAR,
        }.get(self.form, Grain.DAY)


class Join(Struct, frozen=True, gc=False, cache_hash=True):
    """One way from a table to another, along a foreign key, in one direction."""

    id: str
    """``table.column>target`` towards the parent, ``table<child.column`` towards the children."""
    source: str
    target: str
    pairs: tuple[tuple[str, str], ...]
    """(column of source, column of target)."""
    widens: bool
    """Whether a row of source may meet several rows of target (towards children)."""
    names: tuple[Name, ...] = ()
    """The role of the target: "origin", "manager"; empty when the target's own name is enough."""
    guessed: bool = False
    """Whether no foreign key declares it: same names and matching values made it plain."""
    special: bool = False
    """Whether it has a role, and a key beside it only its target's name: ``referred_by``."""


@dataclass(frozen=True)
class Derived:
    """A measure that no column holds, such as ``revenue = quantity * unit_price``."""

    name: str
    table: str
    """The fact table from which the fields of the expression are reached."""
    expression: Expression
    names: tuple[Name, ...]
    role: Role = Role.ADDITIVE
    unit: str = ""
    taught: bool = False
    before: tuple[ColumnRef, ...] = ()
    """Discounts that it leaves out, because nothing says what their numbers are."""
    """From the glossary; otherwise a pair of columns makes it plain, which is announced."""


@dataclass(frozen=True)
class Duration:
    """A derived measure: how long it is from one time of a row to a later one."""

    table: str
    start: str
    """Id of an axis of the table."""
    end: str
    unit: TimeUnit
    """The unit where a question names none."""
    usual: bool = True
    """Whether a question that names neither time may mean it."""


@dataclass(frozen=True)
class Entity:
    """A table."""

    table: str
    names: tuple[Name, ...]
    """What one row is called, singular and plural."""
    key: tuple[str, ...] = ()
    """Columns that identify a row; empty: none is known."""
    label: str | None = None
    """The column that names a row for a person."""
    rows: int = 0
    sampled: bool = False
    bridge: bool = False
    """Whether it only links tables, or is a date dimension: nobody asks about its rows."""
    repeats: bool = False
    """Whether what it is called by has several rows each: a file of students, with their grades."""


class FormulaFault(StrEnum):
    """Why a taught formula cannot be used."""

    SYNTAX = "syntax"
    """It is no arithmetic on columns and numbers."""
    COLUMN = "column"
    """It names what is no column."""
    AMBIGUOUS = "ambiguous"
    """It names a column of several tables."""
    NUMBERS = "numbers"
    """It calculates with a column that holds no numbers."""
    ZERO = "zero"
    TABLES = "tables"
    """No table's rows lead to one row of each table that it uses."""
    CYCLE = "cycle"


@dataclass(frozen=True)
class FaultyFormula:
    """A taught formula that cannot be used."""

    term: str
    formula: str
    fault: FormulaFault
    column: str = ""
    """What it names, of COLUMN, AMBIGUOUS and NUMBERS."""
    tables: tuple[str, ...] = ()
    """Of AMBIGUOUS and TABLES."""


Path: TypeAlias = tuple[Join, ...]


@dataclass(frozen=True)
class SemanticModel:
    """Everything that the reading of a question needs to know about a database."""

    schema: Schema
    entities: Mapping[str, Entity]
    attributes: Mapping[ColumnRef, Attribute]
    axes: Mapping[str, Axis]
    """By id."""
    joins: Mapping[str, Join]
    """By id, both directions of each foreign key."""
    derived: tuple[Derived, ...] = ()
    durations: tuple[Duration, ...] = ()
    problems: tuple[str, ...] = ()
    """What was taught and could not be used, as sentences with the reason."""
    faulty: tuple[FaultyFormula, ...] = ()
    """Taught formulas among the problems, for a sentence in the language of a question."""
    phrases: tuple[Term, ...] = ()
    """Taught terms that mean no single thing: they may stand for a phrase of a question."""

    @cached_property
    def leaving(self) -> Mapping[str, Sequence[Join]]:
        """The joins from each table."""
        found: dict[str, list[Join]] = {}
        for join in self.joins.values():
            found.setdefault(join.source, []).append(join)
        return found

    @cached_property
    def arriving(self) -> Mapping[str, Sequence[Join]]:
        """The joins to each table."""
        found: dict[str, list[Join]] = {}
        for join in self.joins.values():
            found.setdefault(join.target, []).append(join)
        return found

    @cached_property
    def found_distances(self) -> dict[str, Mapping[str, tuple[int, int]]]:
        """The distances to a table that were measured: ``paths`` remembers them here."""
        return {}

    @cached_property
    def found_belonging(self) -> dict[str, frozenset[str]]:
        """The tables of which each row belongs to one of a table: ``leads_to_one`` keeps them."""
        return {}

    @cached_property
    def found_paths(self) -> dict[tuple[str, str], tuple[Path, ...]]:
        """The paths between two tables that were looked for: ``paths`` remembers them here."""
        return {}

    @cached_property
    def _kept(self) -> dict[Hashable, dict[Hashable, Any]]:
        return {}

    def kept_of(self, *of: Hashable) -> dict[Hashable, Any]:
        """What readers have worked out of the model alone: it is kept for their next questions."""
        if of not in self._kept and len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        return self._kept.setdefault(of, {})

    @cached_property
    def _attributes_of(self) -> Mapping[str, tuple[Attribute, ...]]:
        return {
            name: tuple(self.attributes[ColumnRef(name, column.name)] for column in table.columns)
            for name, table in self.schema.tables.items()
        }

    @cached_property
    def _axes_of(self) -> Mapping[str, tuple[Axis, ...]]:
        found: dict[str, tuple[Axis, ...]] = {}
        for axis in self.axes.values():
            found[axis.table] = (*found.get(axis.table, ()), axis)
        return found

    def of(self, table: str) -> tuple[Attribute, ...]:
        """The attributes of a table, in the order of its columns."""
        return self._attributes_of[table]

    def axes_of(self, table: str) -> tuple[Axis, ...]:
        """The axes of a table, the most usual first."""
        return self._axes_of.get(table, ())
