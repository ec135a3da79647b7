"""Limits of what all rows of a group have: "more than 11,000 cooperative members altogether"."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from kai_flow.analyst.lexicon.phrases import Phrases
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.filters import parts_of
from kai_flow.analyst.query.nodes import Condition, Field, Function, Query, Related, Tally
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.comparisons import ORDERED
from kai_flow.analyst.reading.cover import Cover
from kai_flow.analyst.reading.parts import Amount, Calendar, Column, Compared, Having, Item, Rows
from kai_flow.analyst.reading.reading import Reading
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import Attribute, SemanticModel
from kai_flow.analyst.semantics.paths import joins_between

__all__ = [
    "TOTALS",
    "compounds",
    "limited_before",
    "limiting",
    "limits_groups",
    "limits_others",
    "of_each",
    "of_groups",
    "of_single_rows",
    "signed_afar",
    "told_of_groups",
]

ALTOGETHER: Final = Phrases(
    *("altogether", "in total", "combined", "in all", "together", "overall", "taken together"),
    *("secara total", "secara keseluruhan", "keseluruhan"),
    *("totalnya", "seluruhnya"),
    *(
        f"{kalau}{added}"
        for kalau in ("", "kalau ", "jika ", "bila ", "apabila ")
        for added in ("digabung", "digabungkan", "ditotal", "dijumlah", "dijumlahkan", "ditotalkan")
    ),
)
"""Words for all rows of a group, after a limit of their number."""

OPENING: Final = 2
"""Where the first noun of a question stands at the latest: "how many cooperatives"."""

TOTALS: Final = frozenset(["total", "sum", "overall", "combined", "totalnya"])
"""Words before a number that is added up."""

PLURAL: Final = "s"
"""The ending of a noun that is counted, and no part of another one: "cooperative members"."""


def told_of_groups(tokens: Sequence[Token]) -> bool:
    """Whether words say that a limit is one of all rows together."""
    return any(any(ALTOGETHER.after(tokens, at)) for at in range(len(tokens)))


def of_groups(tokens: Sequence[Token], readings: Sequence[Reading]) -> list[Reading]:
    """The readings; only those that limit groups, where words say so and some do."""
    return limiting(readings) if told_of_groups(tokens) else list(readings)


def limiting(
    readings: Sequence[Reading], holds: Callable[[Reading], bool] = lambda _each: True
) -> list[Reading]:
    """The readings that limit groups and hold, if there are any."""
    found = [each for each in readings if limits_groups(each) and holds(each)]
    return found or list(readings)


def limits_groups(reading: Reading) -> bool:
    """Whether a limit of a query is one of what several rows have together."""
    query = reading.query
    if query is None:
        return False
    return bool(query.having) or any(isinstance(each, Tally) for each in parts_of(query.where))


def of_single_rows(tokens: Sequence[Token], query: Query) -> bool:
    """Whether each row is limited, or each related one, though words say that all are together.

    Rows that the question names first have one number each: "cooperatives with assets above
    1 billion in total".
    """
    met = parts_of(query.where)
    own = [each for each in met if isinstance(each, Condition)]
    said = [*query.words, *(at for measure in query.measures for at in measure.words)]
    named = min(said, default=len(tokens))
    limits = [*_of_related(query), *(own if named > OPENING else ())]
    return any(
        each.operator in ORDERED and each.words and any(ALTOGETHER.after(tokens, at))
        for each in limits
        for at in (max(each.words, default=0) + 1,)
    )


def of_each(tokens: Sequence[Token], query: Query, model: SemanticModel) -> bool:
    """Whether a limit of a total would be one of each related row: "with total sales above 1"."""
    return any(
        isinstance(part.of, Field)
        and part.operator in ORDERED
        and any(tokens[at].word in TOTALS for at in part.words)
        and not _called_total(model.attributes[ColumnRef(part.of.table, part.of.column)])
        for part in _of_related(query)
    )


def _of_related(query: Query) -> Iterator[Condition]:
    """The conditions that related rows must meet."""
    for related in parts_of(query.where):
        if isinstance(related, Related):
            yield from (part for part in parts_of(related.where) if isinstance(part, Condition))


def _called_total(attribute: Attribute) -> bool:
    return any(not TOTALS.isdisjoint(name.words) for name in attribute.names)


def limits_others(bag: Bag) -> bool:
    """Whether numbers of other rows are limited: "cities with sales above 1 million by type"."""
    own = {table for table, _ in bag.rows}
    return any(
        isinstance(test, Compared)
        and isinstance(test.of, Column)
        and test.of.adds
        and test.operator in ORDERED
        and test.of.ref.table not in own
        for test, _ in bag.tests
    )


def signed_afar(model: SemanticModel, bag: Bag) -> bool:
    """Whether a number below or above zero is that of rows far below those that are named.

    "Provinces with a negative surplus" may be those whose total is negative, or those with any
    such report of any cooperative there.
    """
    signed = list(_signed(bag))
    named = set(_named(bag, signed)) if signed else set()
    return bool(named) and any(
        all(joins_between(model, table, far.ref.table) > 1 for table in named) for far in signed
    )


def _named(bag: Bag, signed: Sequence[Column]) -> Iterator[str]:
    """The tables of which a question names something else than these numbers."""
    yield from (table for table, _ in bag.rows)
    amounts = [measure for measure, _ in bag.measures if isinstance(measure, Amount)]
    yield from (amount.table for amount in amounts if amount.table)
    of = [*bag.which, *bag.groups, *bag.columns, *((amount.of, ()) for amount in amounts)]
    for each, _ in of:
        if isinstance(each, Rows):
            yield each.table
        elif isinstance(each, Column) and each not in signed:
            yield each.ref.table


def _signed(bag: Bag) -> Iterator[Column]:
    """The numbers that must be below or above zero."""
    for test, _ in bag.tests:
        match test:
            case Compared(Column(adds=True) as of, operator, values) if operator in ORDERED:
                yield from () if any(values) else (of,)
            case _:
                pass


def limited_before(bag: Bag) -> bool:
    """Whether groups are limited before they are parted: "cities with 9 orders or more by year".

    The limit may be one of the cities, or of each city in each part.
    """
    named = [said for _, said in (*bag.rows, *bag.columns, *bag.which) if said]
    later = [said for by, said in bag.groups if said and not isinstance(by, Calendar)]
    return any(
        words and any(said < words for said in named) and any(words < said for said in later)
        for _, words in bag.havings
    )


def compounds(found: Sequence[Cover], tokens: Sequence[Token]) -> list[Cover]:
    """The covers that count rows whose noun only tells what the number after it is of."""
    return [
        each
        for each in found
        for item, after in pairwise(each.items)
        if isinstance(item.part, Having) and _torn(item, after, tokens)
    ]


def _torn(item: Item, after: Item, tokens: Sequence[Token]) -> bool:
    """Whether the noun of a limit stands right before a number of the same rows."""
    if after.first != item.last:
        return False
    table = _counted(item)
    own = isinstance(after.part, Column) and after.part.number and after.part.ref.table == table
    return own and not tokens[item.last - 1].word.endswith(PLURAL)


def _counted(item: Item) -> str | None:
    """The table whose rows a limit counts."""
    match item.part:
        case Having(Amount(Function.COUNT, None, table)):
            return table
        case _:
            return None
