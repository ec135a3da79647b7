"""Ids: one text for each, and no other text is taken for one."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kai_flow.stream.errors import InvalidId
from kai_flow.stream.ids import MAX_NUMBER, EventId, incarnation_of
from tests.property.strategies import any_ids

# Digits, dots and what looks like them.
almost_ids = st.text(st.sampled_from("0123456789.. @+-_eE\n\r\t\x00٣３²½"), max_size=24)


@given(any_ids)
def test_an_id_survives_text(event_id: EventId) -> None:
    """Writing an id and reading it again gives the same id."""
    assert EventId.parse(str(event_id)) == event_id


@given(any_ids, any_ids)
def test_order_is_that_of_the_three_integers(one: EventId, other: EventId) -> None:
    """Ids are ordered as their three integers are, never as their texts."""
    assert (one < other) == (
        tuple(map(int, str(one).split("."))) < tuple(map(int, str(other).split(".")))
    )


@given(almost_ids)
@example("1.2.3\n")
@example("01.2.3")
@example("1.2.+3")
@example("1.2.٣")
@example("1.1.9007199254740992")
@example("1.1.99999999999999999999")
def test_what_is_read_is_the_only_way_to_write_it(text: str) -> None:
    """A text is refused with InvalidId unless it is exactly what the id it names is written as."""
    try:
        event_id = EventId.parse(text)
    except InvalidId:
        parts = text.split(".")
        written = len(parts) == 3 and all(
            part.isascii() and part.isdigit() and str(int(part)) == part and int(part) <= MAX_NUMBER
            for part in parts
        )
        assert not written
    else:
        assert str(event_id) == text
        assert max(event_id) <= MAX_NUMBER


@given(st.uuids())
def test_the_incarnation_is_the_end_of_the_run_id(run_id: object) -> None:
    """The incarnation is the run id's last eight hex digits."""
    incarnation = incarnation_of(str(run_id).upper())
    assert str(run_id).endswith(incarnation)
    assert len(incarnation) == 8


@given(
    st.text(max_size=40).filter(lambda text: not set(text[-8:].lower()) <= set("0123456789abcdef"))
)
def test_no_incarnation_is_made_up(text: str) -> None:
    """What does not end in eight hex digits is no run id."""
    with pytest.raises(InvalidId):
        incarnation_of(text)
