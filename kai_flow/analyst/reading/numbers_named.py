"""Which words of a question may name a number of a table's rows."""

from collections.abc import Collection, Sequence
from typing import Final

from kai_flow.analyst.lexicon.lexicon import Language, concepts
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.parts import Sign
from kai_flow.analyst.reading.signs import signs_of
from kai_flow.analyst.reading.within import inside
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.targets import (
    AttributeTarget,
    DerivedTarget,
    EntityTarget,
    Mention,
    Target,
)

MONEY: Final = frozenset(["revenue", "income", "expense", "cost"])
"""Concepts of money, which a plural may name too: sales, earnings, costs."""


def counted(
    mentions: Sequence[Mention], tokens: Sequence[Token], index: Index, language: Language
) -> Collection[tuple[int, int, str]]:
    """The words that may name a number of a table's rows, with the table.

    Money that no column holds comes in only where nothing is counted, and no number is named
    before: "total sales", but not "how many sales" or "the quantity of the sales". Where rows are
    called exactly so, a number that only means the same is no likelier: rents, and their cost.
    """
    first = min(
        (
            each.first
            for each in mentions
            if isinstance(each.target, AttributeTarget) and is_number(each.target, index)
        ),
        default=len(tokens),
    )
    rows = {
        (each.first, each.last)
        for each in mentions
        if isinstance(each.target, EntityTarget)
        and each.how == "exact"
        and concepts((tokens[each.last - 1].word,)).isdisjoint(MONEY)
    }
    return {
        (each.first, each.last, table)
        for each in mentions
        if each.how != "concept" or (each.first, each.last) not in rows
        for table in _number_of(
            each.target,
            index,
            plain=each.first <= first
            and not concepts((tokens[each.last - 1].word,)).isdisjoint(MONEY)
            and not _counts(tokens, language, each.first),
        )
    }


def _number_of(target: Target, index: Index, *, plain: bool) -> tuple[str, ...]:
    """The table of whose rows it is a number; ``plain``: also where no column holds it."""
    match target:
        case AttributeTarget(ref) if ref in index.numbers:
            return (ref.table,)
        case DerivedTarget(_, table) if plain:
            return (table,)
        case _:
            return ()


def _counts(tokens: Sequence[Token], language: Language, at: int) -> bool:
    """Whether things are counted: "how many sales", "300 sales"; "total sales" are money."""
    words = [token.word for token in tokens]
    if at and words[at - 1].isdigit():
        return True
    signs = signs_of(words, language)
    return any(
        isinstance(sign.part, Sign)
        and sign.part.name == "count"
        and "total" not in words[sign.first : sign.last]
        and not any(inside(sign, other) for other in signs)
        for sign in signs
    )


def is_number(target: Target, index: Index) -> bool:
    """Whether it is a quantity, an amount or a rate."""
    if isinstance(target, AttributeTarget):
        return target.ref in index.numbers
    return isinstance(target, DerivedTarget)
