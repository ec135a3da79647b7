"""Random markets, and random queries that make sense on them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from random import Random
from typing import Any

from hypothesis import strategies as st

from kai_flow.analyst.kinds.differences import Difference
from kai_flow.analyst.kinds.growth import Growth
from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import (
    Against,
    Aggregate,
    All,
    Condition,
    During,
    Either,
    Field,
    FieldGroup,
    Filter,
    Formula,
    Function,
    Grain,
    Group,
    Having,
    Not,
    Number,
    Operator,
    Order,
    PeriodGroup,
    Query,
    Recurring,
    Related,
    Tally,
    TimeGroup,
)
from kai_flow.analyst.query.ratio import Ratio
from kai_flow.analyst.query.share import Share
from kai_flow.analyst.query.value_types import Quantity, Type, quantity, type_of
from kai_flow.analyst.semantics.model import SemanticModel
from tests.engines import market
from tests.engines.loading import Spec

DAYS = [date(2023, 12, 30) + timedelta(17 * number) for number in range(24)]
TEXTS = ["paid", "open", "Gone", "a%b_!", "o'x\\"]
NUMBERS = [0, 1, 2, 5, -3, 2.5]
MODEL = market.model()
_AVERAGED = {Quantity.AMOUNT, Quantity.RATE}


def _cell(name: str, kind: str, rows: int, random: Random) -> Any:
    """A value of a column; one of three is missing."""
    if random.randrange(3) == 0:
        return None
    if name.endswith("_id"):
        return random.randint(1, rows + 1)  # one more: points to nothing
    if kind == "text":
        return random.choice(TEXTS)
    if kind == "real":
        return random.choice([0.0, 0.5, 2.0, 7.25, -1.5])
    return random.randint(-2, 6)


@st.composite
def markets(draw: st.DrawFn) -> list[Spec]:
    """The tables of a market with a few random rows in each."""
    random = Random(draw(st.integers(0, 2**32)))
    most = draw(st.integers(0, 6))
    found = []
    for spec in market.SPECS:
        count = random.randint(0, most)
        rows = []
        for number in range(1, count + 1):
            row = {name: _cell(name, kind, count, random) for name, kind, _ in spec.columns}
            row |= {"id": number} if "id" in row else {}
            if spec.name == "orders":
                row |= _times(random.choice([None, *DAYS]))
            rows.append(tuple(row.values()))
        found.append(replace(spec, foreign=(), rows=tuple(rows)))
    return found


def _times(day: date | None) -> dict[str, Any]:
    """The same day in all the forms that an axis has."""
    names = (
        "ordered",
        "written",
        "day_number",
        "month_number",
        "year",
        "month",
        "quarter",
        "moment",
    )
    if day is None:
        return dict.fromkeys(names)
    number = day.year * 10000 + day.month * 100 + day.day
    iso, quarter = day.isoformat(), (day.month + 2) // 3
    moment = f"{iso} 00:00:00"
    values = (iso, iso, number, number // 100, day.year, day.month, quarter, moment)
    return dict(zip(names, values, strict=True))


def paths(start: str, most: int) -> list[tuple[str, ...]]:
    """All paths from a table that do not go straight back."""
    found: list[tuple[tuple[str, ...], str]] = [((), start)]
    for path, here in found:
        if len(path) < most:
            found += [
                ((*path, join.id), join.target)
                for join in MODEL.joins.values()
                if join.source == here and not (path and set(join.pairs) == _back(MODEL, path[-1]))
            ]
    return [path for path, _ in found]


def _back(model: SemanticModel, join: str) -> set[tuple[str, str]]:
    return {(right, left) for left, right in model.joins[join].pairs}


def _end(start: str, path: tuple[str, ...]) -> str:
    return MODEL.joins[path[-1]].target if path else start


def _path(group: Group) -> tuple[str, ...]:
    return group.field.path if isinstance(group, FieldGroup) else group.path


def _widens(path: tuple[str, ...]) -> bool:
    return any(MODEL.joins[each].widens for each in path)


class Drawing:
    """Draws the parts of a query on a fact table."""

    def __init__(self, draw: st.DrawFn, fact: str) -> None:
        self._draw = draw
        self._fact = fact
        everywhere = paths(fact, 3)
        self._fields = [
            Field(table=table, column=column.name, path=path)
            for path in everywhere
            for table in [_end(fact, path)]
            for column in MODEL.schema.tables[table].columns
        ]
        self._single = [each for each in self._fields if not _widens(each.path)]
        self._times = [
            (axis, path) for path in everywhere for axis in MODEL.axes_of(_end(fact, path))
        ]

    def one(self, among: Sequence[Any]) -> Any:
        """One of several."""
        return self._draw(st.sampled_from(among))

    def chance(self, of: int = 2) -> bool:
        """True once in so many times."""
        return self._draw(st.integers(1, of)) == of

    def filter(self, depth: int = 2) -> Filter:
        """A filter on the fact table."""
        nested = [self._all, self._all, self._either, self._negation, self._related, self._tally]
        timed = [self._during, self._recurring]
        kinds = [self._condition] * 4 + timed * bool(self._times) + [self._against]
        found: Filter
        if depth == 0:
            found = self.one(kinds)()
        else:
            found = self.one([*kinds, *(partial(each, depth - 1) for each in nested)])()
        return found

    def _all(self, depth: int) -> Filter:
        return All(parts=tuple(self.filter(depth) for _ in range(self.one([2, 3]))))

    def _either(self, depth: int) -> Filter:
        return Either(parts=(self.filter(depth), self.filter(depth)))

    def _negation(self, depth: int) -> Filter:
        return Not(part=self.filter(depth))

    def _related(self, depth: int) -> Filter:
        path = self.one([path for path in paths(self._fact, 2) if path])
        inside = Drawing(self._draw, _end(self._fact, path))
        return Related(path=path, where=None if self.chance() else inside.filter(depth))

    def _tally(self, depth: int) -> Filter:
        path = self.one([path for path in paths(self._fact, 2) if path])
        inside = Drawing(self._draw, _end(self._fact, path))
        of = inside.aggregate(filtered=depth > 0, median=False)
        operator = self.one([Operator.ABOVE, Operator.AT_MOST, Operator.EQUAL])
        return Tally(path=path, of=of, operator=operator, values=(self.one([0, 1, 2, 5]),))

    def _against(self) -> Filter:
        numbers = [each for each in self._single if quantity(each, MODEL) in _AVERAGED]
        if not numbers:
            return self._condition()
        of = self.one(numbers)
        function = self.one([Function.AVERAGE, Function.MAXIMUM])
        than = Aggregate(function=function, of=of)
        return Against(of=of, operator=self.one([Operator.ABOVE, Operator.EQUAL]), than=than)

    def _during(self) -> Filter:
        axis, path = self.one(self._times)
        start, end = self._period()
        return During(axis=axis.id, path=path, start=start, end=end)

    def _recurring(self) -> Filter:
        axis, path = self.one(self._times)
        part = self.one(["month", "quarter", "weekday", "day"])
        values = tuple({self.one([1, 2, 4, 12]), self.one([1, 3, 7])})
        return Recurring(axis=axis.id, path=path, part=part, values=values)

    def _condition(self) -> Condition:
        of = self.one(self._fields)
        type_ = type_of(of, MODEL)
        among: list[Any] = NUMBERS
        operators = list(Operator)
        if type_ is Type.TEXT:
            among = TEXTS
            operators = [Operator.EQUAL, Operator.NOT_EQUAL, Operator.EMPTY, Operator.CONTAINS]
        elif type_ is Type.DATE:
            among = [day.isoformat() for day in DAYS]
            operators.remove(Operator.CONTAINS)
        else:
            operators.remove(Operator.CONTAINS)
        operator = self.one(operators)
        count = {Operator.EMPTY: 0, Operator.PRESENT: 0, Operator.BETWEEN: 2}.get(operator, 1)
        if operator in {Operator.EQUAL, Operator.NOT_EQUAL} and self.chance():
            count = 2
        return Condition(
            of=of, operator=operator, values=tuple(self.one(among) for _ in range(count))
        )

    def _period(self) -> tuple[str | None, str | None]:
        days = ["2024-01-01", "2024-04-01", "2024-07-01", "2024-11-15", "2025-01-01"]
        first = self.one([*range(len(days) - 1)])
        last = self._draw(st.integers(first + 1, len(days) - 1))
        if self.chance(3):
            return None, days[last]
        return days[first], None if self.chance(3) else days[last]

    def aggregate(
        self, *, divisible: bool = False, filtered: bool = True, median: bool = True
    ) -> Aggregate:
        """One aggregate."""
        functions = [Function.COUNT, Function.SUM] if divisible else list(Function)
        function = self.one([f for f in functions if median or f is not Function.MEDIAN])
        where = self.filter(1) if filtered and self.chance(3) else None
        amounts = [each for each in self._single if quantity(each, MODEL) is Quantity.AMOUNT]
        rates = [each for each in self._single if quantity(each, MODEL) is Quantity.RATE]
        numbers = amounts + rates
        if function is Function.COUNT or not amounts:
            return Aggregate(function=Function.COUNT, where=where)
        if function is Function.DISTINCT:
            return Aggregate(function=function, of=self.one(self._single), where=where)
        of: Any = self.one(amounts if function is Function.SUM else numbers)
        if self.chance(4):
            operator = self.one(["*", "/"]) if function is Function.SUM else self.one("+-*/")
            right = Number(value=self.one([2.0, 0.5])) if self.chance() else self.one(numbers)
            of = Formula(operator=operator, left=of, right=right)
        return Aggregate(function=function, of=of, where=where)

    def measure(self, groups: Sequence[Group]) -> Measure:
        """One measure that these groups allow."""
        kinds = ["aggregate", "aggregate", "ratio", "difference"]
        if groups and not any(_widens(_path(each)) for each in groups):
            kinds += ["share"]
        times = [each for each in groups if isinstance(each, TimeGroup)]
        if len(times) == 1 and not times[0].recurring:
            kinds += ["growth"] * 4
        match self.one(kinds):
            case "ratio":
                return Ratio(top=self.aggregate(), bottom=self.aggregate(), percent=self.chance())
            case "difference":
                left, right = self.aggregate(), self.aggregate()
                return Difference(left=left, right=right, percent=self.chance())
            case "share":
                within = len(groups) > 1 and self.chance()
                return Share(of=self.aggregate(divisible=True), within=within)
            case "growth":
                return Growth(of=self.aggregate(), absolute=self.chance())
            case _:
                return self.aggregate()

    def group(self) -> Group:
        """One group."""
        kind = self.one(["field", "time", "periods"]) if self._times else "field"
        if kind == "field":
            names = [each for each in self._fields if each.column in {"name", "category", "status"}]
            return FieldGroup(field=self.one(names if names and self.chance() else self._fields))
        axis, path = self.one(self._times)
        if kind == "time":
            grains = list(Grain)[list(Grain).index(axis.finest) :]
            return TimeGroup(
                axis=axis.id, path=path, grain=self.one(grains), recurring=self.chance(4)
            )
        first, second = ("b", "2024-01-01", "2024-04-01"), ("a", "2024-04-01", "2025-01-01")
        periods = (second, first) if self.chance() else (first, second)
        return PeriodGroup(axis=axis.id, path=path, periods=periods)


@st.composite
def queries(draw: st.DrawFn) -> Query:
    """A query; the gate decides whether it makes sense."""
    fact = draw(st.sampled_from(["orders", *MODEL.schema.tables]))
    parts = Drawing(draw, fact)
    where = parts.filter() if parts.chance() else None
    limit = draw(st.none() | st.integers(1, 4))
    if parts.chance(5):
        return _listing(parts, draw, fact, where, limit)
    groups = tuple(parts.group() for _ in range(draw(st.integers(0, 2))))
    measures = tuple(parts.measure(groups) for _ in range(draw(st.integers(1, 2))))
    known = [*measures, *([parts.measure(groups)] if parts.chance(3) else [])]
    having: tuple[Having, ...] = ()
    if parts.chance(3):
        operators = [Operator.ABOVE, Operator.AT_MOST, Operator.EQUAL, Operator.NOT_EQUAL]
        values = (parts.one([0, 1, 2, 10]),)
        having = (Having(measure=parts.one(known), operator=parts.one(operators), values=values),)
    order = tuple(
        Order(by=by, descending=parts.chance())
        for by in draw(st.lists(st.sampled_from([*known, *groups]), max_size=2))
    )
    each = parts.one([1, 2]) if len(groups) > 1 and parts.chance() else None
    return Query(
        fact=fact, measures=measures, groups=groups, where=where, having=having, order=order,
        limit=limit, each=each,
    )  # fmt: skip


def _listing(
    parts: Drawing, draw: st.DrawFn, fact: str, where: Filter | None, limit: int | None
) -> Query:
    distinct = parts.chance()
    among = parts._fields if distinct else parts._single
    columns = tuple(parts.one(among) for _ in range(draw(st.integers(1, 3))))
    by = parts.one(columns) if distinct else parts.one(parts._single)
    order = (Order(by=by, descending=parts.chance()),) if parts.chance() else ()
    return Query(
        fact=fact, columns=columns, distinct=distinct, where=where, order=order, limit=limit
    )
