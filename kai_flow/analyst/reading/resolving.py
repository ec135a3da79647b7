"""What columns and times mean once the fact table is chosen: fields with their joins, axes."""

import itertools
from collections.abc import Hashable, Iterator, Sequence
from datetime import date
from typing import Any, Final

from kai_flow.analyst.query.nodes import Field, Words
from kai_flow.analyst.reading.choices import Choice, Note
from kai_flow.analyst.reading.concepts import of_birth, says, undoes
from kai_flow.analyst.reading.parts import Column, Computed
from kai_flow.analyst.reading.remembering import kept, remembered
from kai_flow.analyst.reading.ways import WIDE, ids, way_by
from kai_flow.analyst.semantics.model import Attribute, Axis, Derived, Join, Path, SemanticModel
from kai_flow.analyst.semantics.paths import paths

OTHER_AXIS: Final = 0.3
"""Of each axis of a table after its most usual one."""

NAMED_AXIS: Final = 0.3
"""Of a time of the rows themselves, where the question names what was done with them."""

FOREIGN_AXIS: Final = 0.4
"""Of the time of another table, such as a customer's birth, where the rows have a time themselves.
"""

UNUSUAL_AXIS: Final = 0.25
"""Of a personal date that the question does not name."""

ABOVE: Final = "^"
"""In place of the role of a join: from rows to those of the same table that stand above them."""

HINT: Final = "~"
"""Before a concept that the role of a join should say: "from Jakarta" means the origin."""

ONLY: Final = "!"
"""After the sign of such a concept: no other way is meant."""

UNSAID_COST: Final = 0.2
"""Of another way, where the rows have an origin: flights from Paris are not of pilots in Paris."""


UNDONE_COST: Final = 0.25
"""Of a way by what was taken back, where the question does not speak of that."""


ZIGZAG_COST: Final = 0.6
"""Of a way from rows to others that only have something in common: customers do not return all
that was returned of what they bought.
"""


def _zigzag(path: Path) -> bool:
    """Whether a way leads to many rows, to what they belong to, and to many others of that."""
    turns = [wide for wide, _ in itertools.groupby(join.widens for join in path)]
    return turns[:3] == [True, False, True]


class Resolver:
    """Resolves parts against one fact table."""

    def __init__(
        self,
        model: SemanticModel,
        fact: str,
        today: date,
        named: frozenset[str] = frozenset(),
        alone: "Resolver | None" = None,
    ) -> None:
        """``named``: the tables that the question names. Their rows may have the time.

        ``alone``: the resolver beside no such tables. What does not depend on them is asked of it,
        so that it is found once.
        """
        self.alone = self if alone is None else alone
        self.model = model
        self.fact = fact
        self.today = today
        self.named = named
        self.kept = model.kept_of(fact, named)
        self.known: dict[Hashable, Sequence[Any]] = {}
        """What was found in these rows: see `remembered`."""
        self.met: dict[Hashable, tuple[float, Sequence[Any]]] = {}
        """The filters that tests may be, up to a certain cost: see ``filtering``."""

    # columns

    @kept
    def ways(self, table: str, role: str | None = None) -> Sequence[Choice[Path]]:
        """The joins from the fact table to a table, perhaps by the join that has a role."""
        if role == ABOVE:
            return list(self._upwards(table))
        if role is not None and not role.startswith(HINT):
            return self._by_role(table, self.model.joins[role])
        found = paths(self.model, self.fact, table)
        if role is None:
            return [way_by(path, self.model).costing(self._undone(path)) for path in found]
        concept = role[1:].removeprefix(ONLY)
        said = [p for p in found if any(self._says(j, concept) for j in p)]
        told = not said and self._tells(concept)
        others = () if role[1:2] == ONLY else found
        ways = [way_by(path, self.model) for path in said or others]
        return [way.costing(UNSAID_COST * told) for way in ways]

    @kept
    def least(self, table: str, role: str | None = None) -> float | None:
        """What the joins to a table cost at least; None if there are none."""
        return min([way.cost for way in self.ways(table, role)], default=None)

    def _undone(self, path: Path) -> float:
        """What it costs to go by what was taken back: the products of an order are those sold."""
        tables = {join.target for join in path[:-1]} - self.named
        undone = any(undoes(self.model, table) for table in tables)
        return UNDONE_COST * undone + ZIGZAG_COST * _zigzag(path)

    def _tells(self, concept: str) -> bool:
        """Whether the rows themselves have something of a role: flights have an origin."""
        steps = (join for join in self.model.joins.values() if join.source == self.fact)
        return any(not join.widens and says(join, concept) for join in steps)

    def _says(self, join: Join, concept: str) -> bool:
        """Whether the role of a join says a concept, in either direction."""
        back = tuple((target, source) for source, target in join.pairs)
        same = (each for each in self.model.joins.values() if each.pairs == back)
        return says(join, concept) or any(
            says(each, concept) and (each.source, each.target) == (join.target, join.source)
            for each in same
        )

    def _upwards(self, table: str) -> Iterator[Choice[Path]]:
        """By a key that points to the same table: from somebody to the manager."""
        for join in self.model.joins.values():
            if (join.source, join.target) == (table, table) and not join.widens:
                for path in paths(self.model, self.fact, table):
                    if not any(step.source == step.target for step in path):
                        way = way_by(path, self.model)
                        yield Choice((*path, join), way.cost, way.notes)

    def _by_role(self, table: str, join: Join) -> list[Choice[Path]]:
        if join.target == self.fact != join.source:
            return []  # from the rows that point here, and back again
        before = paths(self.model, self.fact, join.source)
        after = paths(self.model, join.target, table) if join.target != table else ((),)
        # the role was named: its join itself costs nothing
        return [
            Choice(
                (*first, join, *rest),
                way_by(first, self.model).cost + way_by(rest, self.model).cost,
            )
            for first in before
            if join not in first
            for rest in after
        ]

    @remembered
    def fields(self, column: Column, words: Words = ()) -> Sequence[Choice[Field]]:
        """The ways to a column."""
        if self.alone is not self:
            return self.alone.fields(column, words)
        table, name = column.ref.table, column.ref.column
        return [
            way.map(lambda path: Field(table=table, column=name, path=path, words=words))
            for way in self._joins(table, column.role)
        ]

    @kept
    def _joins(self, table: str, role: str | None) -> Sequence[Choice[tuple[str, ...]]]:
        """The ids of the joins to a table: see ``ways``."""
        return [way.map(ids) for way in self.ways(table, role)]

    @kept
    def reached(self, table: str, role: str | None) -> Sequence[tuple[float, tuple[str, ...]]]:
        """What each way to a table costs, with its joins up to the last one to many rows."""
        found = []
        for way in self.ways(table, role):
            wide = [at for at, join in enumerate(way.value, 1) if join.widens]
            found.append((way.cost, ids(way.value[: wide[-1]]) if wide else ()))
        return found

    def attribute(self, column: Column) -> Attribute:
        """What is known about a column."""
        return self.model.attributes[column.ref]

    def widens(self, path: Sequence[str]) -> bool:
        """Whether these joins lead to many rows."""
        return any(self.model.joins[join].widens for join in path)

    # times

    @kept
    def axes(self, axis: str | None = None) -> Sequence[Choice[tuple[Axis, tuple[str, ...]]]]:
        """The times of the fact table's rows, with the joins that lead there."""
        if axis:
            known = self.model.axes[axis]
            return [way.map(lambda path: (known, ids(path))) for way in self.ways(known.table)]
        found = []
        for table in self._timed():
            times = (axis for axis in self.model.axes_of(table) if not of_birth(axis))
            for place, known in enumerate(times):
                for way in self.ways(table):
                    if not self._spoken(table, way.value):
                        continue
                    cost = way.cost + OTHER_AXIS * place + UNUSUAL_AXIS * (not known.usual)
                    notes = () if known.usual else (Note("axis_assumed", (("axis", known.id),)),)
                    found.append(Choice((known, ids(way.value)), cost, (*way.notes, *notes)))
        told = [c for c in found if self._told(c.value[0].table, c.value[1])]
        near = {c.value[0].table for c in told if not self.widens(c.value[1])}
        if any(c.value[0].table not in near for c in told):
            # "customers who ordered in March": the time is that of what they did
            found = [c if c in told else c.costing(NAMED_AXIS) for c in found]
            found = [c.costing(-WIDE) if c in told else c for c in found]
        own = any(self._own_time(choice.value[0]) for choice in found)
        found = [
            choice.costing(FOREIGN_AXIS * (own and not self._own_time(choice.value[0])))
            for choice in found
        ]
        return sorted(found, key=lambda choice: choice.cost)[:4]

    def _spoken(self, table: str, way: Path) -> bool:
        """Whether the question speaks of the rows that have a time, if it is not of the fact's."""
        wide = {join.target for join in way if join.widens}
        if self.model.entities[table].bridge:
            return not wide or bool(self.named & wide)
        return not wide or table in self.named

    def _told(self, table: str, way: Sequence[str]) -> bool:
        """Whether a time is of rows that the question names besides: "ordered in March"."""
        if self.model.entities[table].bridge:
            wide = {self.model.joins[j].target for j in way if self.model.joins[j].widens}
            return bool(self.named & wide)
        return table in self.named - {self.fact}

    def _timed(self) -> list[str]:
        """The tables whose times may be meant: all, or few where the rows have a time themselves.

        Ways to all tables of a big schema take long to find, and the times there cost too much.
        """
        own = any(not of_birth(axis) and axis.usual for axis in self.model.axes_of(self.fact))
        near = {self.fact, *self.named}
        return [
            table
            for table, entity in self.model.entities.items()
            if not own or table in near or entity.bridge
        ]

    def _own_time(self, axis: Axis) -> bool:
        """Whether a time is of the fact table's rows: in it, or in a date dimension."""
        return axis.table == self.fact or self.model.entities[axis.table].bridge

    def anchor(self, axis: Axis) -> date:
        """The day that relative periods count back from: today, or the last day of the data."""
        last = date.fromisoformat(axis.last[:10]) if axis.last else self.today
        return min(last, self.today)

    # names

    def derived(self, computed: Computed) -> Derived | None:
        """The derived measure of that name."""
        for derived in self.model.derived:
            if (derived.name, derived.table) == (computed.name, computed.table):
                return derived
        return None

    def label(self, table: str) -> Attribute | None:
        """The column that names a row, or else its key."""
        entity = self.model.entities[table]
        name = entity.label or (entity.key[0] if len(entity.key) == 1 else None)
        if name is None:
            return None
        return next((each for each in self.model.of(table) if each.column == name), None)
