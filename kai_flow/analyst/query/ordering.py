"""ORDER BY and LIMIT: empty values come last."""

from collections.abc import Sequence

from sqlglot import exp

__all__ = ["finished", "ordered"]


def ordered(
    by: exp.Expr, *, dialect: str, descending: bool = False, nullable: bool = True
) -> exp.Ordered:
    """One sort key. Where no value is missing, NULLS LAST is left out."""
    if nullable:
        nulls_first = False
    elif dialect == "postgres":
        nulls_first = descending
    else:
        nulls_first = not descending and dialect != "duckdb"
    return exp.Ordered(this=by, desc=descending or None, nulls_first=nulls_first)


def finished(select: exp.Select, order: Sequence[exp.Expr], limit: int | None) -> exp.Select:
    """The SELECT, sorted and cut."""
    if order:
        select = select.order_by(*order, copy=False)
    return select if limit is None else select.limit(exp.Literal.number(limit), copy=False)
