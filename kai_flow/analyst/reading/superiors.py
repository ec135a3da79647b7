"""Those whom somebody reports to, as people say it: "the person they report to"."""

from collections.abc import Iterator, Sequence
from typing import Final

from kai_flow.analyst.lexicon.data import SUPERIORS
from kai_flow.analyst.lexicon.phrases import Phrases
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.nodes import Query
from kai_flow.analyst.reading.parts import Column, Item, leaf
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.index import Index

__all__ = ["all_told", "besides", "left_in", "superiors_in"]

SUPERIOR_COST: Final = 0.05
"""Of the name of somebody above in place of the words for it."""

NAMED: Final = ("", "name of ", "names of ", "name of the ", "names of the ", "nama ", "nama-nama ")

ABOVE: Final = Phrases(*(f"{named}{each}" for named in NAMED for each in SUPERIORS["above"]))
LEFT_IN: Final = Phrases(
    *(
        f"{include} {ones} {alone}"
        for include in SUPERIORS["include"]
        for ones in SUPERIORS["ones"]
        for alone in SUPERIORS["alone"]
    )
)


def superiors_in(tokens: Sequence[Token], index: Index) -> Iterator[Item]:
    """The phrases for somebody above, each as the name that a key to the same table leads to."""
    spans = [(at, end) for at in range(len(tokens)) for _, end in ABOVE.after(tokens, at)]
    for first, last in spans:
        for join in index.model.joins.values():
            label = index.model.entities[join.target].label
            if join.source == join.target and not join.widens and label is not None:
                yield leaf(
                    first, last, Column(ColumnRef(join.target, label), join.id), SUPERIOR_COST
                )


def left_in(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Where a question says that those are listed too who report to nobody."""
    for at in range(len(tokens)):
        yield from ((at, end) for _, end in LEFT_IN.after(tokens, at))


def besides(found: Sequence[Item], tokens: Sequence[Token]) -> list[Item]:
    """The leaves, without those within such a clause: it picks no rows."""
    within = {at for first, last in left_in(tokens) for at in range(first, last)}
    if not within:
        return list(found)
    return [each for each in found if within.isdisjoint(range(each.first, each.last))]


def all_told(tokens: Sequence[Token], query: Query) -> bool:
    """Whether a query keeps those who report to nobody, if the question wants them."""
    listed = any(field.path for field in query.columns) and not query.distinct
    return not any(True for _ in left_in(tokens)) or (listed and query.where is None)
