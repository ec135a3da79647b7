"""Filters of a query from the tests of a question, for one fact table."""

import math
from collections.abc import Sequence
from operator import itemgetter
from typing import Final

from kai_flow.analyst.query.nodes import (
    All,
    Condition,
    Either,
    Field,
    FieldGroup,
    Filter,
    Group,
    Not,
    Operator,
    Related,
    Words,
)
from kai_flow.analyst.reading.beyond import against, of_all_or_these
from kai_flow.analyst.reading.choices import ROUNDING, Choice, combined
from kai_flow.analyst.reading.comparisons import compared, ways_to, within
from kai_flow.analyst.reading.contradictions import contradictory
from kai_flow.analyst.reading.dimensions import TIMES
from kai_flow.analyst.reading.lacking import of_missing
from kai_flow.analyst.reading.pairs import paired
from kai_flow.analyst.reading.parts import (
    Beyond,
    Column,
    Compared,
    Has,
    Joined,
    Negated,
    New,
    Paired,
    Test,
    Within,
)
from kai_flow.analyst.reading.related_rows import (
    EVERY,
    asked_of_related,
    least_shared,
    merged,
    related_to,
    shared,
    way_of,
    with_related,
    with_tests,
)
from kai_flow.analyst.reading.remembering import remembered
from kai_flow.analyst.reading.resolving import Resolver
from kai_flow.analyst.reading.sides import alike
from kai_flow.analyst.reading.ways import Way
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import Role, SemanticModel


def filters(
    resolver: Resolver, tests: Sequence[tuple[Test, Words]], most: float = math.inf
) -> Sequence[Choice[Filter | None]]:
    """The filters that the tests may be together; every test must hold.

    Those that cost more than ``most`` are left out; most are not even looked for.
    """
    if too_dear(resolver, tests, most):
        return ()
    in_order = tuple(sorted(tests, key=_WORDS))
    known = resolver.met.get(in_order)
    if known is None or known[0] < most:
        known = resolver.met[in_order] = (most, _filters(resolver, in_order, most))
    return known[1]


_WORDS: Final = itemgetter(1)


def too_dear(resolver: Resolver, tests: Sequence[tuple[Test, Words]], most: float) -> bool:
    """Whether filters certainly cost more than ``most``: then nothing else need be looked for."""
    if tests and min([_far(resolver, test) for test, _ in tests]) > most + ROUNDING:
        return True
    in_order = tuple(sorted(tests, key=_WORDS)) if len(tests) > 1 else tuple(tests)
    return _least(resolver, in_order)[0] > most + ROUNDING


def _far(resolver: Resolver, test: Test) -> float:
    """What a filter by columns costs at least, by the ways there: no filter is made for that.

    Several may save what their ways have in common, but for one of them. A way by a join that the
    question names may cost less than its joins do.
    """
    match test:
        case Compared(Column(ref, None) as column):
            if resolver.attribute(column).role in TIMES:
                return -math.inf
            least = resolver.alone.least(ref.table)
            return math.inf if least is None else least
        case Negated(part):
            return _far(resolver, part)
        case Joined(parts):
            return min([_far(resolver, part) for part in parts])
        case _:
            return -math.inf


APART_COST: Final = 0.5
"""Of one value or another one, of which only one is a value of the rows themselves."""


@remembered
def _least(resolver: Resolver, tests: tuple[tuple[Test, Words], ...]) -> Sequence[float]:
    """What the filters cost at least: no more than all tests together, each at its cheapest."""
    if any(isinstance(test, Negated) and isinstance(test.part, Has) for test, _ in tests):
        return (-math.inf,)  # a period that is of missing rows costs nothing
    return (least_shared(resolver.model, [_ways(resolver, test, words) for test, words in tests]),)


@remembered
def _ways(resolver: Resolver, test: Test, words: Words) -> Sequence[Way]:
    """What the filters that a test may be cost, and how they reach related rows."""
    together = _one_test(test.parts) if isinstance(test, Joined) and test.either else None
    if together is not None:
        return _ways(resolver, together, words)
    plain = test.part if isinstance(test, Negated) else test
    known = ways_to(resolver, plain) if isinstance(plain, Compared) else None
    if known is None:
        return [way_of(choice) for choice in _tested(resolver, test, words)]
    return known if plain is test else [Way(way.cost) for way in known]


def _filters(
    resolver: Resolver, tests: Sequence[tuple[Test, Words]], most: float
) -> Sequence[Choice[Filter | None]]:
    model = resolver.model
    found = []
    options = [_tested(resolver, test, words) for test, words in tests]
    for choice in of_missing(resolver, tests, options):
        cost = choice.cost - shared(model, choice.value)
        if cost <= most + ROUNDING and not contradictory(choice.value):
            ways = of_all_or_these(merged(model, choice.value))
            found += [Choice(_all(parts), cost, choice.notes) for parts in ways]
    return found


def _all(parts: Sequence[Filter]) -> Filter | None:
    parts = [part for part in parts if part != EVERY]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else All(parts=tuple(parts))


def _may_be_empty(model: SemanticModel, field: Field) -> bool:
    """Whether a row may have no value there, or point to nothing on the way."""
    steps = [model.joins[join] for join in field.path]
    pointers = [
        model.attributes[ColumnRef(join.source, source)].nullable
        for join in steps
        if not join.widens
        for source, _target in join.pairs
    ]
    own = model.attributes[ColumnRef(field.table, field.column)].nullable
    return own or any(pointers)


def with_values(
    model: SemanticModel, where: Filter | None, groups: Sequence[Group]
) -> Filter | None:
    """A filter that also leaves out groups without a value: no city is not the first of cities."""
    present = [
        Condition(of=group.field, operator=Operator.PRESENT)
        for group in groups
        if isinstance(group, FieldGroup) and _may_be_empty(model, group.field)
    ]
    before = where.parts if isinstance(where, All) else (where,) if where is not None else ()
    return _all([*before, *present])


@remembered
def _tested(resolver: Resolver, test: Test, words: Words) -> Sequence[Choice[Filter]]:
    """One test. What is reached by a join to many rows becomes a question to the related rows."""
    if resolver.alone is not resolver and _timeless(resolver.model, test):
        return _tested(resolver.alone, test, words)
    return _made(resolver, test, words)


def _timeless(model: SemanticModel, test: Test) -> bool:
    """Whether a test has nothing to do with times, which may be those of rows that are named."""
    column = test.of if isinstance(test, Compared) else None
    return isinstance(column, Column) and model.attributes[column.ref].part != "year"


def _made(  # noqa: PLR0911 -- one for each class
    resolver: Resolver, test: Test, words: Words
) -> Sequence[Choice[Filter]]:
    match test:
        case Compared() if (unset := _unset(resolver.model, test)) is not None:
            return _tested(resolver, unset, words)
        case Compared() | Within():
            found = (
                within(resolver, test.time, words)
                if isinstance(test, Within)
                else compared(resolver, test, words)
            )
            return [
                each.map(lambda _: EVERY) if _always(resolver, each.value) else each
                for each in (asked_of_related(resolver, each) for each in found)
            ]
        case New() | Beyond() | Paired():
            return _of_numbers(resolver, test, words)
        case Has() as related:
            return _with_related(resolver, related, words)
        case Negated(part):
            inner = _tested(resolver, part, words)
            return [
                each.map(lambda made: Not(part=made, words=words))
                for each in inner
                if each.value != EVERY
            ]
        case Joined(parts, either):
            together = _one_test(parts) if either else None
            if together is not None:
                return _tested(resolver, together, words)
            inside = combined([_tested(resolver, part, words) for part in parts])
            if either and all(isinstance(part, Within) for part in parts):
                inside = _of_one_time(inside)
            inside = [c.costing(APART_COST * (either and _of_two_kinds(c.value))) for c in inside]
            node = Either if either else All
            if not either and _one_test(parts) is not None:  # no row has two values of a column
                inside = [
                    Choice(each.value, each.cost / len(parts), each.notes)
                    for each in inside
                    if all(isinstance(part, Related) for part in each.value)
                ]
            return [each.map(lambda made: node(parts=made, words=words)) for each in inside]


def _of_numbers(
    resolver: Resolver, test: New | Beyond | Paired, words: Words
) -> Sequence[Choice[Filter]]:
    """A number that is compared with the average of all, or with another one of its row."""
    match test:
        case New():  # nothing is new that has no time
            return []
        case Beyond():
            return list(against(resolver, test, words))
        case Paired():
            return list(paired(resolver, test, words))


def _of_two_kinds(parts: Sequence[Filter]) -> bool:
    """Whether a value of the rows, and one of rows related to them, are said to do as well.

    Customers "from Jakarta or Semarang" are not those who bought in Jakarta, or live in Semarang.
    """
    related = [part for part in parts if isinstance(part, Related)]
    inner = [part.where if isinstance(part, Related) else part for part in parts]
    plain = all(isinstance(p, Condition) and p.operator is Operator.EQUAL for p in inner)
    return plain and 0 < len(related) < len(parts)


def _with_related(resolver: Resolver, has: Has, words: Words) -> list[Choice[Filter]]:
    """Related rows, perhaps with filters of their own: "without delivered orders"."""
    rows = with_related(resolver, has, words)
    if not has.where:
        return rows
    own = [(part, words) for part in has.where]
    return with_tests(rows, filters(related_to(resolver, has), own))


def _unset(model: SemanticModel, test: Compared) -> Test | None:
    """A flag that is asked to be empty, and never is: "no warranty" says that there is none."""
    if test.operator is not Operator.EMPTY or not isinstance(test.of, Column):
        return None
    flag = model.attributes[test.of.ref]
    if flag.role is not Role.FLAG or flag.nullable or not flag.values:
        return None
    return Negated(Compared(test.of, Operator.EQUAL, (flag.values[0].value,)))


def _always(resolver: Resolver, test: Filter) -> bool:
    """Whether every row has what it asks for: a time that is never empty."""
    return (
        isinstance(test, Condition)
        and test.operator is Operator.PRESENT
        and isinstance(test.of, Field)
        and not test.of.path
        and not resolver.model.attributes[ColumnRef(test.of.table, test.of.column)].nullable
    )


def _of_one_time(found: Sequence[Choice[tuple[Filter, ...]]]) -> list[Choice[tuple[Filter, ...]]]:
    """Periods of which either is meant are of one time of the rows, which is chosen once."""
    return [
        Choice(each.value, each.cost / len(each.value), each.notes)
        for each in found
        if len({(getattr(p, "axis", None), getattr(p, "path", None)) for p in each.value}) == 1
    ]


def _one_test(parts: Sequence[Test]) -> Compared | None:
    """One test of a column for "status A or status B"."""
    first = parts[0]
    same = [
        part
        for part in parts
        if isinstance(part, Compared) and isinstance(first, Compared) and alike(part, first)
    ]
    if len(same) < len(parts) or any(part.operator is not Operator.EQUAL for part in same):
        return None
    values = tuple(dict.fromkeys(value for part in same for value in part.values))
    of = next((part.of for part in same if getattr(part.of, "role", None)), same[0].of)
    return Compared(of, Operator.EQUAL, values)
