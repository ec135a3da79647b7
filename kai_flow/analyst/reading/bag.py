"""The constituents of one cover, sorted by what they do in a query."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from kai_flow.analyst.query.nodes import Function, Words
from kai_flow.analyst.reading.connecting import connects, halved
from kai_flow.analyst.reading.cover import APART, HARMLESS, Cover
from kai_flow.analyst.reading.parts import (
    IN_SUM,
    Amount,
    Ask,
    Bound,
    Calculated,
    Calendar,
    Change,
    Clock,
    Column,
    Combination,
    Compared,
    Computed,
    Dimension,
    Gap,
    Groups,
    Having,
    Item,
    Joined,
    Lasting,
    Limit,
    Measured,
    Noun,
    Part,
    Portion,
    Quotient,
    Rank,
    Refused,
    Rows,
    Several,
    Shown,
    Sign,
    Some,
    Sort,
    Test,
    Text,
    Versus,
    Where,
    Which,
)


class Bag(Struct):
    """What a cover has, each with the words it came from."""

    cost: float = 0.0
    asks: list[Ask] = []
    which: list[tuple[Dimension, Words]] = []
    measures: list[tuple[Measured, Words]] = []
    columns: list[tuple[Noun, Words]] = []
    rows: list[tuple[str, Words]] = []
    groups: list[tuple[Dimension, Words]] = []
    tests: list[tuple[Test, Words]] = []
    havings: list[tuple[Having, Words]] = []
    ranks: list[tuple[Rank, Words]] = []
    sorts: list[tuple[Sort, Words]] = []
    versus: list[tuple[Versus, Words]] = []
    clocks: list[tuple[Clock, Words]] = []
    bounds: list[tuple[Bound, Words]] = []
    somes: list[tuple[Some, Words]] = []
    texts: list[tuple[Text, Words]] = []
    shown: list[tuple[Shown, Words]] = []
    whom: list[Dimension] = []
    """What "who" is asked of: it must be people."""
    wanted: frozenset[str] = frozenset()
    """The tables whose rows are asked for by name: "which customers ordered …"."""
    limit: int | None = None
    share: Words | None = None
    change: tuple[Change, Words] | None = None
    refused: list[str] = []
    combination: Combination | None = None
    """The groups that are ranked together."""
    compare: bool = False
    """Whether the question asks for things side by side."""
    more: str = ""
    """The sign that asks of which there is more: "more", "higher", "dearer"."""
    recorded: bool = False
    """Whether it asks for what is on record, which all rows are."""
    than: bool = False
    """Whether "than" stands between two things."""
    apiece: bool = False
    """Whether it asks for each of several by itself."""
    gap: str = ""
    """The sign of a difference that is asked for: "difference", "how much more"."""
    counted: bool = False
    """Whether it asks for the number of each besides: "and how many", "beserta nilainya"."""
    below: bool = False
    """Whether it speaks of those who stand below each: "who report to them"."""
    together: bool = False
    """Whether it asks for several taken together."""
    inside: list[Dimension] = []
    """Groups of which each is a whole of its own: "in each region"."""
    joints: int = 0
    """How many times "and" stands between two parts."""
    twins: bool = False
    """Whether nothing but "and" stands between two numbers: "by revenue and discount"."""
    throughout: list[tuple[Column, Words]] = []
    """Columns of all of whose values something is said: "in all regions"."""
    pairs: list[tuple[Test, Test, Words]] = []
    """Filters that "and" stands between, and their words with those between them."""

    def asked(self, what: str) -> bool:
        """Whether the question wants this."""
        return bool(self.asks) and what in [ask.what for ask in self.asks]


def collected(cover: Cover) -> Bag | None:
    """The bag of a cover; None when it has a part that nothing in a query can stand for."""
    bag, taken = Bag(cost=cover.cost), None
    for at, item in enumerate(cover.items):
        sign = item.part.name if isinstance(item.part, Sign) else ""
        if sign == "and":
            sides = (*cover.items[at - 1 : at], *cover.items[at + 1 : at + 2])
            if not connects(sides):
                return None
            bag.joints += 1
            bag.twins |= _twins(item, *sides)
            bag.pairs += _pair(*sides)
        elif isinstance(item.part, Calendar) and _follows_count(cover.items[:at], item):
            return None  # "how many days" are no groups by day
        elif sign in WHEREVER:
            taken = WHEREVER[sign]
        elif sign == "its number" and cover.items[at + 1 :]:
            return None  # "and how many were cancelled" is another number
        elif halved(cover.items[:at], item) or not _put(bag, item):
            return None
    bag.cost += OF_ITS_KIND_COST * _of_its_kind(bag)
    return bag if taken is None else _taken(bag, taken)


OF_ITS_KIND_COST: Final = 0.2
"""Of an average for each of some rows beside what they are told apart by: "average revenue per
customer by segment" is what the customers of each segment have on average.
"""


def _of_its_kind(bag: Bag) -> bool:
    """Whether an average is grouped by the rows of a table, and by a column of theirs as well."""
    rows = {by.table for by, _ in bag.groups if isinstance(by, Rows)}
    kinds = {by.ref.table for by, _ in bag.groups if isinstance(by, Column)}
    averaged = any(
        isinstance(m, Amount) and m.function is Function.AVERAGE for m, _ in bag.measures
    )
    return averaged and bool(rows & kinds)


def _twins(joint: Item, left: Item, right: Item) -> bool:
    """Whether "and" joins two numbers, of which the second is not said to be of the first's."""
    tight = left.last == joint.first and joint.last == right.first
    by = left.part.by[-1] if isinstance(left.part, Groups) else left.part
    return tight and all(isinstance(n, Amount | Rows) or _number(n) for n in (by, right.part))


def _follows_count(before: Sequence[Item], item: Item) -> bool:
    """Whether a constituent stands right after "how many"."""
    return bool(before) and before[-1].part == Ask("count") and before[-1].last == item.first


WHEREVER: Final = {APART: Function.AVERAGE, IN_SUM: Function.SUM}
"""Signs that say how the one number of a question is aggregated, wherever they stand."""


def _taken(bag: Bag, function: Function) -> Bag | None:
    """The same with an aggregate of its one number: "on average, what does a parcel cost"."""
    nouns = [(column, words) for column, words in bag.columns if _number(column)]
    for measure, words in bag.measures:
        of = measure.of if isinstance(measure, Amount) and _plain(measure) else None
        if not isinstance(of, Column | Computed):
            return None  # this number would stand in its place
        nouns.append((of, words))
    if function is Function.SUM and not nouns and len(bag.rows) == 1:
        ((table, words),) = bag.rows
        return replace(bag, measures=[(Amount(Function.COUNT, None, table), words)], rows=[])
    if len(nouns) != 1 or bag.ranks or bag.havings:
        return None
    noun, words = nouns[0]
    columns = [each for each in bag.columns if each != nouns[0]]
    return replace(bag, measures=[(Amount(function, noun), words)], columns=columns)


def _number(noun: object) -> bool:
    return isinstance(noun, Computed) or (isinstance(noun, Column) and noun.number)


def _plain(amount: Amount) -> bool:
    """Whether nothing says how a number is aggregated."""
    return amount.function is None and not amount.where


_SAID: Final = {"each one": "apiece", "below them": "below", "its number": "counted"}
"""Signs of what is said besides, and where the bag keeps it."""


def _pair(left: Item, right: Item) -> Iterator[tuple[Test, Test, Words]]:
    """The filters on both sides of an "and"."""
    if isinstance(right.part, Where):
        before = [left.part.test] if isinstance(left.part, Where) else [t for t, _ in left.aside]
        yield from ((test, right.part.test, _span(left, right)) for test in before)


def _pairs(test: Test, words: Words) -> Iterator[tuple[Test, Test, Words]]:
    span = tuple(range(words[0], words[-1] + 1)) if words else ()
    yield from ((left, right, span) for left, right in pairwise(_apart(test)))


def _span(left: Item, right: Item) -> Words:
    return tuple(range(left.first, right.last))


def _put(bag: Bag, item: Item) -> bool:
    """Put one constituent where it belongs; False when there is no place for it."""
    if item.aside:
        within = [(part, where) for test, where in item.aside for part in _apart(test)]
        bag.tests += [each for each in within if each not in bag.tests]
        bag.pairs += [pair for test, where in item.aside for pair in _pairs(test, where)]
    part, words = item.part, item.words
    place = _PLACES.get(type(part))
    if place is not None and not (isinstance(part, Portion | Change) and part.of is None):
        getattr(bag, place).append((part, words))
        return True
    return _put_sign(bag, part.name) if isinstance(part, Sign) else _put_other(bag, part, words)


_PLACES: Final[dict[type[Any], str]] = {
    **dict.fromkeys((Amount, Quotient, Gap, Portion, Change, Calculated), "measures"),
    **dict.fromkeys((Column, Computed, Lasting), "columns"),
    Having: "havings",
    Rank: "ranks",
    Sort: "sorts",
    Versus: "versus",
    Clock: "clocks",
    Bound: "bounds",
    Some: "somes",
    Text: "texts",
    Shown: "shown",
}
"""The lists of a bag for the parts that are kept as they are, with their words."""


def _put_sign(bag: Bag, name: str) -> bool:
    """Put a word of analysis that no rule has used where it belongs."""
    match name:
        case "compare" | "apiece" | "together" | "than" | "recorded":
            setattr(bag, name, True)
        case "each one" | "below them" | "its number":
            setattr(bag, _SAID[name], True)
        case "more" | "higher" | "dearer":
            bag.more = name
        case "difference" | "how much more" | "how much less" | "percent more":
            bag.gap = name
        case _:
            return name in HARMLESS
    return True


def _put_other(  # noqa: C901, PLR0912 -- one case for each class of parts
    bag: Bag, part: Part, words: Words
) -> bool:
    """Put a part that is kept in a form of its own where it belongs."""
    match part:
        case Rows(table):
            bag.rows.append((table, words))
        case Where(test):
            bag.pairs += _pairs(test, words)
            bag.tests += [(each, words) for each in _apart(test)]
        case Groups(by, inside):
            bag.groups += [(dimension, words) for dimension in by]
            bag.inside += by if inside else ()
        case Ask() as ask:
            bag.asks.append(ask)
        case Which(of, person):
            bag.which.append((of, words))
            if person:
                bag.asks.append(Ask("who"))
                bag.whom.append(of)
        case Calendar() as calendar:
            bag.groups.append((calendar, words))
            bag.cost += 0.15  # a bare "month" is a weak wish to group by it
        case Limit(count):
            bag.limit = count
        case Portion():
            bag.share = words
        case Change() as change:
            before = bag.change[0].grain if bag.change else None
            bag.change = (replace(change, grain=change.grain or before), words)
            return before in {None, bag.change[0].grain} and change.since is None
        case Several(amounts):
            bag.measures += [(each, words) for each in amounts]
            bag.joints += len(amounts) - 1
        case Combination(by) as combination:
            bag.groups += [(dimension, words) for dimension in by]
            bag.combination = combination
            bag.ranks += [(rank, words) for rank in [combination.rank] if rank is not None]
        case Refused(reason):
            bag.refused.append(reason)
        case _:
            return False
    return True


def _apart(test: Test) -> tuple[Test, ...]:
    """The tests that must all hold, one by one; two values of one column belong together."""
    if isinstance(test, Joined) and not test.either:
        of = [part.of for part in test.parts if isinstance(part, Compared)]
        if len(set(of)) == len(of):
            return tuple(part for each in test.parts for part in _apart(each))
    return (test,)
