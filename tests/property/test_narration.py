"""A narration tells of each producer's end once, at its place, in whatever order events come."""

from hypothesis import given
from hypothesis import strategies as st

from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.fold import Fold
from kai_flow.stream.narration import Narration
from kai_flow.stream.place import NOWHERE
from tests.property.strategies import RUN, Session, concurrent_sessions, readings


@st.composite
def read_sessions(draw: st.DrawFn) -> tuple[Session, list[NumberedEvent]]:
    """A session, and an order in which a reader may get its events."""
    session = draw(concurrent_sessions())
    return session, draw(readings(session))


@given(read_sessions())
def test_an_end_is_told_before_what_was_scheduled_after_it(
    read: tuple[Session, list[NumberedEvent]],
) -> None:
    """And after all events of its producer; nothing else is told to a reader without holes."""
    session, reading = read
    fold = Fold(RUN)
    for item in session.history:
        fold.take(item)
    fold.close()
    narration = Narration(NOWHERE, fold)
    ended: set[int] = set()
    begun: set[int] = set()
    for event in reading:
        told = [*narration.notices(), *narration.tell(event.id)]
        assert {one["type"] for one in told} <= {"ended"}
        new = {one["producer"] for one in told}
        assert new <= begun
        assert not new & ended
        ended |= new
        assert event.id.producer not in ended
        beside = session.beside[event.id.producer]
        if event.id.producer:
            assert {p for p in begun if p < event.id.producer and p not in beside} <= ended
            begun.add(event.id.producer)
    told = [*narration.notices(), *narration.end()]
    ended |= {one["producer"] for one in told}
    assert {p for p in begun if narration.place.covers(session.sent[p][-1].id)} <= ended <= begun
