"""The same schema under other names: its tables, and the queries and formulas written for it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from kai_flow.analyst.comments import parse_note
from tests.engines.loading import Spec

__all__ = ["Names", "renamed"]


def renamed(specs: Iterable[Spec], names: Mapping[str, str]) -> list[Spec]:
    """The same tables and rows under other names. Comments keep units and the values' meanings."""
    return [
        replace(
            spec,
            name=names[spec.name],
            columns=tuple(
                (names[f"{spec.name}.{name}"], kind, _without_names(note))
                for name, kind, note in spec.columns
            ),
            primary=tuple(names[f"{spec.name}.{name}"] for name in spec.primary),
            foreign=tuple(
                (names[f"{spec.name}.{name}"], names[table], names[f"{table}.{key}"])
                for name, table, key in spec.foreign
            ),
            comment="",
        )
        for spec in specs
    ]


def _without_names(comment: str) -> str:
    """A comment without the other names of its column: the copy has to do without them."""
    note = parse_note(comment)
    unit = f"({note.unit})" if note.unit else ""
    pairs = ", ".join(f"{value} = {meaning}" for value, meaning in note.meanings.items())
    return f"{unit}{f'; {pairs}' if pairs else ''}"


class Names:
    """The other names of a schema, applied to SQL."""

    def __init__(self, names: Mapping[str, str], dialect: str) -> None:
        self._names = {old.casefold(): new for old, new in names.items()}
        self._dialect = dialect

    def query(self, sql: str, *, catalogue: bool = False) -> str:
        """A query under the other names; one of the ``catalogue`` has tables' names in texts."""
        tree = sqlglot.parse_one(sql, dialect=self._dialect)
        for text in tree.find_all(exp.Literal) if catalogue else ():
            text.set("this", self._names.get(text.name.casefold(), text.name))
        for select in tree.find_all(exp.Select):  # what an outer query calls a column stays
            select.set("expressions", [_named(each) for each in select.expressions])
        for scope in traverse_scope(tree):
            self._columns(scope)
        defined = {cte.alias.casefold() for cte in tree.find_all(exp.CTE)}
        for table in list(tree.find_all(exp.Table)):
            new = self._names.get(table.name.casefold())
            if new is not None and table.name.casefold() not in defined:
                if not table.alias:
                    alias = exp.to_identifier(table.name, quoted=True)
                    table.set("alias", exp.TableAlias(this=alias))
                self._change(table.this, new)
        return tree.sql(dialect=self._dialect)

    def formula(self, text: str) -> str:
        """A formula over ``table.column`` under the other names."""
        tree = sqlglot.parse_one(text, dialect=self._dialect)
        for column in tree.find_all(exp.Column):
            old = f"{column.table}.{column.name}".casefold()
            new = self._names[column.table.casefold()]
            column.set("table", exp.to_identifier(new, quoted=" " in new))
            self._change(column.this, self._names[old], quote=False)
        return tree.sql(dialect=self._dialect)

    def _columns(self, scope: Scope) -> None:
        for column in scope.find_all(exp.Column):
            if _output(column, scope):
                continue
            for table in self._tables(scope, column.table):
                new = self._names.get(f"{table}.{column.name}".casefold())
                if new is not None:
                    self._change(column.this, new)
                    break

    def _tables(self, scope: Scope, alias: str) -> Iterator[str]:
        """The tables that a column may be of: its alias's, or all of the query and those around."""
        around: Scope | None = scope
        while around is not None:
            for name, source in around.sources.items():
                if isinstance(source, exp.Table) and alias.casefold() in {"", name.casefold()}:
                    yield source.name
            around = around.parent

    def _change(self, identifier: exp.Expr, new: str, *, quote: bool = True) -> None:
        identifier.set("this", new)
        identifier.set("quoted", quote)


def _output(column: exp.Column, scope: Scope) -> bool:
    """Whether ORDER BY, GROUP BY or HAVING names a column of the result, which keeps its name.

    The ORDER BY of a window names a column of the tables.
    """
    clause = column.find_ancestor(exp.Order, exp.Group, exp.Having, exp.AggFunc, exp.Select)
    if not isinstance(clause, exp.Order | exp.Group | exp.Having):
        return False
    if isinstance(clause.parent, exp.Window):
        return False
    return not column.table and column.name in _outputs(scope)


def _outputs(scope: Scope) -> list[str]:
    query = scope.expression
    return query.named_selects if isinstance(query, exp.Query) else []


def _named(selected: exp.Expr) -> exp.Expr:
    if isinstance(selected, exp.Column) and not isinstance(selected.this, exp.Star):
        return exp.alias_(selected, selected.name, quoted=True)
    return selected
