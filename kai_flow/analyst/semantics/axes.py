"""The times of a table's rows: dates of several forms, and years with months or quarters."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from kai_flow.analyst.schema import Column, Kind, Table
from kai_flow.analyst.semantics.model import Attribute, Axis, AxisForm, Entity, Name, Role
from kai_flow.analyst.semantics.names import collected, time_names
from kai_flow.analyst.semantics.vocabulary import CREATED, DATES, LATER, PARTS, PERSONAL
from kai_flow.analyst.semantics.wording import full_words, same, split_name

__all__ = ["axes_of"]

_NUMBER_DAYS = 1900_01_01

FOLLOWING: Final = 3
"""The rank of a time that follows what a row is about, such as its delivery."""

BEGUN: Final = frozenset(["created", "dibuat"])
"""When a row was written, which is when it began if all its other times follow."""


def axes_of(
    table: Table, attributes: Sequence[Attribute], entity: Entity, linked: Collection[str]
) -> tuple[Axis, ...]:
    """The times of a table, the most usual first; ``linked`` are columns that point elsewhere."""
    columns = {column.name: column for column in table.columns}
    found = [
        _of_column(attribute, columns[attribute.column])
        for attribute in attributes
        if attribute.role is Role.TIME
        or (attribute.column not in linked and _is_day_key(attribute, columns[attribute.column]))
    ]
    if not (entity.bridge and found):  # a date dimension's parts repeat its date
        found += _of_parts(attributes, columns)
    lives = _of_lives(attributes)
    found = [replace(axis, usual=not (lives and _personal(axis))) for axis in found]
    order = {column.name: at for at, column in enumerate(table.columns)}
    ranks = {axis.id: _rank(axis, entity, lives=lives) for axis in found}
    if all(rank >= FOLLOWING for rank in ranks.values()):  # a ticket begins when it is created
        ranks |= {axis.id: FOLLOWING - 1 for axis in found if _words(axis) & BEGUN}
    return tuple(sorted(found, key=lambda axis: (ranks[axis.id], order[axis.columns[0]])))


def _words(axis: Axis) -> set[str]:
    return set(full_words(split_name(axis.columns[0])))


def _personal(axis: Axis) -> bool:
    """Whether it is the date of a life, such as a birth, and no date of business."""
    return bool(set(full_words(split_name(axis.columns[0]))) & PERSONAL)


def _of_lives(attributes: Sequence[Attribute]) -> bool:
    """Whether the rows are persons or the like, which have names: they join; a repair comes in."""
    return any(each.role is Role.NAME or _BORN & _said(each) for each in attributes)


_BORN: Final = frozenset(["birth", "birthday", "born", "dob", "lahir"])


def _said(attribute: Attribute) -> set[str]:
    return set(full_words(split_name(attribute.column)))


def _is_day_key(attribute: Attribute, column: Column) -> bool:
    """Whether a key is a day itself, like 20250131 in a date dimension."""
    if attribute.role is not Role.KEY or attribute.low is None or attribute.high is None:
        return False
    dated = not (DATES | PARTS["month"]).isdisjoint(full_words(split_name(column.name)))
    return dated and _iso(int(attribute.low)) is not None is not _iso(int(attribute.high))


def _of_column(attribute: Attribute, column: Column) -> Axis:
    """The time in one column."""
    if column.kind in {Kind.NUMBER, Kind.KEY, Kind.YEAR}:
        days = attribute.low is None or attribute.low >= _NUMBER_DAYS
        form = AxisForm.NUMBER_DAY if days else AxisForm.NUMBER_MONTH
    elif column.kind is Kind.TEXT:
        form = AxisForm.TEXT_MONTH
    else:
        form = AxisForm.TEXT if column.text_date else AxisForm.DATE
    return _axis(attribute, (attribute.column,), form, time_names(attribute.names), column)


def _axis(
    attribute: Attribute,
    columns: tuple[str, ...],
    form: AxisForm,
    names: tuple[Name, ...],
    column: Column,
) -> Axis:
    first, last = _span(form, column)
    return Axis(
        f"{attribute.table}.{columns[0]}", attribute.table, columns, form, names, first, last
    )


def _of_parts(attributes: Sequence[Attribute], columns: Mapping[str, Column]) -> Iterable[Axis]:
    """Years, with the month or quarter that belongs to each."""
    parts = [each for each in attributes if each.role is Role.TIME_PART]
    years = [each for each in parts if each.part == "year"]
    for year in years:
        month = _belonging(year, "month", parts, years)
        quarter = _belonging(year, "quarter", parts, years)
        names = time_names(year.names)
        if month is not None:
            names = collected([*_pairs(names), *_pairs(month.names)])
            form, both = AxisForm.YEAR_MONTH, [month.column]
        elif quarter is not None:
            names = collected([*_pairs(names), *_pairs(quarter.names)])
            form, both = AxisForm.YEAR_QUARTER, [quarter.column]
        else:
            form, both = AxisForm.YEAR, []
        yield _axis(year, (year.column, *both), form, names, columns[year.column])


def _pairs(names: Iterable[Name]) -> list[tuple[tuple[str, ...], float]]:
    return [(name.words, name.weight) for name in names]


def _belonging(
    year: Attribute, part: str, parts: Sequence[Attribute], years: Sequence[Attribute]
) -> Attribute | None:
    """The month or quarter, as whole numbers, of the same date as a year."""
    fitting = [each for each in parts if each.part == part and not each.values]
    stem = _besides(year.column, "year")
    matching = [each for each in fitting if same_or_empty(_besides(each.column, part), stem)]
    if matching:
        return matching[0]
    return (
        fitting[0]
        if len(fitting) == 1 == len(years) and not _besides(fitting[0].column, part)
        else None
    )


def _besides(column: str, part: str) -> tuple[str, ...]:
    """What a column's name says besides which part of a date it is."""
    ignored = PARTS[part] | DATES | {"number", "num", "no", "of"}
    return tuple(word for word in full_words(split_name(column)) if word not in ignored)


def same_or_empty(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return one == other or bool(one and other and same(one, other))


def _rank(axis: Axis, entity: Entity, *, lives: bool) -> int:
    """How unusual it is that a question about time means this one.

    ``lives``: its rows have names, as persons do.
    """
    words = set(full_words(split_name(axis.columns[0])))
    rest = tuple(w for w in full_words(split_name(axis.columns[0])) if w not in DATES)
    if words & CREATED:
        return 6
    if words & PERSONAL and (lives or words & LATER):
        return 5 if words & LATER else 4  # who left came before
    if words & LATER:
        return 3
    named = [name.words for name in entity.names if name.weight > 0.6]
    if not rest or any(same(rest, words) for words in named):
        return 0
    return 1 if axis.form is not AxisForm.YEAR else 2


def _span(form: AxisForm, column: Column) -> tuple[str | None, str | None]:
    """First and last day seen, as ISO text."""
    low, high = column.low, column.high
    if form in {AxisForm.DATE, AxisForm.TEXT}:
        days = [str(each)[:10] if isinstance(each, str) else None for each in (low, high)]
        return days[0], days[1]
    if form is AxisForm.TEXT_MONTH:
        months = [int(value.replace("-", "")) for value in sorted(column.values)]
        low, high, form = months[0], months[-1], AxisForm.NUMBER_MONTH
    if not (isinstance(low, int | float) and isinstance(high, int | float)):
        return None, None
    first, last = int(low), int(high)
    if form is AxisForm.NUMBER_DAY:
        return _iso(first), _iso(last)
    if form is AxisForm.NUMBER_MONTH:
        return _iso(first * 100 + 1), _iso(last * 100 + _days(last // 100, last % 100))
    return f"{first:04}-01-01", f"{last:04}-12-31"


def _iso(number: int) -> str | None:
    """20250131 as 2025-01-31; None for no day of the calendar."""
    year, month, day = number // 10_000, number // 100 % 100, number % 100
    if not (1 <= month <= 12 and 1 <= day <= _days(year, month)):
        return None
    return f"{year:04}-{month:02}-{day:02}"


def _days(year: int, month: int) -> int:
    """Days of a month."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return {4: 30, 6: 30, 9: 30, 11: 30, 2: 29 if leap else 28}.get(month, 31)
