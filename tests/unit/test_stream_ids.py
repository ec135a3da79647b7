"""Ids and cursors: the examples of the wire contract and the sentences of refusals."""

import pytest

from kai_flow.stream.errors import InvalidId, StreamError
from kai_flow.stream.ids import EventId, incarnation_of
from kai_flow.stream.place import Cursor, Place


def test_the_documented_id() -> None:
    """`1.2.57` is producer 1, attempt 2, event 57."""
    assert EventId.parse("1.2.57") == EventId(producer=1, attempt=2, seq=57)


def test_the_documented_cursors() -> None:
    """§1.4: one event id, several of them, and the end, each with and without incarnation."""
    one, several = Place({1: (1, 57)}), Place({0: (1, 3), 4: (1, 12), 6: (1, 3)})
    assert Cursor.parse("1.1.57@4f3a9c1e") == Cursor(one, "4f3a9c1e")
    assert Cursor.parse("1.1.57") == Cursor(one, None)
    assert Cursor.parse("6.1.3,0.1.3,4.1.12@4f3a9c1e") == Cursor(several, "4f3a9c1e")
    assert str(Cursor(several, "4f3a9c1e", leading=6)) == "6.1.3,0.1.3,4.1.12@4f3a9c1e"
    assert str(several) == "0.1.3,4.1.12,6.1.3"
    assert Cursor.parse("end@4f3a9c1e") == Cursor(None, "4f3a9c1e")


def test_the_incarnation_is_the_end_of_a_run_id() -> None:
    """After `@` stand the last 8 hex digits of the first run id."""
    assert incarnation_of("0190b6a2-7e1c-7000-8000-00004f3a9c1e") == "4f3a9c1e"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("abc", "'abc' is not an event id; one looks like '1.2.57'"),
        ("1.1.9007199254740992", "'1.1.9007199254740992' has a number above 2^53 - 1"),
        ("1.1.1@XYZ", "'1.1.1@XYZ' is not a cursor: '@' is followed by 8 hex digits"),
    ],
)
def test_a_refusal_says_what_is_wrong(text: str, sentence: str) -> None:
    """A cursor that cannot be read is refused with one clear sentence and a stable code."""
    with pytest.raises(InvalidId) as caught:
        Cursor.parse(text)
    assert str(caught.value) == sentence
    assert caught.value.code == "invalid_id"
    assert isinstance(caught.value, StreamError)


def test_a_hostile_cursor_is_quoted_short() -> None:
    """A huge cursor does not come back in full in its refusal."""
    with pytest.raises(InvalidId) as caught:
        Cursor.parse("9" * 100_000)
    assert len(str(caught.value)) < 150
