"""Small pieces of SQL as sqlglot trees: every identifier quoted, every value a literal."""

from collections.abc import Sequence

from sqlglot import exp

from kai_flow.analyst.query.nodes import Operator

__all__ = [
    "Unlowerable",
    "any_of",
    "both",
    "case",
    "cast",
    "column",
    "compared",
    "divided",
    "integer",
    "joined",
    "literal",
    "missing",
    "shown",
]

_COMPARE: dict[Operator, type[exp.Binary]] = {
    Operator.ABOVE: exp.GT,
    Operator.AT_LEAST: exp.GTE,
    Operator.BELOW: exp.LT,
    Operator.AT_MOST: exp.LTE,
}
_OPPOSITE: dict[Operator, type[exp.Binary]] = {
    Operator.ABOVE: exp.LTE,
    Operator.AT_LEAST: exp.LT,
    Operator.BELOW: exp.GTE,
    Operator.AT_MOST: exp.GT,
}


class Unlowerable(Exception):
    """A query that has no SQL which counts every row once."""


def column(name: str, table: str = "") -> exp.Expr:
    """A column, with its table's alias if there is one."""
    return exp.column(
        exp.to_identifier(name, quoted=True),
        table=exp.to_identifier(table, quoted=True) if table else None,
    )


def literal(value: str | float | bool) -> exp.Expr:
    """A value as a literal, never as a part of the statement's text."""
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, str):
        return exp.Literal.string(value)
    return exp.Literal.number(int(value) if value % 1 == 0 else value)


def both(*parts: exp.Expr) -> exp.Expr:
    """All parts joined by AND, without parentheses around those that are joined so already."""
    flat = [each for part in parts for each in (part.flatten() if _is_and(part) else [part])]
    return exp.and_(*flat)


def shown(value: exp.Expr, name: str) -> exp.Expr:
    """A value under a name."""
    if isinstance(value, exp.Column) and value.name == name and not value.table:
        return value.copy()
    return exp.alias_(value.copy(), name, quoted=True)


def _is_and(part: exp.Expr) -> bool:
    return isinstance(part, exp.And)


def any_of(*parts: exp.Expr) -> exp.Expr:
    """All parts joined by OR."""
    return exp.or_(*parts)


def missing(value: exp.Expr) -> exp.Expr:
    """Whether there is no value."""
    return exp.Is(this=value.copy(), expression=exp.Null())


def integer(value: exp.Expr) -> exp.Expr:
    """A value as an integer."""
    return cast(value, exp.DType.INT)


def cast(value: exp.Expr, to: exp.DType) -> exp.Expr:
    """A value as another type."""
    return exp.Cast(this=value, to=exp.DataType(this=to))


def case(*branches: tuple[exp.Expr, exp.Expr], default: exp.Expr | None = None) -> exp.Expr:
    """CASE WHEN … THEN … END."""
    ifs = [exp.If(this=condition, true=value) for condition, value in branches]
    return exp.Case(ifs=ifs, default=default)


def divided(top: exp.Expr, bottom: exp.Expr, dialect: str, times: int = 1) -> exp.Expr:
    """A quotient with decimals, ``times`` so much; no value where the divisor is zero."""
    if dialect in {"sqlite", "postgres"}:  # there an integer by an integer is an integer
        top = exp.Mul(this=exp.Literal.number(f"{times}.0"), expression=_in_parens(top))
    elif times != 1:
        top = exp.Mul(this=exp.Literal.number(times), expression=_in_parens(top))
    else:
        top = _in_parens(top)
    return exp.Div(this=top, expression=_never_zero(bottom), typed=True)


def _never_zero(bottom: exp.Expr) -> exp.Expr:
    if isinstance(bottom, exp.Literal) and not bottom.is_string and float(bottom.name) != 0:
        return bottom
    return exp.Nullif(this=bottom, expression=exp.Literal.number(0))


def _in_parens(value: exp.Expr) -> exp.Expr:
    return exp.paren(value, copy=False) if isinstance(value, exp.Binary) else value


def joined(parts: Sequence[exp.Expr], dialect: str) -> exp.Expr:
    """Texts one after another; no value if one has none."""
    if dialect == "mysql":  # || is OR there
        return exp.Concat(expressions=list(parts), safe=False)
    first, *rest = parts
    for part in rest:
        first = exp.DPipe(this=first, expression=part, safe=True)
    return first


def compared(
    left: exp.Expr, operator: Operator, values: Sequence[exp.Expr], *, negated: bool = False
) -> exp.Expr:
    """A comparison of two values, or its opposite, in which no value never counts."""
    if operator in _COMPARE:
        kind = (_OPPOSITE if negated else _COMPARE)[operator]
        return kind(this=left, expression=values[0])
    if operator is Operator.BETWEEN:
        between = exp.Between(this=left, low=values[0], high=values[1])
        return exp.Not(this=between) if negated else between
    different = negated is (operator is Operator.EQUAL)
    if len(values) == 1:
        return (exp.NEQ if different else exp.EQ)(this=left, expression=values[0])
    found = exp.In(this=left, expressions=list(values))
    return exp.Not(this=found) if different else found
