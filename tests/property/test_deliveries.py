"""What was delivered, against a plain set: an event counts once, and only if a POST succeeded."""

from hypothesis import given
from hypothesis import strategies as st

from kai_flow.stream.deliveries import Deliveries
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId

START = EventId(1, 1, 0)
posts = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 6), st.integers(0, 6), st.integers(0, 3)),
    max_size=20,
)


@given(posts)
def test_an_event_counts_once_even_if_it_leaves_in_flight(
    posts: list[tuple[int, int, int, int]],
) -> None:
    """Sent again, or dropped while its POST is in flight: each event delivered counts once."""
    deliveries, held, delivered = Deliveries(START), list[NumberedEvent](), set[EventId]()
    last, base = START, START.offset(1)
    for added, back, taken, dropped in posts:
        for _ in range(added):
            last = last.offset(1)
            held.append(NumberedEvent(last, "e", b"{}"))
            deliveries.add(held[-1])
        flight = held[max(0, len(held) - back) :]
        deliveries.post(flight, base)
        for _ in range(min(dropped, len(held))):  # while it is in flight
            deliveries.drop(held.pop(0).id.seq)
            base = base.offset(1)
        shown = flight[:taken]
        deliveries.delivered(shown)
        delivered |= {event.id for event in shown}
        if shown:
            deliveries.settle(shown[-1].id)
        assert deliveries.count == len(delivered)
        assert deliveries.settled == max(delivered, default=START)
        assert len(deliveries._missing) <= len(held) + len(flight), "it remembers what has left"
