"""Averages for each of something: all revenue by all orders, or the average in each category."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from kai_flow.analyst.lexicon.lexicon import concepts
from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import (
    Aggregate,
    FieldGroup,
    Function,
    Group,
    Words,
)
from kai_flow.analyst.query.ratio import Ratio
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.across import foreign
from kai_flow.analyst.reading.choices import Choice, Note, combined
from kai_flow.analyst.reading.concepts import undoes
from kai_flow.analyst.reading.resolving import Resolver
from kai_flow.analyst.semantics.model import SemanticModel
from kai_flow.analyst.semantics.paths import leads_to_one

if TYPE_CHECKING:
    from kai_flow.analyst.reading.assembler import Assembler

PERSONS: Final = frozenset(
    [
        *("customer", "client", "member", "employee", "user", "patient", "student", "person"),
        *("participant", "attendee", "resident", "visitor", "farmer", "teacher", "applicant"),
        *("doctor", "nurse", "tenant", "borrower", "donor", "player", "worker"),
        *("passenger", "guest", "driver", "salesperson", "supplier", "subscriber", "buyer"),
    ]
)
"""Concepts of those who do things. Revenue per customer may be a number or a list."""

EITHER_COST: Final = 0.05
"""Of one number where a list of averages is meant as often."""

GROUPED_COST: Final = 0.5
"""Of one number where a list of averages is meant: "average assets per province"."""

TOTAL_COST: Final = 0.5
"""Of one number where "average total revenue per province" may be said carelessly."""

UNDONE_COST: Final = 0.3
"""Of what was returned where nobody speaks of returns: "units per order" were ordered."""

UPSIDE_DOWN_COST: Final = 0.5
"""Of counting what each row has one of, for each such row."""

OWN_COST: Final = 0.4
"""Of an average for the very rows that the number is of: "average quantity per sale"."""

SINGLY_COST: Final = 0.6
"""Of a number of rows that can only be one."""

DROPPED_COST: Final = 0.15
"""Of each group by the fact's own rows that changes nothing."""

EVENTS_COST: Final = 0.4
"""Of a list of averages with a line for each single event."""


def average_per(
    assembly: "Assembler", resolver: Resolver, quotient: p.Quotient, words: Words
) -> list[Choice[Measure]]:
    """One number: what a row of a table has on average, all rows that it is made of together."""
    table, of = quotient.bottom.table, quotient.top.of
    if table is None or not assembly.adds_up(of):
        return []
    if isinstance(of, p.Implied) and not _is_event(assembly.model, table):
        return []  # an order is worth what it sold for; a product, its price
    if table == resolver.fact:
        average = p.Amount(Function.AVERAGE, of, where=quotient.top.where)
        plain = assembly.amount(resolver, average, words)
        own = OWN_COST + TOTAL_COST * (quotient.top.function is Function.SUM)
        return [Choice(each.value, each.cost + own, each.notes) for each in plain]
    top = replace(quotient.top, function=Function.SUM)
    bottom = replace(quotient.bottom, function=Function.DISTINCT)
    below = assembly.amount(resolver, bottom, words)
    below = below or foreign(assembly, resolver, quotient.bottom, words)
    pairs = combined([assembly.amount(resolver, top, words), below])
    note = Note("ratio_of_present", (("table", table),))
    cost = _cost(assembly.model, table)
    if undoes(assembly.model, resolver.fact) and resolver.fact not in resolver.named:
        cost += UNDONE_COST
    if quotient.top.function is Function.SUM and cost == GROUPED_COST:
        cost += TOTAL_COST
    return [
        Choice(
            Ratio(top=each.value[0], bottom=each.value[1], words=words),
            each.cost + cost,
            (*each.notes, note),
        )
        for each in pairs
    ]


def upside_down(model: SemanticModel, quotient: p.Quotient) -> float:
    """What it costs to count what each row below has one of: guests per booking of a guest."""
    top, bottom = quotient.top, quotient.bottom
    if top.of is not None or bottom.of is not None or not top.table or not bottom.table:
        return 0.0
    ways = (top.table, bottom.table), (bottom.table, top.table)
    up, down = (leads_to_one(model, one, other) for one, other in ways)
    return UPSIDE_DOWN_COST * (down and not up)


def listed_events(
    model: SemanticModel, measures: Sequence[Measure], groups: Sequence[Group]
) -> float:
    """What it costs that averages are listed for single events: for each order one.

    So it is of sums beside other groups: "revenue per order for each segment" is a ratio.
    """
    averaged = any(isinstance(m, Aggregate) and m.function is Function.AVERAGE for m in measures)
    added = any(isinstance(m, Aggregate) and m.function in _ADDED for m in measures)
    return sum(
        EVENTS_COST
        for group in groups
        if isinstance(group, FieldGroup)
        if (averaged and _each_event(model, group)) or (added and _each_one(model, group, groups))
    )


def nested(
    model: SemanticModel, fact: str, measures: Sequence[Measure], groups: Sequence[Group]
) -> bool:
    """Whether a number of each single event is asked for: "the median revenue per order".

    That is the median of what the orders are worth, which no query of ours tells, and no list of
    the medians of their lines.
    """
    middle = any(isinstance(m, Aggregate) and m.function in _MIDDLE for m in measures)
    return middle and any(of_events(model, fact, group) for group in groups)


def of_events(model: SemanticModel, fact: str, group: Group) -> bool:
    """Whether a group is a single event of another table than the fact, or the key of one."""
    if not isinstance(group, FieldGroup):
        return False
    if group.field.table != fact:
        return _each_event(model, group)
    ends = [join for join in model.joins.values() if join.source == fact and not join.widens]
    return not group.field.path and any(
        _is_event(model, join.target)
        for join in ends
        if [own for own, _ in join.pairs] == [group.field.column]
    )


_MIDDLE: Final = frozenset([Function.MEDIAN, Function.MINIMUM, Function.MAXIMUM])

_ADDED: Final = frozenset([Function.SUM, Function.COUNT])


def _each_event(model: SemanticModel, group: FieldGroup) -> bool:
    """Whether a group is a single event."""
    table = group.field.table
    return _is_event(model, table) and group.field.column in model.entities[table].key


def _each_one(model: SemanticModel, group: FieldGroup, groups: Sequence[Group]) -> bool:
    """Whether a group is a single row, beside groups of such rows: each customer, by segment."""
    entity, path = model.entities[group.field.table], group.field.path
    if not path or group.field.column not in {entity.label, *entity.key}:
        return False
    return any(
        isinstance(other, FieldGroup)
        and other.field != group.field
        and other.field.path[: len(path)] == path
        for other in groups
    )


def without_own(
    model: SemanticModel,
    fact: str,
    measures: Sequence[tuple[p.Measured, Words]],
    groups: Sequence[tuple[p.Dimension, Words]],
) -> Sequence[tuple[p.Dimension, Words]]:
    """The groups without the fact's own nameless rows: "the median quantity per order line"."""
    if not all(isinstance(m, p.Amount) and m.function in _OF_ROWS for m, _ in measures):
        return groups
    own = p.Rows(fact)
    return [each for each in groups if each[0] != own or model.entities[fact].label is not None]


def dropped(before: Sequence[object], after: Sequence[object]) -> float:
    """What it costs that groups were dropped: another table's rows may have been meant."""
    return DROPPED_COST * (len(before) - len(after))


_OF_ROWS: Final = frozenset([Function.AVERAGE, Function.MEDIAN, Function.MINIMUM, Function.MAXIMUM])


def counted_singly(
    model: SemanticModel, fact: str, measures: Sequence[Measure], groups: Sequence[Group]
) -> float:
    """What it costs to count rows for each single row: that is always one."""
    entity = model.entities[fact]
    single = {each.column for each in model.of(fact) if each.unique}
    named = {entity.label} & single | (set(entity.key) if len(entity.key) == 1 else set())
    own = any(
        isinstance(group, FieldGroup) and not group.field.path and group.field.column in named
        for group in groups
    )
    counting = any(isinstance(m, Aggregate) and m.function is Function.COUNT for m in measures)
    return SINGLY_COST if own and counting else 0.0


def _is_event(model: SemanticModel, table: str) -> bool:
    """Whether each row is something that happened: it has a time, and no name."""
    return bool(model.axes_of(table)) and model.entities[table].label is None


def _cost(model: SemanticModel, table: str) -> float:
    """What speaks against one number per row of a table, rather than a list of its rows."""
    if _is_event(model, table):
        return 0.0
    names = model.entities[table].names
    persons = any(not PERSONS.isdisjoint(concepts(name.words)) for name in names)
    return EITHER_COST if persons else GROUPED_COST
