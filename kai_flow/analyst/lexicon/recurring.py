"""Reads parts of the calendar that come again: "on Mondays", "akhir pekan", "tanggal 15"."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from kai_flow.analyst.lexicon import data
from kai_flow.analyst.lexicon.calendar_days import Part
from kai_flow.analyst.lexicon.tokens import Token

__all__ = ["Recurrence", "cyclic", "read_recurring"]


class Recurrence(Struct, frozen=True, gc=False, cache_hash=True):
    """The tokens from ``first`` up to ``last`` as a recurring part of the calendar."""

    first: int
    last: int
    period: Part
    score: float = 1.0


WEEKEND, WORKDAYS = (6, 7), (1, 2, 3, 4, 5)
_PHRASES = {
    ("weekend",): (WEEKEND, 1.0),
    ("weekends",): (WEEKEND, 1.0),
    ("akhir", "pekan"): (WEEKEND, 1.0),
    ("akhir", "minggu"): (WEEKEND, 0.9),
    ("weekdays",): (WORKDAYS, 0.9),
    ("working", "days"): (WORKDAYS, 0.8),
    ("business", "days"): (WORKDAYS, 0.8),
    ("hari", "kerja"): (WORKDAYS, 0.9),
    ("hari", "biasa"): (WORKDAYS, 0.8),
    ("weekday",): (WORKDAYS, 0.6),
}
_TO = {"to", "-", "through", "sampai", "hingga", "until", "till"}
_AND = {"dan", "sama", "and", "atau", "or", "&", "/", "-", ","}
_LEADS = {"hari", "every", "setiap", "tiap"}


def cyclic(first: int, last: int, size: int) -> tuple[int, ...]:
    """From one unit of a cycle to another, over its end where needed: November to February."""
    count = (last - first) % size + 1
    return tuple((first - 1 + step) % size + 1 for step in range(count))


def read_recurring(tokens: Sequence[Token]) -> tuple[Recurrence, ...]:
    """Every recurring part in the question, but for months, quarters and halves."""
    return tuple(found for at in range(len(tokens)) for found in _at(tokens, at))


def _at(tokens: Sequence[Token], at: int) -> Iterator[Recurrence]:
    words = tuple(token.word for token in tokens[at : at + 2])
    for phrase in (words, words[:1]):
        if phrase in _PHRASES:
            values, score = _PHRASES[phrase]
            yield Recurrence(at, at + len(phrase), Part("weekday", values), score)
    yield from _weekdays(tokens, at)
    yield from _month_days(tokens, at)


def _weekdays(tokens: Sequence[Token], at: int) -> Iterator[Recurrence]:
    """Senin; hari Senin sampai Jumat; every Monday."""
    start = at + (tokens[at].word in _LEADS)
    start += start > at and start < len(tokens) and tokens[start].word == "hari"
    one = _weekday(tokens, start, start > at)
    if one is None:
        return
    yield Recurrence(at, start + 1, Part("weekday", (one[0],)), one[1])
    if start + 2 < len(tokens) and tokens[start + 1].word in _TO:
        two = _weekday(tokens, start + 2, led=True)
        if two is not None:
            values = cyclic(one[0], two[0], 7)
            yield Recurrence(at, start + 3, Part("weekday", values))
    yield from _and_sunday(tokens, at, start, one[0])


def _and_sunday(tokens: Sequence[Token], at: int, start: int, one: int) -> Iterator[Recurrence]:
    """Sabtu dan minggu, Sabtu minggu: beside another day, it is no week."""
    words = [token.word for token in tokens[start + 1 : start + 3]]
    joined = words[:1] != ["minggu"]
    if words[joined : joined + 1] == ["minggu"] and (not joined or words[0] in _AND):
        yield Recurrence(at, start + 2 + joined, Part("weekday", tuple(sorted((one, 7)))), 1.0)


def _weekday(tokens: Sequence[Token], at: int, led: bool) -> tuple[int, float] | None:
    """The day of the week at a place, and how certain it is: "minggu" is also a week."""
    if at >= len(tokens):
        return None
    word = tokens[at].word
    day = data.WEEKDAYS.get(word) or data.WEEKDAYS.get(word.removesuffix("s"))
    if day is None:
        return None
    if led or (len(word) > 4 and word != "minggu"):
        return day, 1.0
    capital = tokens[at].text[:1].isupper() and at > 0
    if word == "minggu" and not capital:
        return None  # a week
    return (day, 0.7) if capital else (day, 0.3)


def _month_days(tokens: Sequence[Token], at: int) -> Iterator[Recurrence]:
    """Tanggal 15; the 15th."""
    after = at + 1
    if after >= len(tokens) or not 1 <= (tokens[after].number or 0) <= 31:
        return
    value = tokens[after].number or 0
    ordinal = after + 1 < len(tokens) and tokens[after + 1].word in data.ORDINAL_ENDINGS
    if value == int(value) and (
        tokens[at].word in {"tanggal", "tgl"} or (tokens[at].word == "the" and ordinal)
    ):
        yield Recurrence(at, after + 1 + ordinal, Part("day", (int(value),)), 0.7)
