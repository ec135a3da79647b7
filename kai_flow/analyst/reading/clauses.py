"""Judges the clauses of a question: whether one only says who asks and what for.

It must name nothing of the database that picks rows, and hold no number, time, negation or
comparison, because then it might limit what is asked.
"""

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Final

from kai_flow.analyst.lexicon.data import Language
from kai_flow.analyst.lexicon.frames import LIMITING, MAKING, PURPOSES, WORDS
from kai_flow.analyst.lexicon.lexicon import fillers
from kai_flow.analyst.lexicon.periods import find_periods
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.glue import linking
from kai_flow.analyst.reading.happened import is_happening
from kai_flow.analyst.reading.parts import Clock, Column, Computed, Item, Rows, Sign, Values, Where
from kai_flow.analyst.reading.spans import leaves
from kai_flow.analyst.semantics.index import Index

__all__ = ["FOR", "PAUSES", "Clauses"]

PAUSES: Final = frozenset([",", "-"])
"""Signs between clauses."""

_STOPS: Final = re.compile(r"[.!?:…\n]")
_HARMLESS: Final = frozenset(
    [
        *("and", "show", "which", "value", "to", "versus", "having one", "rows"),
        *("day", "week", "month", "quarter", "year"),
    ]
)
"""Signs that may stand in a clause about the asker."""

_AND: Final = frozenset(["and", "dan"])

_DEPARTMENT: Final = frozenset(["bagian", "part"])
"""Words that are a share elsewhere: "saya dari bagian keuangan", "as part of my job"."""

_OF_THE_ASKER: Final = frozenset(WORDS["of_the_asker"].split())
"""Words for when the asker needs the answer."""

_ADJECTIVES: Final = frozenset(WORDS["adjectives"].split())
"""Words that say which report it is."""

_KNOWN: Final = 0.28
"""A name of the database that costs more is hardly meant."""

_KNOWN_SIGN: Final = 0.2
"""A phrase of analysis that costs as much is misspelt, and so is hardly meant."""

_NAMES: Final = (Column, Computed, Rows, Clock)
"""What by itself picks no rows."""

_PLAIN: Final = 0.15
"""What the name of a table or column costs at most that a question is about."""

_RELATIVE: Final = frozenset(WORDS["relative"].split())
"""Words with which a table may pick the rows of another one: "orders with returns"."""

FOR: Final = frozenset(WORDS["for"].split())
"""Words before what an answer is for."""

_BEING: Final = frozenset(WORDS["being"].split())
"""Words before what the asker is."""

_INTENDING: Final = frozenset(["mau", "akan", "hendak", "ingin"])
"""Words before who is about to do something."""

_ASKERS: Final = frozenset(["saya", "kami", "kita", "aku"])
"""Who asks."""

_ABBREVIATIONS: Final = frozenset(WORDS["abbreviations"].split())
"""Words in capitals that are no names."""

_OWNERS: Final = frozenset(["my", "our", "the", "your"])
"""Words before the title of somebody."""

_TITLES: Final = frozenset(WORDS["titles"].split())
"""Words before the name of who asks."""


class Clauses:
    """The words of a question, and what they may mean."""

    def __init__(
        self, question: str, tokens: tuple[Token, ...], index: Index, language: Language
    ) -> None:
        self.question = question
        self.tokens = tokens
        self.words = [token.word.removesuffix("'s") for token in tokens]
        self._index = index
        self._language = language

    @cached_property
    def _leaves(self) -> tuple[Item, ...]:
        """What the words mean; only looked up when there is a clause to judge."""
        periods = find_periods(self.tokens, self._language)
        return leaves(self.tokens, self._index, self._language, periods)

    def stop_before(self, at: int) -> bool:
        """Whether a sentence ends before a token."""
        if not 0 < at < len(self.tokens):
            return at > 0
        between = self.question[self.tokens[at - 1].end : self.tokens[at].start]
        return bool(_STOPS.search(between))

    def harmless(self, first: int, last: int) -> bool:
        """Whether a clause names nothing of the database and limits nothing."""
        tokens = self.tokens[first:last]
        words = self.words[first:last]
        if LIMITING & set(words) or any(
            token.number is not None or token.quoted for token in tokens
        ):
            return False
        if any(self._named(at) for at in range(first, last)):
            return False
        made = bool(MAKING & set(words)) or self.words[first] in FOR
        telling = [
            item
            for item in self._leaves
            if first <= item.first and item.last <= last and self._telling(item, made=made)
        ]
        return not telling or self._only_names(telling, first, last)

    def _only_names(self, telling: Sequence[Item], first: int, last: int) -> bool:
        """Whether things are only named that do not limit a question about others."""
        if _RELATIVE & set(self.words[first:last]):
            return False
        others = (item for item in self._leaves if item.last <= first or last <= item.first)
        return all(isinstance(item.part, _NAMES) for item in telling) and any(
            isinstance(item.part, _NAMES) and item.cost <= _PLAIN for item in others
        )

    def _named(self, at: int) -> bool:
        """Whether a word is written like a name, which may be that of a place or a person."""
        text = self.tokens[at].text
        before = self.words[at - 1] if at else ""
        begins = at == 0 or self.stop_before(at) or before in PAUSES
        office = text.isupper() and before in _OWNERS  # our GM
        capital = text[:1].isupper() and not office and self.words[at] != "i"
        titled = bool(_TITLES & {before, self.words[at - 2] if at > 1 else ""})
        capital = capital and text not in _ABBREVIATIONS
        return capital and not begins and not titled and self.words[at] not in _TITLES

    def _telling(self, item: Item, *, made: bool) -> bool:
        """Whether words mean something that the question may be about."""
        words = set(self.words[item.first : item.last])
        empty = fillers("en") | fillers("id")
        if isinstance(item.part, Values):
            return item.cost <= _KNOWN
        if words <= empty | _OF_THE_ASKER | _DEPARTMENT or self._of_a_purpose(item, made=made):
            return False
        if isinstance(item.part, Where | Clock) and self._intended(item.first):
            return False
        if isinstance(item.part, Where) and is_happening(item.part):
            return False  # "joined" is a time as well, which tells as much
        if isinstance(item.part, Sign):
            plain = words <= linking() | empty | _AND or item.part.name in _HARMLESS
            plain = plain or (item.part.name == "new" and self._new_here(item.first))
            return not plain and item.cost < _KNOWN_SIGN
        return item.cost <= _KNOWN

    def _intended(self, at: int) -> bool:
        """Whether the asker is about to do something: "mau saya pesan ulang"."""
        wish, asker = self.words[max(0, at - 2) : at] if at > 1 else ("", "")
        return wish in _INTENDING and asker in _ASKERS

    def _new_here(self, at: int) -> bool:
        """Whether the asker is new: "I am new to this", "saya staf baru"."""
        before = {*self.words[max(0, at - 1) : at], *self.words[max(0, at - 2) : at - 1]}
        return bool(before & _BEING)

    def _of_a_purpose(self, item: Item, *, made: bool) -> bool:
        """Whether words say what the answer is for: "the annual report"."""
        words = set(self.words[item.first : item.last])
        beside = {
            *self.words[max(0, item.first - 1) : item.first],
            *self.words[item.last : item.last + 1],
        }
        if words <= _ADJECTIVES and beside & PURPOSES:
            return True
        return made and words <= PURPOSES | _ADJECTIVES and bool(words & PURPOSES)
