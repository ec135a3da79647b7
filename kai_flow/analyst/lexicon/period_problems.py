"""What is wrong with a period, as a sentence in the language of the question."""

from kai_flow.analyst.lexicon import data
from kai_flow.analyst.lexicon.calendar_days import days_of
from kai_flow.analyst.lexicon.data import Language
from kai_flow.analyst.lexicon.dates import Point

__all__ = ["backwards", "future", "impossible", "other_weekday"]


def _month(number: int, language: Language) -> str:
    name: str = data.LEXICONS[language]["months"][str(number)][0]
    return name.title()


def _weekday(number: int, language: Language) -> str:
    name: str = data.LEXICONS[language]["weekdays"][str(number)][0]
    return name.title()


def _named(point: Point, language: Language) -> str:
    """A day as it is written out."""
    year = f" {point.year}" if point.year else ""
    return f"{point.day} {_month(point.number or 1, language)}{year}"


def impossible(point: Point, language: Language) -> str:
    """There is no such day."""
    number = point.number or 0
    if not 1 <= number <= 12:
        text = f"{point.day}/{number}/{point.year}"
        return f"{text} is not a date." if language == "en" else f"{text} bukan tanggal."
    most = days_of(point.year or 2024, number)
    month = f"{_month(number, language)} {point.year or ''}".strip()
    if language == "en":
        return f"{_named(point, language)} is not a date: {month} has {most} days."
    return f"{_named(point, language)} bukan tanggal: {month} hanya {most} hari."


def other_weekday(point: Point, weekday: int, language: Language) -> str:
    """The date falls on another day of the week than the question says."""
    said, real = _weekday(point.weekday or 1, language), _weekday(weekday, language)
    if language == "en":
        return f"{_named(point, language)} is a {real}, not a {said}."
    return f"{_named(point, language)} jatuh pada hari {real}, bukan {said}."


def backwards(language: Language) -> str:
    """The end of a range is before its beginning."""
    if language == "en":
        return "The period ends before it begins."
    return "Akhir periode itu lebih awal daripada awalnya."


def future(text: str, language: Language) -> str:
    """The period has not begun."""
    if language == "en":
        return f"“{text}” is in the future. The data can only tell what has been."
    return f"“{text}” ada di masa depan. Data hanya memuat apa yang sudah terjadi."
