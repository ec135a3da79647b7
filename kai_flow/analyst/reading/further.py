"""What is shown beside what is listed: "together with their price", "the manager of each"."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import TypeAlias

from msgspec.structs import replace

from kai_flow.analyst.query.nodes import Function, Words
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.assembler import Assembler
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.people import is_person
from kai_flow.analyst.reading.subjects import with_kind_of_rows
from kai_flow.analyst.reading.whole_limits import limits_others
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.paths import keeps_rows

_Thing: TypeAlias = p.Noun | p.Clock | p.Rows | p.Measured


def with_further(a: Assembler, bag: Bag) -> Bag | None:
    """The same with what is shown beside things among the columns, or the numbers of groups.

    None when it would stand beside nothing.
    """
    bag = _each_row(_of_each(a, bag))
    if not bag.shown:
        return bag
    bag = with_kind_of_rows(a.model, bag)
    own = {table for table, _ in bag.rows}
    own |= {of.table for of, _ in bag.which if isinstance(of, p.Rows)}
    own |= {some.of.table for some, _ in bag.somes if isinstance(some.of, p.Rows)}
    beside = own or bag.which or bag.columns or bag.groups or bag.measures or bag.ranks
    if not beside or any(_strange(a, shown, own) for shown, _ in bag.shown):
        return None
    columns: list[tuple[p.Noun, Words]] = []
    measures: list[tuple[p.Measured, Words]] = []
    clocks: list[tuple[p.Clock, Words]] = []
    for shown, words in bag.shown:
        for each in shown.things:
            thing = _added_up(a, bag, each)
            match thing:
                case p.Rows(table):
                    columns += [(column, words) for column in _label(a, table)]
                case p.Column() | p.Computed() | p.Lasting():
                    columns.append((thing, words))
                case p.Clock():
                    clocks.append((thing, words))
                case p.Amount(Function.SUM | None, p.Column(ref) as column) if ref.table in own:
                    columns.append((column, words))  # each row has one
                case _:
                    measures.append((thing, words))
    more: dict[str, object] = {
        "columns": [*bag.columns, *columns],
        "clocks": [*bag.clocks, *clocks],
    }
    if measures:
        more |= _numbers(a, bag, measures, named_alone=not columns)
    full = replace(bag, **more, asks=[*bag.asks, p.Ask("list")])
    return None if measures and _alone(bag) else full


def _numbers(
    a: Assembler, bag: Bag, further: Sequence[tuple[p.Measured, Words]], *, named_alone: bool
) -> dict[str, object]:
    """What changes by further numbers: "the number of staff per office with their total pay"."""
    numbers = [*bag.measures]
    if not numbers and bag.asked("count"):
        numbers += [(p.Amount(Function.COUNT, table=table), w) for table, w in bag.rows[:1]]
    joints = bag.joints + len(further) * bool(numbers)
    of_rows = (
        {} if bag.groups or numbers != bag.measures else _grouped(a, bag, named_alone=named_alone)
    )
    return {"measures": [*numbers, *further], "joints": joints, **of_rows}


def _grouped(a: Assembler, bag: Bag, *, named_alone: bool) -> dict[str, object]:
    """What a number is shown of each of: rows, or what "with more than 100 …" is said of."""
    if bag.havings and not bag.rows and named_alone and _names(a, bag):
        return {"groups": bag.columns, "columns": []}
    return {"groups": [(p.Rows(table), words) for table, words in bag.rows], "rows": []}


def _names(a: Assembler, bag: Bag) -> bool:
    """Whether all columns that are named have names of things, and no numbers."""
    return all(isinstance(c, p.Column) and not a.numeric(c) for c, _ in bag.columns)


def _alone(bag: Bag) -> bool:
    """Whether a number would stand beside nothing: a total of everything is beside no row."""
    return not (bag.groups or bag.rows or bag.which or bag.ranks or bag.columns)


def _added_up(a: Assembler, bag: Bag, thing: _Thing) -> _Thing:
    """A number of which each of what is listed has several: "stores along with their sales"."""
    column = isinstance(thing, p.Column) and a.numeric(thing)
    if not isinstance(thing, p.Column) or not column or bag.groups or bag.ranks:
        return thing
    if any(isinstance(t, p.Compared) and t.of == thing and any(t.values) for t, _ in bag.tests):
        return thing  # "with sales above 100, and their sales" limits the totals, not each sale
    ways = [
        way
        for table, _ in bag.rows
        for way in a.resolver(table, bag).ways(thing.ref.table, thing.role)
    ]
    several = ways and not any(keeps_rows(way.value) for way in ways)
    return p.Amount(None, thing) if several else thing


def _each_row(bag: Bag) -> Bag:
    """The words "every store along with its floor area" list stores: they count nothing."""
    rows = [(by.table, words) for by, words in bag.groups if isinstance(by, p.Rows)]
    numbers = bag.measures or bag.rows or bag.columns or bag.ranks or bag.havings
    if not bag.shown or numbers or not rows or len(rows) < len(bag.groups):
        return bag
    return replace(bag, groups=[], rows=rows)


def _label(a: Assembler, table: str) -> list[p.Column]:
    """The column that names the rows of a table."""
    label = a.model.entities[table].label
    return [p.Column(ColumnRef(table, label))] if label else []


def _strange(a: Assembler, shown: p.Shown, own: AbstractSet[str]) -> bool:
    """Whether there is nothing to show: rows without a name, or "who" of what is no person.

    Of "drivers together with managers" each employee is only one.
    """
    rows = [thing.table for thing in shown.things if isinstance(thing, p.Rows)]
    if not own.isdisjoint(rows) or any(_no_amount(a, thing) for thing in shown.things):
        return True
    dimensions = [of for of in shown.things if isinstance(of, p.Rows | p.Column)]
    people = len(dimensions) == len(shown.things) and all(
        is_person(a.model, of) for of in dimensions
    )
    return any(not _label(a, table) for table in rows) or (shown.person and not people)


def _no_amount(a: Assembler, thing: _Thing) -> bool:
    """Whether something is added up that is no number: "date" in "with date, amount and price"."""
    return (
        isinstance(thing, p.Amount)
        and thing.function in {Function.SUM, Function.AVERAGE}
        and isinstance(thing.of, p.Column)
        and not a.numeric(thing.of)
    )


def _of_each(a: Assembler, bag: Bag) -> Bag:
    """The words "the manager of each driver" list drivers with their managers.

    So does "what is the manager of each driver", where "berapa" would count them.
    """
    groups = [by for by, _ in bag.groups if isinstance(by, p.Rows)]
    asked = [(of, words) for of, words in bag.which if isinstance(of, p.Column)]
    if asked and not bag.columns and not bag.ranks:
        bag = replace(bag, columns=asked, which=[], asks=[*bag.asks])
    plain = [c for c, _ in bag.columns if isinstance(c, p.Column) and not a.numeric(c)]
    numbers = bag.measures or bag.havings or bag.ranks or bag.share is not None or bag.change
    if numbers or not groups or len(groups) < len(bag.groups) or bag.asked("count"):
        return bag
    if not plain or len(plain) < len(bag.columns) or bag.rows or bag.versus or bag.shown:
        return bag
    if limits_others(bag):
        return bag
    rows = [(by.table, words) for by, words in bag.groups if isinstance(by, p.Rows)]
    shown = [(p.Shown((column,)), words) for column, words in bag.columns]
    asks = [ask for ask in bag.asks if ask.what != "value" or a.language != "en"]
    return replace(bag, groups=[], columns=[], rows=rows, shown=shown, asks=asks)
