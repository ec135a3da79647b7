"""Takes away what stands around a question: courtesies, and clauses about who asks and what for.

Courtesies say nothing. A clause about the asker is set aside as a whole, and the answer says so:
"I am preparing an audit of the credit sector". It must name nothing of the database, and hold no
number, time, negation or comparison, because then it might limit what is asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kai_flow.analyst.lexicon.data import Language
from kai_flow.analyst.lexicon.frames import (
    WORDS,
    address_before,
    asker_before,
    context,
    courtesy_after,
    courtesy_before,
)
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.clauses import FOR, PAUSES, Clauses
from kai_flow.analyst.reading.examples import without_examples
from kai_flow.analyst.semantics.index import Index

__all__ = ["Opened", "opened"]

_JOINING: Final = frozenset(
    ["and", "so", "but", "therefore", "hence", "because", "dan", "jadi", "tapi", "tetapi", "maka"]
)
"""Words that join a question to the clause before it."""

_REQUESTS: Final = frozenset(WORDS["requests"].split())
"""Words that a request begins with."""

_ASKER: Final = frozenset(WORDS["asker"].split())
"""Who asks."""

_WISHES: Final = frozenset(WORDS["wishes"].split())
"""What those do who ask."""


@dataclass(frozen=True)
class Opened:
    """A question without what stands around it."""

    tokens: tuple[Token, ...]
    aside: tuple[str, ...]
    """The clauses that were set aside, as written."""


def opened(question: str, tokens: Sequence[Token], index: Index, language: Language) -> Opened:
    """A question without courtesies, examples and clauses about the asker.

    The whole if nothing is left.
    """
    tokens, examples = without_examples(question, tokens)
    opening = _Opening(question, tokens, index, language)
    first, before = opening.start()
    last, after = opening.end(first)
    rest = tuple(tokens[first:last])
    if not rest:
        return Opened(tokens, examples)
    return Opened(rest, (*before, *examples, *after))


class _Opening:
    """Finds where the question itself begins and ends."""

    def __init__(
        self, question: str, tokens: tuple[Token, ...], index: Index, language: Language
    ) -> None:
        self._question = question
        self._tokens = tokens
        self._clauses = Clauses(question, tokens, index, language)
        self._words = self._clauses.words

    def _bounds(self, at: int) -> int:
        """Where the clause ends that begins at a token."""
        return next(
            (
                end
                for end in range(at + 1, len(self._words))
                if self._words[end] in PAUSES or self._clauses.stop_before(end)
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
        ends = (end for end in range(at + 1, len(self._words)) if self._clauses.stop_before(end))
        return next(ends, len(self._words))

    def _joined(self, at: int) -> int:
        """The first token after commas, dashes and what joins clauses."""
        begun = at
        while at < len(self._words) and at > 0 and self._words[at] in PAUSES | _JOINING:
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
        return context(self._words[first:last], tail=tail) and self._clauses.harmless(first, last)

    def _requests(self, at: int) -> bool:
        """Whether a request begins at a token, maybe after a word that joins it."""
        joined = self._words[at] in _JOINING and at + 1 < len(self._words)
        here = self._words[at + joined : at + joined + 3]
        if here[:2] == ["how", "to"]:
            return False
        wished = (here[0] in _ASKER or joined) and set(here) & _WISHES
        return bool(wished or courtesy_before(self._words[at + joined :])) or here[0] in _REQUESTS

    def _text(self, first: int, last: int) -> str:
        """What is written there."""
        return self._question[self._tokens[first].start : self._tokens[last - 1].end]

    def end(self, first: int) -> tuple[int, tuple[str, ...]]:
        """Where the question ends, and the clauses after it."""
        last, moved = len(self._words), True
        aside: list[str] = []
        while moved and last > first + 1:
            moved = False
            while last > first + 1 and self._words[last - 1] in PAUSES:
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
        purposes = (at for at in range(max(begin, first + 2), last) if self._words[at] in FOR)
        return next((at for at in purposes if self._aside(at, last)), None)

    def _last_clause(self, first: int, last: int) -> int:
        """Where the last clause before a token begins; the question itself if there is no other."""
        for at in range(last - 1, first, -1):
            if self._clauses.stop_before(at) or self._words[at - 1] in PAUSES:
                return at
        return first
