"""Words that are nouns as well, where they say what somebody does: "customers who order"."""

from collections.abc import Collection, Sequence

from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.cover import Cover
from kai_flow.analyst.reading.mention_costs import MENTION_COST
from kai_flow.analyst.reading.parts import Column, Has, Item, Rows, Where, Which
from kai_flow.analyst.reading.said_names import WHOLE
from kai_flow.analyst.semantics.index import Index

__all__ = ["acting", "only_names", "without_things"]


def acting(tokens: Sequence[Token], index: Index) -> frozenset[int]:
    """The places of such words."""
    return frozenset(at for at in range(len(tokens)) if index.actions.acts(tokens, at))


def without_things(found: Sequence[Cover], verbs: Collection[int]) -> Sequence[Cover]:
    """Without the covers that take what is done for rows that are asked for, where others do not.

    ``verbs``: the places of words that say what is done.
    """
    if not verbs:
        return found
    done = {item.words[-1] for cover in found for item in cover.items if _done(item)}
    done = done.intersection(verbs)
    return [
        each
        for each in found
        if not any(_thing(item) and not done.isdisjoint(item.words) for item in each.items)
    ]


def _done(item: Item) -> bool:
    return isinstance(item.part, Where) and isinstance(item.part.test, Has) and bool(item.words)


def _thing(item: Item) -> bool:
    """Whether words name rows by themselves, and do not only limit them."""
    match item.part:
        case Rows() | Column() | Which(Rows()):
            return True
        case _:
            return False


def only_names(found: Sequence[Item]) -> frozenset[int]:
    """The places of light verbs that alone name a table: who "made a return" returned something.

    An order that customers "order" is named by its noun.
    """
    rows = [(item, item.part.table) for item in found if isinstance(item.part, Rows)]
    plain = [(item, table) for item, table in rows if item.cost <= MENTION_COST * (1 - WHOLE)]
    return frozenset(
        item.first
        for item, table in plain
        if item.last == item.first + 1
        and not any(table == other and item.first not in each.words for each, other in rows)
    )
