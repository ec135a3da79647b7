"""The sides of a comparison: tests of one thing that no row meets together."""

from collections.abc import Sequence
from itertools import combinations

from kai_flow.analyst.query.nodes import Operator
from kai_flow.analyst.reading.parts import Column, Compared, Joined, Negated, Test, Within


def alike(one: Compared, other: Compared) -> bool:
    """Whether two comparisons are of one column; a preposition counts for both."""
    if isinstance(one.of, Column) and isinstance(other.of, Column):
        return one.of.ref == other.of.ref and (
            None in {one.of.role, other.of.role} or one.of == other.of
        )
    return one.of == other.of


def told_apart(left: Test, right: Test) -> bool:
    """Whether two tests are of one column or time, and no row meets both."""
    match left, right:
        case Compared(operator=Operator.EQUAL), Compared(operator=Operator.EQUAL):
            return alike(left, right) and not set(left.values) & set(right.values)
        case Within(one), Within(other):
            axes = {time.axis for time in (one, other) if time.axis}
            return one.period != other.period and len(axes) < 2
        case (Compared() as test, Negated(part)) | (Negated(part), Compared() as test):
            return part == test
        case _:
            return False


def contrast(
    mine: Sequence[Test], theirs: Sequence[Test], *, short: bool = False
) -> tuple[tuple[Test, Test], tuple[Test, ...]] | None:
    """The tests in which two sides differ, and those that hold for both.

    A period that is said of one side is meant of both. All that is said of the first side is, if
    the second one is cut ``short``: "sales in 2024 of Jakarta stores versus Bandung stores".
    """
    left = [test for test in mine if test not in theirs]
    right = [test for test in theirs if test not in mine]
    pairs = [(one, other) for one in left for other in right if told_apart(one, other)]
    if len(pairs) != 1:
        return None
    more = [test for test in (*left, *right) if test not in pairs[0]]
    if any(not isinstance(test, Within) and not (short and test in left) for test in more):
        return None
    return pairs[0], (*(test for test in mine if test in theirs), *more)


def sides_of(test: Test) -> tuple[Test, ...]:
    """The sides that a test would take together: "in Jakarta or Bandung"; else none."""
    if isinstance(test, Compared) and test.operator is Operator.EQUAL and len(test.values) > 1:
        return tuple(Compared(test.of, Operator.EQUAL, (value,)) for value in test.values)
    if isinstance(test, Joined) and test.either:
        apart = all(told_apart(one, other) for one, other in combinations(test.parts, 2))
        return test.parts if apart else ()
    return ()


def listed(test: Test) -> bool:
    """Whether "and" joins the sides of a test: each may be meant by itself."""
    return isinstance(test, Compared | Joined) and test.listed
