"""Those whom somebody reports to, as people say it: "the person they report to"."""

from collections.abc import Iterator, Sequence
from typing import Final

from kai_flow.analyst.lexicon.data import SUPERIORS
from kai_flow.analyst.lexicon.phrases import Phrases
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.filters import parts_of
from kai_flow.analyst.query.nodes import Condition, Field, FieldGroup, Query
from kai_flow.analyst.reading.parts import Column, Item, leaf
from kai_flow.analyst.reading.reading import Reading
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.index import Index

__all__ = [
    "all_told",
    "besides",
    "left_in",
    "limits_those_below",
    "of_those_above",
    "picks_nobody",
    "superiors_in",
]

SUPERIOR_COST: Final = 0.05
"""Of the name of somebody above in place of the words for it."""

RELATIVE: Final = frozenset(["yang", "yg", "whose"])
"""Words before what is said of somebody above: "whose manager is Director"."""

BEING: Final = frozenset(
    ["is", "are", "was", "adalah", "ialah", "itu", "seorang", "a", "an", "the"]
)
"""Words between somebody and what is said of them."""

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


def of_those_above(tokens: Sequence[Token], readings: Sequence[Reading]) -> list[Reading]:
    """The readings, without those that take what is said of somebody above for the rows' own.

    "Employees whose manager is Director" are no directors, listed with their managers.
    """
    kept = [each for each in readings if not (each.query and _of_those_below(tokens, each.query))]
    return kept or list(readings)


def picks_nobody(tokens: Sequence[Token], query: Query) -> bool:
    """Whether all rows are listed where a clause about somebody above picks some of them.

    "Pegawai yang atasannya manajer" are not all, each with the one above.
    """
    return query.where is None and any(
        min(field.words) > 0 and tokens[min(field.words) - 1].word in RELATIVE
        for field in query.columns
        if field.path and field.words
    )


def limits_those_below(query: Query) -> bool:
    """Whether more than the number of those below somebody is limited: whose salary is it?"""
    above = any(
        isinstance(group, FieldGroup) and group.field.path and group.field.table == query.fact
        for group in query.groups
    )
    return above and len(query.having) > 1


def _of_those_below(tokens: Sequence[Token], query: Query) -> bool:
    """Whether a clause about somebody above ends with a value that own rows are picked by."""
    above = [field.words for field in query.columns if field.path and field.words]
    own = [
        part.words
        for part in parts_of(query.where)
        if isinstance(part, Condition) and isinstance(part.of, Field) and not part.of.path
    ]
    return any(
        tokens[min(shown) - 1].word in RELATIVE
        and all(at in shown or tokens[at].word in BEING for at in range(min(shown), min(picked)))
        for shown in above
        for picked in own
        if picked and 0 < min(shown) < min(picked)
    )
