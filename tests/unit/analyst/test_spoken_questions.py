"""Questions as people say them: in clauses, in two sentences, with "ones" for what was named."""

import pytest

from kai_flow.analyst.reading.reader import Declined, Understood
from tests.unit.analyst.asking import outcome, text
from tests.unit.analyst.scanned import model_of

SHOP = model_of(
    """
    CREATE TABLE regions (id INTEGER PRIMARY KEY, region_name TEXT, island TEXT);
    CREATE TABLE branches (id INTEGER PRIMARY KEY, branch_name TEXT, branch_type TEXT,
      region_id INTEGER REFERENCES regions(id), stock INTEGER);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, branch_id INTEGER REFERENCES branches(id),
      sold_on TEXT, status TEXT, sales_amount INTEGER, discount_amount INTEGER);
    INSERT INTO regions VALUES (1, 'Bali', 'Bali'), (2, 'Banten', 'Jawa'), (3, 'Riau', 'Sumatra');
    INSERT INTO branches VALUES (1, 'Utama', 'Mall', 1, 5), (2, 'Timur', 'Ruko', 2, 6),
      (3, 'Barat', 'Mall', 2, 7);
    INSERT INTO orders VALUES (1, 1, '2023-01-02', 'paid', 900000, 2000),
      (2, 2, '2023-02-02', 'unpaid', 700000, 3000), (3, 3, '2024-03-04', 'paid', 800000, 1000),
      (4, 1, '2024-04-05', 'unpaid', 600000, 4000);
    """
)


def test_the_group_that_is_asked_for_has_the_greatest_total() -> None:
    """In "in which region is the total of branches the largest", no branch is the largest."""
    plain = text(SHOP, "Which region has the highest total sales amount of branches?")
    for asked in (
        "In which region is the total sales amount of branches the largest?",
        "Total sales amount cabang paling besar ada di region mana?",
        "Region mana yang total sales amount cabangnya paling besar?",
    ):
        assert text(SHOP, asked) == plain


@pytest.mark.parametrize(
    "asked",
    [
        "Kalau sales amount semua cabang di Banten dijumlahin, totalnya berapa ya?",
        "Sales amount cabang di Banten dijumlahkan, jadi berapa?",
        "If you add up the sales amount of all branches in Banten, what is the total?",
        "If we sum the sales amount of all branches in Banten, how much is that?",
    ],
)
def test_what_is_added_up_in_a_clause_is_a_total(asked: str) -> None:
    """Words such as "dijumlahkan, totalnya berapa" ask for one sum."""
    assert text(SHOP, asked) == text(SHOP, "total sales amount in Banten")


def test_rows_that_are_added_up_are_counted() -> None:
    """Where no number is named, how many rows there are is asked for."""
    plain = text(SHOP, "How many branches are there in Bali and Banten?")
    assert text(SHOP, "Kalau cabang di Bali dan Banten dijumlahkan, jadi berapa?") == plain


@pytest.mark.parametrize(
    "asked",
    [
        "Region mana saja yang cabangnya lebih dari 1? Sekalian jumlahnya dong",
        "Which regions have more than 1 branch? Show me how many as well",
        "Which regions have more than 1 branch? And tell me how many.",
    ],
)
def test_a_second_sentence_may_ask_for_the_number_as_well(asked: str) -> None:
    """The number by which groups are limited is shown with them."""
    assert text(SHOP, asked) == text(SHOP, "Which regions have more than 1 branch, and how many?")


def test_the_second_part_of_a_ratio_may_name_its_rows_as_ones() -> None:
    """Paid orders "to unpaid ones" are divided by unpaid orders."""
    plain = text(SHOP, "ratio of paid to unpaid orders")
    assert text(SHOP, "What is the ratio of paid orders to unpaid ones?") == plain
    assert text(SHOP, "Berapa rasio orders yang paid terhadap yang unpaid?") == plain


def test_the_second_side_of_a_difference_may_be_the_one_for_it() -> None:
    """The words "than the one for Banten" name the same number of another place."""
    plain = text(SHOP, "How much higher is the total sales amount in Bali than in Banten?")
    for one in ("the one for", "that for", "the figure for"):
        asked = f"How much higher is the total sales amount for Bali than {one} Banten?"
        assert text(SHOP, asked) == plain


def test_months_from_january_on_are_in_order_and_no_period() -> None:
    """The words "urut dari Januari" say how months follow each other, unless they name a year."""
    plain = text(SHOP, "Monthly sales amount in 2024, oldest first")
    assert text(SHOP, "Sales amount bulanan tahun 2024, urut dari Januari ya") == plain
    assert text(SHOP, "Monthly sales amount in 2024, starting with January") == plain
    since = outcome(SHOP, "Monthly sales amount starting with January 2024")
    assert isinstance(since, Declined), since


@pytest.mark.parametrize(
    "asked",
    [
        "How many orders had more than 2000 knocked off as discount amount?",
        "How many orders had more than 2000 taken off as discount amount?",
        "Berapa orders yang lebih dari 2000 dipotong sebagai discount amount?",
    ],
)
def test_what_is_given_as_a_number_is_compared_with_it(asked: str) -> None:
    """The name of a number may follow what was done: "knocked off as discount"."""
    assert text(SHOP, asked) == text(SHOP, "How many orders have a discount amount above 2000?")


def test_how_many_of_each_are_in_stock_is_shown_beside_their_names() -> None:
    """A number of the rows themselves is no number of rows."""
    asked = "Which branches are of type Mall, and how many of each are still in stock?"
    assert text(SHOP, asked).startswith("list branch_name, stock from branches where branch_type")


def test_known_ones_are_all_that_have_rows() -> None:
    """Every branch with a row is known, unless a row stands for all that are not."""
    plain = text(SHOP, "How many different branches had orders in 2024?")
    assert text(SHOP, "How many different known branches had orders in 2024?") == plain
    unknown = model_of(
        """
        CREATE TABLE branches (id INTEGER PRIMARY KEY, branch_name TEXT);
        INSERT INTO branches VALUES (0, 'Unknown'), (1, 'Utama'), (2, 'Timur');
        """
    )
    assert isinstance(outcome(unknown, "How many known branches are there?"), Declined)


def test_a_unit_of_a_ratio_is_that_of_what_is_divided() -> None:
    """Rupiah per piece of stock are no rupiah of stock."""
    plain = text(SHOP, "total sales amount per order by branch type")
    asked = "For each branch type, how many rupiah of sales amount are there per order?"
    assert text(SHOP, asked) == plain


@pytest.mark.parametrize("asked", ["no longer ordered", "ordered no more", "sudah tidak dipesan"])
def test_what_is_done_no_longer_was_done_before(asked: str) -> None:
    """Branches that are no longer ordered from are not those that never were."""
    found = outcome(SHOP, f"Which branches are {asked}?")
    assert isinstance(found, Declined), found


@pytest.mark.parametrize(
    "examples",
    ["(Mall, Ruko and so on)", "(e.g. Mall)", "(Mall, etc.)", "(misalnya Mall)", "(Mall, dll)"],
)
def test_examples_in_brackets_limit_nothing(examples: str) -> None:
    """A list that says that there are more only tells what kind of groups is meant."""
    plain = text(SHOP, "number of branches per branch type")
    assert text(SHOP, f"number of branches per branch type {examples}") == plain


def test_groups_of_a_category_are_not_done_by_its_values() -> None:
    """In "by branch type (Mall, Ruko)", nobody made a branch: one number of both is wrong."""
    found = outcome(SHOP, "Number of branches by branch type (Mall, Ruko)")
    assert not isinstance(found, Understood) or found.query.groups


@pytest.mark.parametrize(
    "asked",
    [
        "Mall versus Ruko: total sales amount of each branch type in 2024",
        "Mall vs Ruko: berapa total sales amount tiap branch type tahun 2024?",
    ],
)
def test_the_sides_of_a_comparison_may_be_named_by_what_they_are(asked: str) -> None:
    """In "A versus B: … of each type", the types are A and B, and no others."""
    assert text(SHOP, asked) == text(SHOP, "Compare Mall and Ruko: total sales amount in 2024")


TRIPS = model_of(
    """
    CREATE TABLE cities (id INTEGER PRIMARY KEY, city_name TEXT, island TEXT);
    CREATE TABLE shipments (id INTEGER PRIMARY KEY, weight REAL, sent_on TEXT,
      origin_city_id INTEGER REFERENCES cities(id),
      destination_city_id INTEGER REFERENCES cities(id));
    INSERT INTO cities VALUES (1, 'Surabaya', 'Jawa'), (2, 'Medan', 'Sumatera'),
      (3, 'Bandung', 'Jawa');
    INSERT INTO shipments VALUES (1, 2.5, '2024-01-02', 1, 2), (2, 3.5, '2024-02-03', 2, 3),
      (3, 4.5, '2024-02-04', 3, 1);
    """
)


@pytest.mark.parametrize(
    "asked",
    [
        "How many shipments from Surabaya were headed to a city outside Java?",
        "How many shipments from Surabaya went to cities outside of Java?",
        "Berapa pengiriman dari Surabaya yang menuju kota di luar Jawa?",
        "Berapa pengiriman dari Surabaya ke luar Jawa?",
    ],
)
def test_what_goes_elsewhere_has_another_destination(asked: str) -> None:
    """The words "to a city outside Java" are said of the destination alone."""
    assert text(TRIPS, asked) == (
        "count(*) from shipments where (origin_city_id> cities.city_name = 'Surabaya' and "
        "not destination_city_id> cities.island = 'Jawa')"
    )


def test_a_difference_may_be_said_again_in_brackets() -> None:
    """Brackets with the sides in their order change nothing; in another order they contradict."""
    plain = text(SHOP, "difference in sales amount between 2024 and 2023")
    assert text(SHOP, "difference in sales amount between 2024 and 2023 (2024 minus 2023)") == plain
    other = outcome(SHOP, "difference in sales amount between 2024 and 2023 (2023 minus 2024)")
    assert isinstance(other, Declined)


@pytest.mark.parametrize(
    "asked",
    [
        "sales amount per quarter for 2023 and 2024",
        "quarterly sales amount for 2023 and 2024",
    ],
)
def test_quarters_of_two_years_are_in_a_row(asked: str) -> None:
    """Quarters of 2023 and 2024 are a trend, and years are no bounds of an amount."""
    found = text(SHOP, asked)
    assert "by quarter of orders.sold_on" in found
    assert "2023-01-01" in found


@pytest.mark.parametrize(
    "asked",
    [
        "Top 2 regions by total sales amount, give me the totals too",
        "2 region dengan total sales amount terbesar, sama angkanya sekalian",
    ],
)
def test_a_tail_may_ask_for_the_number_again(asked: str) -> None:
    """The number of a ranking is shown anyway: asking for it as well changes nothing."""
    assert text(SHOP, asked) == text(SHOP, "Top 2 regions by total sales amount")


def test_a_limit_in_another_unit_is_of_another_number() -> None:
    """What weighs more than 10 kg and is worth over a million rupiah does not weigh a million."""
    parcels = model_of(
        """
        CREATE TABLE parcels (id INTEGER PRIMARY KEY, weight_kg REAL, value_rp INTEGER);
        INSERT INTO parcels VALUES (1, 12.5, 1500000), (2, 8.0, 90000), (3, 30.0, 20000);
        """
    )
    asked = "How many parcels weigh more than 10 kg and are worth over 1 million rupiah?"
    assert "value_rp > 1e+06" in text(parcels, asked)


@pytest.mark.parametrize(
    "asked",
    [
        "How much did the sales amount grow from 2023?",
        "How much did the sales amount grow from last year?",
        "Sales amount naik berapa persen dari tahun lalu?",
    ],
)
def test_growth_from_a_period_needs_another_one(asked: str) -> None:
    """What grew from 2023 grew after it: growth up to 2023 would be that of another period."""
    found = outcome(SHOP, asked)
    assert isinstance(found, Declined)
    assert found.reason.key == "compared_with"


def test_all_of_a_year_is_a_period() -> None:
    """The words "over all of 2024" say when, and group nothing."""
    plain = text(SHOP, "total sales amount in 2024")
    assert text(SHOP, "total sales amount over all of 2024") == plain


def test_the_total_of_a_price_is_no_average() -> None:
    """A question that asks for the total of a price by a tail gets no average of it."""
    shelf = model_of(
        "CREATE TABLE items (id INTEGER PRIMARY KEY, item TEXT, price INTEGER);"
        "INSERT INTO items VALUES (1, 'Tea', 5), (2, 'Rice', 9);"
    )
    assert isinstance(outcome(shelf, "harga item totalnya berapa?"), Declined)


SHIPPED = model_of(
    """
    CREATE TABLE ways (code TEXT PRIMARY KEY, label TEXT);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, ship_city TEXT, way TEXT REFERENCES ways(code),
      sent_at TIMESTAMP, arrived_at TIMESTAMP);
    INSERT INTO ways VALUES ('T', 'Tunai'), ('B', 'Transfer Bank');
    INSERT INTO orders VALUES (1, 'York', 'T', '2024-01-01 10:00:00', '2024-01-02 10:00:00'),
      (2, 'York', 'B', '2024-01-02 10:00:00', '2024-01-04 10:00:00'),
      (3, 'Bath', 'T', '2024-02-02 10:00:00', '2024-02-05 10:00:00');
    """
)


def test_a_verb_is_no_plural() -> None:
    """Which city ships the most orders is one city, and so is the city with the most orders."""
    assert (
        text(SHIPPED, "Which city ships the most orders?")
        .split(" order by ")[1]
        .endswith(text(SHIPPED, "Which ship city has the most orders?").split(" order by ")[1])
    )


def test_what_is_on_time_is_not_how_long_it_took() -> None:
    """No column says what was due, so neither "on time" nor "tepat waktu" is answered."""
    for asked in ("on-time orders", "How many orders arrived on time?", "order yang tepat waktu"):
        assert isinstance(outcome(SHIPPED, asked), Declined)


def test_the_kinds_of_a_small_table_are_found_in_the_other_language() -> None:
    """Cash is "Tunai" where a table of a few ways of paying has that name."""
    assert "Tunai" in text(SHIPPED, "How many cash orders are there?")


@pytest.mark.parametrize(
    "asked",
    [
        "number of orders by what they contain",
        "How many orders are there, broken down by whatever?",
        "jumlah order per apa",
    ],
)
def test_a_grouping_that_no_column_tells_is_no_total(asked: str) -> None:
    """What follows "by" is not stepped over, even if it names nothing: no total takes its place."""
    assert isinstance(outcome(SHOP, asked), Declined)


def test_growth_may_name_whose_number_grows() -> None:
    """The growth of total branch sales is that of the sales, and not of how many branches."""
    plain = text(SHOP, "growth of total sales amount by year")
    assert text(SHOP, "growth of total branch sales amount by year") == plain


def test_things_that_are_asked_for_by_name_are_no_number() -> None:
    """A question for "cabang apa saja" gets names or nothing, and no total of what they sold."""
    found = outcome(SHOP, "Cabang apa aja yang di Banten sales amountnya?")
    assert not (isinstance(found, Understood) and not (found.query.columns or found.query.groups))


def test_an_average_for_each_is_one_of_their_kinds() -> None:
    """Average sales per branch by branch type are those of the branches of each type."""
    found = text(SHOP, "Average number of orders per branch by branch type")
    assert "branches.branch_type" in found
    assert "branch_name" not in found


def test_a_type_of_things_is_asked_for_and_no_thing() -> None:
    """In "branch type cabang apa", the column before the rows is what is asked for."""
    found = text(SHOP, "Branch type cabang apa yang stoknya paling kecil?")
    assert "by branch_type" in found
