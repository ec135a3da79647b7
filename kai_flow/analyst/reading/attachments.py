"""What a superlative belongs to in an English question: the noun that follows it.

"Bookings of the cheapest hotel" are not the cheapest bookings, "the city of the hotel with the
most rooms" is where one hotel is, and the stars of the biggest hotel do not say which is biggest.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.concepts import means
from kai_flow.analyst.reading.cover import Cover
from kai_flow.analyst.reading.glue import plural
from kai_flow.analyst.reading.numbers_named import MONEY
from kai_flow.analyst.reading.parts import (
    Amount,
    Column,
    Item,
    Part,
    Rank,
    Rows,
    Which,
)
from kai_flow.analyst.semantics.model import SemanticModel

SUPERLATIVES: Final = frozenset(["best", "worst", "most", "least", "fewest", "top"])
"""English superlatives that do not end in "-est"."""
SIZES: Final = frozenset(["biggest", "largest", "greatest", "smallest", "best", "worst", "top"])
"""Superlatives that do not say of which number."""
ARTICLES: Final = frozenset(["the", "our", "their", "its"])
OWNING: Final = frozenset(["of", "does", "do", "did", "has", "have"])
WITHIN: Final = frozenset(["of", "with", "in", "from", "by", "for", "at"])
RELATIVES: Final = frozenset(["with", "that", "which", "who", "having", "whose"])
"""Words that begin what is said of a noun."""


def misplaced(cover: Cover, tokens: Sequence[Token], model: SemanticModel) -> bool:
    """Whether a cover takes a superlative from the noun that it belongs to."""
    items = cover.items
    return (
        any(_before_noun(items, at, tokens) for at in range(len(items) - 1))
        or any(_of_size(*pair, tokens, model) for pair in pairwise(items))
        or any(_of_first(*pair, tokens) for pair in pairwise(items))
        or any(_ranked_by_itself(item, tokens, model) for item in items)
        or any(_of_owner(items, at, tokens) for at in range(len(items)))
    )


def _superlative(word: str) -> bool:
    return word in SUPERLATIVES or (word.endswith("est") and len(word) > len("best"))


def _noun(part: Part) -> bool:
    return isinstance(part, Rows) or (isinstance(part, Column) and not part.number)


def _before_noun(items: Sequence[Item], at: int, tokens: Sequence[Token]) -> bool:
    """Whether a noun follows a superlative that goes with one before: "sales of the cheapest"."""
    item, after = items[at], items[at + 1]
    if not _noun(after.part) or after.first != item.last or not _superlative(_last(item, tokens)):
        return False
    if not isinstance(item.part, Rank | Amount | Which):
        return False
    said = _said(item, tokens)
    begun = next(place for place, word in enumerate(said) if _superlative(word))
    if begun == 0:
        return any(_noun(each.part) for each in items[:at])
    return said[begun - 1] in ARTICLES and not OWNING.isdisjoint(said)


def _said(item: Item, tokens: Sequence[Token]) -> list[str]:
    return [token.word for token in tokens[item.first : item.last]]


def _last(item: Item, tokens: Sequence[Token]) -> str:
    return tokens[item.last - 1].word


def _of_first(item: Item, after: Item, tokens: Sequence[Token]) -> bool:
    """Whether rows of the first of others are asked for: "bookings of the cheapest hotel"."""
    if not isinstance(item.part, Rows) or not isinstance(after.part, Rank):
        return False
    of = after.part.of
    table = of.ref.table if isinstance(of, Column) else of.table if isinstance(of, Rows) else None
    between = [token.word for token in tokens[item.last : after.first]]
    nested = len(between) > 1 and between[0] in WITHIN and between[1] in ARTICLES
    return (
        nested and table not in {None, item.part.table} and _superlative(tokens[after.first].word)
    )


def _of_size(item: Item, after: Item, tokens: Sequence[Token], model: SemanticModel) -> bool:
    """Whether a number would say itself which is the biggest: "stars of the biggest hotel"."""
    number = item.part.of if isinstance(item.part, Amount) else item.part
    if not isinstance(number, Column) or not isinstance(after.part, Rank):
        return False
    if not number.number or after.part.by is not None or _amount(number, model):
        return False
    between = [token.word for token in tokens[item.last : after.first]]
    return tokens[after.first].word in SIZES and not OWNING.isdisjoint(between[:1])


def _ranked_by_itself(item: Item, tokens: Sequence[Token], model: SemanticModel) -> bool:
    """The same in one part: "average price of the biggest hotel"."""
    if not isinstance(item.part, Rank) or not isinstance(item.part.by, Amount):
        return False
    number = item.part.by.of
    if not isinstance(number, Column) or _amount(number, model):
        return False
    said = _said(item, tokens)
    return any(
        word in SIZES and before in ARTICLES and first in OWNING
        for first, before, word in zip(said[1:], said[2:], said[3:], strict=False)
    )


def _amount(column: Column, model: SemanticModel) -> bool:
    """Whether a number is money, of which an order may have the most."""
    return any(means(model.attributes[column.ref], concept) for concept in MONEY)


def _of_owner(items: Sequence[Item], at: int, tokens: Sequence[Token]) -> bool:
    """Whether what one thing has would be ranked: "the city of the hotel with the most rooms"."""
    item = items[at]
    if not isinstance(item.part, Rank) or isinstance(item.part.of, Rows):
        return False
    first = item.first
    if item.part.of is None:
        before = [each for each in items[max(0, at - 2) : at] if isinstance(each.part, Column)]
        first = before[0].first if before else first
    said = [token.word for token in tokens[first : item.last]]
    begun = next((place for place, word in enumerate(said) if word in RELATIVES), 0)
    if "of" not in said[:begun] or not any(map(_superlative, said[begun:])):
        return False
    owner = said[said.index("of") + 1 : begun]
    return owner[:1] == ["the"] and len(owner) > 1 and not plural(owner[-1])
