"""Pages: what a reader reads is what the buffer holds, and bad questions are refused."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kai_flow.stream.batches import Batch
from kai_flow.stream.buffer import EventBuffer, Limits
from kai_flow.stream.errors import InvalidId, InvalidQuery
from kai_flow.stream.ids import START, EventId
from kai_flow.stream.pages import (
    MAX_PAGE_BYTES,
    MIN_PAGE_BYTES,
    PageRequest,
    answer,
    read_page,
)
from tests.property.strategies import RUN, events, json_values, near_ids, numbered, run_of


@given(
    st.lists(st.lists(events, min_size=1, max_size=6), max_size=4),
    st.integers(1, 12),
    st.one_of(st.none(), near_ids),
    st.booleans(),
)
def test_a_page_survives_the_wire(
    attempts: list[list[object]], limit: int, after: EventId | None, closed: bool
) -> None:
    """A page read by the reader is the buffer's own slice; START is written as null."""
    buffer = EventBuffer(RUN, Limits(events=limit))
    for attempt, said in enumerate(attempts, 1):
        buffer.apply(Batch(RUN, numbered(EventId(1, attempt, 1), said)))
    document = answer(buffer, PageRequest(after and str(after)), closed=closed)
    page, part = read_page(document), buffer.read(after or START, PageRequest().max_bytes)
    assert page.events == part.events
    assert (page.next, page.has_more, page.gap, page.closed) == (*part[1:], closed)
    raw = json.loads(document)
    assert raw["first"] == (buffer.first and str(buffer.first))
    assert raw["last"] == (buffer.last and str(buffer.last))
    assert raw["next"] == (None if page.next == START else str(page.next))
    assert (raw["next"] is None) == (after is None and not buffer.fold.position.seq)


@given(st.lists(st.integers(0, 30_000), max_size=12), st.integers(MIN_PAGE_BYTES, MAX_PAGE_BYTES))
def test_pages_join_to_the_whole(paddings: list[int], max_bytes: int) -> None:
    """Asking on with `next` gives every event once, in pages within the bound or of one event."""
    buffer = EventBuffer(RUN, Limits())
    for seq, padding in enumerate(paddings, 1):
        buffer.apply(Batch(RUN, run_of(EventId(1, 1, seq), 1, padding)))
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


@given(st.integers(0, 2 * MAX_PAGE_BYTES), st.text("0123456789.@x", max_size=9))
@example(MIN_PAGE_BYTES - 1, "1.1.1")
@example(MAX_PAGE_BYTES + 1, "1.1.1")
@example(MIN_PAGE_BYTES, "1.1.1")
@example(MAX_PAGE_BYTES, "1.1.1")
@example(MIN_PAGE_BYTES, "1.1.1@4f3a9c1e")
def test_a_bad_question_is_refused(max_bytes: int, after: str) -> None:
    """A size or a cursor outside its documented form is refused, and says so."""
    buffer = EventBuffer(RUN, Limits())
    try:
        EventId.parse(after)
        known = True
    except InvalidId:
        known = False
    if MIN_PAGE_BYTES <= max_bytes <= MAX_PAGE_BYTES and known:
        read_page(answer(buffer, PageRequest(after, max_bytes), closed=False))
    else:
        with pytest.raises((InvalidQuery, InvalidId)):
            answer(buffer, PageRequest(after, max_bytes), closed=False)


@given(st.one_of(st.binary(max_size=40), json_values.map(lambda value: json.dumps(value).encode())))
@example(
    b'{"events":[{"id":"1.1.1","event":{"no":"type"}}],"first":null,"last":null,"next":null,'
    b'"has_more":false,"gap":null,"closed":false}'
)
@example(b'{"events":[{"id":"1.1.1","event":' + b"[" * 5000)
@example(
    b'{"events":[],"first":null,"last":null,"next":"1.1","has_more":false,"gap":null,"closed":true}'
)
def test_what_is_no_page_is_refused(document: bytes) -> None:
    """An answer that is no page is InvalidQuery and nothing else."""
    with pytest.raises(InvalidQuery):
        read_page(document)
