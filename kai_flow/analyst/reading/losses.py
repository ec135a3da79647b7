"""Those that made a loss or a profit: "koperasi yang rugi", "shops that ran at a loss"."""

from collections.abc import Iterator, Sequence
from typing import Final

from kai_flow.analyst.lexicon.phrases import Phrases
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.nodes import Operator
from kai_flow.analyst.reading.parts import Column, Compared, Computed, Item, Where, leaf
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.model import Role

__all__ = ["with_a_loss"]

SURPLUS: Final = frozenset(["surplus", "profit"])
"""Concepts of what is left, which a loss is when it is negative."""

LOSSES: Final = Phrases(
    *("made a loss", "make a loss", "making a loss", "made losses", "made loss", "had a loss"),
    *("had losses", "have a loss", "with a loss", "with losses", "at a loss", "ran at a loss"),
    *("run at a loss", "ran a loss", "reported a loss", "reporting a loss", "lost money"),
    *("suffered a loss", "in the red", "loss making", "losing money", "recorded a loss"),
    *("yang rugi", "yg rugi", "yang merugi", "yg merugi", "mengalami kerugian", "mengalami rugi"),
    *("mencatat kerugian", "mencatat rugi", "menderita kerugian", "menderita rugi"),
    *("merugi", "sedang rugi"),
)
GAINS: Final = Phrases(
    *("made a profit", "make a profit", "in the black", "reported a profit", "ran at a profit"),
    *("yang untung", "yg untung", "mencatat laba", "mencatat keuntungan", "yang laba"),
)

SAID_COST: Final = 0.1
"""Of a loss as a number below zero."""


def with_a_loss(tokens: Sequence[Token], index: Index) -> Iterator[Item]:
    """Phrases of losses and profits, as filters of the one number that says what is left."""
    said = [
        (at, last, operator)
        for phrases, operator in ((LOSSES, Operator.BELOW), (GAINS, Operator.ABOVE))
        for at in range(len(tokens))
        for _, last in phrases.after(tokens, at)
    ]
    of = _left(index) if said else None
    if of is not None:
        for at, last, operator in said:
            yield leaf(at, last, Where(Compared(of, operator, (0.0,))), SAID_COST)


def _left(index: Index) -> Column | Computed | None:
    """The one column, or measure, of what is left over; None if there are none or several."""
    model = index.model
    found: list[Column | Computed] = [
        Column(each.ref, number=True, adds=True)
        for each in model.attributes.values()
        if each.role is Role.ADDITIVE and not SURPLUS.isdisjoint(each.concepts)
    ]
    found += [Computed(each.name, each.table) for each in model.derived if each.name == "profit"]
    return found[0] if len(found) == 1 else None
