"""A cursor of what never was is told from one that is only ahead of what is stored."""

import pytest

from kai_flow.stream.batches import Batch
from kai_flow.stream.fold import Fold
from kai_flow.stream.ids import EventId
from kai_flow.stream.place import NOWHERE, Place
from kai_flow.stream.recorded import Published, Scheduled, Spoken
from kai_flow.stream.unknown_place import what_never_was
from tests.property.strategies import run_of


def fold(*, marked: bool = True) -> Fold:
    """The fold of a run with one producer and two events of the workflow itself."""
    fold = Fold("run")
    if marked:
        fold.take(Scheduled(1, "act", "1"))
    fold.take(Published("run", (Batch(run_of(EventId(1, 1, 1), 3)),)))
    fold.take(Spoken(Batch(run_of(EventId(0, 1, 1), 2))))
    return fold


@pytest.mark.parametrize("cursor", ["1.1.3", "0.1.2,1.1.3", "1.1.900", "1.2.1", "2.0.0"])
def test_what_may_be_stored_later_is_no_mistake(cursor: str) -> None:
    """A bridge shows events, and readers have them, before the history does."""
    assert what_never_was(Place.parse(cursor), fold()) is None


def test_a_producer_that_was_never_scheduled_is_named() -> None:
    """Its mark is in the history before any event of it."""
    why = "the cursor names producer 2, but the newest of this session is 1"
    assert what_never_was(Place.parse("1.1.3,2.1.1"), fold()) == why


def test_the_numbers_of_the_runs_before_tell_it_too() -> None:
    """A run that continues another has no mark of its own at first."""
    later = Fold("later", Place.before(3, 2))
    assert what_never_was(Place.parse("0.1.2,3.0.0"), later) is None
    why = "the cursor names producer 9, but the newest of this session is 2"
    assert what_never_was(Place.parse("0.1.2,9.1.1"), later) == why


@pytest.mark.parametrize(
    ("cursor", "stranger"),
    [("3.1.1,1.1.2", 1), ("1-3.0.0", 1), ("3.1.4,1-2.0.0", 1), ("2.0.0,1.0.0", None)],
)
def test_a_producer_that_was_not_beside_the_newest_is_named(
    cursor: str, stranger: int | None
) -> None:
    """A place lists its newest producer and those beside it: more would make each event dear."""
    later = fold()
    later.take(Scheduled(2, "act", "2", frozenset({1})))
    later.take(Scheduled(3, "act", "3", frozenset({2})))
    why = (
        None if stranger is None else f"the cursor names producer {stranger}, which was not beside"
    )
    said = what_never_was(Place.parse(cursor), later)
    assert said == (why and f"{why} producer 3")


def test_nothing_is_listed_beyond_the_next_producer() -> None:
    """Of the next one nothing was seen yet; thousands of others were never there."""
    assert what_never_was(Place.parse("2.0.0"), fold()) is None
    why = "the cursor names producer 4095, but the newest of this session is 1"
    assert what_never_was(Place.parse("1-4095.0.0"), fold()) == why


def test_an_event_that_the_workflow_has_not_published_is_named() -> None:
    """The workflow itself publishes nothing that is not stored."""
    why = "the cursor names event 0.1.3; the workflow has published 2"
    assert what_never_was(Place.parse("0.1.3,1.1.1"), fold()) == why


def test_without_marks_any_producer_may_come() -> None:
    """A workflow without the plugin tells of a producer with its first events only."""
    assert what_never_was(Place.parse("7.1.1"), fold(marked=False)) is None
    assert what_never_was(NOWHERE, Fold("run")) is None
