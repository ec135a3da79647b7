"""Durations: which times of a table make one, and how questions name them."""

from datetime import date

import pytest

from kai_flow.analyst.query.printing import printed
from kai_flow.analyst.reading.reader import Unclear, Understood, read
from kai_flow.analyst.semantics.index import Index
from tests.unit.analyst.scanned import model_of

LIBRARY = """
CREATE TABLE members (member_id INTEGER PRIMARY KEY, full_name TEXT, date_of_birth DATE);
CREATE TABLE books (book_id INTEGER PRIMARY KEY, title TEXT, genre TEXT);
CREATE TABLE loans (
    loan_id INTEGER PRIMARY KEY, member_id INT REFERENCES members (member_id),
    book_id INT REFERENCES books (book_id), loan_date DATE, due_date DATE, return_date DATE
);
CREATE TABLE fines (
    fine_id INTEGER PRIMARY KEY, loan_id INT REFERENCES loans (loan_id), paid_on DATE
);
"""
HELP_DESK = """
CREATE TABLE tickets (
    ticket_id INTEGER PRIMARY KEY, subject TEXT, priority TEXT,
    created_at TIMESTAMP, resolved_at TIMESTAMP, updated_at TIMESTAMP
);
"""
HOTEL = """
CREATE TABLE reservasi (
    reservasi_id INTEGER PRIMARY KEY, kanal TEXT, tanggal_pesan DATE, tanggal_masuk DATE,
    tanggal_keluar DATE
);
"""


@pytest.mark.parametrize(
    ("tables", "usual"),
    [
        (LIBRARY, ["loan_date to return_date in days"]),
        (HELP_DESK, ["created_at to resolved_at in hours"]),
        (
            HOTEL,
            [
                "tanggal_pesan to tanggal_masuk in days",
                "tanggal_pesan to tanggal_keluar in days",
                "tanggal_masuk to tanggal_keluar in days",
            ],
        ),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, finished DATE, started DATE);",
         ["started to finished in days"]),
        ("CREATE TABLE people (id INTEGER PRIMARY KEY, born DATE, registered DATE);", []),
    ],
)  # fmt: skip
def test_the_times_of_what_happens_make_durations(tables: str, usual: list[str]) -> None:
    """Not when something was due, when a row was written, or when somebody was born."""
    found = [each for each in model_of(tables).durations if each.usual]
    names = [
        f"{each.start.split('.')[1]} to {each.end.split('.')[1]} in {each.unit}s" for each in found
    ]
    assert names == usual


LOANED = "(days from loan_date to return_date)"
STAYED = "(days from tanggal_masuk to tanggal_keluar)"
SOLVED = "(hours from created_at to resolved_at)"


@pytest.mark.parametrize(
    ("tables", "question", "query"),
    [
        (LIBRARY, "How long are books borrowed on average?", f"avg({LOANED}) from loans"),
        (LIBRARY, "average loan duration in weeks",
         "avg((weeks from loan_date to return_date)) from loans"),
        (LIBRARY, "How many loans lasted more than 10 days?",
         f"count(*) from loans where {LOANED} > 10"),
        (LIBRARY, "average number of days between due date and return date",
         "avg((days from due_date to return_date)) from loans"),
        (LIBRARY, "average days from return date to paid on of fines",
         "avg((days from loan_id> loans.return_date to paid_on)) from fines"),
        (HELP_DESK, "On average how many hours until a ticket is resolved?",
         f"avg({SOLVED}) from tickets"),
        (HELP_DESK, "how many tickets were resolved within 24 hours?",
         f"count(*) from tickets where {SOLVED} <= 24"),
        (HELP_DESK, "What is the longest time to resolve?", f"max({SOLVED}) from tickets"),
        (HELP_DESK, "tickets by priority that took over 48 hours",
         f"count(*) from tickets by priority where {SOLVED} > 48 order by count(*) descending"),
        (HELP_DESK, "total hours from created to resolved per priority",
         f"sum({SOLVED}) from tickets by priority order by sum({SOLVED}) descending"),
        (HOTEL, "Rata-rata lama dari tanggal masuk sampai tanggal keluar per kanal",
         f"avg({STAYED}) from reservasi by kanal order by avg({STAYED}) descending"),
    ],
)  # fmt: skip
def test_a_duration_is_read_by_its_times(tables: str, question: str, query: str) -> None:
    """Times and units that a question names count; the rest is what the table makes plain."""
    model = model_of(tables)
    outcome, _ = read(question, model, Index(model), date(2025, 6, 1))
    assert isinstance(outcome, Understood), outcome
    assert printed(outcome.query) == query


def test_of_several_durations_none_is_guessed() -> None:
    """A stay with a booking, an arrival and a departure has three of them."""
    model = model_of(HOTEL)
    outcome, _ = read("rata-rata durasi per kanal", model, Index(model), date(2025, 6, 1))
    assert isinstance(outcome, Unclear)
    assert len(outcome.readings) == 3
