"""What an amount may be in a fact table: how a number is aggregated, or what is counted."""

from collections.abc import Iterator, Sequence
from typing import Final, TypeGuard

from kai_flow.analyst.query.nodes import (
    Aggregate,
    Expression,
    Field,
    Formula,
    Function,
    TimeGroup,
    Unit,
    Words,
)
from kai_flow.analyst.reading.choices import Choice, Note, combined
from kai_flow.analyst.reading.concepts import means, revenue_of
from kai_flow.analyst.reading.dimensions import groups_of
from kai_flow.analyst.reading.lasting import figures, lapses
from kai_flow.analyst.reading.parts import (
    Amount,
    Calendar,
    Column,
    Computed,
    Implied,
    Lasting,
    Operation,
    Units,
)
from kai_flow.analyst.reading.remembering import remembered
from kai_flow.analyst.reading.resolving import HINT, Resolver
from kai_flow.analyst.reading.ways import ids
from kai_flow.analyst.semantics.model import Attribute, Derived, Role
from kai_flow.analyst.semantics.paths import keeps_rows

MONEY: Final = ("amount", "revenue", "cost", "price", "profit", "income", "expense")
"""Concepts of money."""

STRETCHES: Final = (
    *("waiting_time", "lead_time", "response_time", "resolution_time", "delivery_time"),
    "processing_time",
)
"""Concepts of how long something took; of a group, how long on average."""

MONEY_COUNTED: Final = 0.35
"""Of "how many sales" as an amount of money."""

ADDED: Final = frozenset([Function.SUM, Function.AVERAGE, Function.MEDIAN])
"""Functions whose result depends on how often a row counts."""


@remembered
def aggregates_of(resolver: Resolver, amount: Amount, words: Words) -> Sequence[Choice[Aggregate]]:
    """The aggregates that an amount may be. Its ``where`` is left to the caller."""
    if amount.of is None:
        return list(_counts(resolver, amount, words))
    if isinstance(amount.of, Units):
        return list(_units(resolver, amount.of, words))
    if isinstance(amount.of, Lasting):
        return list(_durations(resolver, amount.function, amount.of, words))
    if amount.function is Function.DISTINCT and _points(amount.of, resolver):
        return [_pointers(resolver, amount.of, words)]
    return [
        choice
        for expression, attribute in _expressions(resolver, amount.of, words)
        for choice in _functions(amount, expression, attribute, words)
    ]


def _durations(
    resolver: Resolver, function: Function | None, of: Lasting, words: Words
) -> Iterator[Choice[Aggregate]]:
    """The aggregates of a duration, which may be added up; if nothing says how, its average."""
    _, cost, notes = _WAYS[None, Role.RATE] if function is None else (function, 0.0, ())
    if function not in {Function.COUNT, Function.DISTINCT}:
        found: list[Choice[Expression]] = [
            each.map(lambda v: v) for each in lapses(resolver, of, words)
        ]
        found += [each.map(lambda v: v) for each in figures(resolver, of, words)]
        for choice in found:
            node = Aggregate(function=function or Function.AVERAGE, of=choice.value, words=words)
            yield Choice(node, choice.cost + cost, (*choice.notes, *notes))


def _points(of: Column | Computed | Implied | Operation, resolver: Resolver) -> TypeGuard[Column]:
    """Whether it is the name of what a key of the fact table points to: "drivers"."""
    if not isinstance(of, Column) or of.role is None or of.role.startswith(HINT):
        return False
    join = resolver.model.joins[of.role]
    return join.source == resolver.fact and join.target == of.ref.table and len(join.pairs) == 1


def _pointers(resolver: Resolver, of: Column, words: Words) -> Choice[Aggregate]:
    """How many different ones: by their keys, for two may have one name."""
    key = resolver.model.joins[str(of.role)].pairs[0][0]
    field = Field(table=resolver.fact, column=key, words=words)
    return Choice(Aggregate(function=Function.DISTINCT, of=field, words=words))


def _counts(resolver: Resolver, amount: Amount, words: Words) -> Iterator[Choice[Aggregate]]:
    table = amount.table or resolver.fact
    if table == resolver.fact:
        distinct = amount.function is Function.DISTINCT
        named = list(named_rows(resolver, amount, words)) if distinct else []
        yield from named or [Choice(Aggregate(function=Function.COUNT, words=words))]
        return
    entity = resolver.model.entities[table]  # "per customer": the customers that the rows have
    if amount.function is Function.DISTINCT and len(entity.key) == 1:
        for way in resolver.ways(table):
            if way.value and keeps_rows(way.value):
                key = Field(table=table, column=entity.key[0], path=ids(way.value), words=words)
                yield Choice(Aggregate(function=Function.DISTINCT, of=key, words=words), way.cost)


def named_rows(resolver: Resolver, amount: Amount, words: Words) -> Iterator[Choice[Aggregate]]:
    """How many things the rows are of, where each may have several: students, of their grades."""
    entity = resolver.model.entities[resolver.fact]
    plain = amount.of is None and amount.table == resolver.fact and not amount.where
    counted = plain and amount.function in {Function.COUNT, Function.DISTINCT}
    if counted and entity.repeats and entity.label is not None:
        field = Field(table=resolver.fact, column=entity.label, words=words)
        yield Choice(Aggregate(function=Function.DISTINCT, of=field, words=words))


def _units(resolver: Resolver, units: Units, words: Words) -> Iterator[Choice[Aggregate]]:
    """How many different units of the calendar the rows are in."""
    for group in groups_of(resolver, Calendar(units.grain), words):
        match group.value:
            case TimeGroup(axis=axis, path=path) if not resolver.widens(path):
                unit = Unit(axis=axis, path=path, grain=units.grain, words=words)
                node = Aggregate(function=Function.DISTINCT, of=unit, words=words)
                yield Choice(node, group.cost, group.notes)


def _expressions(
    resolver: Resolver, of: Column | Computed | Implied | Operation, words: Words
) -> Iterator[tuple[Choice[Expression], "Attribute | Derived"]]:
    if isinstance(of, Column):
        for choice in resolver.fields(of, words):
            yield Choice(choice.value, choice.cost, choice.notes), resolver.attribute(of)
    elif isinstance(of, Operation):
        yield from _operation(resolver, of, words)
    elif isinstance(of, Computed):
        derived = resolver.derived(of)
        if derived is not None and derived.table == resolver.fact:
            yield Choice(derived.expression, 0.0, _announced(derived)), derived
    else:
        known = revenue_of(resolver.model, resolver.fact) if of.concept == "revenue" else None
        if known is not None:
            yield Choice(known.expression, 0.0, _announced(known)), known
        for attribute in resolver.model.of(resolver.fact):
            if attribute.role is Role.RATE and of.concept == "quantity":
                continue  # a price of a unit is no number of units
            if attribute.role in {Role.ADDITIVE, Role.RATE} and means(attribute, of.concept):
                field = Field(table=resolver.fact, column=attribute.column, words=words)
                yield Choice(field), attribute


def _operation(
    resolver: Resolver, of: Operation, words: Words
) -> Iterator[tuple[Choice[Expression], Attribute]]:
    """One number of a row times or minus another; it adds up if one of both does."""
    sides = (resolver.attribute(of.left), resolver.attribute(of.right))
    known = next((each for each in sides if each.role is Role.ADDITIVE), sides[0])
    for pair in combined([resolver.fields(of.left, words), resolver.fields(of.right, words)])[:1]:
        left, right = pair.value
        formula = Formula(operator=of.operator, left=left, right=right, words=words)
        yield Choice(formula, pair.cost, pair.notes), known


def _functions(
    amount: Amount,
    of: Choice[Expression],
    known: "Attribute | Derived",
    words: Words,
) -> Iterator[Choice[Aggregate]]:
    """The ways to aggregate a number or to count a column."""
    name = known.name if isinstance(known, Derived) else ""
    money = isinstance(known, Attribute) and any(means(known, each) for each in MONEY)
    took = isinstance(known, Attribute) and any(means(known, each) for each in STRETCHES)
    role = Role.RATE if took and amount.function is None else known.role
    for function, cost, notes in _ways_to_aggregate(amount.function, role):
        if money and amount.function is Function.COUNT and function is Function.SUM:
            cost += MONEY_COUNTED  # noqa: PLW2901 -- of this way
        if function in ADDED and isinstance(of.value, Field) and of.value.path:
            continue  # each row that is pointed to would be added once for every pointer
        node = Aggregate(function=function, of=of.value, derived=name, words=words)
        yield Choice(node, of.cost + cost, (*of.notes, *notes))


def _announced(derived: Derived) -> tuple[Note, ...]:
    return (Note("derived", (("name", derived.name), ("table", derived.table))),)


_Way = tuple[Function, float, tuple[Note, ...]]

_NUMBERS: Final = (Role.ADDITIVE, Role.RATE)

_FUNCTIONS: Final = (Function.AVERAGE, Function.MEDIAN, Function.MINIMUM, Function.MAXIMUM)

_NAMED: Final = (Role.NAME, Role.CATEGORY, Role.TEXT, Role.CODE)

_TIMES: Final = (Role.TIME, Role.TIME_PART)

_WAYS: Final[dict[tuple[Function | None, Role], _Way]] = {
    **{(f, role): (f, 0.0, ()) for f in _FUNCTIONS for role in _NUMBERS},
    **{(f, role): (f, 0.0, ()) for f in (Function.MINIMUM, Function.MAXIMUM) for role in _TIMES},
    # "the number of members" adds up, if a column holds that number; else values are counted
    (Function.COUNT, Role.ADDITIVE): (Function.SUM, 0.0, ()),
    **{(Function.COUNT, role): (Function.DISTINCT, 0.0, ()) for role in _NAMED},
    **{
        (Function.DISTINCT, role): (Function.DISTINCT, 0.0, ())
        for role in (*_NAMED, *_TIMES, Role.RATE, Role.FLAG)
    },
    (Function.DISTINCT, Role.KEY): (Function.DISTINCT, 0.15, ()),
    (Function.SUM, Role.ADDITIVE): (Function.SUM, 0.0, ()),
    **{(Function.SUM, role): (Function.DISTINCT, 0.2, ()) for role in _NAMED},
    # nothing said how: what makes sense for the column, and the answer announces it
    (None, Role.ADDITIVE): (Function.SUM, 0.03, (Note("default_sum"),)),
    (None, Role.RATE): (Function.AVERAGE, 0.08, (Note("default_average"),)),
}
"""What a function means for a column with a role, its cost and what is announced."""


def _ways_to_aggregate(function: Function | None, role: Role) -> tuple[_Way, ...]:
    """(function, cost, notes) for a number or column with a role; none when it has no meaning."""
    way = _WAYS.get((function, role))
    return () if way is None else (way,)
