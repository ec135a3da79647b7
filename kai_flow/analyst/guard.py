"""Let through only a plain read of scanned tables, and run what was understood, not what was sent.

A statement is parsed; every node of its tree must be of a kind that is known to be harmless; what
is executed is rendered from that tree again, without comments. The list says what is allowed, so
a construct that nobody thought of is refused.
"""

from collections.abc import Collection

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from kai_flow.analyst.errors import RefusedSql

__all__ = ["MAX_SQL", "check"]

MAX_SQL = 50_000
"""Characters of a statement at most."""

_ALLOWED: frozenset[type[exp.Expr]] = frozenset(
    (
        # structure of a query
        *(exp.Select, exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered),
        *(exp.Limit, exp.Offset, exp.Distinct, exp.Subquery, exp.With, exp.CTE, exp.Tuple),
        *(exp.Union, exp.Intersect, exp.Except, exp.Table, exp.TableAlias, exp.Alias, exp.Column),
        *(exp.Identifier, exp.Star, exp.Literal, exp.Null, exp.Boolean, exp.Paren),
        # comparing and calculating
        *(exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is),
        *(exp.In, exp.Between, exp.Like, exp.Escape, exp.Exists, exp.Add, exp.Sub, exp.Mul),
        *(exp.Div, exp.Mod, exp.Neg, exp.DPipe, exp.Case, exp.If, exp.Cast, exp.DataType),
        # functions
        *(exp.Avg, exp.Sum, exp.Count, exp.Min, exp.Max, exp.Round, exp.Abs, exp.Coalesce),
        *(exp.Nullif, exp.Lower, exp.Upper, exp.Length, exp.Substring, exp.Trim, exp.TimeToStr),
        *(exp.TsOrDsToTimestamp, exp.Date),
    )
)


def check(sql: str, tables: Collection[str]) -> str:
    """Give the statement to execute; ``RefusedSql`` says why there is none."""
    if len(sql) > MAX_SQL:
        raise RefusedSql(f"The SQL is longer than {MAX_SQL:,} characters; ask for less at once.")
    if "\0" in sql:
        raise RefusedSql("The SQL holds a NUL character; remove it.")
    try:
        trees = [tree for tree in sqlglot.parse(sql, read="sqlite") if tree is not None]
        if len(trees) != 1:
            raise RefusedSql("Exactly one SQL statement can be run; send a single SELECT.")
        _check_tree(trees[0], {name.casefold() for name in tables})
        return trees[0].sql(dialect="sqlite", identify=True, comments=False)
    except (SqlglotError, RecursionError) as error:
        raise RefusedSql("The SQL could not be parsed; send a single plain SELECT.") from error


def _check_tree(root: exp.Expr, tables: set[str]) -> None:
    """``RefusedSql`` unless the root is a query and every node is allowed."""
    if not isinstance(root, exp.Select | exp.SetOperation):
        raise RefusedSql("Only a SELECT can be run; nothing is ever written or configured.")
    if any(not select.expressions for select in root.find_all(exp.Select)):
        raise RefusedSql("A SELECT names no column; say what to select.")
    local = {cte.alias.casefold() for cte in root.find_all(exp.CTE)}
    if any(name in tables for name in local):
        raise RefusedSql("A WITH clause takes the name of a table; give it another name.")
    for node in root.walk():
        if type(node) not in _ALLOWED:
            what = node.name if isinstance(node, exp.Anonymous) else type(node).__name__.upper()
            raise RefusedSql(f"“{what}” is not allowed in a query; use a plain SELECT.")
        if isinstance(node, exp.Table):
            _check_table(node, tables | local)


def _check_table(table: exp.Table, known: set[str]) -> None:
    """``RefusedSql`` unless it is a plain name that was scanned."""
    plain = isinstance(table.this, exp.Identifier) and not table.db and not table.catalog
    if not plain or table.name.casefold() not in known:
        raise RefusedSql(f"“{table.name}” is not a table of this database that can be read.")
