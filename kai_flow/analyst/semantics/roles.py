"""What a column is for, from its name, its type and what was seen in it."""

import re
from dataclasses import dataclass

from kai_flow.analyst.schema import Column, Kind, Table
from kai_flow.analyst.semantics.model import Role
from kai_flow.analyst.semantics.names import entity_words
from kai_flow.analyst.semantics.vocabulary import (
    ADDITIVE,
    CODES,
    COUNTS,
    DATES,
    DESCRIPTIONS,
    FLAGS,
    IDS,
    KINDS,
    MEMBERS,
    NAMES,
    NUMBERS,
    ORDINALS,
    PARTS,
    PER_UNIT,
    PLACES,
    PRICED,
    RATES,
    TOTALS,
    YEARS,
)
from kai_flow.analyst.semantics.wording import full_words, same, split_name

__all__ = ["Purpose", "purpose"]

FLAG_TEXTS = (
    {"y", "n"},
    {"yes", "no"},
    {"ya", "tidak"},
    {"t", "f"},
    {"y", "t"},  # ya, tidak
    {"true", "false"},
    {"0", "1"},
    {"ya", "bukan"},
)
"""The two values of a flag that is kept as text."""

_FRACTIONS = {
    "discount",
    "diskon",
    "potongan",
    "tax",
    "pajak",
    "ppn",
    "vat",
    "commission",
    "komisi",
}
"""Amounts, unless no value is above 1."""

_MARKS = {"nilai", "value", "mark", "marks", "points", "poin", "result", "hasil"}
"""Numbers that are averaged where a table is about marks."""

_EXAMS = {
    *("nilai", "grade", "grades", "mark", "marks", "score", "scores", "exam", "exams"),
    *("ujian", "rapor", "raport", "test", "tests", "ulangan", "quiz", "kuis"),
}
"""Words of tables that are about marks."""

_SHORT_FLAGS = {"0", "1", "t", "f", "y", "n"}

_BOUNDS = {
    "year": (1800, 2200),
    "quarter": (1, 4),
    "month": (1, 12),
    "week": (0, 53),
    "day": (1, 31),
    "weekday": (0, 7),
}
_MOST_NAMED = {"year": 150, "quarter": 4, "month": 12, "day": 7, "weekday": 7}
"""Values at most of a part of a date that is kept as text."""
ISO_MONTH = re.compile(r"(19|2\d)\d\d-(0[1-9]|1[0-2])")
"""A month as text."""
_DAY_NUMBERS = (1900_01_01, 2200_12_31)
_MONTH_NUMBERS = (1900_01, 2200_12)


@dataclass(frozen=True)
class Purpose:
    """The role of a column, and of a part of a date which one."""

    role: Role
    part: str = ""


def purpose(
    table: Table, column: Column, words: tuple[str, ...], *, linked: bool = False
) -> Purpose:
    """What a column is for; ``words`` are those of its name, abbreviations in full.

    ``linked``: a foreign key has it, declared or guessed.
    """
    if _is_key(table, column, words, linked=linked):
        return Purpose(Role.KEY)
    if column.kind is Kind.DATE:
        return Purpose(Role.TIME)
    declared = column.type.upper()
    if column.kind is not Kind.TEXT and ("BOOL" in declared or declared == "BIT"):
        return Purpose(Role.FLAG)
    if column.kind in {Kind.NUMBER, Kind.YEAR, Kind.KEY}:
        return _number(table, column, words)
    if column.kind is Kind.TEXT:
        return _text(table, column, words)
    return Purpose(Role.OTHER)


def _is_key(table: Table, column: Column, words: tuple[str, ...], *, linked: bool) -> bool:
    """Whether it identifies a row or points to one."""
    declared = any(column.name in key.columns for key in table.foreign_keys)
    if declared or (linked and _is_code(words)):
        return True
    named = words[-1] in IDS or (len(words) > 1 and words[0] in {"id", "pk", "fk", "kunci"})
    if column.name in table.primary_key:
        # a natural key that a person would name (a year, a date, a word) keeps its own role
        return named or (column.kind is Kind.KEY and _part(column, words) is None)
    return named and column.kind is not Kind.DATE


def _number(table: Table, column: Column, words: tuple[str, ...]) -> Purpose:
    """Of a column of numbers."""
    part = _part(column, words)
    if part is not None:
        return Purpose(Role.TIME_PART, part)
    if _day_number(column, words):
        return Purpose(Role.TIME)
    if _is_flag_number(column, words):
        return Purpose(Role.FLAG)
    if column.note.meanings:
        return Purpose(Role.CATEGORY)
    if words[-1] in _MARKS and any(_EXAMS & set(named) for named in entity_words(table)):
        return Purpose(Role.RATE)
    return Purpose(_measure(column, words))


def _part(column: Column, words: tuple[str, ...]) -> str | None:
    """Which part of a date its numbers are, or None."""
    named = set(words)
    if {"day", "week"} <= named or {"hari", "ke"} <= named:
        return "weekday" if _within(column, "weekday") else None
    part = _named_part(column, words)
    if part is not None and _within(column, part) and not named & (RATES | TOTALS | COUNTS):
        return part
    known = named & (ADDITIVE | RATES | CODES | FLAGS)
    return "year" if column.kind is Kind.YEAR and not known else None


def _named_part(column: Column, words: tuple[str, ...]) -> str | None:
    """The part of a date that a name has at its start or end."""
    ends = (words[0], words[-1])
    if column.kind is Kind.YEAR and not YEARS.isdisjoint(words):
        return "year"
    for part, names in PARTS.items():
        if part == "day" and not (len(words) == 1 or {"month", "bulan"} & set(words)):
            continue
        if any(word in names for word in ends):
            return part
    return None


def _within(column: Column, part: str) -> bool:
    """Whether what was seen fits a part of a date; nothing seen fits."""
    if column.kind is Kind.YEAR:
        return part == "year"
    low, high = _bounds(column)
    least, most = _BOUNDS[part]
    if low is None or high is None:
        return _whole(column)
    if (low, high) == (0, 1):
        return False  # no or yes: "akhir_pekan"
    return least <= low and high <= most and low == int(low) and high == int(high)


def _whole(column: Column) -> bool:
    """Whether a column's type has whole numbers only."""
    declared = column.type.upper()
    return not declared or "INT" in declared or declared in {"YEAR", "HUGEINT"}


def _bounds(column: Column) -> tuple[float | None, float | None]:
    """The least and greatest number seen."""
    low, high = column.low, column.high
    if isinstance(low, int | float) and isinstance(high, int | float):
        return float(low), float(high)
    return None, None


def _day_number(column: Column, words: tuple[str, ...]) -> bool:
    """Whether it holds dates as integers like 20250131 or 202501."""
    low, high = _bounds(column)
    if low is None or high is None or (DATES.isdisjoint(words) and not _periodic(words)):
        return False
    return any(least <= low and high <= most for least, most in (_DAY_NUMBERS, _MONTH_NUMBERS))


def _periodic(words: tuple[str, ...]) -> bool:
    return not (PARTS["month"] | {"period", "periode", "yyyymm", "yyyymmdd"}).isdisjoint(words)


def _is_flag_number(column: Column, words: tuple[str, ...]) -> bool:
    """Whether it is 0 or 1 for no or yes."""
    low, high = _bounds(column)
    asked = words[0] in {"is", "has", "was", "can", "are", "apakah", "flag"} or words[-1] == "flag"
    if low is None:
        return asked or (len(words) == 1 and words[0] in {"active", "aktif", "lunas"})
    if not (low >= 0 and high is not None and high <= 1 and low == int(low) and high == int(high)):
        return False
    named = bool(set(words) & ((ADDITIVE | RATES) - MEMBERS)) and not asked
    return _whole(column) and not named


def _measure(column: Column, words: tuple[str, ...]) -> Role:
    """Whether numbers are added, averaged, or only compared."""
    named = set(words)
    if "per" in words[1:-1]:
        return Role.RATE
    if named <= ORDINALS | NUMBERS and named & ORDINALS:
        return Role.CODE
    if _is_code(words) or (named & KINDS and not named & (TOTALS | COUNTS | RATES)):
        return Role.CODE
    low, high = _bounds(column)
    if low is not None and high is not None and named & _FRACTIONS and low >= 0 and high <= 1:
        return Role.RATE
    if named & PER_UNIT and named & PRICED and not named & TOTALS:
        return Role.RATE
    return _by_last_words(words)


def _is_code(words: tuple[str, ...]) -> bool:
    """Whether a name is that of a code: a postcode, a phone number, an invoice number."""
    named = set(words)
    if len(words) > 1 and words[0] in NUMBERS and words[1] not in CODES:
        # "number of rooms" loses its "of"; "nomor faktur", "no hp" are codes
        return words[0] in {"no", "nr", "nomor", "nomer"}
    if len(words) > 1 and words[-1] in NUMBERS - {"num"}:
        return True
    return bool(named & CODES) and not named & (TOTALS | COUNTS | RATES - {"ip"})


def _by_last_words(words: tuple[str, ...]) -> Role:
    """Additive or not by the words of a name; a number without a known word is additive."""
    named = set(words)
    totals = named & (TOTALS - {"line", "gross", "net"}) or named & COUNTS
    if named & RATES and not totals:
        return Role.RATE
    return Role.ADDITIVE


def _text(table: Table, column: Column, words: tuple[str, ...]) -> Purpose:
    """Of a column of texts."""
    if column.values and all(map(ISO_MONTH.fullmatch, column.values)):
        return Purpose(Role.TIME)
    if _is_flag_text(column, words):
        return Purpose(Role.FLAG)
    part = _named_part(column, words[:1] if words[-1] in NAMES else words[-1:])
    if part is not None and 0 < len(column.values) <= _MOST_NAMED.get(part, 0):
        return Purpose(Role.TIME_PART, "weekday" if part == "day" else part)
    if words[-1] in NAMES or words[0] in NAMES or column == _best_label(table):
        return Purpose(Role.NAME)
    if column.values and (not column.unique or (len(words) == 1 and words[0] in PLACES)):
        return Purpose(Role.CATEGORY)
    return Purpose(Role.CODE if _is_code(words) else Role.TEXT)


def _is_flag_text(column: Column, words: tuple[str, ...]) -> bool:
    """Whether its values are those of a flag."""
    values = {value.strip().casefold() for value in column.values}
    if not values or not any(values <= flags for flags in FLAG_TEXTS):
        return False
    return len(values) == 2 or values <= _SHORT_FLAGS or words[0] in {"is", "has"}


def _best_label(table: Table) -> Column | None:
    """The unique text that names a row best, where no column is called a name."""
    texts = [each for each in table.columns if each.kind is Kind.TEXT]
    split = [(each, full_words(split_name(each.name))) for each in texts]
    if any(words[-1] in NAMES or words[0] in NAMES for _, words in split):
        return None
    split = [(each, words) for each, words in split if each.unique]
    entities = entity_words(table)
    own = [each for each, words in split if any(same(words, entity) for entity in entities)]
    plain = [each for each, words in split if not _is_code(words) and words[-1] not in IDS]
    short = [each for each, _ in split if each in plain and each.values]
    brief = [each for each, words in split if each in plain and not DESCRIPTIONS & set(words)]
    return next(iter([*own, *short, *brief]), None)
