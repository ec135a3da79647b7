"""Follow-ups over any query: nothing changes but what is named, and a repeat changes nothing."""

from contextlib import suppress
from typing import Any

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from kai_flow.analyst.query.change_nodes import (
    AddFilter,
    AddGroup,
    AddMeasure,
    AsAmount,
    AsShare,
    Change,
    DropFilter,
    SetFunction,
    SetGroups,
    SetLimit,
    SetMeasures,
    SetOrder,
    SetPeriod,
)
from kai_flow.analyst.query.changes import apply
from kai_flow.analyst.query.filters import parts_of, subjects, where_of
from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import (
    Function,
    Grain,
    Group,
    Not,
    Operator,
    Order,
    Query,
)
from kai_flow.analyst.query.refusals import CannotChange
from kai_flow.analyst.query.stored import stored_query
from tests.unit.order_model import (
    AMOUNT,
    BY_CITY,
    BY_STATUS,
    CITY,
    COUNT,
    SPENT,
    STATUS,
    TOTAL,
    by,
    compare,
    of,
    order_model,
    year,
)

MODEL = order_model()

FILTERS = st.one_of(
    st.builds(of, st.sampled_from([CITY, STATUS]), st.sampled_from(["a", "b"])),
    st.builds(lambda value: Not(part=of(CITY, value)), st.sampled_from(["a", "b"])),
    st.builds(
        compare,
        st.just(AMOUNT),
        st.sampled_from([Operator.ABOVE, Operator.BELOW, Operator.NOT_EQUAL]),
        st.integers(0, 3).map(float),
    ),
)
PERIODS = st.integers(2020, 2023).map(year)
GROUPS: st.SearchStrategy[Group] = st.sampled_from(
    [BY_CITY, BY_STATUS, by(Grain.MONTH), by(Grain.YEAR)]
)
MEASURES: st.SearchStrategy[Measure] = st.sampled_from([COUNT, TOTAL, SPENT])


def _one_of(
    measures: tuple[Measure, ...], groups: tuple[Group, ...]
) -> st.SearchStrategy[Measure | Group]:
    return st.sampled_from([*measures, *groups])


@st.composite
def queries(draw: st.DrawFn) -> Query:
    """Totals, grouped or not, ranked or not, of rows that meet up to three filters."""
    measures = tuple(draw(st.lists(MEASURES, min_size=1, max_size=2, unique=True)))
    groups = tuple(draw(st.lists(GROUPS, max_size=2, unique_by=type)))
    parts = draw(st.lists(FILTERS | PERIODS, max_size=3, unique_by=subjects))
    query = Query(fact="orders", measures=measures, groups=groups, where=where_of(parts))
    ranked = draw(st.booleans())
    if groups and ranked:
        by_what: Measure | Group = draw(_one_of(measures, groups))
        order = (Order(by=by_what, descending=True),)
        query = msgspec.structs.replace(query, order=order, limit=draw(st.integers(1, 9)))
    return query


CHANGES: st.SearchStrategy[Change] = st.one_of(
    st.builds(AddFilter, part=FILTERS | PERIODS),
    st.builds(DropFilter, of=st.sampled_from([None, CITY, STATUS, AMOUNT])),
    st.builds(SetPeriod, period=st.none() | PERIODS),
    st.builds(SetGroups, groups=st.lists(GROUPS, max_size=2, unique_by=type).map(tuple)),
    st.builds(AddGroup, group=GROUPS),
    st.builds(SetMeasures, measures=MEASURES.map(lambda one: (one,))),
    st.builds(AddMeasure, measure=MEASURES),
    st.builds(SetFunction, function=st.sampled_from([Function.AVERAGE, Function.COUNT])),
    st.just(AsShare()),
    st.just(AsAmount()),
    st.builds(
        SetLimit,
        count=st.none() | st.integers(1, 9),
        descending=st.none() | st.booleans(),
    ),
    st.builds(SetOrder, descending=st.booleans()),
)

PLACES: dict[type, set[str]] = {
    AddFilter: {"where"},
    DropFilter: {"where"},
    SetPeriod: {"where"},
    SetGroups: {"groups", "order", "limit"},
    AddGroup: {"groups", "order"},
    SetMeasures: {"measures", "order"},
    AddMeasure: {"measures"},
    SetFunction: {"measures", "order"},
    AsShare: {"measures", "order", "where"},
    AsAmount: {"measures", "order", "where"},
    SetLimit: {"limit", "order"},
    SetOrder: {"order"},
}
"""The parts of a query that a change may touch; an order only because it names a measure or
group."""


def changed(query: Query, *changes: Change) -> Query:
    """The changed query; a refused change proves nothing."""
    with suppress(CannotChange):
        return apply(query, changes, MODEL)
    assume(False)
    raise AssertionError


@given(queries(), CHANGES)
def test_everything_else_is_kept(query: Query, change: Change) -> None:
    """A change touches only its own parts; of the filters, only those with its subject."""
    after = changed(query, change)
    for name in query.__struct_fields__:
        if name not in PLACES[type(change)]:
            assert getattr(after, name) == getattr(query, name)
    if isinstance(change, AddFilter):
        own = subjects(change.part)
        assert _others(query, own) == _others(after, own)
        assert change.part in parts_of(after.where)


def _others(query: Query, own: Any) -> list[Any]:
    return [part for part in parts_of(query.where) if subjects(part) != own]


@given(queries(), CHANGES)
def test_a_repeat_changes_nothing(query: Query, change: Change) -> None:
    """The same follow-up once more gives the same query, or is refused: there is nothing left."""
    once = changed(query, change)
    assert changed(once, change) == once


@given(queries(), st.lists(CHANGES, min_size=2, max_size=3, unique_by=type), st.randoms())
def test_the_order_of_the_words_does_not_matter(
    query: Query, some: list[Change], luck: Any
) -> None:
    """Changes of different kinds give the same query in whatever order the fragment names them."""
    shuffled = list(some)
    luck.shuffle(shuffled)
    assert changed(query, *some) == changed(query, *shuffled)


@given(queries(), CHANGES)
def test_orders_name_what_is_there(query: Query, change: Change) -> None:
    """A changed query is sorted only by its own measures and groups, and is JSON and back."""
    after = changed(query, change)
    for order in after.order:
        assert order.by in {*after.measures, *after.groups}
    assert stored_query(msgspec.json.encode(after).decode()) == after
