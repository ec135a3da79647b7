"""Filters of a query from the tests of a question, for one fact table."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from kai_flow.analyst.lexicon.periods import Days, resolve
from kai_flow.analyst.lexicon.periods import Part as PeriodPart
from kai_flow.analyst.query.nodes import (
    All,
    Condition,
    During,
    Either,
    Field,
    FieldGroup,
    Filter,
    Grain,
    Group,
    Not,
    Operator,
    Recurring,
    Related,
    Words,
    bare,
)
from kai_flow.analyst.reading.choices import Choice, Note, combined
from kai_flow.analyst.reading.concepts import means
from kai_flow.analyst.reading.dimensions import GRAINS
from kai_flow.analyst.reading.parts import (
    Column,
    Compared,
    Computed,
    Has,
    Implied,
    Joined,
    Negated,
    Test,
    Time,
    Within,
)
from kai_flow.analyst.reading.resolving import Resolver
from kai_flow.analyst.reading.units import scaled
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import Attribute, Join, Role, SemanticModel

NUMERIC = frozenset([Role.ADDITIVE, Role.RATE, Role.CODE, Role.TIME_PART])
ORDERED = frozenset(
    [Operator.ABOVE, Operator.AT_LEAST, Operator.BELOW, Operator.AT_MOST, Operator.BETWEEN]
)


EVERY = All(parts=())
"""What every row meets: a sale was sold."""


def filters(resolver: Resolver, tests: Sequence[tuple[Test, Words]]) -> list[Choice[Filter | None]]:
    """The filters that the tests may be together; every test must hold."""
    in_order = sorted(tests, key=lambda each: each[1])
    options = [_tested(resolver, test, words) for test, words in in_order]
    return [
        choice.map(lambda parts: _all(_merged(resolver.model, parts)))
        for choice in combined(options)
        if not _contradictory(choice.value)
    ]


def _contradictory(parts: Sequence[Filter]) -> bool:
    """Whether two periods, or two values of one column, that no row can have must both hold."""
    equal = [
        part for part in parts if isinstance(part, Condition) and part.operator is Operator.EQUAL
    ]
    if any(
        bare(left.of) == bare(right.of) and not set(left.values) & set(right.values)
        for left in equal
        for right in equal
    ):
        return True
    none = [part.part for part in parts if isinstance(part, Not)]
    if any(
        isinstance(no, Related)
        and no.where is None
        and isinstance(some, Related)
        and some.path[: len(no.path)] == no.path
        for no in none
        for some in parts
    ):
        return True  # no orders, and yet some that were cancelled
    periods = [part for part in parts if isinstance(part, During)]
    return any(
        (left.axis, left.path) == (right.axis, right.path)
        and left.start is not None
        and right.end is not None
        and left.start >= right.end
        for left in periods
        for right in periods
    )


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


def _tested(resolver: Resolver, test: Test, words: Words) -> list[Choice[Filter]]:
    """One test. What is reached by a join to many rows becomes a question to the related rows."""
    match test:
        case Compared():
            return [_related(resolver, each) for each in _compared(resolver, test, words)]
        case Within(time):
            return [_related(resolver, each) for each in within(resolver, time, words)]
        case Has(table):
            return _has(resolver, table, words)
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
            node = Either if either else All
            if not either and _one_test(parts) is not None:  # no row has two values of a column
                inside = [
                    Choice(each.value, each.cost / len(parts), each.notes)
                    for each in inside
                    if all(isinstance(part, Related) for part in each.value)
                ]
            return [each.map(lambda made: node(parts=made, words=words)) for each in inside]


def _alike(one: Compared, other: Compared) -> bool:
    """Whether two comparisons are of one column; a preposition counts for both."""
    if isinstance(one.of, Column) and isinstance(other.of, Column):
        return one.of.ref == other.of.ref and (
            None in {one.of.role, other.of.role} or one.of == other.of
        )
    return one.of == other.of


def _one_test(parts: Sequence[Test]) -> Compared | None:
    """One test of a column for "status A or status B"."""
    first = parts[0]
    same = [
        part
        for part in parts
        if isinstance(part, Compared) and isinstance(first, Compared) and _alike(part, first)
    ]
    if len(same) < len(parts) or any(part.operator is not Operator.EQUAL for part in same):
        return None
    values = tuple(dict.fromkeys(value for part in same for value in part.values))
    of = next((part.of for part in same if getattr(part.of, "role", None)), same[0].of)
    return Compared(of, Operator.EQUAL, values)


def _has(resolver: Resolver, table: str, words: Words) -> list[Choice[Filter]]:
    """Rows that have related rows in a table of children."""
    if table == resolver.fact:
        return [Choice(EVERY)]
    return [*_pointing(resolver, table, words), *_having(resolver, table, words)]


def _pointing(resolver: Resolver, table: str, words: Words) -> Iterator[Choice[Filter]]:
    """Rows that point to a row of another table, where not all do: "orders with a coupon"."""
    for way in resolver.ways(table):
        for join in way.value if len(way.value) == 1 and not way.value[0].widens else ():
            own = ColumnRef(join.source, join.pairs[0][0])
            if resolver.model.attributes[own].nullable:
                of = Field(table=own.table, column=own.column, words=words)
                yield Choice(
                    Condition(of=of, operator=Operator.PRESENT, words=words), way.cost + 0.3
                )


def _having(resolver: Resolver, table: str, words: Words) -> list[Choice[Filter]]:
    """Rows that other rows point to."""
    return [
        Choice(
            Related(path=tuple(j.id for j in way.value), words=words),
            way.cost + (-0.3 if way.value[0].widens else 0.3),
        )
        for way in resolver.ways(table)
        if any(join.widens for join in way.value)
    ]


def _of_computed(
    resolver: Resolver, of: Computed, test: Compared, words: Words
) -> Iterator[Choice[Filter]]:
    """A comparison of a derived measure, row by row."""
    derived = resolver.derived(of)
    if derived is not None and derived.table == resolver.fact:
        node = Condition(
            of=derived.expression, operator=test.operator, values=test.values, words=words
        )
        notes = (Note("derived", (("name", derived.name), ("table", derived.table))),)
        yield Choice(node, 0.0, notes)


def _comparable(attribute: Attribute, test: Compared) -> bool:
    """Whether a column with its role can be compared in this way."""
    role = attribute.role
    if test.operator in ORDERED:
        return role in NUMERIC
    if test.operator is Operator.CONTAINS:
        return role not in NUMERIC | {Role.TIME, Role.FLAG}
    numbers = all(isinstance(value, int | float) for value in test.values) and test.values
    if numbers and role in {Role.TIME, Role.CATEGORY, Role.NAME, Role.TEXT}:
        return set(test.values) <= {each.value for each in attribute.values}
    return True


def _compared(resolver: Resolver, test: Compared, words: Words) -> Iterator[Choice[Filter]]:
    if isinstance(test.of, Implied):
        for attribute in resolver.model.of(resolver.fact):
            if attribute.role in NUMERIC and means(attribute, test.of.concept):
                plain = replace(test, of=Column(attribute.ref))
                yield from _compared(resolver, plain, words)
        return
    if isinstance(test.of, Computed):
        yield from _of_computed(resolver, test.of, test, words)
        return
    years = _years(resolver, test)
    if years is not None:
        yield from within(resolver, years, words)
        return
    if not _comparable(resolver.attribute(test.of), test):
        return
    key = resolver.model.entities[test.of.ref.table].key
    if test.operator is Operator.EMPTY and test.of.ref.column in key:
        return  # every row has one
    values = scaled(test.values, test.unit, resolver.attribute(test.of))
    if values is None:
        return  # no telling what the number means in the unit of the column
    for field in resolver.fields(test.of, words):
        yield field.map(
            lambda of: Condition(of=of, operator=test.operator, values=values, words=words)
        )


def _years(resolver: Resolver, test: Compared) -> Time | None:
    """A comparison of a year column as a period, which is what it means."""
    attribute = resolver.attribute(test.of) if isinstance(test.of, Column) else None
    if attribute is None or attribute.part != "year" or not test.values:
        return None
    axis = next(
        (a for a in resolver.model.axes_of(attribute.table) if a.columns[0] == attribute.column),
        None,
    )
    if axis is None or not all(isinstance(value, int | float) for value in test.values):
        return None
    low, high = (int(value) for value in (test.values[0], test.values[-1]))
    bounds: dict[Operator, tuple[int | None, int | None]] = {
        Operator.EQUAL: (low, low + 1),
        Operator.ABOVE: (low + 1, None),
        Operator.AT_LEAST: (low, None),
        Operator.BELOW: (None, low),
        Operator.AT_MOST: (None, low + 1),
        Operator.BETWEEN: (low, high + 1),
    }
    if test.operator not in bounds or (test.operator is Operator.EQUAL and low != high):
        return None
    start, end = (None if year is None else f"{year:04}-01-01" for year in bounds[test.operator])
    return Time(Days(start, end), Grain.YEAR, axis.id)


def within(resolver: Resolver, time: Time, words: Words) -> Iterator[Choice[Filter]]:
    """A period on each axis that may be meant."""
    for choice in resolver.axes(time.axis):
        axis, path = choice.value
        period = time.period
        if time.grain is not None and GRAINS.index(time.grain) < GRAINS.index(axis.finest):
            continue  # a day of rows that only have a month
        if isinstance(period, PeriodPart):
            node: Filter = Recurring(
                axis=axis.id, path=path, part=period.part, values=period.values, words=words
            )
            yield Choice(node, choice.cost, choice.notes)
            continue
        notes = choice.notes
        if not isinstance(period, Days):
            anchor = resolver.anchor(axis)
            notes = (*notes, Note("anchor", (("day", anchor.isoformat()), ("axis", axis.id))))
            period = resolve(period, anchor)
        during = During(axis=axis.id, path=path, start=period.start, end=period.end, words=words)
        yield Choice(during, choice.cost, notes)


def _related(resolver: Resolver, choice: Choice[Filter]) -> Choice[Filter]:
    """The same filter as a question to related rows, when joins to many rows lead there."""
    node = choice.value
    path = _path(node)
    wide = [at for at, join in enumerate(path) if resolver.model.joins[join].widens]
    if not wide:
        return choice
    cut = wide[-1] + 1
    inner = _reached(node, path[cut:])
    return choice.map(lambda _node: Related(path=path[:cut], where=inner, words=node.words))


def _path(node: Filter) -> tuple[str, ...]:
    if isinstance(node, During | Recurring):
        return node.path
    if isinstance(node, Condition) and isinstance(node.of, Field):
        return node.of.path
    return ()


def _reached(node: Filter, path: tuple[str, ...]) -> Filter:
    """The same filter reached by other joins."""
    if isinstance(node, During):
        return During(axis=node.axis, path=path, start=node.start, end=node.end, words=node.words)
    if isinstance(node, Recurring):
        return Recurring(
            axis=node.axis, path=path, part=node.part, values=node.values, words=node.words
        )
    if isinstance(node, Condition) and isinstance(node.of, Field):
        of = Field(table=node.of.table, column=node.of.column, path=path, words=node.of.words)
        return Condition(of=of, operator=node.operator, values=node.values, words=node.words)
    if isinstance(node, All):
        return All(parts=tuple(_reached(part, path) for part in node.parts), words=node.words)
    return node


def _merged(model: SemanticModel, parts: Sequence[Filter]) -> list[Filter]:
    """Questions to the same related rows as one: "who ordered a laptop in March" is one order.

    The rows of the longest path are asked; what was to hold for rows on the way there is reached
    from them by the same joins backwards.
    """
    plain = [part for part in parts if not (isinstance(part, Related) and part.where)]
    related = [part for part in parts if isinstance(part, Related) and part.where]
    found: list[Related] = []
    for part in sorted(related, key=lambda part: -len(part.path)):
        for at, other in enumerate(found):
            if other.path[: len(part.path)] == part.path and part.where and other.where:
                back = tuple(
                    _reverse(model, model.joins[join]).id
                    for join in reversed(other.path[len(part.path) :])
                )
                moved = _moved(part.where, back)
                both = All(parts=(other.where, moved))
                words = tuple(sorted({*other.words, *part.words}))
                found[at] = Related(path=other.path, where=both, words=words)
                break
        else:
            found.append(part)
    return [*plain, *found]


def _moved(node: Filter, back: tuple[str, ...]) -> Filter:
    """The same filter reached by some joins more."""
    if isinstance(node, All):
        return All(parts=tuple(_moved(part, back) for part in node.parts), words=node.words)
    return _reached(node, (*back, *_path(node)))


def _reverse(model: SemanticModel, join: Join) -> Join:
    """The same join in the other direction."""
    pairs = tuple((right, left) for left, right in join.pairs)
    return next(
        other
        for other in model.joins.values()
        if (other.source, other.target, other.pairs) == (join.target, join.source, pairs)
    )
