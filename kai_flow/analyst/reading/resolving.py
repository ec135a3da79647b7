"""What parts mean once the fact table is chosen: fields with their joins, axes, aggregates."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final, TypeGuard

from kai_flow.analyst.lexicon.lexicon import concepts
from kai_flow.analyst.query.nodes import (
    Aggregate,
    Expression,
    Field,
    FieldGroup,
    Formula,
    Function,
    Grain,
    Group,
    TimeGroup,
    Words,
)
from kai_flow.analyst.reading.choices import Choice, Note, combined
from kai_flow.analyst.reading.parts import (
    Amount,
    Calendar,
    Column,
    Computed,
    Dimension,
    Implied,
    Rows,
    Times,
)
from kai_flow.analyst.semantics.model import (
    Attribute,
    Axis,
    Derived,
    Join,
    Path,
    Role,
    SemanticModel,
)
from kai_flow.analyst.semantics.paths import paths

HOP: Final = 0.15
"""Of a join to one row: what is nearer is meant first."""

WIDE: Final = 0.35
"""Of a join to many rows."""

PARTS: Final = 0.2
"""Of a join to the parts of a row, which are identified by it."""

GUESSED: Final = 0.05
"""Of a join that no foreign key declares."""

OTHER_AXIS: Final = 0.3
"""Of each axis of a table after its most usual one."""

NAMED_AXIS: Final = 0.3
"""Of a time of the rows themselves, where the question names what was done with them."""

FOREIGN_AXIS: Final = 0.4
"""Of the time of another table, such as a customer's birth, where the rows have a time themselves.
"""

SUM_GROUP: Final = 1.5
"""Of groups by an amount: "revenue per member" is no list of numbers of members."""

KEY_GROUP: Final = 0.8
"""Of groups by a key: people ask for what it points to."""

UNUSUAL_AXIS: Final = 0.25
"""Of a personal date that the question does not name."""

NO_GROUP: Final = 0.8
"""Of making a group of every single row, where rows have no name."""

NO_LABEL: Final = 0.15
"""Of grouping by rows that have no name."""

HINT: Final = "~"
"""Before a concept that the role of a join should say: "from Jakarta" means the origin."""

MONEY: Final = ("amount", "revenue", "cost", "price", "profit", "income", "expense")
"""Concepts of money."""

MONEY_COUNTED: Final = 0.35
"""Of "how many sales" as an amount of money."""

ADDED: Final = frozenset([Function.SUM, Function.AVERAGE, Function.MEDIAN])
"""Functions whose result depends on how often a row counts."""

GRAINS: Final = (Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR)


class Resolver:
    """Resolves parts against one fact table."""

    def __init__(
        self, model: SemanticModel, fact: str, today: date, named: frozenset[str] = frozenset()
    ) -> None:
        """``named``: the tables that the question names. Their rows may have the time."""
        self.model = model
        self.fact = fact
        self.today = today
        self.named = named
        self._ways: dict[tuple[str, str | None], list[Choice[Path]]] = {}

    # columns

    def ways(self, table: str, role: str | None = None) -> list[Choice[Path]]:
        """The joins from the fact table to a table, perhaps by the join that has a role."""
        if (table, role) not in self._ways:
            self._ways[table, role] = self._found_ways(table, role)
        return self._ways[table, role]

    def _found_ways(self, table: str, role: str | None) -> list[Choice[Path]]:
        if role is not None and not role.startswith(HINT):
            return self._by_role(table, self.model.joins[role])
        found = paths(self.model, self.fact, table)
        if role is not None:
            found = tuple(p for p in found if any(says(j, role[1:]) for j in p)) or found
        return [_way(path, self.model) for path in found]

    def _by_role(self, table: str, join: Join) -> list[Choice[Path]]:
        if join.target == self.fact != join.source:
            return []  # from the rows that point here, and back again
        before = paths(self.model, self.fact, join.source)
        after = paths(self.model, join.target, table) if join.target != table else ((),)
        # the role was named: its join itself costs nothing
        return [
            Choice(
                (*first, join, *rest), _way(first, self.model).cost + _way(rest, self.model).cost
            )
            for first in before
            if join not in first
            for rest in after
        ]

    def fields(self, column: Column, words: Words = ()) -> list[Choice[Field]]:
        """The ways to a column."""
        return [
            way.map(
                lambda path: Field(
                    table=column.ref.table,
                    column=column.ref.column,
                    path=tuple(join.id for join in path),
                    words=words,
                )
            )
            for way in self.ways(column.ref.table, column.role)
        ]

    def attribute(self, column: Column) -> Attribute:
        """What is known about a column."""
        return self.model.attributes[column.ref]

    def widens(self, path: Sequence[str]) -> bool:
        """Whether these joins lead to many rows."""
        return any(self.model.joins[join].widens for join in path)

    # times

    def axes(self, axis: str | None = None) -> list[Choice[tuple[Axis, tuple[str, ...]]]]:
        """The times of the fact table's rows, with the joins that lead there."""
        if axis:
            known = self.model.axes[axis]
            return [way.map(lambda path: (known, _ids(path))) for way in self.ways(known.table)]
        found = []
        for table in self._timed():
            times = (axis for axis in self.model.axes_of(table) if not of_birth(axis))
            for place, known in enumerate(times):
                for way in self.ways(table):
                    if table not in self.named and any(join.widens for join in way.value):
                        continue  # nobody spoke of these rows
                    cost = way.cost + OTHER_AXIS * place + UNUSUAL_AXIS * (not known.usual)
                    notes = () if known.usual else (Note("axis_assumed", (("axis", known.id),)),)
                    found.append(Choice((known, _ids(way.value)), cost, (*way.notes, *notes)))
        told = [c for c in found if c.value[0].table in self.named - {self.fact}]
        if any(self.widens(choice.value[1]) for choice in told):
            # "customers who ordered in March": the time is that of what they did
            found = [c if c in told else c.costing(NAMED_AXIS) for c in found]
            found = [c.costing(-WIDE) if c in told else c for c in found]
        own = any(self._own_time(choice.value[0]) for choice in found)
        found = [
            choice.costing(FOREIGN_AXIS * (own and not self._own_time(choice.value[0])))
            for choice in found
        ]
        return sorted(found, key=lambda choice: choice.cost)[:4]

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

    # numbers

    def aggregates(self, amount: Amount, words: Words) -> list[Choice[Aggregate]]:
        """The aggregates that an amount may be. Its ``where`` is left to the caller."""
        if amount.of is None:
            return list(self._counts(amount, words))
        if amount.function is Function.DISTINCT and self._points(amount.of):
            return [self._pointers(amount.of, words)]
        return [
            choice
            for expression, attribute in self._expressions(amount.of, words)
            for choice in self._functions(amount, expression, attribute, words)
        ]

    def _points(self, of: Column | Computed | Implied | Times) -> TypeGuard[Column]:
        """Whether it is the name of what a key of the fact table points to: "drivers"."""
        if not isinstance(of, Column) or of.role is None or of.role.startswith(HINT):
            return False
        join = self.model.joins[of.role]
        return join.source == self.fact and join.target == of.ref.table and len(join.pairs) == 1

    def _pointers(self, of: Column, words: Words) -> Choice[Aggregate]:
        """How many different ones: by their keys, for two may have one name."""
        key = self.model.joins[str(of.role)].pairs[0][0]
        field = Field(table=self.fact, column=key, words=words)
        return Choice(Aggregate(function=Function.DISTINCT, of=field, words=words))

    def _counts(self, amount: Amount, words: Words) -> Iterator[Choice[Aggregate]]:
        table = amount.table or self.fact
        if table == self.fact:
            yield Choice(Aggregate(function=Function.COUNT, words=words))
            return
        entity = self.model.entities[table]  # "per customer": the customers that the rows have
        if amount.function is Function.DISTINCT and len(entity.key) == 1:
            for way in self.ways(table):
                if way.value and not any(join.widens for join in way.value):
                    key = Field(
                        table=table, column=entity.key[0], path=_ids(way.value), words=words
                    )
                    yield Choice(
                        Aggregate(function=Function.DISTINCT, of=key, words=words), way.cost
                    )

    def _expressions(
        self, of: Column | Computed | Implied | Times, words: Words
    ) -> Iterator[tuple[Choice[Expression], "Attribute | Derived"]]:
        if isinstance(of, Column):
            for choice in self.fields(of, words):
                yield Choice(choice.value, choice.cost, choice.notes), self.attribute(of)
        elif isinstance(of, Times):
            yield from self._product(of, words)
        elif isinstance(of, Computed):
            derived = self.derived(of)
            if derived is not None and derived.table == self.fact:
                yield Choice(derived.expression, 0.0, _announced(derived)), derived
        else:
            for attribute in self.model.of(self.fact):
                if attribute.role is Role.RATE and of.concept == "quantity":
                    continue  # a price of a unit is no number of units
                if attribute.role in {Role.ADDITIVE, Role.RATE} and means(attribute, of.concept):
                    field = Field(table=self.fact, column=attribute.column, words=words)
                    yield Choice(field), attribute

    def _product(self, of: Times, words: Words) -> Iterator[tuple[Choice[Expression], Attribute]]:
        """One number of a row times another; it adds up if one of both does."""
        sides = (self.attribute(of.left), self.attribute(of.right))
        known = next((each for each in sides if each.role is Role.ADDITIVE), sides[0])
        for pair in combined([self.fields(of.left, words), self.fields(of.right, words)])[:1]:
            left, right = pair.value
            formula = Formula(operator="*", left=left, right=right, words=words)
            yield Choice(formula, pair.cost, pair.notes), known

    def derived(self, computed: Computed) -> Derived | None:
        """The derived measure of that name."""
        for derived in self.model.derived:
            if (derived.name, derived.table) == (computed.name, computed.table):
                return derived
        return None

    def _functions(
        self,
        amount: Amount,
        of: Choice[Expression],
        known: "Attribute | Derived",
        words: Words,
    ) -> Iterator[Choice[Aggregate]]:
        """The ways to aggregate a number or to count a column."""
        name = known.name if isinstance(known, Derived) else ""
        money = isinstance(known, Attribute) and any(means(known, each) for each in MONEY)
        for function, cost, notes in _ways_to_aggregate(amount.function, known.role):
            if money and amount.function is Function.COUNT and function is Function.SUM:
                cost += MONEY_COUNTED  # noqa: PLW2901 -- of this way
            if function in ADDED and isinstance(of.value, Field) and of.value.path:
                continue  # each row that is pointed to would be added once for every pointer
            node = Aggregate(function=function, of=of.value, derived=name, words=words)
            yield Choice(node, of.cost + cost, (*of.notes, *notes))

    # groups

    def groups(self, dimension: Dimension, words: Words) -> list[Choice[Group]]:
        """What may be grouped by."""
        match dimension:
            case Calendar():
                return list(self._times(dimension, words))
            case Rows(table):
                label = self.label(table)
                if label is None:
                    return []
                more = 0.0
                if label.role is Role.KEY:
                    more = NO_GROUP if table == self.fact else NO_LABEL
                return [
                    Choice[Group](
                        FieldGroup(field=field.value, words=words), field.cost + more, field.notes
                    )
                    for field in self.fields(Column(label.ref), words)
                ]
            case Column():
                return list(self._column_groups(dimension, words))

    def label(self, table: str) -> Attribute | None:
        """The column that names a row, or else its key."""
        entity = self.model.entities[table]
        name = entity.label or (entity.key[0] if len(entity.key) == 1 else None)
        if name is None:
            return None
        return next((each for each in self.model.of(table) if each.column == name), None)

    def _column_groups(self, column: Column, words: Words) -> Iterator[Choice[Group]]:
        attribute = self.attribute(column)
        if attribute.role is Role.TIME:
            for axis in self.model.axes_of(attribute.table):
                if attribute.column in axis.columns:
                    yield from self._times(Calendar(axis.finest, axis.id), words)
            return
        if attribute.role is Role.TIME_PART and attribute.part in {"year", "month", "quarter"}:
            for axis in self.model.axes_of(attribute.table):
                own = attribute.column in axis.columns or self.model.entities[axis.table].bridge
                if own and Grain(attribute.part) in _coarser(axis):
                    yield from self._times(Calendar(Grain(attribute.part), axis.id), words)
                    return
        cost = {Role.ADDITIVE: SUM_GROUP, Role.RATE: 0.4}.get(attribute.role, 0.0)
        cost += KEY_GROUP * (attribute.role is Role.KEY)
        for field in self.fields(column, words):
            yield Choice(FieldGroup(field=field.value, words=words), field.cost + cost, field.notes)

    def _times(self, calendar: Calendar, words: Words) -> Iterator[Choice[Group]]:
        for choice in self.axes(calendar.axis):
            axis, path = choice.value
            grain = calendar.grain or self._fitting(axis)
            if grain in _coarser(axis):
                group = TimeGroup(
                    axis=axis.id, path=path, grain=grain, recurring=calendar.recurring, words=words
                )
                yield Choice(group, choice.cost, choice.notes)

    def _fitting(self, axis: Axis) -> Grain:
        """The unit in which a development over the whole time of the data can be seen."""
        if axis.first and axis.last:
            first, last = (date.fromisoformat(day[:10]) for day in (axis.first, axis.last))
            days = (last - first).days
            wanted = Grain.DAY if days <= 45 else Grain.MONTH if days <= 3 * 366 else Grain.YEAR
        else:
            wanted = Grain.MONTH
        return wanted if wanted in _coarser(axis) else axis.finest


def says(join: Join, concept: str) -> bool:
    """Whether the role of a join says a concept."""
    return any(
        concept in concepts(name.words) or any(concept in concepts((w,)) for w in name.words)
        for name in join.names
    )


_BIRTH: Final = frozenset(["birth_date", "birth_year"])


def of_birth(axis: Axis) -> bool:
    """Whether it is when people were born, which is nobody's time but where it is named."""
    return any(not _BIRTH.isdisjoint(concepts(name.words)) for name in axis.names)


def means(attribute: Attribute, concept: str) -> bool:
    """Whether a column's name says a concept; a price per unit is no quantity."""
    if concept == "quantity" and attribute.role is Role.RATE:
        return False
    return any(
        concept in concepts(name.words) or any(concept in concepts((w,)) for w in name.words)
        for name in attribute.names
    )


def _coarser(axis: Axis) -> tuple[Grain, ...]:
    """The units that an axis can be grouped by."""
    grains = GRAINS[GRAINS.index(axis.finest) :]
    return grains if axis.finest is Grain.DAY else tuple(g for g in grains if g is not Grain.WEEK)


def _ids(path: Path) -> tuple[str, ...]:
    return tuple(join.id for join in path)


def _way(path: Path, model: SemanticModel) -> Choice[Path]:
    cost = sum(_step(join, model) + GUESSED * join.guessed for join in path)
    notes = tuple(Note("guessed_join", (("join", join.id),)) for join in path if join.guessed)
    return Choice(path, cost, notes)


def _step(join: Join, model: SemanticModel) -> float:
    """What one join costs. The lines of an order are nearer to it than what else points to it."""
    if not join.widens:
        return HOP
    key = model.entities[join.target].key
    return PARTS if len(key) > 1 and {child for _, child in join.pairs} < set(key) else WIDE


def _announced(derived: Derived) -> tuple[Note, ...]:
    return (Note("derived", (("name", derived.name), ("table", derived.table))),)


_Way = tuple[Function, float, tuple[Note, ...]]

_NUMBERS: Final = (Role.ADDITIVE, Role.RATE)
_FUNCTIONS: Final = (Function.AVERAGE, Function.MEDIAN, Function.MINIMUM, Function.MAXIMUM)
_NAMED: Final = (Role.NAME, Role.CATEGORY, Role.TEXT, Role.CODE)
_TIMES: Final = (Role.TIME, Role.TIME_PART)

_WAYS: Final[dict[tuple[Function | None, Role], _Way]] = {
    **{(f, role): (f, 0.0, ()) for f in _FUNCTIONS for role in _NUMBERS},
    **{(f, role): (f, 0.0, ()) for f in (Function.MINIMUM, Function.MAXIMUM) for role in _TIMES},
    # "the number of members" adds up, if a column holds that number; else values are counted
    (Function.COUNT, Role.ADDITIVE): (Function.SUM, 0.0, ()),
    **{(Function.COUNT, role): (Function.DISTINCT, 0.0, ()) for role in _NAMED},
    **{
        (Function.DISTINCT, role): (Function.DISTINCT, 0.0, ())
        for role in (*_NAMED, *_TIMES, Role.RATE, Role.FLAG)
    },
    (Function.DISTINCT, Role.KEY): (Function.DISTINCT, 0.15, ()),
    (Function.SUM, Role.ADDITIVE): (Function.SUM, 0.0, ()),
    **{(Function.SUM, role): (Function.DISTINCT, 0.2, ()) for role in _NAMED},
    # nothing said how: what makes sense for the column, and the answer announces it
    (None, Role.ADDITIVE): (Function.SUM, 0.03, (Note("default_sum"),)),
    (None, Role.RATE): (Function.AVERAGE, 0.06, (Note("default_average"),)),
}
"""What a function means for a column with a role, its cost and what is announced."""


def _ways_to_aggregate(function: Function | None, role: Role) -> tuple[_Way, ...]:
    """(function, cost, notes) for a number or column with a role; none when it has no meaning."""
    way = _WAYS.get((function, role))
    return () if way is None else (way,)
