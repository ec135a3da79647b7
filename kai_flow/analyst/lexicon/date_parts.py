"""Reads the pieces of dates: years, months, days of the month, small numbers."""

import re
from collections.abc import Sequence

from kai_flow.analyst.lexicon import data
from kai_flow.analyst.lexicon.data import Language
from kai_flow.analyst.lexicon.tokens import Token

__all__ = ["DAY_WORDS", "MONTH_WORDS", "ORDINALS", "SEPARATORS", "YEAR_WORDS", "DateParts"]

DAY_WORDS = {"tanggal", "tgl", "date"}
MONTH_WORDS = {"bulan", "bln", "month"}
YEAR_WORDS = {"tahun", "thn", "th", "year"}
SEPARATORS = {"-", "/"}
_ROMANS = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
ORDINALS = {**data.ORDINALS["en"], **data.ORDINALS["id"]}
_NAMES = {**data.NUMBERS["en"], **data.NUMBERS["id"]}


class DateParts:
    """Reads a piece that begins at a token: its value, and the place after it."""

    def __init__(self, tokens: Sequence[Token], language: Language) -> None:
        self.tokens = tokens
        self.language = language
        self._words = [token.word for token in tokens]

    def word(self, at: int) -> str:
        return self._words[at] if 0 <= at < len(self._words) else ""

    def skip(self, at: int, words: set[str]) -> int:
        """The place after any of the words."""
        while self.word(at) in words:
            at += 1
        return at

    def digits(self, at: int, least: int, most: int) -> int | None:
        """Plain digits, of a number of places."""
        text = self.word(at)
        plain = text.isascii() and text.isdigit() and least <= len(text) <= most
        return int(text) if plain else None

    def year(self, at: int, short: bool = False) -> tuple[int, int] | None:
        """A year and the place after it; of two digits only where nothing else fits."""
        at = self.skip(at, {",", "of", "in", *YEAR_WORDS, *SEPARATORS})
        year = self.digits(at, 4, 4)
        if year is not None and 1000 <= year <= 2999:
            return year, at + 1
        if re.fullmatch(r"['’]\d\d", self.word(at)):
            return 2000 + int(self.word(at)[1:]), at + 1
        two = self.digits(at, 2, 2) if short else None
        return (2000 + two, at + 1) if two is not None else None

    def tight(self, at: int, sign: str) -> bool:
        """Whether a sign stands there without spaces around it."""
        return (
            self.word(at) == sign
            and 0 < at < len(self.tokens) - 1
            and self.tokens[at - 1].end == self.tokens[at].start
            and self.tokens[at].end == self.tokens[at + 1].start
        )

    def month(self, at: int) -> tuple[int, int] | None:
        """The month and the place after it: by name, or by number after the word "month"."""
        after = self.skip(at, MONTH_WORDS)
        named = data.MONTHS.get(self.word(after))
        if named is not None:
            return named, after + 1
        counted = self.digits(at - 1, 1, 4) is not None or self.word(at - 1) in _NAMES
        counted &= self.word(at - 2) not in DAY_WORDS  # "3 bulan", but "tanggal 15 bulan 3"
        if after > at and not counted and self.word(at) != "month":
            return self.numbered(after, 12)
        return None

    def numbered(self, at: int, most: int) -> tuple[int, int] | None:
        """A small number that does not begin a duration: "kuartal 2", not "kuartal 2 hari"."""
        small = self.small(at, most)
        if small is None:
            return None
        after = self.word(small[1])
        return small if after in YEAR_WORDS or after not in data.UNITS else None

    def small(self, at: int, most: int) -> tuple[int, int] | None:
        """A number from 1 on: digits, words, Roman digits, "ke-2", "pertama", "second", "2nd"."""
        ke = self.word(at) == "ke"
        at += ke
        word = self.word(at)
        value = self.digits(at, 1, 2)
        if value is None:
            value = _ROMANS.get(word) or ORDINALS.get(word) or _NAMES.get(word)
        if value is None or not 1 <= value <= most:
            return None
        return value, at + 1 + (self.word(at + 1) in data.ORDINAL_ENDINGS)

    def day(self, at: int) -> tuple[int, int] | None:
        """A day of the month in digits, and the place after it."""
        at = self.skip(at, {*DAY_WORDS, "the"})
        value = self.digits(at, 1, 2)
        if value is None:
            return None
        return value, at + 1 + (self.word(at + 1) in data.ORDINAL_ENDINGS)
