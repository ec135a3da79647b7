"""Finds what the words of a question may mean in a database, by hashes that are built once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kai_flow.analyst.lexicon.lexicon import concepts, stem
from kai_flow.analyst.lexicon.spelling import Spelling
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.semantics.entries import Entry, entries_of
from kai_flow.analyst.semantics.model import SemanticModel
from kai_flow.analyst.semantics.targets import How, Mention, Target, ValueTarget
from kai_flow.analyst.semantics.wording import LINKING, bags, joined, spoken

__all__ = ["MAX_NAME_TOKENS", "MAX_VALUE_TOKENS", "Index"]

MAX_NAME_TOKENS = 6
"""Tokens of a mention of a table, column, join or measure at most."""

MAX_VALUE_TOKENS = 8
"""Tokens of a mention of a value at most."""

CONCEPT, SPELLED = 0.9, 0.6
"""What a match by concept, or of a corrected word, is worth."""


@dataclass(frozen=True)
class _Found:
    score: float
    how: How


_All = dict[tuple[int, int, Target], _Found]
"""The best match of each span and target."""


class Index:
    """What words may mean. It is immutable once built, and safe to share."""

    def __init__(self, model: SemanticModel) -> None:
        self._exact: dict[str, list[Entry]] = {}
        self._loose: dict[tuple[str, ...], list[Entry]] = {}
        words: dict[str, None] = {}
        for entry in entries_of(model):
            for key in entry.keys:
                self._exact.setdefault(key, []).append(entry)
            for bag in entry.bags:
                self._loose.setdefault(bag, []).append(entry)
            words.update(dict.fromkeys(entry.words))
        self._elements = frozenset(element for bag in self._loose for element in bag)
        self._spelling = Spelling(words)

    def mentions(self, tokens: Sequence[Token], language: str | None = None) -> tuple[Mention, ...]:
        """All that spans of the tokens may mean, overlapping and ambiguous ones included.

        They are in the order of the question, the longest and likeliest first. A quoted token
        means values only.
        """
        del language  # a name may be of either language, whatever that of the question
        found: _All = {}
        words = [token.word for token in tokens]
        self._add(found, words, 1.0, None)
        corrected = self._spelling.corrected(words)
        for at, word in corrected:
            self._add(found, [*words[:at], word, *words[at + 1 :]], SPELLED, at)
        self._add_quoted(found, tokens)
        return tuple(
            Mention(first, last, target, best.score, best.how)
            for (first, last, target), best in sorted(found.items(), key=_order)
        )

    def _add(
        self,
        found: _All,
        words: Sequence[str],
        factor: float,
        changed: int | None,
    ) -> None:
        """Add what spans mean; with a corrected word, only spans that contain it."""
        for first in range(len(words)):
            if not words[first]:
                continue
            for last in range(first + 1, min(len(words), first + MAX_VALUE_TOKENS) + 1):
                if not words[last - 1]:
                    break  # a quoted token is no part of a longer span
                if changed is not None and not first <= changed < last:
                    continue
                for entry, score, how in self._matches(tuple(words[first:last])):
                    _keep(
                        found,
                        (first, last, entry.target),
                        score * factor,
                        how if changed is None else "spelling",
                    )

    def _matches(self, span: tuple[str, ...]) -> Iterator[tuple[Entry, float, How]]:
        """The entries that a span of words meets."""
        inner = _inner(span)
        keys = dict.fromkeys((joined(span), joined(inner)))
        for key in keys:
            for entry in self._exact.get(key, ()):
                if len(span) <= MAX_NAME_TOKENS or isinstance(entry.target, ValueTarget):
                    yield entry, entry.score, entry.how
        if len(span) > MAX_NAME_TOKENS or not self._may_meet(inner):
            return
        for bag in bags(inner):
            for entry in self._loose.get(bag, ()):
                how: How = "part" if entry.how == "part" else "concept"
                yield entry, entry.score * CONCEPT, how

    def _may_meet(self, words: tuple[str, ...]) -> bool:
        """Whether every word, alone or with its neighbours, is a part of some name's meaning."""
        covered = [f"={stem(word)}" in self._elements for word in words]
        for first in range(len(words)):
            for last in range(first + 1, min(first + 4, len(words)) + 1):
                if not all(covered[first:last]) and not self._elements.isdisjoint(
                    concepts(words[first:last])
                ):
                    covered[first:last] = [True] * (last - first)
        return all(covered)

    def _add_quoted(self, found: _All, tokens: Sequence[Token]) -> None:
        for at, token in enumerate(tokens):
            if token.word:
                continue
            key = joined(spoken(token.text))
            for entry in self._exact.get(key, ()):
                if isinstance(entry.target, ValueTarget) and entry.how != "part":
                    _keep(found, (at, at + 1, entry.target), entry.score, entry.how)


def _inner(span: tuple[str, ...]) -> tuple[str, ...]:
    """A span without the linking words inside it: "number of members"."""
    if len(span) < 3:
        return span
    middle = tuple(word for word in span[1:-1] if word not in LINKING)
    return (span[0], *middle, span[-1])


def _keep(
    found: _All,
    key: tuple[int, int, Target],
    score: float,
    how: How,
) -> None:
    """Keep the best score of a span and target."""
    best = found.get(key)
    if best is None or best.score < score:
        found[key] = _Found(round(score, 3), how)


def _order(item: tuple[tuple[int, int, Target], _Found]) -> tuple[int, int, float]:
    (first, last, _), best = item
    return first, -last, -best.score
