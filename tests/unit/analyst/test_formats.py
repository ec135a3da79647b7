"""Numbers, units, dates and periods as each language writes them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.analyst.answer import formats
from kai_flow.analyst.answer.cells import shown
from kai_flow.analyst.answer.naming import Names
from kai_flow.analyst.query.nodes import Field, FieldGroup, Grain, TimeGroup
from tests.unit.analyst.answer_models import SHOP


@pytest.mark.parametrize(
    ("value", "english", "indonesian"),
    [
        (0, "0", "0"),
        (1234, "1,234", "1.234"),
        (1234.5, "1,234.5", "1.234,5"),
        (1234.567, "1,234.57", "1.234,57"),
        (12_345_678.9, "12,345,679", "12.345.679"),
        (-0.001, "-0.001", "-0,001"),
        (0.0456, "0.046", "0,046"),
        (-0.0, "0", "0"),
        (10.0, "10", "10"),
    ],
)
def test_numbers(value: float, english: str, indonesian: str) -> None:
    """Signs for thousands and decimals are those of the language; needless digits are left out."""
    assert formats.number(value, "en") == english
    assert formats.number(value, "id") == indonesian


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(-1e6, 1e6))
def test_numbers_in_a_reading_are_never_rounded(one: float, other: float) -> None:
    """Two different numbers never look the same in a reading."""
    same = formats.exact(one, "en") == formats.exact(other, "en")
    assert same == (one == other)


@pytest.mark.parametrize(
    ("value", "unit", "english", "indonesian"),
    [
        (1500.5, "Rp", "Rp 1,500.50", "Rp 1.500,50"),
        (1500, "$", "$1,500", "$1.500"),
        (-3, "$", "-$3", "-$3"),
        (2.25, "kg", "2.25 kg", "2,25 kg"),
        (12.5, "%", "12.5%", "12,5%"),
        (7, "", "7", "7"),
    ],
)
def test_units(value: float, unit: str, english: str, indonesian: str) -> None:
    """A currency stands before its amount, which has no or two decimals; other units after it."""
    assert formats.amount(value, unit, "en") == english
    assert formats.amount(value, unit, "id") == indonesian


def test_percentages_have_one_decimal_and_changes_a_sign() -> None:
    """A share is rounded to a tenth; a change says which way it went."""
    assert formats.percent(33.333, "id") == "33,3%"
    assert formats.percent(0.0512, "en") == "0.051%"
    assert formats.percent(5, "en", signed=True) == "+5%"
    assert formats.percent(-5.25, "en", signed=True) == "-5.2%"
    assert formats.percent(0, "en", signed=True) == "0%"


@pytest.mark.parametrize(
    ("start", "end", "english", "indonesian"),
    [
        ("2025-03-15", "2025-03-16", "on 15 March 2025", "pada 15 Maret 2025"),
        ("2025-03-01", "2025-04-01", "in March 2025", "pada Maret 2025"),
        (
            "2023-04-01",
            "2023-07-01",
            "in Q2 2023 (1 April to 30 June 2023)",
            "pada kuartal II 2023 (1 April sampai 30 Juni 2023)",
        ),
        ("2023-01-01", "2024-01-01", "in 2023", "pada tahun 2023"),
        ("2020-01-01", "2024-01-01", "from 2020 to 2023", "pada tahun 2020 sampai 2023"),
        ("2025-03-01", "2025-03-16", "from 1 to 15 March 2025", "dari 1 sampai 15 Maret 2025"),
        (
            "2024-01-01",
            "2024-04-02",
            "from 1 January to 1 April 2024",
            "dari 1 Januari sampai 1 April 2024",
        ),
        (
            "2024-12-30",
            "2025-01-02",
            "from 30 December 2024 to 1 January 2025",
            "dari 30 Desember 2024 sampai 1 Januari 2025",
        ),
        (
            "2024-02-01",
            "2024-05-01",
            "from 1 February to 30 April 2024",
            "dari 1 Februari sampai 30 April 2024",
        ),
        ("2024-06-01", None, "from 1 June 2024 on", "sejak 1 Juni 2024"),
        (None, "2024-06-01", "before 1 June 2024", "sebelum 1 Juni 2024"),
        (None, None, "at any time", "kapan pun"),
    ],
)
def test_periods(start: str | None, end: str | None, english: str, indonesian: str) -> None:
    """A period is named by its month or year, or by its first and last day."""
    assert formats.period(start, end, "en") == english
    assert formats.period(start, end, "id") == indonesian


@given(*[st.tuples(st.dates(date(1999, 1, 1), date(2002, 12, 31)), st.integers(-40, 800))] * 2)
def test_two_periods_are_never_written_alike(
    one: tuple[date, int], other: tuple[date, int]
) -> None:
    """Different days have different words."""
    ends = [
        (start.isoformat(), date.fromordinal(start.toordinal() + days).isoformat())
        for start, days in (one, other)
    ]
    for language in ("en", "id"):
        texts = [formats.period(*each, language) for each in ends]
        assert (texts[0] == texts[1]) == (ends[0] == ends[1])


@pytest.mark.parametrize(
    ("grain", "cell", "english", "indonesian"),
    [
        (Grain.YEAR, 2025, "2025", "2025"),
        (Grain.QUARTER, "2025-Q3", "Q3 2025", "Kuartal III 2025"),
        (Grain.MONTH, "2025-05", "May 2025", "Mei 2025"),
        (Grain.WEEK, "2025-03-03", "Week of 3 March 2025", "Minggu 3 Maret 2025"),
        (Grain.DAY, "2025-08-17", "17 August 2025", "17 Agustus 2025"),
        (Grain.MONTH, None, "(none)", "(kosong)"),
        (Grain.MONTH, "soon", "soon", "soon"),
    ],
)
def test_times_in_a_table(grain: Grain, cell: str | int, english: str, indonesian: str) -> None:
    """The labels of periods in a result become words; what is no such label stays as it is."""
    group = TimeGroup(axis="orders.order_date", grain=grain)
    assert shown(cell, group, Names(SHOP, "en")) == english
    assert shown(cell, group, Names(SHOP, "id")) == indonesian


@pytest.mark.parametrize(
    ("cell", "column", "table", "expected"),
    [
        (12.5, "amount", "orders", "USD 12.50"),
        (1234567, "order_id", "orders", "1234567"),
        ("2025-03-15 00:00:00", "order_date", "orders", "15 March 2025"),
        ("2025-03-15T08:30:00+07:00", "order_date", "orders", "15 March 2025, 08:30"),
        ("2025-02-31", "order_date", "orders", "2025-02-31"),
        (1, "active", "customers", "yes"),
        ("false", "active", "customers", "no"),
        ("Y", "active", "customers", "Y"),
        ("a|b\nc", "name", "customers", "a\\|b c"),
        (None, "name", "customers", "–"),
    ],
)
def test_cells(cell: str | float | None, column: str, table: str, expected: str) -> None:
    """A cell is written as what its column holds: money, a key, a time, yes or no, a text."""
    assert shown(cell, Field(table=table, column=column), Names(SHOP, "en")) == expected


def test_a_group_without_a_value_says_so() -> None:
    """The group of the rows without a value has a name in each language."""
    group = FieldGroup(field=Field(table="customers", column="city"))
    assert [shown(None, group, Names(SHOP, language)) for language in ("en", "id")] == [
        "(none)",
        "(kosong)",
    ]
