"""Numbers, units and times, written the way each language writes them."""

import re
from calendar import monthrange
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from kai_flow.analyst.lexicon.lexicon import Language

__all__ = [
    "amount",
    "day",
    "exact",
    "moment",
    "month",
    "month_name",
    "number",
    "percent",
    "period",
    "quarter",
    "week",
    "weekday_name",
    "with_unit",
]

MONTHS: Final[dict[Language, tuple[str, ...]]] = {
    "en": (
        *("January", "February", "March", "April", "May", "June", "July", "August"),
        *("September", "October", "November", "December"),
    ),
    "id": (
        *("Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus"),
        *("September", "Oktober", "November", "Desember"),
    ),
}
WEEKDAYS: Final[dict[Language, tuple[str, ...]]] = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "id": ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"),
}
ROMAN: Final = ("I", "II", "III", "IV")
"""Indonesian writes quarters with Roman numerals."""
CURRENCIES: Final = frozenset({"RP", "IDR", "USD", "EUR", "SGD", "GBP", "JPY", "MYR", "AUD"})
_SIGNS: Final = frozenset("$€£¥")
_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(?::(\d\d)[.\d]*)?(?:Z|[+-].*)?)?")


def number(value: float, language: Language, decimals: int = 2) -> str:
    """A number for a reader: 1.234,5 in Indonesian, 1,234.5 in English.

    From a million on, fractions are left out. Below one, two digits that are not zero are kept.
    """
    size = abs(value)
    if isinstance(value, int) or size >= 1e6:
        digits = 0
    elif 0 < size < 0.1:
        digits = min(12, -Decimal(size).adjusted() + 1)
    else:
        digits = decimals
    return _written(f"{value:,.{digits}f}", language)


def exact(value: float, language: Language) -> str:
    """A number with all its digits, as a reading shows it: two numbers never look the same."""
    if abs(value) < 1e15 and float(value).is_integer():
        value = int(value)
    plain = f"{value:,}" if isinstance(value, int) else f"{Decimal(repr(value)):,f}"
    return _written(plain, language)


def amount(value: float, unit: str, language: Language) -> str:
    """A number with its unit; money that is not whole has two decimals."""
    text = number(value, language)
    if _currency(unit) and abs(value) < 1e6 and not float(value).is_integer():
        text = _signs(f"{value:,.2f}", language)
    return with_unit(text, unit)


def percent(value: float, language: Language, *, signed: bool = False) -> str:
    """A percentage with one decimal, or with two digits where it is very small."""
    text = number(round(value, 1) if abs(value) >= 1 else value, language)
    plus = "+" if signed and value > 0 and text != "0" else ""
    return f"{plus}{text}%"


def with_unit(text: str, unit: str) -> str:
    """A number with its unit: a currency before it, any other unit after it."""
    if not unit:
        return text
    if unit in _SIGNS:
        return f"-{unit}{text[1:]}" if text.startswith("-") else f"{unit}{text}"
    if _currency(unit):
        return f"{unit} {text}"
    return f"{text}{'' if unit == '%' else ' '}{unit}"


def month_name(at: int, language: Language) -> str:
    """A month of the year, 1 to 12."""
    return MONTHS[language][at - 1] if 1 <= at <= 12 else str(at)


def weekday_name(at: int, language: Language) -> str:
    """A day of the week, 1 (Monday) to 7."""
    return WEEKDAYS[language][at - 1] if 1 <= at <= 7 else str(at)


def day(at: date, language: Language) -> str:
    """A day: 15 March 2025."""
    return f"{at.day} {month(at.year, at.month, language)}"


def month(year: int, at: int, language: Language) -> str:
    """A month of a year: March 2025."""
    return f"{month_name(at, language)} {year}"


def quarter(at: int, language: Language, year: int | None = None) -> str:
    """A quarter, perhaps of a year: Q2 2023, or kuartal II 2023."""
    text = f"Q{at}" if language == "en" else f"kuartal {ROMAN[at - 1] if 1 <= at <= 4 else at}"
    return text if year is None else f"{text} {year}"


def week(monday: date, language: Language) -> str:
    """A week, by its first day."""
    return f"{'week of' if language == 'en' else 'minggu'} {day(monday, language)}"


def moment(text: str, language: Language) -> str:
    """A date or timestamp in ISO form for a reader; any other text as it is."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        return text
    try:
        written = day(date.fromisoformat(found[1]), language)
    except ValueError:
        return text
    if found[2] is None or (found[2] == "00:00" and found[3] in {None, "00"}):
        return written
    clock = found[2] if found[3] in {None, "00"} else f"{found[2]}:{found[3]}"
    return f"{written}, {clock if language == 'en' else clock.replace(':', '.')}"


def period(start: str | None, end: str | None, language: Language, *, years: bool = False) -> str:
    """The days from ``start`` up to, not including, ``end``, with their preposition.

    ``years``: only years are known, so that an open end is a year as well.
    """
    english = language == "en"
    first = date.fromisoformat(start) if start else None
    after = date.fromisoformat(end) if end else None
    if first is None:
        if after is None:
            return "at any time" if english else "kapan pun"
        return f"{'before' if english else 'sebelum'} {_bound(after, language, years)}"
    if after is None:
        written = _bound(first, language, years)
        return f"from {written} on" if english else f"sejak {written}"
    return _bounded(first, after - timedelta(days=1), language)


def _bound(at: date, language: Language, years: bool) -> str:
    """The open end of a period."""
    return str(at.year) if years and (at.month, at.day) == (1, 1) else day(at, language)


def _bounded(first: date, last: date, language: Language) -> str:
    """A period by its first and its last day; whole months, quarters and years by their names."""
    english = language == "en"
    if last <= first:
        return f"{'on' if english else 'pada'} {_span(first, last, language)}"
    whole = first.day == 1 and last.day == monthrange(last.year, last.month)[1]
    if not whole:
        return f"{'from' if english else 'dari'} {_span(first, last, language)}"
    if (first.month, last.month) == (1, 12):
        years = _years(first.year, last.year, language)
        return years if english else years.replace("pada", "pada tahun")
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    preposition = "in" if english else "pada"
    if months == 1:
        return f"{preposition} {month(first.year, first.month, language)}"
    days = _span(first, last, language)
    if months == 3 and first.month % 3 == 1:
        name = quarter((first.month + 2) // 3, language, first.year)
        return f"{preposition} {name} ({days})"
    return f"{'from' if english else 'dari'} {days}"


def _years(first: int, last: int, language: Language) -> str:
    """One year, or several as a range."""
    if first == last:
        return f"in {first}" if language == "en" else f"pada {first}"
    return f"from {first} to {last}" if language == "en" else f"pada {first} sampai {last}"


def _span(first: date, last: date, language: Language) -> str:
    """Two days, without saying a month or a year twice: 1 to 15 March 2025."""
    if last < first:
        return f"{day(first, language)} – {day(last, language)}"
    end = day(last, language)
    if first == last:
        return end
    start = day(first, language)
    if first.year == last.year:
        start = start.removesuffix(f" {first.year}")
        if first.month == last.month:
            start = str(first.day)
    return f"{start} {'to' if language == 'en' else 'sampai'} {end}"


def _written(plain: str, language: Language) -> str:
    """Digits as Python writes them, without needless zeros, in this language's signs."""
    text = plain.rstrip("0").rstrip(".") if "." in plain else plain
    if text in {"-0", ""}:
        text = "0"
    return _signs(text, language)


def _signs(text: str, language: Language) -> str:
    return text if language == "en" else text.translate(str.maketrans(",.", ".,"))


def _currency(unit: str) -> bool:
    return unit in _SIGNS or unit.upper().rstrip(".") in CURRENCIES
