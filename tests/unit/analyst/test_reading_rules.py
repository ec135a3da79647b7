"""What rules of the reading mean over a small shop that none of the evaluation's schemas is."""

from datetime import date

import pytest

from kai_flow.analyst.kinds.differences import Difference
from kai_flow.analyst.kinds.growth import Growth
from kai_flow.analyst.query.nodes import (
    Aggregate,
    Condition,
    During,
    Field,
    FieldGroup,
    Function,
    Not,
    Operator,
    Query,
    Related,
    TimeGroup,
    Unit,
    bare,
)
from kai_flow.analyst.query.ratio import Ratio
from kai_flow.analyst.query.share import Share
from kai_flow.analyst.reading.averages import counted_singly
from kai_flow.analyst.reading.reader import Declined, Outcome, Unclear, Understood, read
from kai_flow.analyst.semantics.index import Index
from tests.unit.analyst.scanned import model_of

MODEL = model_of(
    """
    CREATE TABLE members (member_id INTEGER PRIMARY KEY, member_name TEXT, town TEXT,
      joined_on TEXT, phone TEXT);
    CREATE TABLE books (book_id INTEGER PRIMARY KEY, title TEXT, genre TEXT, price REAL);
    CREATE TABLE loans (loan_id INTEGER PRIMARY KEY, loan_date TEXT, pickup_town TEXT,
      payment_method TEXT, state TEXT, fee REAL, member_id INTEGER REFERENCES members);
    CREATE TABLE loan_lines (loan_id INTEGER REFERENCES loans, line INTEGER,
      book_id INTEGER REFERENCES books, quantity INTEGER, discount REAL,
      PRIMARY KEY (loan_id, line));
    INSERT INTO members VALUES (1, 'Tono', 'Solo', '2022-01-05', NULL),
      (2, 'Wati', 'Kediri', '2023-02-06', '08'), (3, 'Sri', 'Solo', '2023-03-07', '09');
    INSERT INTO books VALUES (1, 'Laskar', 'novel', 50), (2, 'Peta', 'atlas', 90),
      (3, 'Bumi', 'novel', 70);
    INSERT INTO loans VALUES (1, '2023-03-01', 'Solo', 'card', 'open', 5, 1),
      (2, '2024-03-02', 'Kediri', 'cash', 'closed', 6, 1),
      (3, '2024-04-03', NULL, 'cash', 'open', 7, 2),
      (4, '2024-05-04', 'Solo', 'card', 'open', 5, 2);
    INSERT INTO loan_lines VALUES (1, 1, 1, 2, 0.1), (2, 1, 2, 1, 0.2), (3, 1, 3, 4, 0);
    """
)
INDEX = Index(MODEL)


def outcome(question: str) -> Outcome:
    """What a question means, on the last day of 2024."""
    return read(question, MODEL, INDEX, date(2024, 12, 31))[0]


def query(question: str) -> Query:
    """The one query that a question means."""
    found = outcome(question)
    assert isinstance(found, Understood), found
    return bare(found.query)


COUNT = Aggregate(function=Function.COUNT)


def equal(table: str, column: str, *values: str) -> Condition:
    """A column of the fact table has one of these values."""
    return Condition(of=Field(table=table, column=column), operator=Operator.EQUAL, values=values)


@pytest.mark.parametrize(
    "question",
    [
        "How many loans came in on 2 March 2024?",
        "Berapa loans yang masuk pada 2 Maret 2024?",
    ],
)
def test_a_light_verb_is_stepped_over(question: str) -> None:
    """A verb that says nothing beside its noun is no unknown word."""
    found = query(question)
    during = During(axis="loans.loan_date", start="2024-03-02", end="2024-03-03")
    assert (found.fact, found.measures, found.where) == ("loans", (COUNT,), during)


@pytest.mark.parametrize(
    "question", ["How many loans were paid by card?", "loans dibayar dengan card ada berapa?"]
)
def test_a_verb_says_which_column_a_value_is_of(question: str) -> None:
    """What is paid with is a value of the column that is named after paying."""
    assert query(question).where == equal("loans", "payment_method", "card")


def test_a_verb_names_the_rows_of_what_was_done() -> None:
    """Those who have not borrowed have no loan."""
    found = query("Which members have never borrowed?")
    assert found.fact == "members"
    assert found.where == Not(part=Related(path=("members<loans.member_id",)))


def test_percent_is_a_fraction_where_the_column_has_fractions() -> None:
    """Ten percent is 0.1 in a column whose values lie between 0 and 1."""
    where = query("How many loan lines have a discount above 10%?").where
    assert isinstance(where, Condition)
    assert where.values == (0.1,)


def test_the_difference_of_extremes_is_one_number() -> None:
    """The highest minus the lowest price is a difference, and no list."""
    [measure] = query("difference between the highest and the lowest price").measures
    assert isinstance(measure, Difference)
    assert (measure.left.function, measure.right.function) == (
        Function.MAXIMUM,
        Function.MINIMUM,
    )


def test_an_average_per_event_divides_sums() -> None:
    """Average quantity per loan is all units by all loans, and not the average of the lines."""
    [measure] = query("What is the average quantity per loan?").measures
    assert isinstance(measure, Ratio)
    assert measure.top.function is Function.SUM
    assert measure.bottom.function is Function.DISTINCT


@pytest.mark.parametrize(
    "question",
    ["How many units does a loan have on average?", "rata-rata jumlah unit per pinjaman"],
)
def test_what_one_event_has_on_average_divides_sums(question: str) -> None:
    """Units in a loan are all units by all loans, whichever is named first."""
    [measure] = query(question).measures
    assert isinstance(measure, Ratio)
    assert (measure.top.function, measure.bottom.function) == (Function.SUM, Function.DISTINCT)


def test_a_rate_is_the_part_of_all_rows_that_meets_the_condition() -> None:
    """The closed rate of each method is of that method's loans."""
    [measure] = query("closed rate by payment method").measures
    assert isinstance(measure, Ratio)
    assert measure.percent
    assert measure.top.where == equal("loans", "state", "closed")
    assert measure.bottom.where is None


@pytest.mark.parametrize(
    "question",
    [
        "average monthly fee",
        "How many loans are there per month on average?",
        "rata-rata jumlah pinjaman per bulan",
    ],
)
def test_what_a_month_has_on_average_is_one_number(question: str) -> None:
    """The total by the number of months, and no list of averages."""
    found = query(question)
    [measure] = found.measures
    assert not found.groups
    assert isinstance(measure, Ratio)
    assert isinstance(measure.bottom.of, Unit)
    assert measure.bottom.of.grain == "month"


def test_a_share_in_each_group_is_of_the_group() -> None:
    """In each town, the group is the whole; nothing is asked back."""
    [measure] = query("percentage of closed loans in each pickup town").measures
    assert isinstance(measure, Ratio)


@pytest.mark.parametrize(
    "question",
    [
        "share of loans by state in each pickup town",
        "For each pickup town, the percentage of loans by state",
    ],
)
def test_a_share_beside_a_whole_is_of_its_total(question: str) -> None:
    """Each town is a whole, of which each state has a part."""
    found = query(question)
    [share] = [measure for measure in found.measures if isinstance(measure, Share)]
    columns = [group.field.column for group in found.groups if isinstance(group, FieldGroup)]
    assert share.within
    assert columns == ["pickup_town", "state"]


def test_the_words_before_a_formula_are_its_name() -> None:
    """A name that the database does not have is explained by the formula after it."""
    [measure] = query("blorps: total fee / number of loans").measures
    assert isinstance(measure, Ratio)


def test_the_highest_share_in_a_group_is_asked_back() -> None:
    """The highest share of closed loans is of a town's loans, or of all closed ones."""
    found = outcome("Which pickup town has the highest share of closed loans?")
    assert isinstance(found, Unclear)


def test_a_ratio_of_rows_counts_all_of_both() -> None:
    """Loans to members are by all members, and not only by those with a loan."""
    [measure] = query("ratio of loans to members").measures
    assert isinstance(measure, Ratio)
    assert measure.bottom.function is Function.COUNT
    assert measure.bottom.over is not None


def test_revenue_per_event_beside_groups_is_a_ratio() -> None:
    """No single loan is listed where members are asked for."""
    [measure] = query("quantity per loan for each member").measures
    assert isinstance(measure, Ratio)


def test_an_amount_by_rows_is_no_percentage() -> None:
    """No number of loans is a percentage of fees."""
    assert not isinstance(outcome("loans as a percentage of fees"), Understood)


def test_a_kind_of_something_is_each_of_its_values() -> None:
    """The words “Kind of genre” group by the genre."""
    [group] = query("number of books for each kind of genre").groups
    assert isinstance(group, FieldGroup)
    assert group.field.column == "genre"


def test_two_counts_in_one_question_are_both_answered() -> None:
    """How many of them restricts a second number, and not the first."""
    found = query("How many loans were there in 2024, and how many of them were closed?")
    assert [measure.where for measure in found.measures if isinstance(measure, Aggregate)] == [
        None,
        equal("loans", "state", "closed"),
    ]


@pytest.mark.parametrize(
    "question",
    [
        "How much did the number of loans grow from year to year?",
        "loans tumbuh berapa persen tiap tahun?",
    ],
)
def test_a_verb_asks_for_growth(question: str) -> None:
    """Growing is growth against the period before."""
    found = query(question)
    assert any(isinstance(measure, Growth) for measure in found.measures)
    assert [group.grain for group in found.groups if isinstance(group, TimeGroup)] == ["year"]


def test_a_ranking_leaves_out_rows_without_a_value() -> None:
    """No town is not the town with the most."""
    found = query("Which pickup town has the most loans?")
    present = Condition(of=Field(table="loans", column="pickup_town"), operator=Operator.PRESENT)
    assert found.groups == (FieldGroup(field=Field(table="loans", column="pickup_town")),)
    assert found.limit == 1
    assert found.where == present


def test_a_share_of_filtered_rows_per_group_is_asked_back() -> None:
    """The percentage of closed loans per year is of each year, or of all closed ones."""
    found = outcome("percentage of closed loans per year")
    assert isinstance(found, Unclear)
    kinds = {type(reading.query.measures[-1]) for reading in found.readings if reading.query}
    assert kinds == {Ratio, Share}


def test_from_when_to_when_there_is_data() -> None:
    """The extent of rows is their first and their last day."""
    found = query("loans dari kapan sampai kapan?")
    functions = [m.function for m in found.measures if isinstance(m, Aggregate)]
    assert functions == [Function.MINIMUM, Function.MAXIMUM]


def test_a_word_that_would_pick_rows_is_not_stepped_over() -> None:
    """A verb that the database has no name for is unknown, though its sentence could be read."""
    assert isinstance(outcome("How many loans were stolen?"), Declined)


def test_counting_single_rows_is_unlikely() -> None:
    """The number of books of each title is always one, and that of a genre is not."""
    title, genre = (
        FieldGroup(field=Field(table="books", column=column)) for column in ("title", "genre")
    )
    assert counted_singly(MODEL, "books", (COUNT,), (title,)) > 0
    assert counted_singly(MODEL, "books", (COUNT,), (genre,)) == 0
