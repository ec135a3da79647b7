"""Finds the numbers of a question: digits with scales, words, percentages, units and ordinals."""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from kai_flow.analyst.lexicon import data
from kai_flow.analyst.lexicon.data import Language
from kai_flow.analyst.lexicon.tokens import Token

__all__ = ["LIKE_YEARS", "NumberSpan", "find_numbers"]

LIKE_YEARS = range(1980, 2051)
"""Numbers that are rather years."""


class NumberSpan(Struct, frozen=True, gc=False, cache_hash=True):
    """The tokens from ``first`` up to, not including, ``last`` as a number."""

    first: int
    last: int
    value: float
    percent: bool = False
    """Of "10 %" the value is 10."""
    unit: str = ""
    """``Rp``, ``USD``, ``kg`` …, when the question names one."""
    ordinal: bool = False
    """"first", "ke-3"."""


def find_numbers(tokens: Sequence[Token], language: Language) -> tuple[NumberSpan, ...]:
    """Every span that reads as a number, overlapping ones included.

    Digits that the two languages read differently have both values: "1.500" in an English question
    is 1.5 or 1,500.
    """
    found: dict[NumberSpan, None] = {}
    for at in range(len(tokens)):
        for span in (*_amounts(tokens, at, language), *_ordinals(tokens, at)):
            found[span] = None
    return tuple(_scaled_alike(span, found, tokens, language) for span in found)


def _scaled_alike(
    span: NumberSpan, found: Iterable[NumberSpan], tokens: Sequence[Token], language: Language
) -> NumberSpan:
    """The first number of a range with the scale of the second: "between 6 and 15 million"."""
    joint = _word(tokens, span.last)
    opened = _word(tokens, span.first - 1) in _OPENING
    if span.last - span.first != 1 or not (joint in _TO or (opened and joint in _AND)):
        return span
    scales = data.SCALES[language]
    for other in found:
        scale = scales.get(_word(tokens, other.last - 1), 0.0)
        scaled = scales.get(_word(tokens, other.first + 1)) == scale >= 1000
        if other.first == span.last + 1 and scaled and span.value < other.value / scale:
            return replace(span, value=span.value * scale)
    return span


_CURRENCIES = {"rp": "Rp", "idr": "Rp", "usd": "USD", "$": "USD", "€": "EUR", "eur": "EUR"}
_CURRENCIES |= {"£": "GBP", "gbp": "GBP"}
_OPENING = {"between", "antara", "from", "dari", "mulai", "kisaran", "rentang"}
_TO = {"to", "-", "–", "until", "sampai", "hingga", "sampe", "sd", "s/d"}
_AND = {"and", "dan", "&"}
_PREFIXES = {"us", "s"}  # US$, and nothing else
_NEGATIVE = {"-", "minus", "negative", "negatif"}
_PERCENT = {"%", "percent", "pct", "persen", "prosen"}
_NAMES = {**data.NUMBERS["en"], **data.NUMBERS["id"]}
_ORDINALS = {**data.ORDINALS["en"], **data.ORDINALS["id"]}


def _amounts(tokens: Sequence[Token], at: int, language: Language) -> Iterator[NumberSpan]:
    """The numbers that begin at a token, with a currency or a sign before and a unit after."""
    start, unit = _currency(tokens, at)
    sign = 1
    if start == at and tokens[at].word in _NEGATIVE and _is_sign(tokens, at):
        start, unit = _currency(tokens, at + 1)
        sign = -1
    if start >= len(tokens):
        return
    for value, end in _cardinals(tokens, start, language):
        span = NumberSpan(at, end, sign * value, unit=unit)
        yield span
        yield from _units(tokens, span)


def _units(tokens: Sequence[Token], span: NumberSpan) -> Iterator[NumberSpan]:
    """The same number with the percent sign or unit that follows it."""
    after = tokens[span.last].word if span.last < len(tokens) else ""
    if after in _PERCENT:
        yield replace(span, last=span.last + 1, percent=True)
    elif after == "per" and _word(tokens, span.last + 1) == "cent":
        yield replace(span, last=span.last + 2, percent=True)
    elif after in data.UNITS and span.unit in {"", data.UNITS[after]}:
        yield replace(span, last=span.last + 1, unit=data.UNITS[after])


def _word(tokens: Sequence[Token], at: int) -> str:
    """The word at a place; empty beyond the end."""
    return tokens[at].word if 0 <= at < len(tokens) else ""


def _currency(tokens: Sequence[Token], at: int) -> tuple[int, str]:
    """Where the number begins after a currency, and that currency."""
    if _word(tokens, at) in _PREFIXES and _word(tokens, at + 1) == "$":
        at += 1
    unit = _CURRENCIES.get(_word(tokens, at), "")
    return (at + 1, unit) if unit else (at, "")


def _is_sign(tokens: Sequence[Token], at: int) -> bool:
    """Whether a minus belongs to the number after it and does not stand between two numbers."""
    if tokens[at].word != "-":
        return True
    tight = at + 1 < len(tokens) and tokens[at].end == tokens[at + 1].start
    return tight and (at == 0 or tokens[at - 1].end < tokens[at].start)


def _cardinals(tokens: Sequence[Token], at: int, language: Language) -> Iterator[tuple[float, int]]:
    """The numbers from a token on, as value and end, from the shortest to the longest."""
    word = tokens[at].word
    if tokens[at].number is not None:
        for value in _values(tokens[at], language):
            yield from _Sum(tokens, language).continued(at + 1, value)
    elif word in {"a", "an", "half", "setengah", "separuh"}:
        half = word not in {"a", "an"}
        at += 2 if half and _word(tokens, at + 1) in {"a", "an"} else 1
        if _word(tokens, at) in data.SCALES[language] and len(_word(tokens, at)) > 2:
            yield from _Sum(tokens, language).continued(at, 0.5 if half else 1.0, bare=False)
    elif word in _NAMES:
        yield from _Sum(tokens, language).continued(at, None)


def _values(token: Token, language: Language) -> tuple[float, ...]:
    """The values that digits may have."""
    read = token.number or 0.0
    mark = "." if language == "en" else ","
    whole, found, fraction = token.text.partition(mark)
    if found and len(fraction) == 3 and fraction.isdigit() and whole.isdigit():
        exact = float(f"{whole}.{fraction}")
        if exact != read:
            return (read, exact)
    return (read,)


class _Sum:
    """A number in the making: whole groups times scales, and the group that is being read."""

    def __init__(self, tokens: Sequence[Token], language: Language) -> None:
        self._tokens = tokens
        self._scales = data.SCALES[language]
        self._total = 0.0
        self._group: float | None = None
        self._last = float("inf")  # the scale of the group before: the next one is smaller

    def continued(
        self, at: int, group: float | None, bare: bool = True
    ) -> Iterator[tuple[float, int]]:
        """Each number that ends at or after a token, given the group read so far."""
        self._group = group
        if group is not None and bare:
            yield group, at
        while at < len(self._tokens):
            at = self._joined(at)
            if at >= len(self._tokens) or not self._add(at):
                return
            at += 1
            if self._tokens[at - 1].number is None:  # digits count with the scale after them
                yield self._total + (self._group or 0.0), at

    def _joined(self, at: int) -> int:
        """The place after an "and" inside a number: "one hundred and five"."""
        whole = self._group is None and self._total > 0
        hundreds = self._group is not None and self._group >= 100 and self._group % 100 == 0
        following = _NAMES.get(_word(self._tokens, at + 1), 1000)
        if self._tokens[at].word == "and" and (whole or hundreds) and following < 100:
            return at + 1
        return at

    def _add(self, at: int) -> bool:
        """Take the word at a place into the number; False when it is no part of it."""
        word = self._tokens[at].word
        if word in _NAMES:
            return self._add_name(_NAMES[word])
        if word in {"belas", "puluh"}:
            return self._add_tens(word)
        if word in {"setengah", "half"}:
            return self._add_half(at)
        if word in self._scales:
            return self._add_scale(self._scales[word])
        number = self._tokens[at].number
        smaller = self._scales.get(_word(self._tokens, at + 1), self._last)
        if number is not None and self._group is None and smaller < self._last:
            self._group = number  # 2 juta 500 ribu
            return True
        return False

    def _add_name(self, value: int) -> bool:
        group = self._group
        if value >= 1000:  # seribu, sejuta: one of a scale
            if group is not None or value >= self._last:
                return False
            self._total += value
            self._last = value
            return True
        if group is None:
            self._group = float(value)
            return value < self._last
        below = group % 100
        fits = (value < 100 and below == 0 and group >= 100) or (
            0 < value < 10 and 20 <= below <= 90 and below % 10 == 0
        )
        if fits:
            self._group = group + value
        return fits

    def _add_tens(self, word: str) -> bool:
        """Indonesian: dua belas is 12, dua puluh is 20."""
        if self._group is None:
            return False
        ones = self._group % 100
        if not 1 <= ones <= 9 or ones != int(ones):
            return False
        self._group += 10 if word == "belas" else 9 * ones
        return True

    def _add_half(self, at: int) -> bool:
        """Indonesian: satu setengah juta is 1.5 million; only before a scale."""
        ahead = _word(self._tokens, at + 1) in self._scales
        if self._group is None or not ahead or self._group != int(self._group):
            return False
        self._group += 0.5
        return True

    def _add_scale(self, scale: float) -> bool:
        if self._group is None:
            return False
        if scale < 1000:
            if self._group > 99:
                return False
            self._group *= scale
            return True
        if scale >= self._last:
            return False
        self._total += self._group * scale
        self._last = scale
        self._group = None
        return True


def _ordinals(tokens: Sequence[Token], at: int) -> Iterator[NumberSpan]:
    """Ordinals that begin at a token: "third", "twenty-first", "15th", "kedua belas", "ke-3"."""
    token, after = tokens[at], _word(tokens, at + 1)
    if token.word in _ORDINALS:
        value = _ORDINALS[token.word]
        yield NumberSpan(at, at + 1, value, ordinal=True)
        if after in {"belas", "puluh"} and value < 10:
            yield NumberSpan(
                at, at + 2, value + 10 if after == "belas" else value * 10, ordinal=True
            )
    elif token.number is not None and after in data.ORDINAL_ENDINGS:
        if tokens[at + 1].start == token.end:
            yield NumberSpan(at, at + 2, token.number, ordinal=True)
    elif token.word == "ke" and at + 1 < len(tokens):
        value_ahead = tokens[at + 1].number or data.NUMBERS["id"].get(after)
        if value_ahead is not None and value_ahead == int(value_ahead):
            yield NumberSpan(at, at + 2, float(value_ahead), ordinal=True)
    elif _NAMES.get(token.word, 0) in range(20, 100) and data.ORDINALS["en"].get(after, 10) < 10:
        value = _NAMES[token.word] + data.ORDINALS["en"][after]
        yield NumberSpan(at, at + 2, value, ordinal=True)
