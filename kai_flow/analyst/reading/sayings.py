"""Sayings of several words, said in the plain words that mean the same: "sent back" is returned."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from msgspec.structs import replace

from kai_flow.analyst.lexicon.data import SAYINGS
from kai_flow.analyst.lexicon.phrases import Phrases
from kai_flow.analyst.lexicon.tokens import Token, instead
from kai_flow.analyst.reading.anybody import VERBS
from kai_flow.analyst.reading.margins import as_percentages
from kai_flow.analyst.semantics.index import Index

__all__ = ["plainly"]

PHRASES: Final = Phrases(*SAYINGS)

NOTHING: Final = Token("", "")

NAME: Final = 0.8
"""The score of a name that is meant as it stands."""


def plainly(tokens: Sequence[Token], index: Index) -> tuple[Token, ...]:
    """The tokens with each saying in plain words, the longest sayings first.

    What the database has as a name stays as it is; so does all that a saying would leave out, if
    a word of it names something here: a shop is a place where there are several.
    """
    tokens = as_percentages(_by_whom(tokens), index)
    found = dict(_sayings(tokens))
    if not found:
        return tuple(tokens)
    names = [
        (mention.first, mention.last)
        for mention in index.mentions(tokens)
        if mention.score >= NAME and mention.how != "spelling"
    ]
    plain: list[Token] = []
    at = 0
    while at < len(tokens):
        words, end = found.get(at, ((), at))
        if end == at or _meant(names, tokens, range(at, end), words):
            plain.append(tokens[at])
            at += 1
            continue
        plain += instead(tokens, at, end, words)
        at = end
    return tuple(plain)


def _by_whom(tokens: Sequence[Token]) -> Sequence[Token]:
    """The tokens with "oleh" for "sama" after what is done: "dikembalikan sama pelanggan"."""
    return [
        replace(token, word="oleh") if token.word == "sama" and _done(before.word) else token
        for before, token in pairwise((NOTHING, *tokens))
    ]


def _done(word: str) -> bool:
    """Whether an Indonesian word says what is done to something."""
    return word.startswith("di") and word in VERBS


def _sayings(tokens: Sequence[Token]) -> Iterator[tuple[int, tuple[tuple[str, ...], int]]]:
    """Where sayings begin, what they mean, and where they end: the longest at each place."""
    for at in range(len(tokens)):
        ends = sorted((end, phrase) for phrase, end in PHRASES.after(tokens, at))
        if ends:
            end, phrase = ends[-1]
            yield at, (SAYINGS[phrase], end)


def _meant(
    names: Sequence[tuple[int, int]], tokens: Sequence[Token], span: range, plain: Sequence[str]
) -> bool:
    """Whether the words of a saying are names here as they stand.

    Where the plain words are some of those of the saying, the other ones must name nothing.
    """
    if (span.start, span.stop) in names:
        return True
    said = {tokens[at].word for at in span}
    if not said.issuperset(plain):
        return False
    return any(
        first <= at < last for at in span if tokens[at].word not in plain for first, last in names
    )
