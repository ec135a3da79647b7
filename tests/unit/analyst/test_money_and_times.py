"""Rows that are called like money, and rows with two times: which of them is meant."""

from datetime import date

import pytest

from kai_flow.analyst.query.printing import printed
from kai_flow.analyst.reading.reader import Outcome, Unclear, Understood, read
from kai_flow.analyst.semantics.index import Index
from tests.unit.analyst.scanned import model_of

FINES = """
CREATE TABLE fines (fine_id INTEGER PRIMARY KEY, reason TEXT, amount NUMERIC, issued_on DATE);
INSERT INTO fines VALUES (1, 'lost item', 10, '2024-01-02'), (2, 'late return', 5, '2024-02-03');
"""
REPAIRS = """
CREATE TABLE servis (
    id_servis INTEGER PRIMARY KEY, no_nota TEXT, tgl_masuk DATE, tgl_selesai DATE, km INTEGER
);
INSERT INTO servis VALUES (1, 'N-1', '2024-01-02', '2024-02-03', 10);
"""


def _read(tables: str, question: str) -> Outcome:
    model = model_of(tables)
    return read(question, model, Index(model), date(2024, 12, 31))[0]


@pytest.mark.parametrize(
    "question",
    [
        "How much did we charge in lost item fines?",
        "total fines in 2024",
        "How much more did we charge in lost item fines than in late return fines?",
        "berapa total denda tahun 2024?",
    ],
)
def test_how_much_of_rows_called_like_money_is_their_amount(question: str) -> None:
    """Where a question asks how much, fines are added up, and not counted."""
    found = _read(FINES, question)
    assert isinstance(found, Understood)
    assert "amount" in printed(found.query)


def test_how_many_of_them_are_counted() -> None:
    """“How many fines” counts them; “jumlah denda” may mean either, which is asked."""
    counted = _read(FINES, "How many lost item fines were there in 2024?")
    assert isinstance(counted, Understood)
    assert "amount" not in printed(counted.query)
    assert isinstance(_read(FINES, "jumlah denda per bulan"), Unclear)


@pytest.mark.parametrize(
    ("question", "times"),
    [
        ("Jumlah servis yang masuk tiap bulan selama 2024", {"tgl_masuk"}),
        ("berapa servis tahun 2024", {"tgl_masuk"}),
        ("berapa servis yang selesai tiap bulan di 2024", {"tgl_selesai"}),
        (
            "berapa servis yang masuk Januari 2024 dan selesai Februari 2024",
            {"tgl_masuk", "tgl_selesai"},
        ),
    ],
)
def test_a_verb_chooses_the_time(question: str, times: set[str]) -> None:
    """The time that a verb names is meant, everywhere in the question; else the earlier one."""
    found = _read(REPAIRS, question)
    assert isinstance(found, Understood)
    assert {each for each in ("tgl_masuk", "tgl_selesai") if each in printed(found.query)} == times
