"""Insights: what the rows support, and nothing more."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from kai_flow.analyst.answer.insights import MAX_INSIGHTS, insights
from kai_flow.analyst.kinds.growth import Growth
from kai_flow.analyst.query.nodes import (
    Aggregate,
    During,
    Field,
    FieldGroup,
    Function,
    Grain,
    Having,
    Operator,
    PeriodGroup,
)
from tests.unit.analyst.answer_models import SHOP
from tests.unit.analyst.random_queries import Maker
from tests.unit.analyst.stories import (
    AVERAGE,
    BY_CITY,
    COUNT,
    LARGEST,
    TOTAL,
    by_time,
    orders,
    story,
)

CITIES = (
    *(("Jakarta", 400.0), ("Bandung", 300.0), ("Medan", 200.0), ("Solo", 50.0), ("Depok", 40.0)),
    *(("Bogor", 30.0), ("Palu", 20.0), ("Ambon", 10.0)),
)


def test_a_trend_has_its_change_and_its_ends() -> None:
    """The change from first to last is stated with both values, then the peak and the low."""
    rows = (("2024-01", 100.0), ("2024-02", 50.0), ("2024-03", 150.0))
    assert insights(story(orders(by_time()), *rows)) == (
        "From January 2024 to March 2024 it rose by 50% (USD 100 → USD 150).",
        "The highest was March 2024 (USD 150), the lowest February 2024 (USD 50).",
    )
    assert insights(story(orders(by_time()), *rows, language="id")) == (
        "Dari Januari 2024 sampai Maret 2024 nilainya naik 50% (USD 100 → USD 150).",
        "Tertinggi pada Maret 2024 (USD 150), terendah pada Februari 2024 (USD 50).",
    )


def test_a_period_that_the_data_does_not_fill_is_not_compared() -> None:
    """The last month is left out of the comparison when the data ends within it."""
    rows = (("2025-04", 100.0), ("2025-05", 200.0), ("2025-06", 10.0))
    assert insights(story(orders(by_time()), *rows)) == (
        "The data ends on 15 June 2025, so June 2025 may be incomplete.",
        "From April 2025 to May 2025 it rose by 100% (USD 100 → USD 200).",
    )


def test_a_period_that_a_filter_cuts_is_not_compared() -> None:
    """A year of which the filter leaves ten months is not compared with a whole one."""
    query = orders(
        by_time(Grain.YEAR),
        where=During(axis="orders.order_date", start="2023-03-01", end="2025-01-01"),
    )
    assert insights(story(query, (2023, 10.0), (2024, 20.0))) == ()


def test_a_few_that_have_most_of_the_whole_are_noticed() -> None:
    """Counts and sums are added up, and the part of the first three is stated."""
    query = orders(BY_CITY, order=(LARGEST,))
    assert insights(story(query, *CITIES)) == (
        "The top 3 of 8 account for 85.7% of the whole.",
        "The value of Jakarta is 40 times that of Ambon, the lowest.",
    )
    assert insights(story(query, *CITIES, language="id")) == (
        "3 teratas dari 8 mencakup 85,7% dari keseluruhan.",
        "Nilai Jakarta adalah 40 kali nilai Ambon, yang terendah.",
    )


def test_one_that_has_more_than_half_is_named() -> None:
    """A group with most of the whole is named, also among a few."""
    rows = (("Jakarta", 80), ("Bandung", 10), ("Solo", 10))
    assert insights(story(orders(BY_CITY, of=(COUNT,)), *rows))[0] == (
        "Jakarta accounts for 80% of the whole."
    )


def test_averages_are_never_added() -> None:
    """Averages are compared, but have no whole of which a few could have a part."""
    found = insights(story(orders(BY_CITY, of=(AVERAGE,)), *CITIES))
    assert found == ("The value of Jakarta is 40 times that of Ambon, the lowest.",)


def test_a_row_that_is_in_several_groups_is_not_added_twice() -> None:
    """Groups over a join that multiplies rows are no parts of a whole."""
    join = "orders<order_items.order_id"
    product = FieldGroup(field=Field(table="order_items", column="quantity", path=(join,)))
    rows = tuple((at, value) for at, (_, value) in enumerate(CITIES))
    assert not any("whole" in each for each in insights(story(orders(product), *rows)))


def test_of_a_list_that_was_cut_only_what_is_shown_is_compared() -> None:
    """With a limit nothing is said about the whole; of truncated rows nothing at all."""
    query = orders(BY_CITY, order=(LARGEST,), limit=3)
    assert insights(story(query, *CITIES[:3])) == (
        "The value of Jakarta is 2 times that of Medan, the lowest of those shown.",
    )
    assert insights(story(orders(BY_CITY), *CITIES, truncated=True)) == ()
    kept = Having(measure=TOTAL, operator=Operator.ABOVE, values=(15.0,))
    found = insights(story(orders(BY_CITY, having=(kept,)), *CITIES[:7]))
    assert found == ("The value of Jakarta is 20 times that of Palu, the lowest of those shown.",)


def test_a_value_far_from_all_others_is_noticed() -> None:
    """A single value far beyond the range of the others is named."""
    rows = [(f"2024-{at:02d}", 100.0 + at) for at in range(1, 12)]
    found = insights(story(orders(by_time()), *rows, ("2024-12", 5_000.0)))
    assert found[-1] == "December 2024 is far outside the range of the others: USD 5,000."


def test_growth_is_counted_and_its_ends_named() -> None:
    """Of changes, the number of rises is stated; a percentage of a percentage never is."""
    rows = (("2024-01", None), ("2024-02", -10.0), ("2024-03", 5.0), ("2024-04", 2.5))
    assert insights(story(orders(by_time(), of=(Growth(of=TOTAL),)), *rows)) == (
        "It rose in 2 of 3 periods.",
        "The highest was March 2024 (+5%), the lowest February 2024 (-10%).",
    )


def test_two_periods_side_by_side_are_compared() -> None:
    """A comparison of two periods states the change between them."""
    group = PeriodGroup(
        axis="orders.order_date",
        periods=(("2023", "2023-01-01", "2024-01-01"), ("2024", "2024-01-01", "2025-01-01")),
    )
    assert insights(story(orders(group), ("2023", 200.0), ("2024", 150.0))) == (
        "From 2023 to 2024 it fell by 25% (USD 200 → USD 150).",
    )


def test_dates_and_single_numbers_have_no_insights() -> None:
    """The earliest date of each group is not "twice" another, and one number is just that."""
    earliest = Aggregate(function=Function.MINIMUM, of=Field(table="orders", column="order_date"))
    rows = (("Jakarta", "2024-01-02"), ("Solo", "2024-01-05"))
    assert insights(story(orders(BY_CITY, of=(earliest,)), *rows)) == ()
    assert insights(story(orders(), (5.0,))) == ()


@given(
    st.lists(
        st.one_of(st.none(), st.integers(-5, 5), st.floats(-1e9, 1e9)), min_size=0, max_size=30
    ),
    st.sampled_from(["en", "id"]),
    st.integers(0, 10**6),
)
def test_any_result_gives_three_sentences_at_most(
    values: list[float | None], language: str, seed: int
) -> None:
    """Whatever the numbers are, insights are whole sentences and few."""
    query = Maker(Random(seed), SHOP, "orders").query()
    rows = [
        (
            *(str(at) for _ in query.groups),
            *(value for _ in query.measures),
            *(str(at) for _ in query.columns),
        )
        for at, value in enumerate(values)
    ]
    found = insights(story(query, *rows, language="en" if language == "en" else "id"))
    assert len(found) <= MAX_INSIGHTS
    assert all(each.endswith(".") and each.isprintable() for each in found)
