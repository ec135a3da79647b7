"""Where a payload may be."""

import pytest

from kai_flow.temporal.payload_place import Place

HERE = Place("sales", "monday")
TIME = "-2026-01-31T12:00:00Z"


def test_a_payload_may_be_where_it_was_bound_to() -> None:
    """In the same workflow of the same namespace."""
    assert HERE.may_hold(HERE.written())


@pytest.mark.parametrize(
    "other",
    [
        Place("sales", "tuesday"),
        Place("sales", "mondays"),
        Place("sales", "mon"),
        Place("sales", ""),
        Place("support", "monday"),
        Place("sales", f"monday{TIME}"),
    ],
)
def test_and_nowhere_else(other: Place) -> None:
    """Not in one whose id only begins so, and not in another namespace."""
    assert not HERE.may_hold(other.written())


@pytest.mark.parametrize(
    "written", [b"", b"x", b"[]", b'["sales"]', b'["sales","monday",1]', b"null"]
)
def test_what_is_no_place_is_refused(written: bytes) -> None:
    """Whoever writes such a thing has the key, and yet it is nowhere."""
    assert not HERE.may_hold(written)


def test_a_workflow_of_a_schedule_may_have_what_was_made_for_the_schedule() -> None:
    """Its id is that of the schedule's action, and a time."""
    assert Place("sales", f"monday{TIME}").may_hold(HERE.written())
    assert not Place("sales", f"monday{TIME}x").may_hold(HERE.written())
    assert not Place("sales", "monday-2026").may_hold(HERE.written())


def test_a_history_may_be_replayed_under_its_own_id() -> None:
    """The Replayer does not know from which namespace it is."""
    assert Place("ReplayNamespace", "monday").may_hold(HERE.written())
    assert not Place("ReplayNamespace", "tuesday").may_hold(HERE.written())
    assert not HERE.may_hold(Place("ReplayNamespace", "monday").written())


def test_no_two_places_are_written_alike() -> None:
    """Whatever characters are in them."""
    assert Place('a","b', "c").written() != Place("a", 'b","c').written()
