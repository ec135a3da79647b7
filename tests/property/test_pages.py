"""Pages: what a reader reads is what the buffer holds, and bad questions are refused."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kai_flow.stream.batches import Batch
from kai_flow.stream.buffer import EventBuffer, Limits
from kai_flow.stream.errors import InvalidId, InvalidQuery
from kai_flow.stream.ids import EventId
from kai_flow.stream.pages import (
    MAX_PAGE_BYTES,
    MIN_PAGE_BYTES,
    PageRequest,
    answer,
    read_page,
)
from kai_flow.stream.place import NOWHERE, Place
from kai_flow.stream.recorded import Published, Scheduled
from tests.property.strategies import (
    RUN,
    Session,
    concurrent_sessions,
    events,
    json_values,
    numbered,
    readings,
    run_of,
)


@given(concurrent_sessions(), st.integers(1, 12), st.booleans(), st.data())
def test_a_page_survives_the_wire(
    session: Session, limit: int, closed: bool, data: st.DataObject
) -> None:
    """A page read by the reader is the buffer's own slice; the beginning is written as null."""
    buffer = EventBuffer(RUN, Limits(events=limit))
    for item in session.history:
        buffer.take(item)
    after = NOWHERE
    for event in data.draw(readings(session)):
        after = after.advance(event.id, session.beside[event.id.producer])
    document = answer(buffer, PageRequest(None if after == NOWHERE else str(after)), closed=closed)
    page, part = read_page(document), buffer.read(after, PageRequest().max_bytes)
    assert (page.events, page.next, page.has_more, page.gap) == part[:4]
    assert (page.start, page.closed) == (part.start or after, closed)
    assert page.durable == buffer.fold.place
    raw = json.loads(document)
    assert raw["first"] == (buffer.first and str(buffer.first))
    assert raw["last"] == (buffer.last and str(buffer.last))
    for name, place in (("next", page.next), ("durable", page.durable), ("start", page.start)):
        assert raw[name] == (None if place == NOWHERE else str(place))


@given(concurrent_sessions(), st.integers(1, 12), st.data())
def test_a_page_tells_a_reader_its_places(
    session: Session, limit: int, data: st.DataObject
) -> None:
    """With `start` and `beside` of the page alone a reader gets from `after` to `next`."""
    buffer = EventBuffer(RUN, Limits(events=limit))
    for item in session.history:
        buffer.take(item)
    after = NOWHERE
    for event in data.draw(readings(session)):
        after = after.advance(event.id, session.beside[event.id.producer])
    page = read_page(answer(buffer, PageRequest(str(after)), closed=False))
    place = page.start
    for event in page.events:
        newest = event.id.producer > place.newest
        assert newest or event.id.producer in place.positions or not event.id.producer
        place = place.advance(event.id, page.beside[event.id.producer] if newest else ())
    assert place == page.next


@given(st.lists(events, min_size=1, max_size=6))
def test_a_page_has_the_events_byte_for_byte(said: list[object]) -> None:
    """Whatever an event holds, it leaves the page as it came."""
    buffer, batch = EventBuffer(RUN, Limits()), Batch(numbered(EventId(1, 1, 1), said))
    buffer.take(Scheduled(1, "act", "1"))
    buffer.take(Published(RUN, (batch,)))
    assert read_page(answer(buffer, PageRequest(), closed=True)).events == batch.events


@given(st.lists(st.integers(0, 30_000), max_size=12), st.integers(MIN_PAGE_BYTES, MAX_PAGE_BYTES))
def test_pages_join_to_the_whole(paddings: list[int], max_bytes: int) -> None:
    """Asking on with `next` gives every event once, in pages within the bound or of one event."""
    buffer = EventBuffer(RUN, Limits())
    for seq, padding in enumerate(paddings, 1):
        buffer.take(Published(RUN, (Batch(run_of(EventId(1, 1, seq), 1, padding)),)))
    got: list[EventId] = []
    after: str | None = None
    while True:
        page = read_page(answer(buffer, PageRequest(after, max_bytes), closed=True))
        assert len(page.events) <= 1 or sum(len(e.data) for e in page.events) <= max_bytes
        assert page.gap is None
        got += [event.id for event in page.events]
        if not page.has_more:
            break
        assert page.events
        after = str(page.next)
    assert got == [EventId(1, 1, seq) for seq in range(1, len(paddings) + 1)]


@given(st.integers(0, 2 * MAX_PAGE_BYTES), st.text("0123456789.,@x", max_size=9))
@example(MIN_PAGE_BYTES - 1, "1.1.1")
@example(MAX_PAGE_BYTES + 1, "1.1.1")
@example(MIN_PAGE_BYTES, "1.1.1")
@example(MAX_PAGE_BYTES, "1.1.1")
@example(MIN_PAGE_BYTES, "1.1.1@4f3a9c1e")
@example(MIN_PAGE_BYTES, "1.1.1,1.1.2")
@example(MIN_PAGE_BYTES, "7.1.1,3.1.1,9-12.0.0")
def test_a_bad_question_is_refused(max_bytes: int, after: str) -> None:
    """A size or a cursor outside its documented form is refused, and says so."""
    buffer = EventBuffer(RUN, Limits())
    try:
        Place.parse(after)
        known = True
    except InvalidId:
        known = False
    if MIN_PAGE_BYTES <= max_bytes <= MAX_PAGE_BYTES and known:
        read_page(answer(buffer, PageRequest(after, max_bytes), closed=False))
    else:
        with pytest.raises((InvalidQuery, InvalidId)):
            answer(buffer, PageRequest(after, max_bytes), closed=False)


EMPTY: dict[str, object] = {
    "events": [],
    "beside": {},
    "first": None,
    "last": None,
    "durable": None,
    "next": None,
    "has_more": False,
    "gap": None,
    "start": None,
    "closed": False,
}


@pytest.mark.parametrize(
    "wrong",
    [
        {"events": [{"id": "1.1.1", "event": {"no": "type"}}]},
        {"events": [{"id": "1.1", "event": {"type": "a"}}]},
        {"events": [{"id": "1.1.1", "event": {"type": "done"}}]},
        {"next": "1.1"},
        {"durable": "2.1.1,2.1.2"},
        {"start": "end"},
        {"beside": {"4": [4]}},
        {"beside": {"4": [5]}},
        {"beside": {"four": []}},
        {"gap": {"missing": [{"after": "1.1.1", "before": "x"}]}},
        {"gap": []},
    ],
)
def test_a_wrong_page_is_refused(wrong: dict[str, object]) -> None:
    """An answer with one wrong field is InvalidQuery, and without it a page."""
    assert read_page(json.dumps(EMPTY).encode()).next == NOWHERE
    with pytest.raises(InvalidQuery):
        read_page(json.dumps(EMPTY | wrong).encode())


@given(st.one_of(st.binary(max_size=40), json_values.map(lambda value: json.dumps(value).encode())))
@example(b'{"events":[{"id":"1.1.1","event":' + b"[" * 5000)
def test_what_is_no_page_is_refused(document: bytes) -> None:
    """An answer that is no page is InvalidQuery and nothing else."""
    with pytest.raises(InvalidQuery):
        read_page(document)
