"""Words that are probably misspellings of known words: of a database's names, or of a lexicon's.

A word that any lexicon has is never corrected: a price is not a prize.
"""

from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Final

from rapidfuzz.distance import OSA

from kai_flow.analyst.lexicon.lexicon import known as is_word
from kai_flow.analyst.lexicon.lexicon import stem

__all__ = ["Spelling"]

MIN_LETTERS = 5
"""A shorter word is too often another word."""

MAX_CORRECTIONS = 3
"""Known words that one unknown word may be, at most."""


class Spelling:
    """The words that may have been meant."""

    def __init__(self, words: Iterable[str]) -> None:
        self._known: frozenset[str] = frozenset()
        self._near: dict[tuple[str, int], list[str]] = {}
        known: dict[str, None] = {}
        for word in dict.fromkeys(words):
            known.update(dict.fromkeys((word, stem(word))))
            if len(word) >= MIN_LETTERS and word.isalpha():
                self._near.setdefault((word[0], len(word)), []).append(word)
        self._known = frozenset(known)

    def corrected(self, words: Sequence[str]) -> list[tuple[int, str]]:
        """Position and correction of each word that is in no lexicon and in no name."""
        return [
            (at, better)
            for at, word in enumerate(words)
            if len(word) >= MIN_LETTERS and word.isalpha() and not self._is_known(word)
            for better in self._closest(word) or self._singular(word)
        ]

    def _is_known(self, word: str) -> bool:
        return word in self._known or stem(word) in self._known or is_word(word)

    def _singular(self, word: str) -> list[str]:
        """What the singular of a plural may be, with one slip: "adresses" are addresses."""
        one = stem(word, "en") if word.endswith("s") else word
        if one == word or len(one) < MIN_LETTERS:
            return []
        return [known for known in self._closest(one) if OSA.distance(one, known) == 1]

    def _closest(self, word: str) -> list[str]:
        """The known words with one slip, or two in a long word; the nearest first."""
        allowed = 1 if len(word) < 8 else 2
        found = [
            (slips, known)
            for length in range(len(word) - allowed, len(word) + allowed + 1)
            for known in self._near.get((word[0], length), ())
            if (slips := OSA.distance(word, known, score_cutoff=allowed)) <= allowed
            and not _exchanged(word, known)
            and not _derived(word, known)
        ]
        return [known for _, known in sorted(found)[:MAX_CORRECTIONS]]


ENDINGS: Final = frozenset(
    ["ed", "er", "ers", "or", "ors", "ee", "ees", "ing", "ion", "ions", "ive"]
)
"""What English adds to a verb. With another ending it is another word: inspected, inspector."""


def _derived(word: str, known: str) -> bool:
    """Whether two words differ only in how they are made from one verb."""
    letters = takewhile(lambda pair: pair[0] == pair[1], zip(word, known, strict=False))
    shared = sum(1 for _ in letters)
    return any(
        {word[at:], known[at:]} <= ENDINGS and at >= MIN_LETTERS - 1 for at in range(shared, 3, -1)
    )


def _exchanged(word: str, known: str) -> bool:
    """Whether a letter of a short word is another: mostly another word, as prize and price."""
    return len(word) == len(known) < 7 and sorted(word) != sorted(known)
