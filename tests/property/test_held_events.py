"""Held events against a plain list: consecutive, counted, and bounded."""

from hypothesis import given
from hypothesis import strategies as st

from kai_flow.stream.held_events import HeldEvents
from kai_flow.stream.ids import EventId

START = EventId(3, 2, 0)
MAX_EVENTS, MAX_BYTES = 5, 40
steps = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 4)), max_size=30)


@given(steps)
def test_it_holds_what_was_put_in_and_not_dropped(steps: list[tuple[int, int]]) -> None:
    """Numbers go on after a drop; what is held is consecutive, and its bytes are counted."""
    held, model = HeldEvents(START, MAX_EVENTS, MAX_BYTES), list[int]()
    dropped = 0
    for numbered, (size, drop) in enumerate(steps, 1):
        event = held.put("e", b"x" * size)
        model.append(size)
        assert event.id == held.last == START.offset(numbered)
        gone = min(drop, len(model))
        assert list(held.drop(held.base.offset(gone - 1))) == list(
            range(dropped + 1, dropped + gone + 1)
        )
        dropped += gone
        del model[:gone]
        assert (len(held), held.bytes, held.base.seq) == (len(model), sum(model), dropped + 1)
        seqs = [event.id.seq for event in held.after(START)]
        assert seqs == list(range(dropped + 1, numbered + 1))
        assert [event.id.seq for event in held.after(held.base)] == seqs[1:]
        one = min(held.base, held.last)
        assert [event.id.seq for event in held.after(START, one)] == seqs[:1]


@given(st.lists(st.integers(1, 20), max_size=6), st.integers(1, 2), st.integers(1, 60))
def test_the_room_has_two_limits(sizes: list[int], events: int, size: int) -> None:
    """Number and bytes both bound what fits; if nothing is held, an event of any size fits."""
    held = HeldEvents(START, MAX_EVENTS, MAX_BYTES)
    for one in sizes:
        held.put("e", b"x" * one)
    fits = len(sizes) + events <= MAX_EVENTS and sum(sizes) + size <= MAX_BYTES
    assert held.has_room(events, size) == (not sizes or fits)
