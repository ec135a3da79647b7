"""Takes away what stands around a question: courtesies, and clauses about who asks and what for.

Courtesies say nothing. A clause about the asker is set aside as a whole, and the answer says so:
"I am preparing an audit of the credit sector". It must name nothing of the database, and hold no
number, time, negation or comparison, because then it might limit what is asked.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from kai_flow.analyst.lexicon.data import Language
from kai_flow.analyst.lexicon.frames import (
    LIMITING,
    MAKING,
    PURPOSES,
    WORDS,
    address_before,
    asker_before,
    context,
    courtesy_after,
    courtesy_before,
)
from kai_flow.analyst.lexicon.lexicon import fillers
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.glue import linking
from kai_flow.analyst.reading.parts import Clock, Column, Computed, Item, Rows, Sign
from kai_flow.analyst.reading.spans import leaves
from kai_flow.analyst.semantics.index import Index

__all__ = ["Opened", "opened"]

_STOPS: Final = re.compile(r"[.!?:…\n]")
_PAUSES: Final = frozenset([",", "-"])
_JOINING: Final = frozenset(
    ["and", "so", "but", "therefore", "hence", "because", "dan", "jadi", "tapi", "tetapi", "maka"]
)
"""Words that join a question to the clause before it."""

_HARMLESS: Final = frozenset(
    [
        *("and", "show", "which", "value", "to", "versus", "having one", "rows"),
        *("day", "week", "month", "quarter", "year"),
    ]
)
"""Signs that may stand in a clause about the asker."""

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

_REQUESTS: Final = frozenset(WORDS["requests"].split())
"""Words that a request begins with."""

_ASKER: Final = frozenset(WORDS["asker"].split())
"""Who asks."""

_WISHES: Final = frozenset(WORDS["wishes"].split())
"""What those do who ask."""

_FOR: Final = frozenset(WORDS["for"].split())
"""Words before what an answer is for."""

_ABBREVIATIONS: Final = frozenset(WORDS["abbreviations"].split())
"""Words in capitals that are no names."""

_TITLES: Final = frozenset(WORDS["titles"].split())
"""Words before the name of who asks."""


@dataclass(frozen=True)
class Opened:
    """A question without what stands around it."""

    tokens: tuple[Token, ...]
    aside: tuple[str, ...]
    """The clauses that were set aside, as written."""


def opened(question: str, tokens: Sequence[Token], index: Index, language: Language) -> Opened:
    """A question without courtesies and clauses about the asker; the whole if nothing is left."""
    opening = _Opening(question, tuple(tokens), index, language)
    first, before = opening.start()
    last, after = opening.end(first)
    rest = tuple(tokens[first:last])
    if not rest:
        return Opened(tuple(tokens), ())
    return Opened(rest, (*before, *after))


class _Opening:
    """Finds where the question itself begins and ends."""

    def __init__(
        self, question: str, tokens: tuple[Token, ...], index: Index, language: Language
    ) -> None:
        self._question = question
        self._tokens = tokens
        self._index = index
        self._language = language
        self._words = [token.word.removesuffix("'s") for token in tokens]

    @cached_property
    def _leaves(self) -> tuple[Item, ...]:
        """What the words mean; only looked up when there is a clause to judge."""
        return leaves(self._tokens, self._index, self._language)

    def _stop_before(self, at: int) -> bool:
        """Whether a sentence ends before a token."""
        if not 0 < at < len(self._tokens):
            return at > 0
        between = self._question[self._tokens[at - 1].end : self._tokens[at].start]
        return bool(_STOPS.search(between))

    def _bounds(self, at: int) -> int:
        """Where the clause ends that begins at a token."""
        return next(
            (
                end
                for end in range(at + 1, len(self._words))
                if self._words[end] in _PAUSES or self._stop_before(end)
            ),
            len(self._words),
        )

    def start(self) -> tuple[int, tuple[str, ...]]:
        """The first token of the question, and the clauses before it."""
        at, moved = 0, True
        aside: list[str] = []
        while moved and at < len(self._words):
            moved = False
            at = self._joined(at)
            bound = self._bounds(at)
            courtesy = courtesy_before(self._words[at : self._sentence(at)])
            if courtesy and at + courtesy < len(self._words):
                at, moved = at + courtesy, True
            elif bound < len(self._words) and address_before(self._words[at:bound]):
                at, moved = bound, True
            elif (end := self._clause(at, bound)) is not None:
                aside.append(self._text(at, end))
                at, moved = end, True
        return self._joined(at), tuple(aside)

    def _sentence(self, at: int) -> int:
        """Where the sentence ends that a token is in."""
        ends = (end for end in range(at + 1, len(self._words)) if self._stop_before(end))
        return next(ends, len(self._words))

    def _joined(self, at: int) -> int:
        """The first token after commas, dashes and what joins clauses."""
        begun = at
        while at < len(self._words) and at > 0 and self._words[at] in _PAUSES | _JOINING:
            at += 1
        return at if at < len(self._words) else begun

    def _clause(self, at: int, bound: int) -> int | None:
        """Where a clause about the asker ends: at a pause, or where a request begins."""
        ends = [end for end in range(at + 2, bound) if self._requests(end)]
        ends += [at + asker_before(self._words[at:bound]), bound]
        for end in sorted(ends):
            if at < end < len(self._words) and self._aside(at, end):
                return end
        return None

    def _aside(self, first: int, last: int, *, tail: bool = False) -> bool:
        """Whether a clause only says who asks and what for."""
        return context(self._words[first:last], tail=tail) and self._harmless(first, last)

    def _requests(self, at: int) -> bool:
        """Whether a request begins at a token, maybe after a word that joins it."""
        joined = self._words[at] in _JOINING and at + 1 < len(self._words)
        here = self._words[at + joined : at + joined + 3]
        if here[:2] == ["how", "to"]:
            return False
        wished = (here[0] in _ASKER or joined) and set(here) & _WISHES
        return bool(wished or courtesy_before(self._words[at + joined :])) or here[0] in _REQUESTS

    def _harmless(self, first: int, last: int) -> bool:
        """Whether a clause names nothing of the database and limits nothing."""
        tokens = self._tokens[first:last]
        words = self._words[first:last]
        if LIMITING & set(words) or any(
            token.number is not None or token.quoted for token in tokens
        ):
            return False
        if any(self._named(at) for at in range(first, last)):
            return False
        made = bool(MAKING & set(words)) or self._words[first] in _FOR
        telling = [
            item
            for item in self._leaves
            if first <= item.first and item.last <= last and self._telling(item, made=made)
        ]
        return not telling or self._only_names(telling, first, last)

    def _only_names(self, telling: Sequence[Item], first: int, last: int) -> bool:
        """Whether things are only named that do not limit a question about others."""
        if _RELATIVE & set(self._words[first:last]):
            return False
        others = (item for item in self._leaves if item.last <= first or last <= item.first)
        return all(isinstance(item.part, _NAMES) for item in telling) and any(
            isinstance(item.part, _NAMES) and item.cost <= _PLAIN for item in others
        )

    def _named(self, at: int) -> bool:
        """Whether a word is written like a name, which may be that of a place or a person."""
        text = self._tokens[at].text
        before = self._words[at - 1] if at else ""
        begins = at == 0 or self._stop_before(at) or before in _PAUSES
        capital = text[:1].isupper() and text not in _ABBREVIATIONS and self._words[at] != "i"
        titled = bool(_TITLES & {before, self._words[at - 2] if at > 1 else ""})
        return capital and not begins and not titled and self._words[at] not in _TITLES

    def _telling(self, item: Item, *, made: bool) -> bool:
        """Whether words mean something that the question may be about."""
        words = set(self._words[item.first : item.last])
        empty = fillers("en") | fillers("id")
        if words <= empty | _OF_THE_ASKER | _DEPARTMENT or self._of_a_purpose(item, made=made):
            return False
        if isinstance(item.part, Sign):
            plain = words <= linking() | empty or item.part.name in _HARMLESS
            return not plain and item.cost < _KNOWN_SIGN
        return item.cost <= _KNOWN

    def _of_a_purpose(self, item: Item, *, made: bool) -> bool:
        """Whether words say what the answer is for: "the annual report"."""
        words = set(self._words[item.first : item.last])
        beside = {
            *self._words[max(0, item.first - 1) : item.first],
            *self._words[item.last : item.last + 1],
        }
        if words <= _ADJECTIVES and beside & PURPOSES:
            return True
        return made and words <= PURPOSES | _ADJECTIVES and bool(words & PURPOSES)

    def _text(self, first: int, last: int) -> str:
        """What is written there."""
        return self._question[self._tokens[first].start : self._tokens[last - 1].end]

    def end(self, first: int) -> tuple[int, tuple[str, ...]]:
        """Where the question ends, and the clauses after it."""
        last, moved = len(self._words), True
        aside: list[str] = []
        while moved and last > first + 1:
            moved = False
            while last > first + 1 and self._words[last - 1] in _PAUSES:
                last -= 1
            begin = self._last_clause(first, last)
            courtesy = courtesy_after(self._words[first:last])
            if courtesy and last - courtesy > first:
                last, moved = last - courtesy, True
            elif begin > first and address_before(self._words[begin:last]):
                last, moved = begin, True
            elif (start := self._tail(first, begin, last)) is not None:
                aside.insert(0, self._text(start, last))
                last, moved = start, True
        return last, tuple(aside)

    def _tail(self, first: int, begin: int, last: int) -> int | None:
        """Where a clause about the asker begins that the question ends with."""
        if begin > first and self._aside(begin, last, tail=True):
            return begin
        purposes = (at for at in range(max(begin, first + 2), last) if self._words[at] in _FOR)
        return next((at for at in purposes if self._aside(at, last)), None)

    def _last_clause(self, first: int, last: int) -> int:
        """Where the last clause before a token begins; the question itself if there is no other."""
        for at in range(last - 1, first, -1):
            if self._stop_before(at) or self._words[at - 1] in _PAUSES:
                return at
        return first
