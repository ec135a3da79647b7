"""Single tables as people keep them: expenses, grades of students, sessions of a website."""

import pytest

from kai_flow.analyst.query.lowering import lower
from kai_flow.analyst.query.printing import printed
from kai_flow.analyst.reading.reader import Unclear, Understood
from tests.unit.analyst.asking import outcome, text
from tests.unit.analyst.scanned import model_of

EXPENSES = model_of(
    """
    CREATE TABLE expenses (date DATE, employee TEXT, department TEXT, category TEXT, vendor TEXT,
      amount INTEGER, project TEXT);
    INSERT INTO expenses VALUES
      ('2024-01-02', 'Ann', 'Sales', 'Travel', 'Garuda', 900, 'Apollo'),
      ('2024-02-03', 'Bob', 'HR', 'Meals', 'Gojek', 40, NULL),
      ('2024-02-09', 'Ann', 'Sales', 'Meals', 'Gojek', 75, 'Zeus'),
      ('2024-03-09', 'Cid', 'HR', 'Travel', 'Garuda', 300, 'Zeus');
    """
)
GRADES = """
CREATE TABLE {name} (nama_siswa TEXT, kelas TEXT, mata_pelajaran TEXT, nilai INTEGER, lulus TEXT);
INSERT INTO {name} VALUES
  ('Ayu', '7A', 'Matematika', 80, 'ya'), ('Ayu', '7A', 'IPA', 55, 'tidak'),
  ('Bagas', '7A', 'Matematika', 65, 'ya'), ('Bagas', '7A', 'IPA', 90, 'ya'),
  ('Citra', '7B', 'Matematika', 70, 'ya'), ('Citra', '7B', 'IPA', 50, 'tidak');
"""
STUDENTS = model_of(GRADES.format(name="students"))
SESSIONS = model_of(
    """
    CREATE TABLE sessions (id INTEGER PRIMARY KEY, device TEXT, duration_seconds INTEGER,
      converted INTEGER);
    INSERT INTO sessions VALUES (1, 'mobile', 700, 0), (2, 'desktop', 20, 1), (3, 'mobile', 90, 0);
    """
)
TICKETS = model_of(
    """
    CREATE TABLE tickets (id INTEGER PRIMARY KEY, opened_at TIMESTAMP, closed_at TIMESTAMP,
      agent TEXT, status TEXT);
    INSERT INTO tickets VALUES
      (1, '2024-01-01 10:00:00', '2024-01-02 10:00:00', 'Ann', 'closed'),
      (2, '2024-02-01 10:00:00', NULL, 'Bob', 'open'),
      (3, '2024-02-01 10:00:00', '2024-03-03 10:00:00', 'Ann', 'closed');
    """
)


@pytest.mark.parametrize(
    ("question", "axis"),
    [
        ("tickets closed per month", "tickets.closed_at"),
        ("number of tickets closed by week", "tickets.closed_at"),
        ("which agent closed the most tickets in March 2024?", "tickets.closed_at"),
        ("how many tickets were opened in February 2024?", "tickets.opened_at"),
        ("number of tickets per month", "tickets.opened_at"),
    ],
)
def test_a_period_is_of_what_was_done_in_it(question: str, axis: str) -> None:
    """Tickets closed in March were closed then, although "closed" is a status of theirs, too."""
    found = outcome(TICKETS, question)
    assert isinstance(found, Understood), found
    assert f"axis='{axis}'" in repr(found.query)
    assert "column='status'" not in repr(found.query)


@pytest.mark.parametrize(
    ("question", "plain"),
    [
        ("spending by vendor", "total amount by vendor"),
        ("expenses by department", "total amount by department"),
        ("Monthly expenses for HR", "monthly total amount for HR"),
        ("expenditure per month", "total amount per month"),
        ("pengeluaran per departemen", "total amount per departemen"),
        ("compare travel and meals spending", "compare travel and meals total amount"),
        ("top 2 vendors by spending", "top 2 vendors by total amount"),
        ("departments with spending above 100", "departments with a total amount above 100"),
        ("share of spending by category", "share of amount by category"),
    ],
)
def test_spending_is_an_amount(question: str, plain: str) -> None:
    """No row is a spending, and the expenses of a group are what was spent."""
    assert text(EXPENSES, question) == text(EXPENSES, plain)


@pytest.mark.parametrize(
    "question", ["how many expenses by department", "number of expenses in 2024"]
)
def test_expenses_can_be_counted(question: str) -> None:
    """A question for a number of expenses counts them."""
    assert "amount" not in text(EXPENSES, question)


@pytest.mark.parametrize(
    "question",
    [
        "highest spending department",
        "top spending department",
        "which department spends the most",
        "department with the highest expenses",
        "departemen dengan pengeluaran tertinggi",
        "departemen mana yang pengeluarannya paling besar",
    ],
)
def test_the_highest_spending_of_a_department_is_its_total(question: str) -> None:
    """Whose spending is highest is a matter of all expenses, and of no single one."""
    found = text(EXPENSES, question)
    assert found.startswith("sum(amount) from expenses by department")
    assert " top 1 order by sum(amount) descending" in found


def test_money_spent_is_no_department_of_sales() -> None:
    """A word for money names no value that is called Sales."""
    assert "Sales" not in text(EXPENSES, "which employee spent the most")


@pytest.mark.parametrize("question", ["5 largest expenses", "last expense of Ann"])
def test_a_row_without_a_name_is_told_by_its_columns(question: str) -> None:
    """Of the largest expenses one wants to know whose they are, and how large."""
    found = text(EXPENSES, question)
    assert "employee" in found.split(" from ")[0]
    assert "amount" in found.split(" from ")[0]


def test_expenses_can_be_listed() -> None:
    """A question without groups is about the rows."""
    listed = outcome(EXPENSES, "expenses without a project")
    assert isinstance(listed, Understood)
    assert listed.query.columns


MARKS = model_of(
    """
    CREATE TABLE grades (student TEXT, subject TEXT, exam_date DATE, grade INTEGER);
    INSERT INTO grades VALUES ('Ayu Dewi', 'Math', '2024-01-02', 80),
      ('Ayu Dewi', 'Art', '2024-02-02', 55), ('Budi Adi', 'Math', '2024-01-02', 40),
      ('Budi Adi', 'Art', '2024-03-02', 90), ('Cici Sari', 'Art', '2024-03-02', 50);
    """
)
STAYS = model_of(
    """
    CREATE TABLE stays (booking_id INTEGER PRIMARY KEY, guest_name TEXT, country TEXT,
      check_in DATE, guests INTEGER, price_per_night INTEGER);
    INSERT INTO stays VALUES (1, 'Ann Lee', 'Japan', '2024-01-02', 2, 90),
      (2, 'Bob Day', 'Japan', '2024-02-02', 1, 70), (3, 'Cid Fox', 'Spain', '2024-02-03', 4, 80);
    """
)


@pytest.mark.parametrize("question", ["last grade of Ayu Dewi", "latest grade of Ayu Dewi in Art"])
def test_the_last_grade_is_shown(question: str) -> None:
    """The last row that is called a grade is shown with the grade in it."""
    assert "grade" in text(MARKS, question).split(" from ")[0]


@pytest.mark.parametrize(
    "question", ["students whose grade is below 60", "which students have a grade below 60"]
)
def test_any_grade_and_the_average_are_told_apart(question: str) -> None:
    """A limit of a grade may be one of each grade or of the average of a student."""
    assert isinstance(outcome(MARKS, question), Unclear)


def test_guests_may_be_listed_or_counted() -> None:
    """Where guests have names, and a number, a question for neither is asked back."""
    assert isinstance(outcome(STAYS, "guests from Japan"), Unclear)
    assert text(STAYS, "how many guests from Japan").startswith("sum(guests)")
    assert text(STAYS, "guests by country").startswith("sum(guests)")


@pytest.mark.parametrize(
    "question", ["how many students are there", "berapa siswa di kelas 7A", "students per class"]
)
def test_students_with_several_rows_each_are_asked_back(question: str) -> None:
    """A file of students with a row for each subject has fewer students than rows."""
    found = outcome(STUDENTS, question)
    assert isinstance(found, Unclear)
    queries = [printed(each.query) for each in found.readings if each.query is not None]
    assert sum("nama_siswa" in query for query in queries) == 1
    assert len(queries) == 2


def test_different_students_are_counted_once() -> None:
    """With "different", nothing has to be asked; nor where the rows are called otherwise."""
    assert "nama_siswa" in text(STUDENTS, "how many different students are there")
    exams = model_of(GRADES.format(name="exams"))
    assert "nama_siswa" not in text(exams, "how many exams are there")


def test_a_rate_of_a_flag_is_of_the_rows() -> None:
    """Noun and participle say the same flag, and its column names the result."""
    found = outcome(SESSIONS, "conversion rate by device")
    assert isinstance(found, Understood)
    assert '"percent_converted"' in lower(found.query, SESSIONS).text


@pytest.mark.parametrize(
    ("question", "plain"),
    [
        ("sessions longer than 10 minutes", "sessions with a duration over 600 seconds"),
        ("sessions shorter than 1.5 minutes", "sessions with a duration below 90 seconds"),
    ],
)
def test_longer_may_be_a_time(question: str, plain: str) -> None:
    """Minutes are compared with a duration, and not with a distance."""
    assert text(SESSIONS, question) == text(SESSIONS, plain)


def test_vehicles_are_called_by_their_plates() -> None:
    """Where a table has no names, its only code that is no key tells people which row is meant."""
    trips = model_of(
        """
        CREATE TABLE vehicles (id INTEGER PRIMARY KEY, plate_number TEXT UNIQUE, kind TEXT);
        CREATE TABLE trips (id INTEGER PRIMARY KEY, vehicle_id INTEGER REFERENCES vehicles(id),
          km INTEGER, started_on DATE);
        INSERT INTO vehicles VALUES (1, 'B 1137 KX', 'Van'), (2, 'B 1174 KX', 'Truck'),
          (3, 'B 1211 KX', 'Van');
        INSERT INTO trips VALUES (1, 1, 70, '2024-01-02'), (2, 1, 90, '2024-01-03'),
          (3, 2, 10, '2024-01-04');
        """
    )
    assert "plate_number" in text(trips, "Which vehicle has the most trips?")
