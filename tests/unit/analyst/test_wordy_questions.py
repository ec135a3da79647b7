"""Questions as managers type them: each means the same as a plain one."""

from datetime import date
from functools import partial

import pytest

from kai_flow.analyst.query.nodes import Having
from kai_flow.analyst.query.printing import printed
from kai_flow.analyst.query.ratio import Ratio
from kai_flow.analyst.reading.reader import Unclear, Understood
from tests.unit.analyst import asking
from tests.unit.analyst.scanned import model_of

SHOP = model_of(
    """
    CREATE TABLE branches (id INTEGER PRIMARY KEY, branch_name TEXT, city TEXT);
    CREATE TABLE staff (id INTEGER PRIMARY KEY, staff_name TEXT, job_title TEXT, salary INTEGER,
      manager_id INTEGER REFERENCES staff(id));
    CREATE TABLE sales (id INTEGER PRIMARY KEY, branch_id INTEGER REFERENCES branches(id),
      sold_on TEXT, payment_method TEXT, sales_amount INTEGER, quantity INTEGER);
    CREATE TABLE returns (id INTEGER PRIMARY KEY, sale_id INTEGER REFERENCES sales(id));
    INSERT INTO branches VALUES (1, 'Utama', 'Bandung'), (2, 'Timur', 'Surabaya'),
      (3, 'Barat', 'Jakarta');
    INSERT INTO staff VALUES (1, 'Agus', 'Direktur', 90, NULL), (2, 'Budi', 'Manajer', 50, 1),
      (3, 'Cici', 'Kasir', 20, 2);
    INSERT INTO sales VALUES (1, 1, '2023-01-02', 'Tunai', 9000, 2),
      (2, 2, '2023-02-02', 'QRIS', 7000, 3), (3, 3, '2024-03-04', 'Tunai', 8000, 1),
      (4, 1, '2024-04-05', 'QRIS', 6000, 4);
    INSERT INTO returns VALUES (1, 1);
    """
)


outcome = partial(asking.outcome, SHOP, today=date(2024, 12, 31))
text = partial(asking.text, SHOP, today=date(2024, 12, 31))


@pytest.mark.parametrize(
    ("wordy", "plain"),
    [
        ("Kalau cabang di Bandung, total sales amount berapa?", "total sales amount di Bandung"),
        ("Kalau untuk Surabaya, berapa total sales amount?", "total sales amount di Surabaya"),
        ("Misalnya tahun 2023, berapa total sales amount?", "total sales amount tahun 2023"),
        ("total sales amount kalau di Bandung", "total sales amount di Bandung"),
        ("total sales amount kalau dilihat per bulan", "total sales amount per bulan"),
    ],
)
def test_a_condition_that_only_says_of_which_rows_is_a_filter(wordy: str, plain: str) -> None:
    """An opening such as "kalau …" says what the question is about."""
    assert text(wordy) == text(plain)


@pytest.mark.parametrize(
    "question",
    [
        *("Kalau harga naik 10 persen, berapa total sales amount?",),
        "Kalau semua sales dibayar Tunai, berapa total sales amount?",
        "Jika cabang Bandung ditutup, berapa total sales amount?",
    ],
)
def test_what_would_be_is_not_answered(question: str) -> None:
    """A condition that is not so is no filter."""
    assert not isinstance(outcome(question), Understood)


@pytest.mark.parametrize(
    ("wordy", "plain"),
    [
        (
            "Cabang apa saja yang sales amount kalau dijumlah lebih dari 8.000?",
            "cabang dengan total sales amount lebih dari 8.000",
        ),
        ("What does the sales amount of Bandung add up to?", "total sales amount of Bandung"),
        ("What does the sales amount come to in 2024?", "total sales amount in 2024"),
        ("sales amount dijumlahkan per cabang", "total sales amount per cabang"),
    ],
)
def test_what_is_added_up_is_a_total(wordy: str, plain: str) -> None:
    """To add up is to ask for a sum, and never to write."""
    assert text(wordy) == text(plain)


@pytest.mark.parametrize(
    "tail",
    [
        *("Tulis juga angkanya", "Sertakan jumlahnya", "tampilkan juga nilainya"),
        *("Include the number", "Also show the amount, please", "with the figures please"),
    ],
)
def test_the_number_may_be_asked_for_besides(tail: str) -> None:
    """A limit of groups is shown with its number, and a tail may say so."""
    limited = "branches with total sales amount above 8000"
    assert text(f"{limited}. {tail}") == text(limited)


@pytest.mark.parametrize(
    "tail",
    [
        *(", pakai nama cabangnya ya bukan kodenya", ", by name not by code", ". All years please"),
        *(", names instead of ids", ", dari awal data sampai yang terakhir", " selama ini"),
        *(", from the start to the end", ", from the beginning of the data to the end", " to date"),
    ],
)
def test_tails_that_change_nothing(tail: str) -> None:
    """Names are shown anyway, and the whole time is no filter."""
    plain = "total sales amount per branch"
    assert text(f"{plain}{tail}".replace("by name not by code", "names not codes")) == text(plain)


@pytest.mark.parametrize(
    "question",
    [
        "How did the sales amount grow from one year to the next?",
        "By how many percent did the sales amount grow from one reporting year to the next?",
        "By how many percent did the sales amount of the branches grow year on year?",
        "pertumbuhan sales amount dari satu tahun ke tahun berikutnya",
    ],
)
def test_one_year_to_the_next_is_growth_by_year(question: str) -> None:
    """The change is that of each year against the one before."""
    assert text(question) == text("growth of sales amount by year")


@pytest.mark.parametrize(
    "question",
    [
        "How did the branches in Bandung do against the branches in Surabaya by sales amount?",
        "How do branches in Bandung compare to branches in Surabaya in terms of sales amount?",
        "Bagaimana cabang di Bandung dibanding cabang di Surabaya dari segi sales amount?",
    ],
)
def test_how_one_did_against_another_is_a_comparison(question: str) -> None:
    """The two are put side by side, by the number that is named last."""
    assert text(question) == text("compare total sales amount of Bandung and Surabaya")


@pytest.mark.parametrize(
    "question",
    [
        "Branches with an average monthly sales amount above 5000",
        "Which branches have an average monthly sales amount of more than 5000?",
        "Cabang mana saja yang rata-rata sales amount bulanannya di atas 5.000?",
    ],
)
def test_the_average_of_a_month_may_be_limited(question: str) -> None:
    """The limit is one of the average, and neither of each sale nor of the total."""
    found = outcome(question)
    assert isinstance(found, Understood), found
    assert found.query.where is None
    [limit] = found.query.having
    assert isinstance(limit, Having)
    assert isinstance(limit.measure, Ratio)


@pytest.mark.parametrize(
    "question", ["staff yang atasannya Direktur", "staff whose manager is Direktur"]
)
def test_what_is_said_of_a_manager_is_not_said_of_the_staff(question: str) -> None:
    """Those whose manager is a director are no directors."""
    assert "manager_id" in text(question)


def test_the_best_at_work_is_asked_back() -> None:
    """Nothing says which number tells who works best."""
    assert isinstance(outcome("Kasir kita yang paling bagus kerjanya siapa?"), Unclear)


@pytest.mark.parametrize(
    "question",
    [
        "Tunai versus QRIS in 2024 by sales amount",
        "How did Tunai do against QRIS in 2024, in terms of sales amount?",
        "How did sales by Tunai do against sales by QRIS in 2024, by sales amount?",
    ],
)
def test_the_period_of_a_comparison_is_not_lost(question: str) -> None:
    """A period within what is compared restricts both sides."""
    assert text(question) == text("compare total sales amount of Tunai and QRIS in 2024")


@pytest.mark.parametrize(
    "question",
    [
        "Sales amount month over month in 2024, growth in percent",
        "Sales amount from one month to the next in 2024, growth in percent",
    ],
)
def test_growth_keeps_the_unit_that_is_named_before_it(question: str) -> None:
    """Months are compared with months, though only a year is named as a period."""
    assert text(question) == text("growth of sales amount by month in 2024")


def test_how_much_was_sold_is_no_number_of_branches() -> None:
    """An amount is asked for, and no rows are counted."""
    found = outcome("How much did we sell to branches in Bandung?")
    assert not isinstance(found, Understood) or "count" not in printed(found.query)


@pytest.mark.parametrize(
    "question",
    ["Sales per month dari awal sampai akhir 2024", "sales from the start to the end of 2024"],
)
def test_the_end_of_a_year_is_no_end_of_the_data(question: str) -> None:
    """Words for the whole time are not read as "until" where a date follows."""
    assert not isinstance(outcome(question), Understood)


def test_a_total_at_the_end_is_a_total() -> None:
    """What is said before the comma picks the rows, and their total is asked for."""
    assert text("Untuk sales yang Tunai, quantity total berapa?") == text("total quantity Tunai")


@pytest.mark.parametrize(
    ("question", "plain"),
    [
        (
            "Rata-rata sales amount kalau dibayar Tunai berapa?",
            "rata-rata sales amount Tunai",
        ),
        ("Berapa total quantity, kalau cabang Bandung?", "total quantity di Bandung"),
    ],
)
def test_a_condition_may_stand_at_the_end(question: str, plain: str) -> None:
    """What follows "kalau" picks the rows, wherever it stands."""
    assert text(question) == text(plain)


@pytest.mark.parametrize(
    "question",
    [
        "Berapa total quantity kalau semua cabang di Bandung?",
        "Berapa total sales amount kalau sales amount 10% lebih mahal?",
        "Berapa total sales amount kalau cabang Bandung tidak ada?",
    ],
)
def test_what_would_be_is_not_answered_at_the_end_either(question: str) -> None:
    """A condition that is not so is no filter."""
    assert not isinstance(outcome(question), Understood)


def test_a_clause_about_a_manager_picks_rows() -> None:
    """Not all staff are listed where those of some managers are asked for."""
    found = outcome("staff yang atasannya manager")
    assert not isinstance(found, Understood) or found.query.where is not None


def test_one_group_is_asked_for_and_not_the_greatest_of_each() -> None:
    """Which city sells most is no list of the greatest sale of each city."""
    found = outcome("per kota, mana yang sales amountnya tertinggi?")
    assert not isinstance(found, Understood) or "max" not in printed(found.query)


def test_one_number_added_to_another_is_no_total_of_one() -> None:
    """Both would have to be added, and they are not told side by side."""
    found = outcome("sales amount dijumlahkan dengan quantity, berapa?")
    assert not isinstance(found, Understood)
