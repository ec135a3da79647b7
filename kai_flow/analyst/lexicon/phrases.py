"""Finds fixed phrases among tokens."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from kai_flow.analyst.lexicon.tokens import Token

__all__ = ["Phrases"]


class Phrases:
    """A set of phrases, by their first and last words."""

    def __init__(self, *phrases: str) -> None:
        self._first: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        self._last: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        for phrase in phrases:
            words = tuple(phrase.split())
            self._first[words[0]].append(words)
            self._last[words[-1]].append(words)

    def after(self, tokens: Sequence[Token], at: int) -> Iterator[tuple[str, int]]:
        """The phrases that begin at a place, with where they end."""
        if at < len(tokens):
            for words in self._first.get(tokens[at].word, ()):
                if _same(tokens, at, words):
                    yield " ".join(words), at + len(words)

    def before(self, tokens: Sequence[Token], at: int) -> Iterator[tuple[str, int]]:
        """The phrases that end just before a place, with where they begin."""
        if 0 < at <= len(tokens):
            for words in self._last.get(tokens[at - 1].word, ()):
                start = at - len(words)
                if start >= 0 and _same(tokens, start, words):
                    yield " ".join(words), start


def _same(tokens: Sequence[Token], at: int, words: tuple[str, ...]) -> bool:
    return at + len(words) <= len(tokens) and all(
        tokens[at + step].word == word for step, word in enumerate(words)
    )
