"""The tables of one SELECT: where each is reached, under which alias, and by which kind of join.

A path is a tuple of ids of joins. A scope maps the paths that were joined to aliases. Joins
towards a parent never change the number of rows, so they are added when a column needs them.
Joins towards children multiply rows, so only a grouping (or an EXISTS) adds them, by ``force``.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlglot import exp

from kai_flow.analyst.query.trees import Unlowerable, column
from kai_flow.analyst.schema import Schema
from kai_flow.analyst.semantics.model import Join, SemanticModel

__all__ = ["Names", "Scope", "Tables"]

Ids = tuple[str, ...]


class Names:
    """Aliases that are unique in the whole statement, whatever the case of their letters."""

    def __init__(self, tables: Iterable[str]) -> None:
        self._tables = {name.casefold() for name in tables}
        self._used: set[str] = set()

    def table(self, name: str, role: str = "") -> str:
        """An alias for a table: its own name if that is free."""
        if name.casefold() not in self._used:
            self._used.add(name.casefold())
            return name
        return self.other(f"{role}_{name}" if role else name)

    def other(self, wanted: str) -> str:
        """An alias that is no table's name."""
        number, chosen = 2, wanted
        while chosen.casefold() in self._used | self._tables:
            chosen, number = f"{wanted}_{number}", number + 1
        self._used.add(chosen.casefold())
        return chosen


@dataclass
class _Joined:
    """A joined table."""

    join: Join
    source: str
    alias: str
    inner: bool


class Tables:
    """FROM and JOIN of one SELECT."""

    def __init__(self, model: SemanticModel, names: Names, table: str, role: str = "") -> None:
        self.model = model
        self.names = names
        self.table = table
        self.alias = names.table(table, role)
        self.numbered: str | None = None
        """Name of a column that numbers the rows of the first table, if that is needed."""
        self._joined: list[_Joined] = []

    def add(self, source: str, join: Join) -> _Joined:
        """Join a table to one that is there."""
        role = "_".join(join.names[0].words) if join.names else ""
        alias = self.names.table(join.target, role)
        found = _Joined(join, source, alias, inner=False)
        self._joined.append(found)
        return found

    def source(self, select: exp.Select) -> exp.Select:
        """The SELECT with these tables."""
        first = table_of(self.table, self.alias, self.model.schema)
        if self.numbered is not None:
            first = _numbered(first, self.alias, self.numbered)
        select = select.from_(first, copy=False)
        for each in self._joined:
            select = select.join(
                table_of(each.join.target, each.alias, self.model.schema),
                on=link(each.join, each.source, each.alias),
                join_type="" if each.inner else "left",
                copy=False,
            )
        return select


class Scope:
    """The columns that an expression can use, by their paths."""

    def __init__(
        self,
        tables: Tables,
        root: Ids = (),
        parent: "Scope | None" = None,
        alias: str = "",
        table: str = "",
    ) -> None:
        self.tables = tables
        self.model = tables.model
        self.table = table or tables.table
        """The table at the root."""
        self.root = root
        """The path of the first table."""
        self._parent = parent
        self._aliases: dict[Ids, str] = {root: alias or tables.alias}
        self._joined: dict[Ids, _Joined] = {}

    def joins(self, path: Ids) -> list[Join]:
        """The joins of a path."""
        return [self.model.joins[each] for each in path]

    def column(self, path: Ids, name: str, *, inner: bool = False) -> exp.Expr:
        """A column at the end of a path. ``inner``: rows that have nothing there may be dropped."""
        return column(name, self.reach(path, inner=inner))

    def reach(self, path: Ids, *, inner: bool = False) -> str:
        """The alias of the table at the end of a path without new joins towards children."""
        if self.opening(path) is not None:
            raise Unlowerable(f"{' '.join(path)} meets several rows")
        return self._join(path, inner=inner)

    def force(self, path: Ids) -> str:
        """The same with whatever joins it needs: rows multiply, and rows without drop out."""
        return self._join(path, inner=True)

    def opening(self, path: Ids) -> Ids | None:
        """The part of a path up to its first join towards children that is not there yet."""
        for end in range(len(self.root) + 1, len(path) + 1):
            if path[:end] not in self._aliases and self.model.joins[path[end - 1]].widens:
                return path[:end]
        return None

    def nearest(self, path: Ids) -> Ids:
        """The longest part of a path that is joined."""
        return max((p for p in self._aliases if path[: len(p)] == p), key=len)

    def alias(self, path: Ids) -> str:
        """The alias of a table that is joined."""
        return self._aliases[path]

    def sure(self, path: Ids) -> bool:
        """Whether every row has a row at the end of a path."""
        if len(path) < len(self.root):
            return False
        return all(
            self._joined[path[:end]].inner for end in range(len(self.root) + 1, len(path) + 1)
        )

    def _join(self, path: Ids, *, inner: bool) -> str:
        if self._parent is not None and len(path) < len(self.root):
            return self._parent.reach(path)
        for end in range(len(self.root) + 1, len(path) + 1):
            here = path[:end]
            if here not in self._aliases:
                join = self.model.joins[path[end - 1]]
                self._joined[here] = self.tables.add(self._aliases[path[: end - 1]], join)
                self._aliases[here] = self._joined[here].alias
            self._joined[here].inner |= inner
        return self._aliases[path]


def table_of(name: str, alias: str, schema: Schema) -> exp.Expr:
    """A table, under its alias even when it is found only with its namespace."""
    source = schema.tables[name].source or (name,)
    *namespace, plain = (exp.to_identifier(part, quoted=True) for part in source)
    found = exp.Table(this=plain, db=namespace[0] if namespace else None)
    if namespace or alias != name:
        found.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
    return found


def link(join: Join, source: str, target: str) -> exp.Expr:
    """The condition of a join between two aliases."""
    return exp.and_(
        *(
            exp.EQ(this=column(left, source), expression=column(right, target))
            for left, right in join.pairs
        )
    )


def _numbered(table: exp.Expr, alias: str, name: str) -> exp.Expr:
    """A table with a number for each of its rows, which have no key."""
    number = exp.Window(this=exp.RowNumber(), over="OVER")
    rows = exp.select(exp.Star(), exp.alias_(number, name, quoted=True)).from_(table)
    return rows.subquery(exp.to_identifier(alias, quoted=True))
