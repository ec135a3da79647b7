"""Pages: the answer of the `events` query as documented."""

import json

import pytest

from kai_flow.stream.batches import Batch
from kai_flow.stream.buffer import EventBuffer, Limits
from kai_flow.stream.errors import InvalidId, InvalidQuery
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.pages import PageRequest, answer
from kai_flow.stream.recorded import Published, Scheduled


def batch(producer: int, first: int, last: int) -> Batch:
    """Events of the first attempt of a producer."""
    numbers = range(first, last + 1)
    return Batch(
        tuple(NumberedEvent(EventId(producer, 1, n), "e", b'{"type":"e"}') for n in numbers)
    )


def test_the_documented_page() -> None:
    """Events with the producers beside each new one, what is durable and missing, the places."""
    buffer = EventBuffer("run", Limits(events=3))
    buffer.take(Scheduled(4, "search", "4"))
    buffer.take(Published("run", (batch(4, 1, 3),)))
    buffer.take(Scheduled(6, "search", "6", frozenset({4, 5})))
    buffer.take(Published("run", (batch(6, 1, 2),)))
    assert json.loads(answer(buffer, PageRequest("4.1.1"), closed=False)) == {
        "events": [
            {"id": "4.1.3", "event": {"type": "e"}},
            {"id": "6.1.1", "event": {"type": "e"}},
            {"id": "6.1.2", "event": {"type": "e"}},
        ],
        "beside": {"6": [[4, 5]]},
        "first": "4.1.3",
        "last": "6.1.2",
        "durable": "4.1.3,5.0.0,6.1.2",
        "next": "4.1.3,5.0.0,6.1.2",
        "has_more": False,
        "gap": {"missing": [{"after": "4.1.1", "before": "4.1.3"}]},
        "start": "4.1.2",
        "closed": False,
    }


def test_an_empty_page_from_the_beginning_has_no_place() -> None:
    """Before anything came, `next` is null as `after` was."""
    page = json.loads(answer(EventBuffer("run", Limits()), PageRequest(), closed=True))
    names = ("next", "first", "last", "durable", "start", "gap")
    assert [page[name] for name in names] == [None] * len(names)
    assert page["closed"] is True


def test_a_bad_size_is_refused_with_the_range() -> None:
    """The refusal names the bounds."""
    with pytest.raises(InvalidQuery) as caught:
        answer(EventBuffer("run", Limits()), PageRequest(max_bytes=1), closed=False)
    assert str(caught.value) == "max_bytes is 1; allowed are 16384 to 1048576"


def test_a_bad_place_is_refused_with_its_reason() -> None:
    """A cursor with an incarnation is no place, and neither is one with a producer twice."""
    for text, reason in (("1.1.1@4f3a9c1e", "not an event id"), ("1.1.1,1.1.2", "there once")):
        with pytest.raises(InvalidId, match=reason):
            answer(EventBuffer("run", Limits()), PageRequest(text), closed=False)


def test_a_place_that_never_was_is_refused_with_what_there_is() -> None:
    """A producer that the workflow has not scheduled, and events that it has not published."""
    buffer = EventBuffer("run", Limits())
    buffer.take(Scheduled(2, "act", "7"))
    answer(
        buffer, PageRequest(after="2.1.9"), closed=False
    )  # a bridge may show more than is stored
    with pytest.raises(InvalidQuery, match="names producer 3, but the newest of this session is 2"):
        answer(buffer, PageRequest(after="2.1.9,3.1.1"), closed=False)
    with pytest.raises(InvalidQuery, match=r"names event 0\.1\.1; the workflow has published 0"):
        answer(buffer, PageRequest(after="0.1.1"), closed=False)
