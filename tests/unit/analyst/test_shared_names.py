"""Questions about people and things that many rows name, and about what these rows are called."""

import pytest

from kai_flow.analyst.reading.reader import Unclear, Understood
from tests.unit.analyst.asking import outcome, text
from tests.unit.analyst.scanned import model_of

VISITS = model_of(
    """
    CREATE TABLE visits (visit_id INTEGER PRIMARY KEY, patient_name TEXT, birth_year INTEGER,
      doctor TEXT, ward TEXT, visit_date TEXT, discharge_date TEXT, fee INTEGER,
      medicine_cost INTEGER, waiting_minutes INTEGER, insurance TEXT);
    """
    + "".join(
        f"INSERT INTO visits VALUES ({n}, '{('Ani', 'Budi', 'Cici')[n % 3]}', {1980 + n % 3},"
        f" '{('dr. Ana', 'dr. Dewa')[n % 2]}', '{('A', 'B')[n % 2]}', '2024-0{1 + n % 9}-05',"
        f" '2024-0{1 + n % 9}-1{n % 9}', {500 + n}, {20 + n}, {10 + n % 7},"
        f" {('NULL', chr(39) + 'BPJS' + chr(39))[n % 2]});"
        for n in range(1, 31)
    )
)
BOOKINGS = model_of(
    """
    CREATE TABLE bookings (booking_id TEXT PRIMARY KEY, guest TEXT, booked_at TEXT, check_in TEXT);
    INSERT INTO bookings VALUES ('B1', 'Ann', '2024-02-01', '2024-03-02'),
      ('B2', 'Bo', '2024-03-01', '2024-04-02');
    """
)
GRADES = model_of(
    """
    CREATE TABLE nilai (id INTEGER PRIMARY KEY, siswa TEXT, semester INTEGER, tahun_ajaran TEXT,
      tanggal_ujian TEXT, nilai INTEGER);
    INSERT INTO nilai VALUES (1, 'Adi', 1, '2023/2024', '2023-12-01', 70),
      (2, 'Adi', 2, '2023/2024', '2024-06-01', 80), (3, 'Adi', 1, '2024/2025', '2024-12-01', 90);
    """
)


@pytest.mark.parametrize(
    "question",
    [
        "patients who never had insurance",
        "pasien yang tidak pernah dirawat dr. Ana",
        "last visit of each patient",
        "patients who only saw dr. Ana",
    ],
)
def test_what_is_said_of_people_is_not_said_of_single_rows(question: str) -> None:
    """A patient has many visits: one of them does not say never, only or last."""
    assert not isinstance(outcome(VISITS, question), Understood)


def test_a_visit_is_no_patient() -> None:
    """Rows are not grouped by a name that many of them share."""
    assert text(VISITS, "average fee per visit by doctor").startswith(
        "avg(fee) from visits by doctor"
    )


def test_people_are_listed_once() -> None:
    """A name that many rows share is one value, with the number of its rows."""
    found = text(VISITS, "patients without insurance")
    assert found.startswith("count(*) from visits by patient_name")


def test_the_oldest_patient_may_be_the_first() -> None:
    """Who was born first, and who came first, are both meant by "oldest"."""
    assert isinstance(outcome(VISITS, "oldest patient"), Unclear)


def test_two_costs_may_be_added_up() -> None:
    """The words "fee plus cost" are one number, or two."""
    found = text(VISITS, "total fee plus medicine cost by ward")
    assert found.startswith("sum((fee + medicine_cost)) from visits by ward")


def test_waiting_is_no_stay() -> None:
    """How long people waited is a column, and not the time from one date to another."""
    found = text(VISITS, "average waiting time by ward")
    assert found.startswith("avg(waiting_minutes) from visits by ward")


@pytest.mark.parametrize(
    ("question", "column"),
    [("bookings checking in in March 2024", "check_in"), ("bookings in March 2024", "booked_at")],
)
def test_checking_in_is_a_time_of_its_own(question: str, column: str) -> None:
    """A verb that is made of two words says which time is meant."""
    assert f"bookings.{column} in [2024-03-01, 2024-04-01)" in text(BOOKINGS, question)


def test_a_semester_may_be_a_column() -> None:
    """Schools number their semesters: no half of a year is meant where a column has them."""
    found = text(GRADES, "rata-rata nilai semester 1")
    assert found == "avg(nilai) from nilai where semester = 1"


def test_a_trend_by_school_year_has_no_months() -> None:
    """A column of periods tells how something developed."""
    assert "by tahun_ajaran" in text(GRADES, "perkembangan rata-rata nilai tiap tahun ajaran")
