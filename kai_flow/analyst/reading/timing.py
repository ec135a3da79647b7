"""Which time the periods and units of a question are of: that beside them, or that of new rows."""

from typing import Final

from msgspec.structs import replace

from kai_flow.analyst.query.nodes import Function, Words
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.assembler import Assembler
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.concepts import of_birth
from kai_flow.analyst.reading.resolving import HINT
from kai_flow.analyst.schema import ColumnRef

NEXT: Final = 2
"""How many words further on a period stands at most that is of a time named before it."""


def begun(a: Assembler, bag: Bag) -> Bag | None:
    """The bag with its periods and units of the time at which new rows began.

    None if the rows have no such time, or if it does not say when.
    """
    fresh = [words for test, words in bag.tests if isinstance(test, p.New)]
    if not fresh:
        return bag
    tables = {table for table, _ in bag.rows}
    tables |= {str(m.table) for m, _ in bag.measures if isinstance(m, p.Amount) and _counts(m)}
    axis = _beginning(a, tables.pop()) if len(tables) == 1 else None
    if len(bag.clocks) == 1 and axis is not None:  # "new customers registered per year"
        axis = bag.clocks[0][0].axis
        bag = replace(bag, clocks=[])
    tests = [each for each in bag.tests if not isinstance(each[0], p.New)]
    bag = replace(bag, tests=tests)
    words = tuple(sorted({word for each in fresh for word in each}))
    if axis is None or not _timed(bag, axis, words):
        return None
    bag.groups = [(_clocked(of, axis), there) for of, there in bag.groups]
    return bag


def _counts(amount: p.Amount) -> bool:
    return amount.function is Function.COUNT and amount.of is None and amount.table is not None


def _beginning(a: Assembler, table: str) -> str | None:
    """The time at which a row of a table began: the first that is of no life."""
    return next((axis.id for axis in a.model.axes_of(table) if not of_birth(axis)), None)


def timed(a: Assembler, bag: Bag) -> None:
    """A time beside a period or unit of the calendar names its axis: "founded before 1970"."""
    _of_groups(bag)
    _in_roles(a, bag)
    named: list[tuple[str, Words, object]] = [(c.axis, w, c) for c, w in bag.clocks]
    named += [(axis, w, c) for c, w in bag.columns if (axis := _axis_of(a, c)) is not None]
    for axis, words, part in named:
        if _timed(bag, axis, words, only=len(named) == 1):
            bag.clocks = [each for each in bag.clocks if each != (part, words)]
            bag.columns = [each for each in bag.columns if each != (part, words)]


def _in_roles(a: Assembler, bag: Bag) -> None:
    """Let a period be of the time right before it, whose rows are in a role: "drivers hired in"."""
    for at, (column, words) in enumerate(bag.columns):
        if not isinstance(column, p.Column) or column.role not in a.model.joins:
            continue
        axis = _axis_of(a, replace(column, role=None))
        label = a.model.entities[column.ref.table].label
        beside = [
            place
            for place, (test, there) in enumerate(bag.tests)
            if isinstance(test, p.Within)
            and test.time.axis is None
            and (set(there) & set(words) or 0 < there[0] - words[-1] <= NEXT)
        ]
        if axis is None or label is None or not beside:
            continue
        test, there = bag.tests[beside[0]]
        assert isinstance(test, p.Within)  # noqa: S101 -- found as such
        both = tuple(sorted({*there, *words}))
        bag.tests[beside[0]] = (p.Within(replace(test.time, axis=axis)), both)
        bag.columns[at] = (replace(column, ref=ColumnRef(column.ref.table, label)), words)


def _of_groups(bag: Bag) -> None:
    """Let a period be of the time that groups are of: "per check-in month in 2024"."""
    axes = {g.axis for g, _ in bag.groups if isinstance(g, p.Calendar)}
    axis = axes.pop() if len(axes) == 1 else None
    if axis is not None:
        bag.tests = [
            (p.Within(replace(test.time, axis=axis)), words)
            if isinstance(test, p.Within) and test.time.axis is None
            else (test, words)
            for test, words in bag.tests
        ]


def _timed(bag: Bag, axis: str, words: Words, *, only: bool = False) -> bool:
    """Let the nearest period, or else the units of the calendar, be of this axis.

    ``only``: no other time is named, so that "shipped in 2024 by month" is of one time.
    """
    tests = [
        (abs(words[0] - there[0]), at)
        for at, (test, there) in enumerate(bag.tests)
        if isinstance(test, p.Within) and test.time.axis is None
    ]
    if tests:
        _, at = min(tests)
        test, there = bag.tests[at]
        assert isinstance(test, p.Within)  # noqa: S101 -- found as such
        both = tuple(sorted({*there, *words}))
        bag.tests[at] = (p.Within(replace(test.time, axis=axis)), both)
        if only and len(tests) == 1:
            _clock_units(bag, axis)
        return True
    return _clock_units(bag, axis)


def _clock_units(bag: Bag, axis: str) -> bool:
    """Let the units of the calendar be of an axis; whether there are any."""
    before = (bag.groups, bag.which, bag.ranks)
    bag.groups = [(_clocked(of, axis), w) for of, w in bag.groups]
    bag.which = [(_clocked(of, axis), w) for of, w in bag.which]
    bag.ranks = [
        (replace(r, of=_clocked(r.of, axis)) if r.of is not None else r, w) for r, w in bag.ranks
    ]
    return before != (bag.groups, bag.which, bag.ranks)


def _clocked(of: p.Dimension, axis: str) -> p.Dimension:
    """A unit of the calendar, of this axis."""
    return replace(of, axis=axis) if isinstance(of, p.Calendar) and of.axis is None else of


def _axis_of(a: Assembler, column: p.Noun) -> str | None:
    """The axis that a column is the first of."""
    if not isinstance(column, p.Column) or (column.role and not column.role.startswith(HINT)):
        return None  # "drivers hired in 2018": the drivers must not get lost
    return next(
        (
            axis.id
            for axis in a.model.axes_of(column.ref.table)
            if axis.columns[0] == column.ref.column
        ),
        None,
    )
