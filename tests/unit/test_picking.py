"""The number of a reading at the end of a question."""

from hypothesis import given
from hypothesis import strategies as st

from kai_flow.analyst.picking import picked, picking


@given(st.text(min_size=1).filter(str.strip), st.integers(1, 9))
def test_a_picked_reading_is_found_again(question: str, number: int) -> None:
    """The question and the number that were put together are found again."""
    assert picked(picking(question, number)) == (question.strip(), number)


@given(st.text())
def test_a_question_without_a_number_stays_as_it_is(question: str) -> None:
    """A question that does not end with one digit in brackets is not touched."""
    if not question.rstrip().endswith("]"):
        assert picked(question) == (question, None)
