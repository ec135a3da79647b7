"""Random queries over a semantic model, for property tests of answers.

They come from a random generator that the test seeds: strategies as deep as a query are slow.
What could be written in two ways that mean the same is written in one.
"""

from collections.abc import Iterator
from random import Random
from typing import Any, Final

from msgspec import structs

from kai_flow.analyst.kinds.differences import Difference
from kai_flow.analyst.kinds.growth import Growth
from kai_flow.analyst.query import nodes as n
from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.ratio import Ratio
from kai_flow.analyst.query.share import Share
from kai_flow.analyst.semantics.model import Role, SemanticModel

__all__ = ["Maker"]

Way = tuple[str, tuple[str, ...]]
"""A table, and the joins that lead to it."""

_NUMBERS: Final = (Role.ADDITIVE, Role.RATE)
_DAYS: Final = (
    *(None, "2024-01-01", "2024-02-01", "2024-04-01", "2024-04-02", "2025-01-01", "2025-03-15"),
)
_TEXTS: Final = ("A", "a", "A or B", "P", "x, “y”", "")
_AMOUNTS: Final = (0.5, 1.0, 1_000.0, 1_000.001, 12_345_678.9, -3.0, 1e-9)
_EITHER_WAY: Final = (
    *(n.Operator.EQUAL, n.Operator.NOT_EQUAL, n.Operator.EMPTY, n.Operator.PRESENT),
)
"""Operators with an opposite: "not" before them is written as that."""


def reached(model: SemanticModel, fact: str, most: int = 2) -> Iterator[Way]:
    """Every table that joins towards parents lead to, with the joins."""
    ways: list[Way] = [(fact, ())]
    for table, path in ways:
        yield table, path
        if len(path) < most:
            ways += [
                (join.target, (*path, join.id))
                for join in model.joins.values()
                if join.source == table and not join.widens
            ]


class Maker:
    """Makes queries about one fact table."""

    def __init__(self, rng: Random, model: SemanticModel, fact: str) -> None:
        self.rng = rng
        self.model = model
        self.fact = fact
        ways = list(reached(model, fact))
        self.fields = [
            n.Field(table=table, column=a.column, path=path)
            for table, path in ways
            for a in model.of(table)
            if a.role is not Role.KEY  # a key and the name of its row are the same thing in words
        ]
        self.numbers = [f for f in self.fields if self.role(f) in _NUMBERS]
        self.axes = [(a.id, path) for table, path in ways for a in model.axes_of(table)]
        self.children = [
            n.Field(table=join.target, column=a.column, path=(join.id,))
            for join in model.joins.values()
            if join.source == fact and join.widens
            for a in model.of(join.target)
            if a.role is not Role.KEY
        ]
        """Columns of which a row of the fact table may have several values."""
        self.related = [j for j in model.joins.values() if j.source == fact and j.widens]

    def role(self, field: n.Field) -> Role:
        """What a column is for."""
        return next(a for a in self.model.of(field.table) if a.column == field.column).role

    def query(self) -> n.Query:
        """Measures by groups, or a list."""
        rng = self.rng
        shared: dict[str, Any] = {
            "fact": self.fact,
            "where": self.filter() if rng.random() < 0.7 else None,
            "order": self.some(self.order, 0, 2),
            "limit": rng.choice([None, rng.randint(1, 12)]),
        }
        if rng.random() < 0.3:
            columns = tuple(rng.choice(self.fields) for _ in range(rng.randint(1, 3)))
            return n.Query(columns=columns, distinct=rng.random() < 0.5, **shared)
        return n.Query(
            measures=self.some(self.measure, 1, 2),
            groups=self.some(self.group, 0, 2),
            having=self.some(self.having, 0, 1),
            each=rng.choice([None, None, rng.randint(1, 12)]),
            **shared,
        )

    def variant(self, query: n.Query) -> n.Query:
        """The same query but for one part of it."""
        other = self.query()
        names = ["where", "order", "limit"]
        if query.measures and other.measures:
            names += ["measures", "groups", "having", "each"]
        elif query.columns and other.columns:
            names += ["columns", "distinct"]
        name = self.rng.choice(names)
        return structs.replace(query, **{name: getattr(other, name)})

    def some(self, make: Any, least: int, most: int) -> tuple[Any, ...]:
        """Several nodes."""
        return tuple(make() for _ in range(self.rng.randint(least, most)))

    def condition(self) -> n.Condition:
        """A comparison of a column."""
        rng = self.rng
        field = rng.choice([*self.fields, *self.children])
        role = self.role(field)
        operators, values = list(_EITHER_WAY), list[Any](_TEXTS)
        if role in _NUMBERS:
            operators += [n.Operator.ABOVE, n.Operator.AT_MOST, n.Operator.BETWEEN]
            values = [*_AMOUNTS]
        elif role is Role.FLAG:
            values = [True, False]
        elif role is not Role.TIME:
            operators.append(n.Operator.CONTAINS)
        operator = rng.choice(operators)
        sizes = {"between": 2, "empty": 0, "present": 0, "=": rng.randint(1, 2), "!=": 2}
        found = rng.sample(values, sizes.get(operator, 1))
        return n.Condition(of=field, operator=operator, values=tuple(found))

    def filter(self, depth: int = 2) -> n.Filter:
        """A filter."""
        rng = self.rng
        kind = rng.randrange(7 if depth else 4)
        if kind == 4:
            return n.All(parts=(self.filter(depth - 1), self.filter(depth - 1)))
        if kind == 5:
            return n.Either(parts=(self.filter(depth - 1), self.filter(depth - 1)))
        if kind == 6:
            part = self.filter(depth - 1)
            opposed = (
                isinstance(part, n.Condition)
                and part.operator in _EITHER_WAY
                and part.of not in self.children
            )
            return part if opposed or isinstance(part, n.Not) else n.Not(part=part)
        return self.simple(kind)

    def simple(self, kind: int) -> n.Filter:
        """A filter without others in it."""
        rng = self.rng
        if kind == 1 and self.axes:
            axis, path = rng.choice(self.axes)
            return n.During(axis=axis, path=path, start=rng.choice(_DAYS), end=rng.choice(_DAYS))
        if kind == 2 and self.axes:
            axis, path = rng.choice(self.axes)
            part = rng.choice(["month", "quarter", "weekday", "day"])
            values = rng.choice([(3,), (4,), (3, 4)])
            return n.Recurring(axis=axis, path=path, part=part, values=values)
        if kind == 3 and self.related:
            join = rng.choice(self.related)
            inner = Maker(rng, self.model, join.target)
            where = inner.condition() if rng.random() < 0.6 else None
            return n.Related(path=(join.id,), where=where)
        return self.condition()

    def aggregate(self) -> n.Aggregate:
        """One number."""
        rng = self.rng
        where = self.condition() if rng.random() < 0.3 else None
        if rng.random() < 0.1:
            return self.elsewhere()
        if not self.numbers or rng.random() < 0.3:
            return n.Aggregate(function=n.Function.COUNT, where=where)
        of: n.Expression = rng.choice(self.numbers)
        if rng.random() < 0.3:
            columns: list[n.Expression] = [*self.numbers]
            right = rng.choice([*columns, n.Number(value=2.5)])
            of = n.Formula(operator=rng.choice("+-*/"), left=of, right=right)
        function = rng.choice([f for f in n.Function if f is not n.Function.COUNT])
        return n.Aggregate(function=function, of=of, where=where)

    def elsewhere(self) -> n.Aggregate:
        """How many rows of another table there are."""
        others = [table for table in self.model.entities if table not in {self.fact, "cities"}]
        inner = Maker(self.rng, self.model, self.rng.choice(others))
        groups = (n.FieldGroup(field=self.rng.choice(inner.fields)),)
        where = inner.condition() if self.rng.random() < 0.4 else None
        over = n.Over(fact=inner.fact, groups=groups, where=where)
        return n.Aggregate(function=n.Function.COUNT, over=over)

    def measure(self) -> Measure:
        """A measure."""
        one, other, yes = self.aggregate(), self.aggregate(), self.rng.random() < 0.5
        made: list[Measure] = [
            Share(of=one, within=yes),
            Ratio(top=one, bottom=other, percent=yes),
            Difference(left=one, right=other, percent=yes),
            Growth(of=one, absolute=yes),
        ]
        return self.rng.choice([one, one, *made])

    def group(self) -> n.Group:
        """A grouping."""
        rng = self.rng
        kind = rng.randrange(3) if self.axes else 0
        if kind == 0:
            return n.FieldGroup(field=rng.choice(self.fields))
        axis, path = rng.choice(self.axes)
        if kind == 1:
            grain = rng.choice(list(n.Grain))
            again = grain is not n.Grain.YEAR and rng.random() < 0.4
            return n.TimeGroup(axis=axis, path=path, grain=grain, recurring=again)
        periods = (("a", "2024-01-01", "2024-02-01"), ("b", "2024-02-01", "2024-03-01"))
        return n.PeriodGroup(axis=axis, path=path, periods=rng.choice([periods, periods[::-1]]))

    def having(self) -> n.Having:
        """A condition on groups."""
        operator = self.rng.choice([n.Operator.ABOVE, n.Operator.AT_MOST])
        return n.Having(measure=self.measure(), operator=operator, values=(100.0,))

    def order(self) -> n.Order:
        """An order."""
        group = self.group()
        by = self.rng.choice(
            [self.measure(), group.field if isinstance(group, n.FieldGroup) else group]
        )
        return n.Order(by=by, descending=self.rng.random() < 0.5)
