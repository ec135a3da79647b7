"""Fields, formulas and times of a query as sqlglot trees."""

from sqlglot import exp

from kai_flow.analyst.query.joins import Ids, Scope
from kai_flow.analyst.query.lapses import elapsed
from kai_flow.analyst.query.nodes import Expression, Field, Formula, Lapse, Number, Unit
from kai_flow.analyst.query.times import Clock
from kai_flow.analyst.query.trees import cast, divided, literal
from kai_flow.analyst.schema import ColumnRef, Kind

__all__ = ["clock", "fields", "may_be_missing", "value"]

_ARITHMETIC: dict[str, type[exp.Binary]] = {"+": exp.Add, "-": exp.Sub, "*": exp.Mul}


def fields(node: Expression) -> tuple[Field, ...]:
    """The fields of an expression, from left to right."""
    match node:
        case Field():
            return (node,)
        case Formula():
            return fields(node.left) + fields(node.right)
        case Lapse():
            return (node.start,) if node.end is None else (node.start, node.end)
        case Number():
            return ()


def value(node: Expression | Unit, scope: Scope, *, inner: bool = False) -> exp.Expr:
    """An expression on one row. ``inner``: rows without a value may be dropped."""
    match node:
        case Field():
            return scope.column(node.path, node.column, inner=inner)
        case Number():
            return literal(node.value)
        case Unit():
            return clock(node.axis, node.path, scope, inner=inner).label(node.grain)
        case Lapse():
            dialect = scope.model.schema.dialect
            start, end = _moment(node.start, scope, inner=inner), _end(node, scope, inner=inner)
            return elapsed(start, end, node.unit, dialect)
        case Formula():
            left = value(node.left, scope, inner=inner)
            right = value(node.right, scope, inner=inner)
            if node.operator == "/":
                return divided(left, _wrapped(right), scope.model.schema.dialect)
            kind = _ARITHMETIC[node.operator]
            return kind(this=_wrapped(left), expression=_wrapped(right))


def _moment(field: Field, scope: Scope, *, inner: bool) -> exp.Expr:
    """The time in a column."""
    return clock(f"{field.table}.{field.column}", field.path, scope, inner=inner).moment()


def _end(lapse: Lapse, scope: Scope, *, inner: bool) -> exp.Expr:
    """The time up to which a duration counts."""
    if lapse.end is not None:
        return _moment(lapse.end, scope, inner=inner)
    day = literal(lapse.day)
    return day if scope.model.schema.dialect == "sqlite" else cast(day, exp.DType.DATE)


def _wrapped(part: exp.Expr) -> exp.Expr:
    return exp.paren(part, copy=False) if isinstance(part, exp.Binary) else part


def may_be_missing(node: Expression, scope: Scope) -> bool:
    """Whether a row may have no value there. Known only for columns of which the scan saw all."""
    if not isinstance(node, Field) or scope.model.entities[node.table].sampled:
        return True
    attribute = scope.model.attributes.get(ColumnRef(node.table, node.column))
    return attribute is None or attribute.nullable or not scope.sure(node.path)


def clock(axis: str, path: Ids, scope: Scope, *, inner: bool = False) -> Clock:
    """The time of a row on an axis."""
    found = scope.model.axes[axis]
    schema = scope.model.schema
    columns = [scope.column(path, name, inner=inner) for name in found.columns]
    kinds = [schema.column(ColumnRef(found.table, name)) for name in found.columns]
    texts = [each.kind is Kind.TEXT or each.text_date for each in kinds]
    return Clock(found, columns, schema.dialect, texts)
