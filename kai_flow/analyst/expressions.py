"""The parts of a statement as sqlglot trees: every identifier quoted, every value a literal.

Where databases differ (years of dates, texts that contain others), the schema's dialect decides.
"""

from sqlglot import exp

from kai_flow.analyst.plan import Aggregate, Condition, Dimension, Having, Measure, Operator
from kai_flow.analyst.schema import ColumnRef, Kind, Schema, Step

__all__ = [
    "aggregate",
    "column_of",
    "group_filter",
    "group_key",
    "join_on",
    "row_filter",
    "table_of",
]

_COMPARE: dict[Operator, type[exp.Binary]] = {
    Operator.ABOVE: exp.GT,
    Operator.AT_LEAST: exp.GTE,
    Operator.BELOW: exp.LT,
    Operator.AT_MOST: exp.LTE,
}


def column_of(ref: ColumnRef) -> exp.Expr:
    """A column, with its table."""
    return exp.column(
        exp.to_identifier(ref.column, quoted=True), table=exp.to_identifier(ref.table, quoted=True)
    )


def table_of(name: str, schema: Schema) -> exp.Expr:
    """A table, under its own name even when it is found only with its namespace."""
    source = schema.tables[name].source or (name,)
    *namespace, plain = (exp.to_identifier(part, quoted=True) for part in source)
    if not namespace:
        return exp.Table(this=plain)
    alias = exp.TableAlias(this=exp.to_identifier(name, quoted=True))
    return exp.Table(this=plain, db=namespace[0], alias=alias)


def join_on(step: Step) -> exp.Expr:
    """The condition of a join."""
    return exp.and_(
        *(
            exp.EQ(
                this=column_of(ColumnRef(step.source, left)),
                expression=column_of(ColumnRef(step.target, right)),
            )
            for left, right in step.pairs
        )
    )


def group_key(dimension: Dimension, schema: Schema) -> exp.Expr:
    """The expression to group by."""
    column = column_of(dimension.column)
    if dimension.temporal and schema.column(dimension.column).kind is Kind.DATE:
        return _year(column, dimension.column, schema)
    return column


def aggregate(measure: Measure, column: exp.Expr | None) -> exp.Expr:
    """The aggregate function of a measure."""
    if column is None:
        return exp.Count(this=exp.Star())
    match measure.aggregate:
        case Aggregate.AVERAGE:
            return exp.Avg(this=column)
        case Aggregate.SUM:
            return exp.Sum(this=column)
        case Aggregate.MINIMUM:
            return exp.Min(this=column)
        case Aggregate.MAXIMUM:
            return exp.Max(this=column)
        case Aggregate.COUNT:
            return exp.Count(this=exp.Distinct(expressions=[column]))


def row_filter(condition: Condition, schema: Schema) -> exp.Expr:
    """A filter on rows."""
    column = column_of(condition.column)
    if condition.temporal and schema.column(condition.column).kind is Kind.DATE:
        column = _year(column, condition.column, schema)
    if condition.operator is Operator.CONTAINS:
        text = str(condition.values[0])
        for special in "!%_":  # no backslash, which has a meaning of its own in MySQL's literals
            text = text.replace(special, "!" + special)
        # LIKE ignores case in SQLite and MySQL
        kind = exp.Like if schema.dialect in {"sqlite", "mysql"} else exp.ILike
        like = kind(this=column, expression=exp.Literal.string(f"%{text}%"))
        return exp.Escape(this=like, expression=exp.Literal.string("!"))
    return _compared(column, condition.operator, [_literal(value) for value in condition.values])


def group_filter(having: Having, measure: exp.Expr) -> exp.Expr:
    """A filter on groups."""
    return _compared(measure, having.operator, [_literal(value) for value in having.values])


def _compared(left: exp.Expr, operator: Operator, values: list[exp.Expr]) -> exp.Expr:
    """One comparison."""
    if operator is Operator.BETWEEN:
        return exp.Between(this=left, low=values[0], high=values[1])
    if operator in _COMPARE:
        return _COMPARE[operator](this=left, expression=values[0])
    if len(values) == 1:
        compare = exp.EQ if operator is Operator.IN else exp.NEQ
        return compare(this=left, expression=values[0])
    found = exp.In(this=left, expressions=values)
    return found if operator is Operator.IN else exp.Not(this=found)


def _year(column: exp.Expr, ref: ColumnRef, schema: Schema) -> exp.Expr:
    """The calendar year of a date, which may be kept as ISO text."""
    year: exp.Expr
    if schema.dialect == "sqlite":  # has no type for dates, only functions that read them
        year = exp.TimeToStr(this=column, format=exp.Literal.string("%Y"))
    elif schema.column(ref).text_date:
        first, length = exp.Literal.number(1), exp.Literal.number(4)
        year = exp.Substring(this=column, start=first, length=length)
    else:
        year = exp.Extract(this=exp.var("YEAR"), expression=column)
    return exp.cast(year, "INTEGER")


def _literal(value: str | float) -> exp.Expr:
    """A value as a literal, never as a part of the statement's text."""
    if isinstance(value, str):
        return exp.Literal.string(value)
    return exp.Literal.number(int(value) if value % 1 == 0 else value)
