"""Words that are probably misspelled words of a database."""

from collections.abc import Iterable, Sequence

from kai_flow.analyst.lexicon.lexicon import known as is_word
from kai_flow.analyst.lexicon.lexicon import stem

__all__ = ["Spelling"]

MIN_LETTERS = 5
"""A shorter word is too often another word."""

MAX_CORRECTIONS = 3
"""Known words that one unknown word may be, at most."""


class Spelling:
    """The words that names and values have."""

    def __init__(self, words: Iterable[str]) -> None:
        self._known: frozenset[str] = frozenset()
        self._near: dict[tuple[str, int], list[str]] = {}
        known: dict[str, None] = {}
        for word in words:
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
            for better in self._closest(word)
        ]

    def _is_known(self, word: str) -> bool:
        return word in self._known or stem(word) in self._known or is_word(word)

    def _closest(self, word: str) -> list[str]:
        """The known words with one slip, or two in a long word; the nearest first."""
        allowed = 1 if len(word) < 8 else 2
        found = [
            (slips, known)
            for length in range(len(word) - allowed, len(word) + allowed + 1)
            for known in self._near.get((word[0], length), ())
            if (slips := _slips(word, known, allowed)) <= allowed
        ]
        return [known for _, known in sorted(found)[:MAX_CORRECTIONS]]


def _slips(one: str, other: str, most: int) -> int:
    """Edits between two words; swapping two letters is one."""
    try:
        from rapidfuzz.distance import OSA  # noqa: PLC0415 -- until it is installed
    except ImportError:
        return most + 1
    return OSA.distance(one, other, score_cutoff=most)
