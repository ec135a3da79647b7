"""Numbers of another table than the query's fact: units sold beside units returned."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import (
    Aggregate,
    All,
    Expression,
    Field,
    FieldGroup,
    Filter,
    Formula,
    Function,
    Grain,
    Group,
    Lapse,
    Node,
    Over,
    Related,
    Unit,
    Words,
)
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.choices import Choice, combined
from kai_flow.analyst.reading.filtering import filters
from kai_flow.analyst.reading.resolving import Resolver
from kai_flow.analyst.reading.ways import ids
from kai_flow.analyst.semantics.paths import keeps_rows

if TYPE_CHECKING:
    from kai_flow.analyst.reading.assembler import Assembler

ACROSS_COST: Final = 0.16
"""Of a number of another table: one of the fact's own is likelier meant."""

ONCE: Final = frozenset([Function.COUNT, Function.DISTINCT, Function.MINIMUM, Function.MAXIMUM])
"""What no join can make greater."""

M = TypeVar("M", bound=Measure)
N = TypeVar("N")


def sound(resolver: Resolver, found: Sequence[Choice[Aggregate]]) -> list[Choice[Aggregate]]:
    """Aggregates that add every row once: not those reached by joins to many rows."""
    return [
        each
        for each in found
        if each.value.function in ONCE or not _widens(resolver, each.value.of)
    ]


def _widens(resolver: Resolver, of: Expression | Unit | None) -> bool:
    match of:
        case Field(path=path) | Unit(path=path):
            return resolver.widens(path)
        case Formula(left=left, right=right):
            return _widens(resolver, left) or _widens(resolver, right)
        case Lapse(start=start, end=end):
            return _widens(resolver, start) or _widens(resolver, end)
        case _:
            return False


def foreign(
    a: "Assembler", resolver: Resolver, amount: p.Amount, words: Words
) -> list[Choice[Aggregate]]:
    """The aggregates of an amount over the rows of its own table; see ``completed``."""
    found = []
    for fact in a.facts(amount):
        ways = resolver.ways(fact)
        counted = amount.of is None or amount.function is Function.DISTINCT
        if counted and not _parent(resolver, fact):
            continue  # products by orders say nothing
        above = any(keeps_rows(way.value) for way in ways)
        if fact == resolver.fact or (above and (not _added(amount) or _periodic(resolver))):
            continue
        other = a.resolver_of(fact, resolver.named)
        for each in a.amount(other, amount, words):
            if each.value.of is not None or each.value.function is Function.COUNT:
                rows = _present(other, resolver.fact) if above and amount.of is not None else None
                made = _over(each.value, Over(fact=fact, where=rows))
                found.append(Choice(made, each.cost + ACROSS_COST, each.notes))
    return found


def _present(other: Resolver, fact: str) -> Filter | None:
    """Only what has rows in the fact table: the area of the stores that sold something."""
    for way in other.ways(fact):
        if way.value and all(join.widens for join in way.value):
            return Related(path=ids(way.value))
    return None


def _added(amount: p.Amount) -> bool:
    """Whether a number is added up or counted: stores, each once, not once for each sale."""
    if amount.of is None:
        return amount.function is Function.COUNT
    return isinstance(amount.of, p.Column) and amount.function in {None, Function.SUM}


def _periodic(resolver: Resolver) -> bool:
    """Whether the rows are reports of periods: five years of revenue are not one member's."""
    return any(c.value[0].finest is not Grain.DAY for c in resolver.axes())


def _parent(resolver: Resolver, fact: str) -> bool:
    """Whether every row of the fact belongs to one row of another table, or the other way round."""
    ways = [way.value for way in resolver.ways(fact)]
    return any(all(j.widens for j in way) or keeps_rows(way) for way in ways)


def _over(aggregate: Aggregate, over: Over) -> Aggregate:
    fields = {name: getattr(aggregate, name) for name in aggregate.__struct_fields__}
    return Aggregate(**{**fields, "over": over})


def completed(
    a: "Assembler",
    bag: Bag,
    measures: Sequence[M],
    groups: Sequence[tuple[p.Dimension, Words]],
    tests: Sequence[tuple[p.Test, Words]],
) -> list[M] | None:
    """The same with the groups and filters of each other table; None when it has none such."""
    overs = {each.over for measure in measures for each in measure.aggregates if each.over}
    filled: dict[Over, Over] = {}
    for over in overs:
        other = a.resolver(over.fact, bag)
        options: list[Sequence[Choice[Any]]] = [
            combined([a.groups(other, group, words) for group, words in groups]),
            filters(other, tests),
        ]
        best = combined(options)
        if not best:
            return None
        by, where = best[0].value
        if any(other.widens(g.field.path if isinstance(g, FieldGroup) else g.path) for g in by):
            return None  # the area of a store is in no category of products
        parts = tuple(each for each in (over.where, where) if each is not None)
        both = All(parts=parts) if len(parts) > 1 else next(iter(parts), None)
        filled[over] = Over(fact=over.fact, groups=_once(by), where=both)
    return [_filled(measure, filled) for measure in measures] if overs else list(measures)


def _once(groups: Sequence[Group]) -> tuple[Group, ...]:
    return tuple(dict.fromkeys(groups))


def _filled(node: N, filled: dict[Over, Over]) -> N:
    if isinstance(node, Over):
        return filled[node]  # type: ignore[return-value]
    if not isinstance(node, Node):
        return node
    fields = {name: _filled(getattr(node, name), filled) for name in node.__struct_fields__}
    return type(node)(**fields)
