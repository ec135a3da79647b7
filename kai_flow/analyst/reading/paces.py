"""What a unit of time has on average: the average monthly revenue, orders per day."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from msgspec import structs

from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import (
    Aggregate,
    Condition,
    Field,
    Filter,
    Function,
    Grain,
    Group,
    Operator,
    TimeGroup,
    Unit,
    Words,
)
from kai_flow.analyst.query.ratio import Ratio
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.choices import Choice, combined
from kai_flow.analyst.reading.concepts import means
from kai_flow.analyst.reading.resolving import Resolver
from kai_flow.analyst.reading.soundness import equalities
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import Role, SemanticModel

if TYPE_CHECKING:
    from kai_flow.analyst.reading.assembler import Assembler

TELLING: Final = frozenset([Role.CATEGORY, Role.NAME, Role.CODE, Role.KEY])
"""Roles of columns that tell apart the rows of one unit of time."""

FLOWS: Final = ("revenue", "income", "expense", "profit", "quantity", "target", "budget")
"""Concepts of what a month or a year has: their totals are spoken of."""

EITHER: Final = ("cost", "fee", "amount", "shipping_cost", "salary", "payment")
"""Concepts of what a month has, and what each row has as well."""

EITHER_COST: Final = 0.2
"""Of the totals of such a number, where a list of averages is meant as often."""

LISTED_COST: Final = 0.35
"""Of the totals of what a month does not have: "the average weight per month" is a list."""


COUNTED_COST: Final = 0.4
"""Of counting rows that may be an amount as well: "the average monthly target"."""


def pace(
    assembly: "Assembler", resolver: Resolver, top: p.Amount, grain: Grain, words: Words
) -> list[Choice[Measure]]:
    """The total by the number of units of time that it happened in."""
    own = top.table == resolver.fact if top.of is None else assembly.adds_up(top.of)
    if not own:
        return []
    function = Function.COUNT if top.of is None else Function.SUM
    amount = p.Amount(function, top.of, top.table, top.where)
    units = p.Amount(Function.DISTINCT, p.Units(grain))
    pairs = combined(
        [assembly.amount(resolver, amount, words), assembly.amount(resolver, units, words)]
    )
    return [
        Choice(
            Ratio(top=_dated(resolver, *pair.value), bottom=pair.value[1], words=words),
            pair.cost + _cost(resolver, top, pair.value[1], grain),
            pair.notes,
        )
        for pair in pairs
    ]


def _cost(resolver: Resolver, top: p.Amount, bottom: Aggregate, grain: Grain) -> float:
    """What speaks for a list of averages, one for each unit of time."""
    if top.of is None:
        return COUNTED_COST if top.function is None else 0.0
    unit = bottom.of
    finest = resolver.model.axes[unit.axis].finest if isinstance(unit, Unit) else None
    if finest is grain:  # each row is a month's or a year's, and perhaps a day's
        return EITHER_COST if grain is Grain.DAY else LISTED_COST
    if not isinstance(top.of, p.Column):
        return 0.0
    attribute = resolver.attribute(top.of)
    if any(means(attribute, each) for each in FLOWS):
        return 0.0
    return EITHER_COST if any(means(attribute, each) for each in EITHER) else LISTED_COST


def of_single_rows(
    model: SemanticModel, fact: str, groups: Sequence[Group], where: Filter | None
) -> bool:
    """Whether the number of a unit of time may as well be that of one row, of several in the unit.

    The lowest yearly revenue is of a year, or of one report, where each report is of a year.
    """
    times = [group for group in groups if isinstance(group, TimeGroup) and not group.path]
    times = [group for group in times if group.grain is not Grain.DAY]  # many things in a day
    if not any(model.axes[group.axis].finest is group.grain for group in times):
        return False
    fields = [test.of for test in equalities(where) if len(test.values) == 1]
    told = {own for field in fields if isinstance(field, Field) for own in _own(model, field)}
    return any(
        each.role in TELLING and not each.unique and each.column not in told
        for each in model.of(fact)
    )


def _own(model: SemanticModel, field: Field) -> Sequence[str]:
    """The columns of the fact that a value tells: its own, or the key that leads to it."""
    if not field.path:
        return (field.column,)
    unique = model.attributes[ColumnRef(field.table, field.column)].unique
    join = model.joins[field.path[0]]
    return [own for own, _ in join.pairs] if unique and len(field.path) == 1 else ()


def _dated(resolver: Resolver, top: Aggregate, bottom: Aggregate) -> Aggregate:
    """The total of the rows that have a time: others are in no month."""
    unit = bottom.of
    if not isinstance(unit, Unit) or top.where is not None:
        return top
    axis = resolver.model.axes[unit.axis]
    first = axis.columns[0]
    attribute = resolver.model.attributes[ColumnRef(axis.table, first)]
    if attribute.role is not Role.TIME or not (attribute.nullable or unit.path):
        return top
    field = Field(table=axis.table, column=first, path=unit.path)
    return structs.replace(top, where=Condition(of=field, operator=Operator.PRESENT))
