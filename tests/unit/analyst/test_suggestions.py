"""Follow-up questions: each is one that the reader answers, as the query that it was made from."""

from collections.abc import Callable
from datetime import date

import pytest

from kai_flow.analyst.answer.asking import asked
from kai_flow.analyst.answer.suggestions import MAX_SUGGESTIONS, starters, suggestions
from kai_flow.analyst.kinds.differences import Difference
from kai_flow.analyst.kinds.growth import Growth
from kai_flow.analyst.lexicon.data import Language
from kai_flow.analyst.query.nodes import (
    Aggregate,
    All,
    Condition,
    During,
    Function,
    Operator,
    Order,
    Query,
)
from kai_flow.analyst.query.ratio import Ratio
from kai_flow.analyst.query.share import Share
from kai_flow.analyst.reading.reader import Understood, read
from kai_flow.analyst.semantics.index import Index
from tests.unit.analyst.answer_models import SHOP
from tests.unit.analyst.stories import (
    AMOUNT,
    AVERAGE,
    BY_CITY,
    COUNT,
    LARGEST,
    STATUS,
    TOTAL,
    by_time,
    orders,
)

PAID = Condition(of=STATUS, operator=Operator.EQUAL, values=("P",))
OF_PAID = Aggregate(function=Function.COUNT, where=PAID)
MARCH = During(axis="orders.order_date", start="2025-03-01", end="2025-04-01")


@pytest.fixture(scope="module")
def taken() -> Callable[[str], Query | None]:
    """What the real reader takes a question for."""
    index = Index(SHOP)

    def query(text: str) -> Query | None:
        outcome, _ = read(text, SHOP, index, date(2025, 6, 20))
        return outcome.query if isinstance(outcome, Understood) else None

    return query


@pytest.mark.parametrize(
    ("query", "english", "indonesian"),
    [
        (orders(of=(COUNT,)), "How many orders are there?", "Berapa jumlah pesanan?"),
        (
            orders(BY_CITY),
            "What is the total amount by customer city?",
            "Berapa total nominal per kota pelanggan?",
        ),
        (
            orders(BY_CITY, order=(LARGEST,), limit=5),
            "Which 5 customer cities have the highest total amount?",
            "5 kota pelanggan dengan total nominal tertinggi",
        ),
        (
            orders(BY_CITY, order=(Order(by=TOTAL),), limit=3),
            "Which 3 customer cities have the lowest total amount?",
            "3 kota pelanggan dengan total nominal terendah",
        ),
        (
            orders(by_time(), of=(Growth(of=TOTAL),)),
            "What is the growth of total amount by month?",
            "Berapa pertumbuhan total nominal per bulan?",
        ),
        (
            orders(BY_CITY, of=(Share(of=COUNT),)),
            "What is the percentage of orders by customer city?",
            "Berapa persentase pesanan per kota pelanggan?",
        ),
        (
            orders(BY_CITY, of=(TOTAL, Share(of=TOTAL))),
            "What is the percentage of total amount by customer city?",
            "Berapa persentase total nominal per kota pelanggan?",
        ),
        (
            orders(BY_CITY, of=(Ratio(top=TOTAL, bottom=COUNT),)),
            "What is the ratio of total amount to number of orders by customer city?",
            "Berapa rasio total nominal terhadap jumlah pesanan per kota pelanggan?",
        ),
        (
            orders(BY_CITY, of=(Ratio(top=OF_PAID, bottom=COUNT, percent=True),)),
            "What is the percentage of orders with status P by customer city?",
            "Berapa persentase pesanan dengan status P per kota pelanggan?",
        ),
        (
            orders(of=(Difference(left=TOTAL, right=AVERAGE),)),
            "What is the difference between total amount and average amount?",
            "Berapa selisih total nominal dan rata-rata nominal?",
        ),
        (
            orders(where=All(parts=(PAID, MARCH))),
            "What is the total amount with status P in March 2025?",
            "Berapa total nominal dengan status P pada Maret 2025?",
        ),
    ],
)
def test_a_query_is_worded_as_a_question(query: Query, english: str, indonesian: str) -> None:
    """The first wording of a query is what a person would ask."""
    assert asked(query, SHOP, "en")[0] == english
    assert asked(query, SHOP, "id")[0] == indonesian


def test_a_query_without_a_plain_wording_has_none() -> None:
    """What cannot be said in short is not suggested, rather than said wrongly."""
    assert asked(orders(of=(OF_PAID,)), SHOP, "en") == ()
    assert asked(orders(of=(Difference(left=OF_PAID, right=COUNT),)), SHOP, "en") == ()
    highest = Aggregate(function=Function.MAXIMUM, of=AMOUNT)
    ranked = orders(BY_CITY, of=(highest,), order=(Order(by=highest, descending=True),), limit=5)
    assert asked(ranked, SHOP, "en") == ()


@pytest.mark.parametrize("language", ["en", "id"])
@pytest.mark.parametrize(
    "query", [orders(of=(COUNT,)), orders(BY_CITY), orders(by_time()), orders(BY_CITY, where=PAID)]
)
def test_the_real_reader_reads_what_is_suggested(
    query: Query, language: Language, taken: Callable[[str], Query | None]
) -> None:
    """There are suggestions, they keep the filters, and none repeats the question."""
    found = suggestions(query, SHOP, language, taken)
    assert 1 <= len(found) <= MAX_SUGGESTIONS
    for meant, text in found:
        assert taken(text) == meant
        assert meant.where is None if query.where is None else meant.where is not None
        assert (meant.measures, meant.groups) != (query.measures, query.groups)


def test_nothing_is_suggested_that_the_reader_does_not_read() -> None:
    """A wording that is declined, or read as something else, is left out."""
    assert suggestions(orders(BY_CITY), SHOP, "en", lambda _text: None) == ()
    assert suggestions(orders(BY_CITY), SHOP, "en", lambda _text: orders(BY_CITY)) == ()


def test_a_newcomer_gets_first_questions(taken: Callable[[str], Query | None]) -> None:
    """Without a query, the first questions are about the largest tables."""
    found = starters(SHOP, "en", taken)
    assert found
    assert all(taken(text) == meant for meant, text in found)


def test_one_month_is_not_shown_as_a_trend(taken: Callable[[str], Query | None]) -> None:
    """A filter that leaves a month has no trend by month."""
    found = suggestions(orders(BY_CITY, where=MARCH), SHOP, "en", taken)
    assert not any("by month" in text for _, text in found)
