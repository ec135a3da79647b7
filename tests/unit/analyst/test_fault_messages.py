"""A query that makes no sense is refused with a sentence about its own columns and times."""

import pytest
from msgspec import json

from kai_flow.analyst.answer.faults import fault_message, told_fault
from kai_flow.analyst.answer.naming import Names
from kai_flow.analyst.query.faults import Fault
from kai_flow.analyst.query.nodes import (
    Aggregate,
    Condition,
    During,
    Field,
    Function,
    Grain,
    Node,
    Operator,
    Query,
    TimeGroup,
)
from kai_flow.analyst.query.share import Share
from tests.unit.analyst.answer_models import KOPERASI, SHOP
from tests.unit.analyst.stories import AVERAGE, STATUS, orders

DISCOUNT = Field(table="orders", column="discount")


@pytest.mark.parametrize(
    ("fault", "node", "expected"),
    [
        (
            Fault.NOT_SUMMABLE,
            Aggregate(function=Function.SUM, of=DISCOUNT),
            (
                "Adding up discount has no meaning: it is no quantity, but a price, a"
                " percentage or a year, for example. Ask for the average, the lowest or the"
                " highest."
            ),
        ),
        (
            Fault.NOT_A_NUMBER,
            Aggregate(function=Function.AVERAGE, of=STATUS),
            (
                "Status is not a number, so the average cannot be computed. Ask how many "
                "there are, or choose a column with numbers."
            ),
        ),
        (
            Fault.NOT_DIVISIBLE,
            Share(of=AVERAGE),
            (
                "Average amount cannot be divided into percentages, because its parts make "
                "no whole. Ask for the percentage of a number or of a total."
            ),
        ),
        (
            Fault.BAD_VALUE,
            Condition(of=DISCOUNT, operator=Operator.EQUAL, values=("red",)),
            (
                "Discount cannot be compared with “red”: they are of different kinds. "
                "Compare it with a value of its own kind."
            ),
        ),
        (
            Fault.BAD_PERIOD,
            During(axis="orders.order_date", start="2025-03-02", end="2025-03-01"),
            (
                "The period “2 March 2025 – 1 March 2025” ends before it begins. Name its "
                "beginning first."
            ),
        ),
        (
            Fault.WITHOUT_TIME,
            STATUS,
            "This number needs a unit of time. Add “by month” or “by year”, for example.",
        ),
    ],
)
def test_a_fault_names_its_column(fault: Fault, node: Node, expected: str) -> None:
    """The sentence names what is at fault, and what to ask instead."""
    assert fault_message(fault, node, orders(), Names(SHOP, "en")) == expected


def test_a_year_has_no_months() -> None:
    """A table that keeps only years says so when months are asked for."""
    group = TimeGroup(axis="laporan_tahunan.tahun_buku", grain=Grain.MONTH)
    query = Query(fact="laporan_tahunan", groups=(group,))
    assert fault_message(Fault.TOO_FINE, group, query, Names(KOPERASI, "en")) == (
        "The financial year is recorded only by year, so it cannot be divided by month. Ask by"
        " year."
    )
    assert fault_message(Fault.TOO_FINE, group, query, Names(KOPERASI, "id")) == (
        "Tahun buku hanya dicatat per tahun, jadi tidak dapat dibagi per bulan. Tanyakan per tahun."
    )


def test_a_fault_that_the_reader_noted_has_its_sentence() -> None:
    """The reader notes a fault with its nodes as JSON; what cannot be read is still a sentence."""
    names = Names(SHOP, "en")
    given = {
        "fault": str(Fault.NOT_SUMMABLE),
        "node": json.encode(Aggregate(function=Function.SUM, of=DISCOUNT)).decode(),
        "query": json.encode(orders()).decode(),
    }
    assert told_fault(given, names).startswith("Adding up discount has no meaning")
    assert told_fault({**given, "node": "{}"}, names).startswith("The words are known")


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("language", ["en", "id"])
def test_every_fault_has_a_sentence(fault: Fault, language: str) -> None:
    """Also a fault that no question should cause ends in a sentence with a remedy."""
    names = Names(SHOP, "en" if language == "en" else "id")
    said = fault_message(fault, orders(), orders(), names)
    assert said.endswith(".")
