"""Durations: the times between which something lasted, and what a question says of them."""

from collections.abc import Iterator
from copy import copy
from typing import Any, Final

from msgspec.structs import replace

from kai_flow.analyst.lexicon.lexicon import concepts
from kai_flow.analyst.query.nodes import Field, Lapse, TimeUnit, Words
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.choices import Choice, combined
from kai_flow.analyst.reading.parts import Amount, Compared, Lasting
from kai_flow.analyst.reading.resolving import Resolver
from kai_flow.analyst.reading.ways import ids
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.durations import unit_between
from kai_flow.analyst.semantics.model import Axis, Duration, Role, SemanticModel
from kai_flow.analyst.semantics.paths import keeps_rows, leads_to_one

UNNAMED_COST: Final = 0.05
"""Of a duration whose times the question does not name."""

LATE_COST: Final = 0.2
"""Of a start that is not the first time of a row, where only the end is named."""

SHORT: Final = {"min": TimeUnit.MINUTE, "h": TimeUnit.HOUR}
"""The units of such columns."""

MOST: Final = 2
"""Times between which something lasts."""


def tables_of(model: SemanticModel, lasting: Lasting) -> tuple[str, ...]:
    """The tables whose rows may have lasted so long."""
    if lasting.axes:
        timed = dict.fromkeys(model.axes[axis].table for axis in lasting.axes)
        return tuple(at for at in timed if all(leads_to_one(model, at, to) for to in timed))
    tables = dict.fromkeys(each.table for each in model.durations if each.usual)
    tables |= {ref.table: None for ref in _kept(model, lasting)}
    if lasting.table is None or lasting.table in tables:
        return tuple(table for table in tables if lasting.table in {None, table})
    return tuple(table for table in tables if leads_to_one(model, table, lasting.table))


def lapses(resolver: Resolver, lasting: Lasting, words: Words) -> list[Choice[Lapse]]:
    """The durations that are meant, by their times."""
    if len(lasting.axes) == MOST:
        return _between(resolver, lasting, words)
    if resolver.fact not in tables_of(resolver.model, lasting):
        return []
    found = [each for each in resolver.model.durations if each.table == resolver.fact]
    return [
        Choice(_lapse(resolver.model, each, lasting.unit, words), cost)
        for each, cost in _meant(found, lasting)
    ]


def figures(resolver: Resolver, lasting: Lasting, words: Words) -> list[Choice[Field]]:
    """The durations that a column of the fact table keeps as a number."""
    return [
        Choice(Field(table=ref.table, column=ref.column, words=words), UNNAMED_COST)
        for ref in _kept(resolver.model, lasting)
        if ref.table == resolver.fact
    ]


def _kept(model: SemanticModel, lasting: Lasting) -> list[ColumnRef]:
    """Columns that hold how long each row lasted, in the unit that the question wants."""
    if lasting.axes:
        return []
    return [
        ref
        for ref, each in model.attributes.items()
        if each.role in {Role.ADDITIVE, Role.RATE}
        and (lasting.unit is None or SHORT.get(each.unit) is lasting.unit)
        and any("duration" in concepts(name.words) for name in each.names)
    ]


def _meant(found: list[Duration], lasting: Lasting) -> Iterator[tuple[Duration, float]]:
    """The durations of a table that have the time that is named, or that are usual."""
    if not lasting.axes:
        for each in found:
            if each.usual:
                yield each, UNNAMED_COST
        return
    (axis,) = lasting.axes
    ending = [each for each in found if each.end == axis and each.usual]
    for at, each in enumerate(ending):
        yield each, LATE_COST * at
    if not ending:
        for each in found:
            if axis in {each.start, each.end} and each.usual:
                yield each, UNNAMED_COST


def _lapse(model: SemanticModel, of: Duration, unit: TimeUnit | None, words: Words) -> Lapse:
    start, end = (
        Field(table=of.table, column=model.axes[axis].columns[0], words=words)
        for axis in (of.start, of.end)
    )
    return Lapse(start=start, end=end, unit=unit or of.unit, words=words)


def _between(resolver: Resolver, lasting: Lasting, words: Words) -> list[Choice[Lapse]]:
    """The duration between two times, the earlier of a table's times first."""
    model = resolver.model
    first, last = lasting.axes
    usual = any((each.start, each.end) == (last, first) for each in model.durations if each.usual)
    tables = [model.axes[axis].table for axis in (first, last)]
    if usual or (tables[0] != tables[1] and leads_to_one(model, *tables)):
        first, last = last, first  # what a row belongs to was there before it
    ends = [model.axes[first], model.axes[last]]
    unit = lasting.unit or unit_between(model, *ends)
    options = [_reached(resolver, axis, words) for axis in ends]
    return [
        each.map(lambda v: Lapse(start=v[0], end=v[1], unit=unit, words=words))
        for each in combined(options)
    ]


def _reached(resolver: Resolver, axis: Axis, words: Words) -> list[Choice[Field]]:
    """The ways to the one time that each row has on an axis."""
    return [
        way.map(
            lambda path: Field(
                table=axis.table, column=axis.columns[0], path=ids(path), words=words
            )
        )
        for way in resolver.ways(axis.table)
        if keeps_rows(way.value)
    ]


def gathered(bag: Bag) -> Bag:
    """The bag with all that it says of a duration in one place.

    In "how many hours does it take for each service until a shipment arrives", the number is
    in one place and the end in another.
    """
    pieces = [(c, w) for c, w in bag.columns if isinstance(c, Lasting)]
    hosts = [each for each in _hosts(bag) if each is not None]
    if not pieces and not hosts:
        return bag
    if not hosts:
        hosts, pieces = [pieces[0][0]], pieces[1:]
    told = hosts[0]
    words: Words = ()
    ends = [(Lasting((bound.axis,)), w) for bound, w in bag.bounds]
    ends += [(Lasting((clock.axis,)), w) for clock, w in bag.clocks]
    for piece, there in [*pieces, *ends]:
        more = told.with_(piece)
        if more is None:
            return bag
        told, words = more, (*words, *there)
    return _told(bag, hosts[0], told, words)


def _hosts(bag: Bag) -> Iterator[Lasting | None]:
    """The durations that a number, a condition or a rank of the bag is of."""
    for measure, _ in bag.measures:
        yield _of(measure)
    for test, _ in bag.tests:
        yield _of(test)
    for rank, _ in bag.ranks:
        yield _of(rank.by)


def _of(part: object) -> Lasting | None:
    of = part.of if isinstance(part, Amount | Compared) else None
    return of if isinstance(of, Lasting) else None


def _told(bag: Bag, host: Lasting, told: Lasting, words: Words) -> Bag:
    """The bag with a duration as it is told, in the place of all that tells of it."""

    def changed(part: Any) -> Any:
        return replace(part, of=told) if _of(part) == host else part

    def placed(found: list[tuple[Any, Words]]) -> list[tuple[Any, Words]]:
        return [
            (new, tuple(sorted({*w, *words})) if new != part or _of(part) == host else w)
            for part, w in found
            for new in [changed(part)]
        ]

    fresh = copy(bag)
    fresh.measures, fresh.tests = placed(bag.measures), placed(bag.tests)
    fresh.havings = [(replace(h, amount=changed(h.amount)), w) for h, w in bag.havings]
    fresh.ranks = [(replace(rank, by=changed(rank.by)), w) for rank, w in bag.ranks]
    alone = not any(_hosts(bag))
    first = [w for c, w in bag.columns if isinstance(c, Lasting)][:1]
    fresh.columns = [(c, w) for c, w in bag.columns if not isinstance(c, Lasting)]
    if alone:
        fresh.columns = [*fresh.columns, (told, tuple(sorted({*first[0], *words})))]
    fresh.clocks, fresh.bounds = [], []
    return fresh
