"""What the type of a column, and counts and bounds of its values, say about its kind."""

import math
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

from kai_flow.analyst.schema import Column, Kind, Note

__all__ = ["DATE", "NUMBERS", "Totals", "iso_date", "plain_column", "with_counts"]

_YEARS = (1900, 2100)  # an integer column that stays within is one of years
_YEAR_SPREAD = 150  # distinct years at most
DATE = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d.*)?)?")
_NESTED = re.compile(r"[\[\]]|^(STRUCT|MAP|UNION|LIST|VARIANT)\b|POINT|INTERVAL|RANGE")
_NUMBER = re.compile(r"INT|REAL|FLOA|DOUB|NUM|DEC|^MONEY$|SERIAL|^YEAR")
_DATED = re.compile(r"DATE|TIMESTAMP")
NUMBERS = frozenset([Kind.NUMBER, Kind.KEY])
_TEXT = re.compile(r"CHAR|TEXT|CLOB|ENUM|CITEXT|STRING|^NAME$|^SET\b")


def plain_column(name: str, declared: str, note: Note, key: bool, unique: bool) -> Column:
    """A column by its type alone."""
    kind = _kind(declared.upper())
    if key and kind is not Kind.TEXT:
        return Column(name, Kind.KEY, note, unique=unique, type=declared)
    return Column(name, kind, note, type=declared)


def _kind(declared: str) -> Kind:
    """The kind of a type's name. SQLite allows an empty one, which counts as text."""
    if _NESTED.search(declared):
        return Kind.OTHER
    for pattern, kind in ((_TEXT, Kind.TEXT), (_DATED, Kind.DATE), (_NUMBER, Kind.NUMBER)):
        if pattern.search(declared):
            return kind
    return Kind.OTHER if declared else Kind.TEXT


Totals = tuple[int, int, object, object]  # rows with a value, distinct values, least, greatest


def with_counts(column: Column, totals: Totals | None, rows: int | None) -> Column:
    """What counts and bounds say about a column; integers that stay within some are years."""
    if totals is None:
        return column
    seen, distinct, low, high = totals
    column = replace(
        column,
        distinct=distinct,
        nulls=not rows or seen < rows,
        unique=column.unique or (column.kind in NUMBERS and 0 < seen == distinct),
        low=_finite(low),
        high=_finite(high),
    )
    if column.kind is not Kind.NUMBER or not (isinstance(low, int) and isinstance(high, int)):
        return column
    years = _YEARS[0] <= low and high <= _YEARS[1] and distinct <= _YEAR_SPREAD
    return replace(column, kind=Kind.YEAR) if years else column


def _finite(value: object) -> float | None:
    """A bound as a number; None for anything else that a column of numbers may hold."""
    if not isinstance(value, int | float | Decimal):
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def iso_date(value: object) -> str | None:
    """A date or timestamp as ISO text; None for what is no date."""
    text = value.isoformat() if isinstance(value, date) else str(value)
    return text if DATE.match(text) else None
