"""What a superlative, or "by", belongs to in an English question: the noun that follows it.

"Bookings of the cheapest hotel" are not the cheapest bookings, "the city of the hotel with the
most rooms" is where one hotel is, and the stars of the biggest hotel do not say which is biggest.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.nodes import Function
from kai_flow.analyst.reading.concepts import means
from kai_flow.analyst.reading.cover import Cover
from kai_flow.analyst.reading.doers import done, named_next, plural
from kai_flow.analyst.reading.glue import AND, linking
from kai_flow.analyst.reading.numbers_named import MONEY
from kai_flow.analyst.reading.parts import (
    Amount,
    Column,
    Compared,
    Computed,
    Groups,
    Has,
    Item,
    Part,
    Rank,
    Rows,
    Where,
    Which,
)
from kai_flow.analyst.semantics.model import SemanticModel

SUPERLATIVES: Final = frozenset(["best", "worst", "most", "least", "fewest", "top"])
"""English superlatives that do not end in "-est"."""
SIZES: Final = frozenset(["biggest", "largest", "greatest", "smallest", "best", "worst", "top"])
"""Superlatives that do not say of which number."""
ARTICLES: Final = frozenset(["the", "our", "their", "its"])
MOST: Final = frozenset(["terbanyak", "tersedikit"])
"""Indonesian superlatives of how many there are, which follow their noun."""
AVERAGES: Final = frozenset(["average", "mean", "typical"])
"""English words before what is averaged."""
COUNTING: Final = (["how", "many"], ["number", "of"], ["count", "of"])
"""What asks for a number of rows."""
BESIDE: Final = frozenset(
    [
        *("with", "and", "along", "together", "including", "plus", "the", "their", "its", "that"),
        *("dengan", "beserta", "serta", "dan", "bersama", "sekaligus", "berikut"),
    ]
)
"""Words before what is shown beside what is listed."""
OWNING: Final = frozenset(["of", "does", "do", "did", "has", "have", "had"])
WITHIN: Final = frozenset(["of", "with", "in", "from", "by", "for", "at"])
RELATIVES: Final = frozenset(["with", "that", "which", "who", "having", "whose"])
"""Words that begin what is said of a noun."""


def misplaced(found: Sequence[Cover], tokens: Sequence[Token], model: SemanticModel) -> list[Cover]:
    """The covers that take a superlative, or "by", from the noun that it belongs to.

    Only what the words of the question give an occasion for is looked for.
    """
    words = {token.word for token in tokens}
    told = (
        not words.isdisjoint(AVERAGES),
        any(map(_superlative, words)),
        not words.isdisjoint(MOST),
        "by" in words,
        "," in words,
        any(words.issuperset(asking) for asking in COUNTING),
    )
    return (
        [each for each in found if _misplaced(each.items, tokens, model, told)] if any(told) else []
    )


def _misplaced(
    items: Sequence[Item],
    tokens: Sequence[Token],
    model: SemanticModel,
    told: tuple[bool, bool, bool, bool, bool, bool],
) -> bool:
    """Whether a cover does; ``told``: whether the question has the words for each way to do so."""
    averaged, superlative, most, by, listed, counting = told
    ordering = [at for at, item in enumerate(items) if isinstance(item.part, _ORDERING)]
    return (
        (averaged and any(_averaged_next(*pair, tokens) for pair in pairwise(items)))
        or (
            superlative
            and any(_before_noun(items, at, tokens) for at in ordering if at + 1 < len(items))
        )
        or (most and any(_after_rows(items[at], tokens) for at in ordering))
        or (superlative and any(_rank_misplaced(items, at, tokens, model) for at in ordering))
        or (by and any(_of_doers(items, at, tokens) for at in range(len(items))))
        or (listed and any(_some_listed(items, at, tokens) for at in range(len(items))))
        or (listed and any(_shown_lost(item, tokens) for item in items))
        or (counting and bool(ordering) and _ranked_for_count(items, tokens))
    )


_ORDERING: Final = (Rank, Amount, Which)
"""Classes of parts that may hold a superlative."""


def _of_doers(items: Sequence[Item], at: int, tokens: Sequence[Token]) -> bool:
    """Whether those who did something would be groups: "reported by producer cooperatives".

    What is said of them tells which of them are meant, and not that each is asked for.
    """
    item, first = items[at], items[at].first
    if not isinstance(item.part, Groups) or len(item.part.by) != 1 or not first:
        return False
    tests = [test for test, _ in item.aside]
    tests += [each.part.test for each in items[at + 1 : at + 2] if isinstance(each.part, Where)]
    told = any(isinstance(test, Compared) for test in tests)
    return (
        told
        and tokens[first].word == "by"
        and done(tokens[first - 1].word)
        and any(plural(token.word) for token in named_next(tokens, first + 1, linking()))
    )


def _some_listed(items: Sequence[Item], at: int, tokens: Sequence[Token]) -> bool:
    """Whether some of all rows would be further groups: "sales by city, active members".

    What is said of them after a comma tells which of them are meant.
    """
    item = items[at]
    further = item.part.by[1:] if isinstance(item.part, Groups) else ()
    commas = [at for at in range(item.first, item.last) if tokens[at].word == ","]
    if not further or not isinstance(further[-1], Rows) or not commas:
        return False
    told = any(words and words[0] > commas[-1] for _, words in item.aside) or any(
        isinstance(each.part, Where) and each.first == item.last for each in items[at + 1 : at + 2]
    )
    return told and tokens[commas[-1] + 1].word not in AND


def _shown_lost(item: Item, tokens: Sequence[Token]) -> bool:
    """Whether a filter would take what is shown besides: "with a loss in 2023, with the loss"."""
    said = _said(item, tokens)
    if not isinstance(item.part, Where | Rows) or "," not in said:
        return False
    *before, last = said
    comma = len(before) - before[::-1].index(",") if "," in before else len(before)
    between = before[comma:]
    return bool(between) and last in before[:comma] and BESIDE.issuperset(between)


def _rank_misplaced(
    items: Sequence[Item], at: int, tokens: Sequence[Token], model: SemanticModel
) -> bool:
    """Whether a ranking is of something else than what it takes."""
    item = items[at]
    if not isinstance(item.part, Rank):
        return False
    if at and (
        _of_size(items[at - 1], item, tokens, model) or _of_first(items[at - 1], item, tokens)
    ):
        return True
    return _ranked_by_itself(item, tokens, model) or _of_owner(items, at, tokens)


def _superlative(word: str) -> bool:
    return word in SUPERLATIVES or (word.endswith("est") and len(word) > len("best"))


def _noun(part: Part) -> bool:
    return isinstance(part, Rows) or (isinstance(part, Column) and not part.number)


def _before_noun(items: Sequence[Item], at: int, tokens: Sequence[Token]) -> bool:
    """Whether a noun follows a superlative that goes with one before: "sales of the cheapest"."""
    item, after = items[at], items[at + 1]
    if after.first != item.last or not _superlative(_last(item, tokens)):
        return False
    if not isinstance(item.part, Rank | Amount | Which):
        return False
    said = _said(item, tokens)
    begun = next(place for place, word in enumerate(said) if _superlative(word))
    if begun == 0:  # or a value that names people: "shipments of the oldest driver"
        of = item.first > 1 and tokens[item.first - 2].word in OWNING
        named = _noun(after.part) or (of and isinstance(after.part, Where))
        return named and any(_noun(each.part) for each in items[:at])
    owned = said[begun - 1] in ARTICLES and not OWNING.isdisjoint(said)
    return owned and isinstance(after.part, Rows | Column | Computed | Where)


def _averaged_next(item: Item, after: Item, tokens: Sequence[Token]) -> bool:
    """Whether what is averaged follows: "orders per segment with their average birth year"."""
    within = after.first == item.last and item.last - item.first > 1
    return within and _last(item, tokens) in AVERAGES and isinstance(after.part, Column | Computed)


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


def _after_rows(item: Item, tokens: Sequence[Token]) -> bool:
    """Whether rows before an Indonesian superlative are not what it is of: "siswa terbanyak"."""
    if not isinstance(item.part, Amount | Rank) or _last(item, tokens) not in MOST:
        return False
    has = [words for test, words in item.aside if isinstance(test, Has)]
    return any(words and words[-1] == item.last - 2 for words in has)


def _ranked_for_count(items: Sequence[Item], tokens: Sequence[Token]) -> bool:
    """Whether rows are counted, which no list does: "how many orders had the highest fee"."""
    asked = [at for at, item in enumerate(items[:-1]) if _said(item, tokens) in COUNTING]
    if not asked:
        return False
    counted, *rest = items[asked[0] + 1 :]
    if isinstance(counted.part, Rank):
        return counted.part.of is not None and not _superlative(tokens[counted.first].word)
    first = asked[0] == 0 and isinstance(counted.part, Rows)
    return first and any(_highest(each.part) for each in rest)


def _highest(part: Part) -> bool:
    """Whether it is the greatest or least of a number, or ranks by one."""
    if isinstance(part, Rank):
        return part.of is None and isinstance(part.by, Amount)
    return isinstance(part, Amount) and part.function in {Function.MAXIMUM, Function.MINIMUM}


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
