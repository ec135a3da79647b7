"""Where things come from and where they go: two ends of one way, and not two other things."""

from collections.abc import Iterator, Sequence
from typing import Final

from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.nodes import Words
from kai_flow.analyst.reading.cover import Cover
from kai_flow.analyst.reading.parts import (
    Amount,
    Column,
    Compared,
    Having,
    Joined,
    Negated,
    Test,
    Where,
)
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import SemanticModel

__all__ = ["of_two_things"]

ONE_WAY: Final = ({"from", "dari"}, {"to", "into", "towards", "ke", "menuju", "kepada"})
"""The words before one end and before the other; as in "shipped to", a verb says which column."""


def of_two_things(
    found: Sequence[Cover], tokens: Sequence[Token], model: SemanticModel
) -> list[Cover]:
    """The covers that say "from A to B" of two tables: where orders go, and where who lives.

    Only one of them is a place that something comes from or goes to. Neither are both of one
    column, unless joins tell the two ends apart.
    """
    words = {token.word for token in tokens}
    if any(words.isdisjoint(end) for end in ONE_WAY):
        return []
    return [each for each in found if _of_two(each, tokens, model)]


def _of_two(cover: Cover, tokens: Sequence[Token], model: SemanticModel) -> bool:
    before, after = ONE_WAY
    places = [place for test, words in _tests(cover) if (place := _place(test, words, tokens))]
    return any(
        tokens[one - 1].word in before
        and end + 1 == other
        and tokens[end].word in after
        and (of.table != another.table or (of == another and not _two_ways(model, of.table)))
        for one, end, of in places
        for other, _, another in places
    )


def _two_ways(model: SemanticModel, table: str) -> bool:
    """Whether rows point to two rows of a table: shipments, to two cities."""
    sources = [join.source for join in model.arriving.get(table, ()) if not join.widens]
    return len(set(sources)) < len(sources)


def _place(test: Test, words: Words, tokens: Sequence[Token]) -> tuple[int, int, ColumnRef] | None:
    """Where a value begins and ends, and the column that it is of."""
    if not isinstance(test, Compared) or not isinstance(test.of, Column):
        return None
    skipped = frozenset().union(*ONE_WAY)
    said = [at for at in words if tokens[at].word not in skipped]
    return (said[0], said[-1] + 1, test.of.ref) if said and said[0] else None


def _tests(cover: Cover) -> Iterator[tuple[Test, Words]]:
    """The filters of a cover, each with its words."""
    for item in cover.items:
        for test, words in item.aside:
            yield from ((each, words) for each in _within(test))
        match item.part:
            case Where(test):
                yield from ((each, item.words) for each in _within(test))
            case Amount(where=where) | Having(Amount(where=where)):
                yield from ((each, item.words) for test in where for each in _within(test))
            case _:
                pass


def _within(test: Test) -> Iterator[Test]:
    match test:
        case Negated(part):
            yield from _within(part)
        case Joined(parts):
            for part in parts:
                yield from _within(part)
        case _:
            yield test
