"""Allows only a plain read of scanned tables, and renders the statement again before it runs.

A statement is parsed, and every node of its tree must be of an allowed kind. The statement that
runs is rendered from that tree, without comments. The list contains what is allowed, so an unknown
construct is refused. What was rendered is parsed and checked once more, so that nothing depends on
how the renderer writes it.

The name of a WITH clause counts where every database knows it, and nowhere else: in its own query,
and in the entries of its clause that come later. Anywhere else the same name would be a table.
"""

import string
from collections.abc import Collection, Iterator

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers

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
        *(exp.TsOrDsToTimestamp, exp.Date, exp.ILike, exp.Extract, exp.Year),
        *(exp.Concat, exp.TsOrDsToDate, exp.DayOfWeek, exp.DateSub),
        *(exp.DateTrunc, exp.TimestampTrunc, exp.TimestampDiff),
        *(exp.Median, exp.PercentileCont, exp.WithinGroup),
        *(exp.Window, exp.RowNumber, exp.Lag),
    )
)

_TYPES: frozenset[exp.DType] = frozenset(
    (
        *(exp.DType.CHAR, exp.DType.VARCHAR, exp.DType.TEXT, exp.DType.BOOLEAN),
        *(exp.DType.TINYINT, exp.DType.SMALLINT, exp.DType.INT, exp.DType.BIGINT),
        *(exp.DType.UBIGINT, exp.DType.FLOAT, exp.DType.DOUBLE, exp.DType.DECIMAL),
        *(exp.DType.DATE, exp.DType.TIME, exp.DType.DATETIME),
        *(exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ, exp.DType.TIMESTAMPTZ),
    )
)
"""The types that a value may be cast to: a cast to a user-defined type runs its code."""

_ASCII_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)

Names = Collection[str | tuple[str, ...]]


def check(sql: str, tables: Names, dialect: str = "sqlite") -> str:
    """The statement to execute; raises ``RefusedSql`` when there is none.

    ``tables``: what may be read, by name, or by (namespace, name) where a namespace is needed.
    """
    if len(sql) > MAX_SQL:
        raise RefusedSql(f"The SQL is longer than {MAX_SQL:,} characters; ask for less at once.")
    if "\0" in sql:
        raise RefusedSql("The SQL holds a NUL character; remove it.")
    known = {
        tuple(_key(part, dialect) for part in ((name,) if isinstance(name, str) else name))
        for name in tables
    }
    try:
        rendered = _checked(sql, known, dialect).sql(dialect=dialect, identify=True, comments=False)
        _checked(rendered, known, dialect)
    except (SqlglotError, RecursionError) as error:
        raise RefusedSql("The SQL could not be parsed; send a single plain SELECT.") from error
    return rendered


def _checked(sql: str, known: set[tuple[str, ...]], dialect: str) -> exp.Expr:
    """The tree of a statement that may run; ``RefusedSql`` for any other."""
    _check_comments(sql, dialect)
    trees = [tree for tree in sqlglot.parse(sql, read=dialect) if tree is not None]
    if len(trees) != 1:
        raise RefusedSql("Exactly one SQL statement can be run; send a single SELECT.")
    tree = normalize_identifiers(trees[0], dialect) if dialect == "postgres" else trees[0]
    _check_tree(tree, known, dialect)
    return tree


def _key(name: str, dialect: str) -> str:
    """What is equal for two names that the database takes for the same one, and for no others.

    SQLite and DuckDB ignore the case of ASCII letters. PostgreSQL never does, once names without
    quotes are lower case. MySQL does on some systems; here a name has to be as it was scanned.
    """
    return name.translate(_ASCII_LOWER) if dialect in {"sqlite", "duckdb"} else name


def _check_comments(sql: str, dialect: str) -> None:
    """``RefusedSql`` for a comment that MySQL would execute."""
    if dialect == "mysql" and "/*" in sql:
        for token in sqlglot.tokenize(sql, read=dialect):
            if any(comment.startswith(("!", "M!", "+")) for comment in token.comments):
                raise RefusedSql("A comment in the SQL is one that MySQL executes; remove it.")


def _check_tree(root: exp.Expr, tables: set[tuple[str, ...]], dialect: str) -> None:
    """``RefusedSql`` unless the root is a query and every node is allowed."""
    if not isinstance(root, exp.Select | exp.SetOperation):
        raise RefusedSql("Only a SELECT can be run; nothing is ever written or configured.")
    if any(not select.expressions for select in root.find_all(exp.Select)):
        raise RefusedSql("A SELECT names no column; say what to select.")
    for clause in root.find_all(exp.With):
        _check_with(clause)
    # in any case: it is in doubt what a database makes of names that differ in nothing else
    given = {(cte.alias.casefold(),) for cte in root.find_all(exp.CTE)}
    if any(tuple(part.casefold() for part in name) in given for name in tables):
        raise RefusedSql("A WITH clause takes the name of a table; give it another name.")
    for node in root.walk():
        if type(node) not in _ALLOWED and not _is_unit(node) and not _is_shifted_date(node):
            what = node.name if isinstance(node, exp.Anonymous) else type(node).__name__.upper()
            raise RefusedSql(f"“{what}” is not allowed in a query; use a plain SELECT.")
        if isinstance(node, exp.DataType) and node.this not in _TYPES:
            raise RefusedSql("A CAST may be to a plain type alone, for example INTEGER or TEXT.")
    for table, local in _tables_in_scope(root, dialect):
        _check_table(table, tables, local, dialect)


def _tables_in_scope(root: exp.Expr, dialect: str) -> Iterator[tuple[exp.Table, frozenset[str]]]:
    """Each table that is read, with the names of the WITH clauses that count there."""
    rest: list[tuple[exp.Expr, frozenset[str]]] = [(root, frozenset())]
    while rest:
        node, local = rest.pop()
        if isinstance(node, exp.Table):
            yield node, local
        below = list(node.iter_expressions())
        clause = next((each for each in below if isinstance(each, exp.With)), None)
        for cte in clause.expressions if clause else ():
            rest.append((cte, local))
            local |= {_key(cte.alias, dialect)}
        rest += [(each, local) for each in below if each is not clause]


def _is_unit(node: exp.Expr) -> bool:
    """Whether it is the name of a unit of time, where one belongs."""
    takes_unit = exp.Extract | exp.DateTrunc | exp.TimestampTrunc | exp.DateSub | exp.TimestampDiff
    return isinstance(node, exp.Var) and isinstance(node.parent, takes_unit)


def _is_shifted_date(node: exp.Expr) -> bool:
    """Whether it is SQLite's ``date`` with modifiers such as '-6 days', for which sqlglot has no
    node.
    """
    if not isinstance(node, exp.Anonymous) or node.name.upper() != "DATE":
        return False
    return all(isinstance(each, exp.Literal) for each in node.expressions[1:])


def _check_with(clause: exp.With) -> None:
    """``RefusedSql`` for a clause that may not end: SQLite recurses even without RECURSIVE.

    Also for one that has not a query of its own, or a part of a UNION that has no parentheses: it
    is in doubt where its names count.
    """
    owner = clause.parent
    if not isinstance(owner, exp.Select | exp.SetOperation) or isinstance(
        owner.parent, exp.SetOperation
    ):
        raise RefusedSql("A WITH clause within a UNION needs parentheses; put it first instead.")
    endless = clause.recursive or any(
        not table.db and table.name.casefold() == cte.alias.casefold()
        for cte in clause.expressions
        for table in cte.this.find_all(exp.Table)
    )
    if endless:
        raise RefusedSql("A WITH clause may not read itself; write it without recursion.")


def _check_table(
    table: exp.Table, known: set[tuple[str, ...]], local: frozenset[str], dialect: str
) -> None:
    """``RefusedSql`` unless it is a name that was scanned, or that a WITH clause gives here."""
    plain = isinstance(table.this, exp.Identifier) and not table.catalog
    name = tuple(_key(part, dialect) for part in (table.db, table.name) if part)
    if not plain or (name not in known and not (len(name) == 1 and name[0] in local)):
        raise RefusedSql(f"“{table.name}” is not a table of this database that can be read.")
