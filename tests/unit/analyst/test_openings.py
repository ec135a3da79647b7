"""What stands around a question: courtesies, and clauses about who asks and what for."""

import pytest

from kai_flow.analyst.lexicon.lexicon import detect
from kai_flow.analyst.lexicon.tokens import tokenize
from kai_flow.analyst.query.nodes import bare
from kai_flow.analyst.reading.openings import Opened, opened
from tests.unit.analyst.test_reading_rules import INDEX, outcome, query

COUNT = "how many loans are open"


def around(question: str) -> Opened:
    """A question without what stands around it."""
    tokens = tokenize(question)
    return opened(question, tokens, INDEX, detect(tokens))


def kept(question: str) -> str:
    """The words that are left."""
    return " ".join(token.word for token in around(question).tokens)


@pytest.mark.parametrize(
    "frame",
    [
        *("Good morning! {}", "Hi team, quick question: {}", "Sorry to bother you, but {}"),
        *("I was wondering {}", "Would you mind telling me {}", "{}, thanks in advance"),
        *("Could anyone tell me {}", "Let me know {} when you have a moment"),
    ],
)
def test_courtesies_are_taken_away(frame: str) -> None:
    """A courtesy before or after a question is no part of it, and nothing is said about it."""
    assert kept(frame.format(COUNT)) == COUNT
    assert around(frame.format(COUNT)).aside == ()


@pytest.mark.parametrize(
    ("question", "aside"),
    [
        ("I am preparing an audit and would like to know {}", "I am preparing an audit"),
        ("For my thesis I need to find out {}", "For my thesis"),
        ("My boss wants to know {}", "My boss wants to know"),
        ("As I am new to this, please help me: {}", "As I am new to this"),
        ("{}, for the meeting tomorrow", "for the meeting tomorrow"),
        ("Untuk bahan rapat besok, {}", "Untuk bahan rapat besok"),
        ("Kami meneliti buku, {}", "Kami meneliti buku"),
        ("I work in member service and need to know {}", "I work in member service"),
        ("Saya sedang menyusun makalah, {}", "Saya sedang menyusun makalah"),
        ("{}? I want to repair them", "I want to repair them"),
        ("{}, mau saya perbaiki ulang", "mau saya perbaiki ulang"),
    ],
)
def test_a_clause_about_the_asker_is_set_aside(question: str, aside: str) -> None:
    """A clause that only says who asks and what for is taken away, and the answer tells it."""
    found = around(question.format(COUNT))
    assert (kept(question.format(COUNT)), found.aside) == (COUNT, (aside,))


@pytest.mark.parametrize(
    "clause",
    [
        *("I only care about Solo, ", "For the report on novels, ", "We do not count Kediri, "),
        *("I am comparing the towns, ", "For our audit of 2023, ", "For the board in Surabaya, "),
        *("We exclude the closed ones, ", "My members in Solo ask ", "For the cash report, "),
        *("Untuk rapat di Solo, ", "Saya hanya mau yang lunas, ", "We look at loans with lines, "),
        "I only want 2024: ",
    ],
)
def test_a_clause_that_may_limit_a_question_stays(clause: str) -> None:
    """A clause that may pick rows is never set aside."""
    assert around(clause + COUNT).aside == ()


def test_an_answer_announces_what_was_set_aside() -> None:
    """The notes of an answer have the clause as it is written."""
    read = outcome(
        "We have a meeting this afternoon, so could you tell me how many loans are open?"
    )
    told = [dict(note.values) for note in read.notes if note.key == "set_aside"]  # type: ignore[union-attr]  # understood
    assert told == [{"words": "We have a meeting this afternoon"}]


def test_a_question_within_a_frame_is_the_question_alone() -> None:
    """The frame changes nothing in the query."""
    framed = query("I work in a library and need to know how many loans are open, please")
    assert bare(framed) == bare(query(COUNT))


@pytest.mark.parametrize(
    "text", ["I was " + "a" * 70 + "-" + "b" * 70 + "!", "my " * 78, "we " * 78]
)
def test_no_text_takes_long(text: str) -> None:
    """Text that nearly fits many patterns is read like any other."""
    assert around(text).tokens
