"""Whether an answer holds the rows of the expected query, whatever its columns are called."""

import math
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final

__all__ = ["same_rows"]

TOLERANCE: Final = 1e-6
"""Relative difference of two numbers that count as equal."""

Cell = str | float | int | None
Column = tuple[Cell, ...]

_GRAINS: Final = (
    ("year", re.compile(r"(19|20)\d\d")),
    ("day", re.compile(r"\d{4}-\d\d-\d\d")),
    ("month", re.compile(r"\d{4}-\d\d")),
    ("quarter", re.compile(r"\d{4}-Q[1-4]")),
)
"""How an expected query writes a period; a week is the day of its Monday."""

_QUARTERS: Final = (re.compile(r"(\d{4})[- ]?[QK]([1-4])"), re.compile(r"[QK]([1-4])[- ](\d{4})"))
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan january januari", "feb february februari", "mar march maret", "apr april",
            "may mei", "jun june juni", "jul july juli", "aug agu august agustus",
            "sep sept september", "oct okt october oktober", "nov november november",
            "dec des december desember",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_PART_OF_YEAR: Final = re.compile(r"(\d{4})-Q?(\d\d?)")
_WEEK: Final = re.compile(r"(\d{4})-W(\d\d)")


def same_rows(
    expected: Sequence[Sequence[object]],
    found: Sequence[Sequence[object]],
    *,
    ordered: bool = False,
) -> bool:
    """Whether every expected column is one of the found columns and the rows are the same.

    Further columns of the answer do not count. Numbers are equal within `TOLERANCE`. Periods are
    equal in any spelling, and also when the answer has the year and the month in two columns.
    """
    if len(expected) != len(found) or not expected:
        return len(expected) == len(found)
    wanted = [_with_years(_cells(column)) for column in zip(*expected, strict=True)]
    given = [_cells(column) for column in zip(*found, strict=True)]
    choices = [list(_candidates(column, given)) for column in wanted]
    rows = list(zip(*wanted, strict=True))
    return any(
        _equal(rows, list(zip(*columns, strict=True)), ordered=ordered)
        for columns in _mappings(choices, frozenset())
    )


_Choice = tuple[frozenset[int], Column]
"""The numbers of the answer's columns that make up one, and its cells."""


def _candidates(wanted: Column, given: Sequence[Column]) -> Iterator[_Choice]:
    """The answer's columns that hold the same cells in some order."""
    grain = _grain(wanted)
    for number, column in enumerate(given):
        parts = _parts_of_one_year(column)
        if parts and _same_column(wanted, parts):
            yield frozenset({number}), parts
        cells = tuple(_start(cell, grain) for cell in column) if grain else column
        if _same_column(wanted, cells):
            yield frozenset({number}), cells
    if grain in {"month", "quarter"}:
        years = {str(cell)[:4] for cell in wanted}
        for number, column in enumerate(given):  # the year is in the question
            cells = tuple(_joined(int(min(years)), cell, grain) for cell in column)
            if len(years) == 1 and None not in wanted and _same_column(wanted, cells):
                yield frozenset({number}), cells
        for year, first in enumerate(given):
            for part, second in enumerate(given):
                cells = tuple(_joined(*pair, grain) for pair in zip(first, second, strict=True))
                if year != part and _same_column(wanted, cells):
                    yield frozenset({year, part}), cells


def _parts_of_one_year(column: Column) -> Column:
    """The numbers of months or quarters that are all of one year; empty for any other column."""
    found = [_PART_OF_YEAR.fullmatch(str(cell)) for cell in column]
    years = {match[1] for match in found if match}
    if None in found or len(years) != 1:
        return ()
    return tuple(int(match[2]) for match in found if match)


def _mappings(
    choices: Sequence[Sequence[_Choice]], used: frozenset[int]
) -> Iterator[tuple[Column, ...]]:
    """Every way to give each expected column one of its own in the answer."""
    if not choices:
        yield ()
        return
    for numbers, cells in choices[0]:
        if not numbers & used:
            for rest in _mappings(choices[1:], used | numbers):
                yield cells, *rest


def _equal(
    left: Sequence[Sequence[Cell]], right: Sequence[Sequence[Cell]], *, ordered: bool
) -> bool:
    if not ordered:
        left, right = sorted(left, key=_key), sorted(right, key=_key)
    return all(
        _same(a, b)
        for one, other in zip(left, right, strict=True)
        for a, b in zip(one, other, strict=True)
    )


def _same_column(wanted: Column, given: Column) -> bool:
    return _equal([(cell,) for cell in wanted], [(cell,) for cell in given], ordered=False)


def _same(left: Cell, right: Cell) -> bool:
    if isinstance(left, int | float) and isinstance(right, int | float):
        return math.isclose(left, right, rel_tol=TOLERANCE, abs_tol=1e-9)
    return left == right


def _key(row: Sequence[Cell]) -> tuple[list[str], list[float]]:
    """Sorts rows by their texts first: numbers may differ by their last digits."""
    return (
        ["" if cell is None else f"={cell}" for cell in row if not isinstance(cell, int | float)],
        [cell for cell in row if isinstance(cell, int | float)],
    )


def _cells(column: Sequence[object]) -> Column:
    return tuple(_plain(cell) for cell in column)


def _plain(cell: object) -> Cell:
    """A cell without what only drivers differ in."""
    if cell is None or isinstance(cell, float):
        return cell
    if isinstance(cell, int):  # a flag is 0 or 1
        return int(cell)
    if isinstance(cell, Decimal):
        return float(cell)
    text = cell.isoformat(sep=" ") if isinstance(cell, datetime) else str(cell)
    return re.sub(r"(?<=^\d{4}-\d\d-\d\d)[ T]00:00(:00(\.0+)?)?$", "", text)


def _grain(wanted: Column) -> str:
    """The grain of an expected column of periods; empty for any other column."""
    texts = [cell for cell in wanted if cell is not None]
    for name, pattern in _GRAINS:
        if texts and all(pattern.fullmatch(str(cell)) for cell in texts):
            return name
    return ""


def _with_years(column: Column) -> Column:
    """An expected column with its years as numbers: a query may also give them as texts."""
    return tuple(_start(cell, "year") for cell in column) if _grain(column) == "year" else column


def _start(cell: Cell, grain: str) -> Cell:
    """A period of an answer as an expected query writes it; what is no period stays."""
    text = str(cell)
    if grain == "year":
        return int(text[:4]) if re.fullmatch(r"\d{4}(-01-01)?", text) else cell
    if found := _WEEK.fullmatch(text):
        monday = date.fromisocalendar(int(found[1]), int(found[2]), 1)
        return monday.isoformat() if grain == "day" else cell
    day = _first_day(text)
    if day is None:
        return cell
    if grain == "day":
        return day.isoformat()
    if grain == "month":
        return f"{day.year}-{day.month:02}" if day.day == 1 else cell
    return f"{day.year}-Q{(day.month + 2) // 3}" if day.day == 1 and day.month % 3 == 1 else cell


def _first_day(text: str) -> date | None:
    """The first day of a day, a month or a quarter."""
    for at, pattern in enumerate(_QUARTERS):
        if found := pattern.fullmatch(text):
            year, quarter = (found[1], found[2]) if at == 0 else (found[2], found[1])
            return date(int(year), int(quarter) * 3 - 2, 1)
    if (found := re.fullmatch(r"([^\W\d]+) (\d{4})", text)) and found[1].lower() in _MONTHS:
        return date(int(found[2]), _MONTHS[found[1].lower()], 1)
    if found := re.fullmatch(r"(\d{4})-?(\d\d)(?:-?(\d\d))?", text):
        try:
            return date(int(found[1]), int(found[2]), int(found[3] or 1))
        except ValueError:
            return None
    return None


def _joined(year: Cell, part: Cell, grain: str) -> Cell:
    """A year and a month, or a quarter, as one period."""
    if isinstance(year, int) and isinstance(part, int) and year >= 1000:
        return f"{year}-{part:02}" if grain == "month" else f"{year}-Q{part}"
    return None
