"""Reads periods that are seen from an anchor: "last month", "3 bulan terakhir", "kemarin"."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from kai_flow.analyst.lexicon import data
from kai_flow.analyst.lexicon.calendar_days import Latest
from kai_flow.analyst.lexicon.data import Language
from kai_flow.analyst.lexicon.numbers import find_numbers
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.nodes import Grain

__all__ = ["Relative", "read_relatives"]


class Relative(Struct, frozen=True, gc=False, cache_hash=True):
    """The tokens from ``first`` up to ``last`` as a relative period."""

    first: int
    last: int
    period: Latest
    grain: Grain
    score: float = 1.0
    future: bool = False


_D, _W, _M, _Q, _Y = Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR
UNITS = {
    **dict.fromkeys(("day", "days", "hari"), _D),
    **dict.fromkeys(("week", "weeks", "minggu", "pekan", "mgg"), _W),
    **dict.fromkeys(("month", "months", "bulan", "bln"), _M),
    **dict.fromkeys(("quarter", "quarters", "kuartal", "kwartal", "triwulan"), _Q),
    **dict.fromkeys(("year", "years", "tahun", "thn"), _Y),
}
"""The units of the calendar by name."""
_ONE = {"setahun": _Y, "sebulan": _M, "seminggu": _W, "sepekan": _W, "sehari": _D}
_ROLLING = {
    _D: Latest(_D, 1, 0),
    _W: Latest(_D, 7, 0),
    _M: Latest(_D, 30, 0),
    _Q: Latest(_M, 3, 0),
    _Y: Latest(_M, 12, 0),
}
"""One unit back from the anchor, whatever the calendar: "the past year"."""
_NAMED = UNITS.keys() | data.WEEKDAYS.keys()
"""Words after which "kemarin" means the one before: "bulan kemarin", "Senin kemarin"."""
_TO_DATE = {"ytd": _Y, "qtd": _Q, "mtd": _M, "wtd": _W}

_THIS = {"this", "current"}
_LAST = {"last", "previous", "prior", "preceding"}
_RECENT = {"last", "past", "latest", "recent", "trailing"}
_NEXT = {"next", "coming", "upcoming"}
_THIS_AFTER = {"ini", "berjalan", "sekarang"}
_LAST_AFTER = {"lalu", "kemarin", "kmrn", "sebelumnya", "silam"}
_RECENT_AFTER = {"terakhir", "belakangan", "trakhir", "terahir", "terkini"}
_NEXT_AFTER = {"depan", "mendatang"}


def read_relatives(tokens: Sequence[Token], language: Language) -> tuple[Relative, ...]:
    """Every relative period in the question, overlapping ones included."""
    reader = _Relatives(tokens, language)
    return tuple(dict.fromkeys(found for at in range(len(tokens)) for found in reader.at(at)))


class _Relatives:
    """Reads the relative periods that begin at a token."""

    def __init__(self, tokens: Sequence[Token], language: Language) -> None:
        self._words = [token.word for token in tokens]
        self._counts: dict[int, list[tuple[int, int]]] = {}
        for span in find_numbers(tokens, language):
            whole = not span.ordinal and not span.unit and not span.percent
            if whole and 1 <= span.value <= 5000 and span.value == int(span.value):
                self._counts.setdefault(span.first, []).append((int(span.value), span.last))

    def at(self, at: int) -> Iterator[Relative]:
        """All relative periods that begin there."""
        yield from self._single_words(at)
        yield from self._english(at)
        yield from self._english_counted(at)
        yield from self._indonesian(at)
        yield from self._indonesian_counted(at)

    def _word(self, at: int) -> str:
        return self._words[at] if 0 <= at < len(self._words) else ""

    def _phrase(self, at: int, phrase: str) -> int | None:
        """The place after a phrase, if it stands there."""
        words = phrase.split()
        end = at + len(words)
        return end if self._words[at:end] == words else None

    def _skip(self, at: int, *phrases: str) -> int:
        """The place after the first of the phrases that stands there."""
        for phrase in phrases:
            end = self._phrase(at, phrase)
            if end is not None:
                return end
        return at

    def _single_words(self, at: int) -> Iterator[Relative]:
        """Today, yesterday, kemarin, ytd."""
        word = self._word(at)
        if word in {"today", "tonight"}:
            yield Relative(at, at + 1, Latest(_D, 1, 0), _D)
        elif word in {"yesterday", "kemarin", "kmrn"} and self._word(at - 1) not in _NAMED:
            end = self._skip(at + 1, "lusa", "dulu")
            yield Relative(at, end, Latest(_D, 1, 1 if end == at + 1 else 2), _D)
        elif word in {"tomorrow", "besok", "esok"}:
            yield Relative(at, at + 1, Latest(_D, 1, -1), _D, future=True)
        elif word in _TO_DATE:
            yield Relative(at, at + 1, Latest(_TO_DATE[word], 1, 0), _TO_DATE[word])
        before_yesterday = self._phrase(self._skip(at, "the"), "day before yesterday")
        if before_yesterday is not None:
            yield Relative(at, before_yesterday, Latest(_D, 1, 2), _D)

    def _english(self, at: int) -> Iterator[Relative]:
        """This month, last quarter, the past year, next week."""
        start = self._skip(at, "the")
        unit = UNITS.get(self._word(start + 1))
        if unit is not None:
            yield from self._english_unit(at, start, unit)
        recent = UNITS.get(self._word(start + 2))
        if recent is not None and self._phrase(start, "most recent"):
            yield Relative(at, start + 3, Latest(recent, 1, 0), recent)
        own = UNITS.get(self._word(start))
        for phrase, back in (("to date", 0), ("before last", 2)) if own else ():
            after = self._phrase(start + 1, phrase)
            if own is not None and after is not None:
                yield Relative(at, after, Latest(own, 1, back), own)

    def _english_unit(self, at: int, start: int, unit: Grain) -> Iterator[Relative]:
        """A word before a unit."""
        word, end = self._word(start), start + 2
        within = self._word(at - 1) in {"over", "within", "during"}
        rolling = word == "past" or (word == "last" and start > at and within)  # either is meant
        rolling &= unit in {_W, _M, _Y}
        if word in _THIS:
            yield Relative(at, self._skip(end, "so far", "to date"), Latest(unit, 1, 0), unit)
        elif word in _LAST or word == "past":
            sure = not rolling or word == "last"
            yield Relative(at, end, Latest(unit, 1, 1), unit, 1.0 if sure else 0.8)
            if rolling:
                yield Relative(at, end, _ROLLING[unit], unit, 0.8)
        elif word == "latest":
            yield Relative(at, end, Latest(unit, 1, 0), unit)
        elif word in _NEXT:
            yield Relative(at, end, Latest(unit, 1, -1), unit, future=True)

    def _english_counted(self, at: int) -> Iterator[Relative]:
        """The last 3 months, previous two quarters, 3 weeks ago, a year ago, next 3 days."""
        start = self._skip(at, "the")
        word = self._word(start)
        number = self._skip(start, "most recent")
        number = start + 1 if word in _RECENT | _LAST | _NEXT else number
        if number > start:
            for count, unit, end in self._counted(number):
                back = 1 if word in _LAST - _RECENT else 0
                if word in _NEXT:
                    yield Relative(at, end, Latest(unit, count, -count), unit, future=True)
                else:
                    yield Relative(at, end, Latest(unit, count, back), unit)
        for count, unit, end in self._counted(at, article=True):
            if self._word(end) in {"ago", "back"}:
                yield Relative(at, end + 1, Latest(unit, 1, count), unit)

    def _counted(self, at: int, article: bool = False) -> Iterator[tuple[int, Grain, int]]:
        """A number and a unit: 3 months, twelve weeks, a year."""
        numbers = list(self._counts.get(at, ()))
        if article and self._word(at) in {"a", "an"}:
            numbers.append((1, at + 1))
        for count, after in numbers:
            unit = UNITS.get(self._word(after))
            if unit is not None:
                yield count, unit, after + 1

    def _indonesian(self, at: int) -> Iterator[Relative]:
        """Bulan ini, tahun lalu, minggu kemarin, kuartal terakhir, bulan depan."""
        unit = UNITS.get(self._word(at))
        if unit is None or self._word(at - 1) in data.NUMBERS["id"] or at - 1 in self._counts:
            return
        start = self._skip(at + 1, "yang sedang", "yang", "yg")
        word = self._word(start)
        end = start + 1
        if word in _THIS_AFTER:
            yield Relative(at, end, Latest(unit, 1, 0), unit)
        elif word in _LAST_AFTER:
            end = self._skip(end, "lusa") if unit is _D else end
            yield Relative(at, end, Latest(unit, 1, 1), unit)
        elif word in _RECENT_AFTER:
            yield Relative(at, self._skip(end, "ini"), Latest(unit, 1, 0), unit)
        elif word in _NEXT_AFTER:
            yield Relative(at, end, Latest(unit, 1, -1), unit, future=True)

    def _indonesian_counted(self, at: int) -> Iterator[Relative]:
        """3 bulan terakhir, dua tahun yang lalu, setahun terakhir, 7 hari ke depan."""
        counted = list(self._counted(at))
        one = _ONE.get(self._word(at))
        if one is not None:
            counted.append((1, one, at + 1))
        for count, unit, after in counted:
            start = self._skip(after, "yang", "yg")
            word = self._word(start)
            end = start + 1
            if word in _RECENT_AFTER:
                period = Latest(unit, count, 0) if one is None else _ROLLING[unit]
                yield Relative(at, self._skip(end, "ini"), period, unit)
            elif word in _LAST_AFTER:
                yield Relative(at, end, Latest(unit, 1, count), unit)
            elif word in _NEXT_AFTER or self._phrase(start, "ke depan"):
                end = self._skip(start, "ke depan", word)
                yield Relative(at, end, Latest(unit, count, -count), unit, future=True)
