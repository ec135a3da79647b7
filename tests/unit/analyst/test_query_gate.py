"""A query that makes no sense on its model is stopped, with the part that is at fault."""

from dataclasses import replace

import msgspec
import pytest

from kai_flow.analyst.kinds.growth import Growth
from kai_flow.analyst.query.faults import Fault, IllTyped
from kai_flow.analyst.query.gate import check
from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import (
    Against,
    Aggregate,
    All,
    During,
    Field,
    Filter,
    Formula,
    Function,
    Grain,
    Group,
    Having,
    Node,
    Number,
    Operator,
    Order,
    Over,
    PeriodGroup,
    Query,
    Recurring,
    Related,
    Tally,
    TimeGroup,
)
from kai_flow.analyst.query.ratio import Ratio
from kai_flow.analyst.query.share import Share
from tests.engines import market
from tests.engines.market_constructs import (
    AVERAGE,
    CONSTRUCTS,
    COUNT,
    CUSTOMER,
    HOME,
    ITEMS,
    ORDERS,
    SHIP,
    STATUS,
    TOTAL,
    agg,
    by,
    compare,
    field,
    is_,
)

MODEL = market.model()
BY_STATUS = by("orders", "status")
BY_MONTH = TimeGroup(axis="orders.ordered", grain=Grain.MONTH)
PRICE = field("items", "unit_price")
LATEST = agg(Function.MAXIMUM, field("orders", "ordered"))


def grouped(*groups: Group, measure: Measure = COUNT, fact: str = "orders") -> Query:
    """A query with groups."""
    return Query(fact=fact, measures=(measure,), groups=groups)


def measured(function: Function, of: Field | Formula | None, fact: str = "orders") -> Query:
    """A query with one aggregate."""
    return Query(fact=fact, measures=(Aggregate(function=function, of=of),))


def where(node: Filter, fact: str = "orders") -> Query:
    """A query with a filter."""
    return Query(fact=fact, measures=(COUNT,), where=node)


def during(axis: str, start: str | None, end: str | None) -> Query:
    """A query about a period."""
    return where(During(axis=f"orders.{axis}", start=start, end=end))


def periods(*spans: tuple[str, str, str]) -> PeriodGroup:
    """Named periods of an axis."""
    return PeriodGroup(axis="orders.ordered", periods=spans)


def having(operator: Operator, *values: float, measure: Measure = COUNT) -> Query:
    """A query with a condition on its groups."""
    found = Having(measure=measure, operator=operator, values=values)
    return msgspec.structs.replace(grouped(BY_STATUS), having=(found,))


def ordered(query: Query, *order: Order) -> Query:
    """A query with an order."""
    return msgspec.structs.replace(query, order=order)


LISTING = Query(fact="orders", columns=(STATUS,))
FAULTY: list[tuple[Fault, Query]] = [
    (Fault.NO_TABLE, Query(fact="invoices", measures=(COUNT,))),
    (Fault.NO_TABLE, grouped(by("invoices", "status"))),
    (Fault.NO_COLUMN, grouped(by("orders", "colour"))),
    (Fault.NO_AXIS, during("shipped", "2024-01-01", None)),
    (Fault.BROKEN_PATH, grouped(by("cities", "name", HOME))),
    (Fault.BROKEN_PATH, grouped(by("cities", "name", CUSTOMER))),
    (Fault.BROKEN_PATH, grouped(by("cities", "name", "no such join"))),
    (Fault.BROKEN_PATH, where(Related(path=()))),
    (Fault.SEVERAL_ROWS, measured(Function.SUM, field("items", "quantity", ITEMS))),
    (Fault.SEVERAL_ROWS, Query(fact="customers", columns=(field("orders", "status", ORDERS),))),
    (Fault.NOTHING_ASKED, Query(fact="orders")),
    (Fault.NOTHING_ASKED, Query(fact="orders", measures=(COUNT,), columns=(STATUS,))),
    (Fault.NOTHING_ASKED, where(All(parts=()))),
    (Fault.REPEATED_GROUP, grouped(BY_STATUS, BY_STATUS)),
    (Fault.DIFFERENT_GROUPS, grouped(
        BY_STATUS, measure=Aggregate(function=Function.COUNT, over=Over(fact="customers"))
    )),
    (Fault.NOT_SUMMABLE, measured(Function.SUM, PRICE, "items")),
    (Fault.NOT_SUMMABLE, measured(Function.SUM, field("orders", "customer_id"))),
    (Fault.NOT_SUMMABLE, measured(
        Function.SUM, Formula(operator="+", left=PRICE, right=Number(value=1)), "items"
    )),
    (Fault.NOT_A_NUMBER, measured(Function.AVERAGE, STATUS)),
    (Fault.NOT_A_NUMBER, measured(Function.MEDIAN, field("orders", "id"))),
    (Fault.NOT_A_NUMBER, grouped(BY_STATUS, measure=Ratio(top=LATEST, bottom=COUNT))),
    (Fault.NOT_ORDERED, measured(Function.MAXIMUM, STATUS)),
    (Fault.NO_OPERAND, measured(Function.SUM, None)),
    (Fault.NO_OPERAND, measured(Function.COUNT, STATUS)),
    (Fault.BAD_FORMULA, measured(
        Function.AVERAGE, Formula(operator="%", left=PRICE, right=PRICE), "items"
    )),
    (Fault.TOO_FINE, grouped(TimeGroup(axis="orders.year", grain=Grain.MONTH))),
    (Fault.TOO_FINE, during("year_month", "2024-01-15", None)),
    (Fault.TOO_FINE, during("year_quarter", None, "2024-02-01")),
    (Fault.TOO_FINE, where(Recurring(axis="orders.month_number", part="weekday", values=(1,)))),
    (Fault.BAD_PERIOD, during("ordered", "2024-02-30", None)),
    (Fault.BAD_PERIOD, during("ordered", "2024-02-01", "2024-02-01")),
    (Fault.BAD_PERIOD, during("ordered", None, None)),
    (Fault.BAD_PERIOD, grouped(periods())),
    (Fault.OVERLAPPING_PERIODS, grouped(
        periods(("a", "2024-01-01", "2025-01-01"), ("b", "2024-03-01", "2024-04-01"))
    )),
    (Fault.BAD_PART, where(Recurring(axis="orders.ordered", part="month", values=(13,)))),
    (Fault.BAD_PART, where(Recurring(axis="orders.ordered", part="hour", values=(1,)))),
    (Fault.BAD_PART, grouped(
        TimeGroup(axis="orders.ordered", grain=Grain.YEAR, recurring=True)
    )),
    (Fault.WITHOUT_TIME, grouped(BY_STATUS, measure=Growth(of=TOTAL))),
    (Fault.WITHOUT_TIME, grouped(
        TimeGroup(axis="orders.ordered", grain=Grain.MONTH, recurring=True),
        measure=Growth(of=TOTAL),
    )),
    (Fault.WITHOUT_GROUPS, grouped(measure=Share(of=TOTAL))),
    (Fault.WITHOUT_GROUPS, grouped(BY_STATUS, measure=Share(of=TOTAL, within=True))),
    (Fault.NOT_DIVISIBLE, grouped(BY_STATUS, measure=Share(of=AVERAGE))),
    (Fault.NOT_DIVISIBLE, grouped(
        by("orders", "status", ORDERS), measure=Share(of=COUNT), fact="customers"
    )),
    (Fault.EACH_WITHOUT_GROUPS, msgspec.structs.replace(grouped(BY_STATUS), each=1)),
    (Fault.BAD_LIMIT, msgspec.structs.replace(LISTING, limit=0)),
    (Fault.BAD_ORDER, ordered(grouped(BY_STATUS), Order(by=STATUS))),
    (Fault.BAD_ORDER, ordered(grouped(BY_STATUS), Order(by=BY_MONTH))),
    (Fault.BAD_ORDER, ordered(LISTING, Order(by=COUNT))),
    (Fault.BAD_ORDER, ordered(
        msgspec.structs.replace(LISTING, distinct=True), Order(by=field("orders", "id"))
    )),
    (Fault.BAD_VALUE, where(is_(STATUS, 5))),
    (Fault.BAD_VALUE, where(is_(field("orders", "total"), "many"))),
    (Fault.BAD_VALUE, where(compare(field("orders", "total"), Operator.ABOVE, float("nan")))),
    (Fault.BAD_VALUE, where(is_(field("orders", "ordered"), "yesterday"))),
    (Fault.BAD_VALUE, having(Operator.ABOVE, float("inf"))),
    (Fault.BAD_VALUE, having(Operator.ABOVE, 5, measure=LATEST)),
    (Fault.BAD_OPERATOR, where(compare(STATUS, Operator.ABOVE, "paid"))),
    (Fault.BAD_OPERATOR, where(compare(field("orders", "total"), Operator.BETWEEN, 5))),
    (Fault.BAD_OPERATOR, where(compare(STATUS, Operator.EMPTY, "paid"))),
    (Fault.BAD_OPERATOR, where(compare(field("orders", "total"), Operator.CONTAINS, 5))),
    (Fault.BAD_OPERATOR, having(Operator.EMPTY)),
    (Fault.BAD_OPERATOR, where(
        Tally(path=(ORDERS,), of=COUNT, operator=Operator.ABOVE, values=()), "customers"
    )),
    (Fault.SEVERAL_ROWS, where(
        Tally(path=(ORDERS, SHIP), of=COUNT, operator=Operator.ABOVE, values=(1,)), "customers"
    )),
    (Fault.NOT_A_NUMBER, where(
        Tally(path=(ORDERS,), of=LATEST, operator=Operator.ABOVE, values=(1,)), "customers"
    )),
    (Fault.NOT_A_NUMBER, where(Against(of=STATUS, operator=Operator.ABOVE, than=AVERAGE))),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "query"), FAULTY, ids=lambda each: str(each)[:60])
def test_a_query_without_sense_is_stopped(fault: Fault, query: Query) -> None:
    """The gate names the fault, and the part of the query that has it."""
    with pytest.raises(IllTyped) as found:
        check(query, MODEL)
    assert found.value.fault is fault
    assert isinstance(found.value.node, Node)


def test_every_fault_can_be_found() -> None:
    """No fault stands in the list that the gate never names."""
    assert {fault for fault, _ in FAULTY} == set(Fault)


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_a_query_with_sense_passes(name: str) -> None:
    """The gate lets every construct through."""
    check(CONSTRUCTS[name], MODEL)


def test_a_taught_measure_may_be_summed() -> None:
    """What a derived measure is counts, not what its formula looks like."""
    of = Formula(operator="-", left=PRICE, right=Number(value=1))
    [revenue] = MODEL.derived
    taught = replace(MODEL, derived=(replace(revenue, name="surcharge"),))
    query = Query(
        fact="items", measures=(Aggregate(function=Function.SUM, of=of, derived="surcharge"),)
    )
    check(query, taught)
    with pytest.raises(IllTyped):
        check(query, MODEL)
