"""Plans that would mislead: they are refused, whatever the words of the question are.

Rows of child tables are the usual reason. "Orders with a line total above 50" may mean any line or
the sum of all lines, and two filters on child rows need not hold for the same row.
"""

from collections import defaultdict

from kai_flow.analyst.plan import Aggregate, Condition, Operator, Plan
from kai_flow.analyst.question import Question
from kai_flow.analyst.schema import ColumnRef, Kind, Schema
from kai_flow.analyst.words import split_name

__all__ = ["misleads"]

_ADDING = {Aggregate.SUM, Aggregate.AVERAGE}
_PARTS = frozenset(
    [
        *("month", "quarter", "week", "day", "hour", "semester", "weekday"),
        *("bulan", "kuartal", "triwulan", "minggu", "hari", "jam"),
    ]
)
"""Words in a column's name that show that it is part of a date, which is never added up."""
_LOWER = {Operator.ABOVE, Operator.AT_LEAST}
_UPPER = {Operator.BELOW, Operator.AT_MOST}


def misleads(question: Question, plan: Plan) -> bool:
    """Whether the plan cannot be what was meant, or may mean two things."""
    schema = question.schema
    return (
        _contradicts(plan)
        or _spreads(schema, plan)
        or _forks(schema, plan)
        or _guesses(question, plan)
        or (bool(plan.having) and not plan.dimensions)
    )


def _guesses(question: Question, plan: Plan) -> bool:
    """Whether the plan averages single rows, adds up months, or picks a date."""
    averages = any(m.aggregate is Aggregate.AVERAGE for m in plan.measures)
    single = any(d.keys and d.column.table == plan.fact for d in plan.dimensions)
    if averages and single:
        return True  # an average of one row each
    columns = [m.ref for m in plan.measures if m.ref and m.aggregate in _ADDING]
    parts = any(_PARTS.intersection(split_name(ref.column)) for ref in columns)
    return parts or any(_one_of_several(question, ref) for ref in _times(plan))


def _times(plan: Plan) -> list[ColumnRef]:
    """The columns that years are taken from, or that say what is newest."""
    grouped = [d.column for d in plan.dimensions if d.temporal]
    ordered = [plan.order.by] if plan.order and isinstance(plan.order.by, ColumnRef) else []
    return [*grouped, *(c.column for c in plan.conditions if c.temporal), *ordered]


def _one_of_several(question: Question, ref: ColumnRef) -> bool:
    """Whether a table has another time that may be meant, and the question names none."""
    named = any(question.meaning[mention].ref == ref for mention in question.mentions)
    times = [
        column.name
        for column in question.schema.tables[ref.table].columns
        if column.kind in {Kind.YEAR, Kind.DATE}
    ]
    if ref.column not in times:
        return False
    return not named and len(times) > 1 and split_name(ref.column) not in {("year",), ("tahun",)}


def _contradicts(plan: Plan) -> bool:
    """Whether two filters on one column are no range: "before 2020 and after 2022"."""
    by_column: dict[ColumnRef, list[Condition]] = defaultdict(list)
    for condition in plan.conditions:
        if not condition.alternative:
            by_column[condition.column].append(condition)
    return any(len(each) > 1 and not _range(each) for each in by_column.values())


def _range(conditions: list[Condition]) -> bool:
    """Whether these are a lower and an upper bound."""
    lower = [c.values[0] for c in conditions if c.operator in _LOWER]
    upper = [c.values[0] for c in conditions if c.operator in _UPPER]
    if len(conditions) != 2 or len(lower) != 1 or len(upper) != 1:
        return False
    low, high = lower[0], upper[0]
    return isinstance(low, float | int) and isinstance(high, float | int) and low < high


def _spreads(schema: Schema, plan: Plan) -> bool:
    """Whether child rows decide what is counted, added up or left out."""
    children = [c for c in plan.conditions if _widens(schema, plan, c.column)]
    grouped = any(_widens(schema, plan, d.column) for d in plan.dimensions)
    if grouped:
        return bool(plan.conditions or plan.having) or any(
            measure.aggregate is Aggregate.SUM for measure in plan.measures
        )
    return len(children) > 1 or any(
        condition.operator is not Operator.IN or condition.temporal for condition in children
    )


def _widens(schema: Schema, plan: Plan, column: ColumnRef) -> bool:
    """Whether a column is in child rows of the fact's rows."""
    return schema.distance(plan.fact, column.table)[0] > 0


def _forks(schema: Schema, plan: Plan) -> bool:
    """Whether two keys lead to the same table, so that the join is a guess."""
    columns = [
        *(dimension.column for dimension in plan.dimensions),
        *(condition.column for condition in plan.conditions),
        *plan.columns,
    ]
    steps = [step for ref in columns for step in schema.path(plan.fact, ref.table) or ()]
    for step in steps:
        child, parent = (step.target, step.source) if step.widens else (step.source, step.target)
        keys = [key for key in schema.tables[child].foreign_keys if key.target == parent]
        if len(keys) > 1:
            return True
    return False
