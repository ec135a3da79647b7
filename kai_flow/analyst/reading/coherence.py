"""What the parts of a question cannot mean together, though each of them could be so read."""

from collections.abc import Collection, Iterator
from itertools import pairwise
from typing import Final

from msgspec.structs import replace

from kai_flow.analyst.query.nodes import Operator, Words
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.comparisons import ORDERED
from kai_flow.analyst.reading.doers import PLACES
from kai_flow.analyst.reading.parts import (
    ANY_NUMBER,
    Amount,
    Calendar,
    Column,
    Compared,
    Computed,
    Implied,
    Joined,
    Negated,
    Test,
    Within,
)
from kai_flow.analyst.semantics.model import SemanticModel


def coherent(model: SemanticModel, bag: Bag, commas: Collection[int]) -> Bag | None:
    """The bag as its parts can belong to one question; None when they cannot."""
    if (bag.recorded and not _plainly_counted(bag)) or _of_another(bag):
        return None
    amounts = _amounts(_each_test_once(bag))
    return None if amounts is None else _in_either_place(model, amounts, commas)


def _each_test_once(bag: Bag) -> Bag:
    """The bag with each filter once, whose words are all that say it: "coffee (category Kopi)"."""
    if len(bag.tests) < 2:
        return bag
    words: dict[Test, set[int]] = {}
    for test, said in bag.tests:
        words.setdefault(test, set()).update(said)
    if len(words) == len(bag.tests):
        return bag
    return replace(bag, tests=[(test, tuple(sorted(said))) for test, said in words.items()])


def _plainly_counted(bag: Bag) -> bool:
    """Whether rows are counted at no time: "how many patients are registered"."""
    counted = [m for m, _ in bag.measures if isinstance(m, Amount) and m.of is None]
    timed = any(isinstance(each, Within) for test, _ in bag.tests for each in _within(test))
    timed |= any(isinstance(group, Calendar) for group, _ in bag.groups)
    return len(counted) == len(bag.measures) == 1 and not timed and not bag.clocks


def _of_another(bag: Bag) -> bool:
    """Whether a number is compared that the noun right after it counts: "over 35 | units"."""
    ends = {
        words[-1] + 1
        for test, words in bag.tests
        if words and isinstance(test, Compared) and test.operator in ORDERED
    }
    counted = {words[-1] + 1 for having, words in bag.havings if words and having.amount.of is None}
    return any(
        (isinstance(column, Computed) and not counted.isdisjoint(words))  # "over 300 rows | sales"
        or (isinstance(column, Column) and column.number and not ends.isdisjoint(words))
        for column, words in bag.columns
    )


def _in_either_place(model: SemanticModel, bag: Bag, commas: Collection[int]) -> Bag:
    """The bag where "in Java and Bali" asks for either, when one is an island, one a province.

    After a comma only, as in "Bandung, West Java", a place says where the one before it is; but
    after an island, as in "Java, Bali", it is another one.
    """
    for one, other, words in (*bag.pairs, *_listed(bag, commas)):
        left, right = _place(model, one), _place(model, other)
        if not left or not right or left == right or _origin(left) != _origin(right):
            continue
        if _coarser(model, left, right) or not any(at in commas for at in words):
            return _either(bag, (one, other))
    return bag


def _listed(bag: Bag, commas: Collection[int]) -> Iterator[tuple[Test, Test, Words]]:
    """The filters that nothing but a comma stands between."""
    if not commas or len(bag.tests) < 2:
        return
    in_order = sorted(bag.tests, key=lambda each: each[1])
    for (one, before), (other, after) in pairwise(in_order):
        if before and after and before[-1] + 1 in commas and before[-1] + 2 == after[0]:
            yield one, other, tuple(range(before[0], after[-1] + 1))


def _coarser(model: SemanticModel, left: Column, right: Column) -> bool:
    """Whether there are fewer of the places of one column: islands and provinces."""
    first, second = (len(model.attributes[each.ref].values) for each in (left, right))
    return 0 < first < second


def _either(bag: Bag, pair: tuple[Test, Test]) -> Bag:
    rest = [each for each in bag.tests if each[0] not in pair]
    words = {at for test, words in bag.tests if test in pair for at in words}
    joined = Joined(pair, either=True)
    return replace(bag, tests=[*rest, (joined, tuple(sorted(words)))], pairs=[])


def _place(model: SemanticModel, test: Test) -> Column | None:
    """The column of places that a test is of, where it asks for certain places."""
    if not isinstance(test, Compared) or test.operator is not Operator.EQUAL:
        return None
    if not isinstance(test.of, Column):
        return None
    attribute = model.attributes[test.of.ref]
    return None if PLACES.isdisjoint(attribute.concepts) else test.of


def _origin(column: Column) -> tuple[str, str | None]:
    return column.ref.table, column.role


def _amounts(bag: Bag) -> Bag | None:
    """The bag where a number that stands without its noun is an amount of the rows named before.

    "Pilots with more than 1 delayed flight" has no salary above 1: rows are named after it.
    """
    if not any(_unnamed_within(test) for test, _ in bag.tests):
        return replace(bag, tests=list(bag.tests))
    found: list[tuple[Test, Words]] = []
    rows = [*((words, table) for table, words in bag.rows)]
    amounts = [(m, words) for m, words in bag.measures if isinstance(m, Amount)]
    rows += [(words, m.table) for m, words in amounts if m.table]
    rows += [(words, m.of.table) for m, words in amounts if isinstance(m.of, Computed)]
    for test, words in bag.tests:
        if not _unnamed_within(test):
            found.append((test, words))
            continue
        counts = any(  # "1 million giro"
            other[:1] == (words[-1] + 1,) and isinstance(next_, Compared)
            for next_, other in bag.tests
        )
        before = [table for named, table in sorted(rows) if named[0] < words[0]]
        if counts or not before or len(before) < len(rows) or not isinstance(test, Compared):
            return None
        found.append((replace(test, of=Implied(ANY_NUMBER, before[-1])), words))
    return replace(bag, tests=found)


def _unnamed_within(test: Test) -> bool:
    """Whether a filter, or one that it consists of, is of a number without its noun."""
    if isinstance(test, Compared):
        return isinstance(test.of, Implied) and test.of == _UNNAMED
    return any(map(_unnamed_within, _parts(test)))


_UNNAMED: Final = Implied(ANY_NUMBER)


def _parts(test: Test) -> tuple[Test, ...]:
    """The filters that a filter consists of."""
    match test:
        case Negated(part):
            return (part,)
        case Joined(parts):
            return parts
        case _:
            return ()


def _within(test: Test) -> Iterator[Test]:
    """The filter, and those that it consists of."""
    yield test
    for part in _parts(test):
        yield from _within(part)
