"""One table as people keep it: visits of patients, with waiting minutes, doctors, ages, a bill."""

import pytest

from kai_flow.analyst.answer.nearest import reworded
from kai_flow.analyst.lexicon.data import Language
from kai_flow.analyst.query.printing import printed
from kai_flow.analyst.reading.reader import Declined, Unclear, Understood
from kai_flow.analyst.semantics.model import SemanticModel
from tests.unit.analyst.asking import outcome, text
from tests.unit.analyst.scanned import model_of

VISITS = model_of(
    """
    CREATE TABLE visits (visit_id INTEGER PRIMARY KEY, visit_date DATE, department TEXT,
      doctor TEXT, gender TEXT, age INTEGER, waiting_minutes INTEGER, stay_days INTEGER,
      bill_amount INTEGER, city TEXT);
    INSERT INTO visits VALUES
      (1, '2024-03-01', 'Cardiology', 'Dr. Putri', 'F', 61, 130, 2, 900000, 'Solo'),
      (2, '2024-03-02', 'Emergency', 'Dr. Lee', 'M', 25, 150, 0, 400000, 'Medan'),
      (3, '2024-04-02', 'Emergency', 'Dr. Putri', 'M', 75, 20, 1, 300000, 'Solo'),
      (4, '2024-04-09', 'Cardiology', 'Dr. Sari', 'F', 19, 95, 3, 700000, 'Medan'),
      (5, '2024-05-09', 'Emergency', 'Dr. Sari', 'F', 33, 65, 0, 150000, 'Solo');
    """
)
FREIGHT = model_of(
    """
    CREATE TABLE loads (load_id INTEGER PRIMARY KEY, harbour TEXT, weight_kg INTEGER, fare INTEGER);
    INSERT INTO loads VALUES (1, 'Palu', 900, 5), (2, 'Bitung', 4000, 7), (3, 'Bitung', 2500, 9);
    """
)


def model_for(question: str) -> SemanticModel:
    """The file that a question is about."""
    return FREIGHT if "harbour" in question else VISITS


@pytest.mark.parametrize(
    ("question", "plain"),
    [
        ("Average waiting time by department", "average waiting minutes by department"),
        ("Rata-rata waktu tunggu per departemen", "average waiting minutes by department"),
        ("Rata-rata lama tunggu per departemen", "average waiting minutes by department"),
        ("Waiting time by department", "average waiting minutes by department"),
        ("Total waiting time by city", "total waiting minutes by city"),
        (
            "Departemen dengan waktu tunggu terlama",
            "the department with the highest average waiting minutes",
        ),
        (
            "Which city has the shortest waiting time?",
            "the city with the lowest average waiting minutes",
        ),
    ],
)
def test_minutes_are_a_time(question: str, plain: str) -> None:
    """A column that says in which unit a time is has that time's name, and is averaged."""
    assert text(model_for(question), question) == text(model_for(plain), plain)


@pytest.mark.parametrize(
    ("question", "plain"),
    [
        (
            "doctors with an average waiting time over 2 hours",
            "doctors with an average waiting time over 120 minutes",
        ),
        (
            "doctors with a total waiting time above 1.5 hours",
            "doctors with a total waiting time above 90",
        ),
        (
            "harbours with a total weight of more than 5 tons",
            "harbours with a total weight of more than 5000 kg",
        ),
        (
            "harbours with a total weight of more than 5 tons",
            "harbours with a total weight of more than 5000",
        ),
    ],
)
def test_a_limit_of_groups_is_in_the_unit_of_its_column(question: str, plain: str) -> None:
    """Two hours are 120 where a column is in minutes, of a sum or an average as of a row."""
    assert text(model_for(question), question) == text(model_for(plain), plain)


@pytest.mark.parametrize(
    "question",
    ["doctors with a total bill above 2 tons", "harbours with a total fare of more than 5 tons"],
)
def test_a_limit_of_groups_in_a_foreign_unit_is_not_guessed(question: str) -> None:
    """No number of money is compared with hours or tons."""
    assert not isinstance(outcome(model_for(question), question), Understood)


@pytest.mark.parametrize(
    ("question", "plain"),
    [
        (
            "cities where the average waiting time is below 90 minutes",
            "cities with an average waiting time below 90 minutes",
        ),
        ("kota di mana jumlah kunjungan lebih dari 2", "kota dengan jumlah kunjungan lebih dari 2"),
    ],
)
def test_a_limit_may_follow_where(question: str, plain: str) -> None:
    """The words "where the …" and "di mana …" before a limit are as "with"."""
    assert text(model_for(question), question) == text(model_for(plain), plain)


@pytest.mark.parametrize("question", ["where do the visits happen", "where are the doctors"])
def test_where_alone_is_no_filler(question: str) -> None:
    """A question that asks for a place is not answered as if the word was not there."""
    assert isinstance(outcome(model_for(question), question), Declined)


def test_names_of_people_are_not_translated() -> None:
    """The word "putri" means a girl, and Dr. Putri is none that is asked for by "women"."""
    assert text(VISITS, "how many visits of women") == text(VISITS, "how many visits with gender F")
    assert text(VISITS, "how many visits of Dr. Putri") == text(
        VISITS, "how many visits with doctor Dr. Putri"
    )


def test_over_sixty_may_be_an_age() -> None:
    """Age is among the numbers that a limit without a noun is asked back for."""
    found = outcome(VISITS, "visits over 60")
    assert isinstance(found, Unclear)
    limits = [printed(each.query) for each in found.readings if each.query is not None]
    assert any("age > 60" in limit for limit in limits), limits


@pytest.mark.parametrize(
    ("question", "unknown", "offered"),
    [
        ("how many patients are over 60?", ["patients"], "how many visits are over 60?"),
        ("oldest patient", ["patient"], "oldest visit"),
        ("revenue by month in 2024", ["revenue"], "bill amount by month in 2024"),
        ("jumlah kunjungan untuk poli Cardiology", ["poli"], "jumlah kunjungan untuk Cardiology"),
        ("bandingkan kunjungan pasien pria", ["pasien"], "bandingkan kunjungan pria"),
    ],
)
def test_what_an_unknown_word_may_stand_for_is_offered(
    question: str, unknown: list[str], offered: str
) -> None:
    """The rows for a noun, a number of money for a word for money, or nothing for a title."""
    language: Language = "id" if "kunjungan" in question else "en"
    assert next(reworded(question, unknown, VISITS, language)) == offered


@pytest.mark.parametrize(
    ("question", "unknown"),
    [
        ("visits of lions and tigers", ["lions", "tigers"]),
        ("big red wild visits", ["big", "red", "wild"]),
        ("how many visits", []),
    ],
)
def test_of_many_unknown_words_nothing_is_offered(question: str, unknown: list[str]) -> None:
    """Words apart, and more than two, would have to be guessed."""
    assert list(reworded(question, unknown, VISITS, "en")) == []
