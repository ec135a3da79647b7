"""What rows must meet."""

from typing import TypeAlias

from msgspec import Struct

from kai_flow.analyst.query.nodes import Operator
from kai_flow.analyst.reading.parts.nouns import Column, Implied, Noun, Rows, Time


class Compared(Struct, frozen=True, gc=False, cache_hash=True):
    """A comparison of a column or derived measure, row by row."""

    of: "Noun | Implied"
    operator: Operator
    values: tuple[str | float | bool, ...] = ()
    unit: str = ""
    """The unit in which the question gives the values: ``kg``, ``%``; empty: it does not say."""
    listed: bool = False
    """Whether "and" joins the values: "in Jakarta and Bandung"."""


class Within(Struct, frozen=True, gc=False, cache_hash=True):
    """Rows whose time is in a period."""

    time: Time


class Has(Struct, frozen=True, gc=False, cache_hash=True):
    """Rows that have related rows: "customers with orders"; negated, "without orders"."""

    table: str
    role: str | None = None
    """What the join that leads to them should say: "cities that sent a shipment"."""
    by: str | None = None
    """The table through which they are related: "never *borrowed* a book"."""
    where: tuple["Test", ...] = ()
    """What these rows must meet themselves: "without *delivered* orders"."""


class Negated(Struct, frozen=True, gc=False, cache_hash=True):
    """A filter that must not hold."""

    part: "Test"


class Joined(Struct, frozen=True, gc=False, cache_hash=True):
    """Several filters of which all, or one (``either``), must hold."""

    parts: tuple["Test", ...]
    either: bool
    listed: bool = False
    """Whether "and" joins parts of which either may hold: "before 2022 and after 2023"."""


class New(Struct, frozen=True, gc=False, cache_hash=True):
    """Rows that began in the period, or the unit of time, of the question: "new customers"."""


class Beyond(Struct, frozen=True, gc=False, cache_hash=True):
    """Rows whose number compares with the average of all: "salaries above the average"."""

    of: "Noun | Implied"
    operator: Operator


class Paired(Struct, frozen=True, gc=False, cache_hash=True):
    """Two numbers of a row that are compared: "stock below the minimum"."""

    of: "Column | Implied"
    operator: Operator
    than: Column


Test: TypeAlias = Compared | Within | Has | Negated | Joined | New | Beyond | Paired


class Narrowed(Struct, frozen=True, gc=False, cache_hash=True):
    """Rows with a filter that the same words say: the subordinates of somebody are employees.

    It is what a rule builds; the chart keeps the rows, with the filter within them.
    """

    rows: Rows
    test: Test


class Where(Struct, frozen=True, gc=False, cache_hash=True):
    """A filter as a constituent of its own."""

    test: Test
