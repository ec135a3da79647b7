"""Pages: the answer of the `events` query as documented."""

import json

import pytest

from kai_flow.stream.batches import Batch
from kai_flow.stream.buffer import EventBuffer, Limits
from kai_flow.stream.errors import InvalidQuery
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.pages import PageRequest, answer


def test_the_documented_page() -> None:
    """Events, first, last, next, has_more, gap and closed, after an eviction."""
    buffer = EventBuffer("run", Limits(events=2))
    events = tuple(NumberedEvent(EventId(1, 1, n), "e", b'{"type":"e"}') for n in range(1, 5))
    buffer.apply(Batch("run", events))
    assert json.loads(answer(buffer, PageRequest("1.1.1"), closed=False)) == {
        "events": [
            {"id": "1.1.3", "event": {"type": "e"}},
            {"id": "1.1.4", "event": {"type": "e"}},
        ],
        "first": "1.1.3",
        "last": "1.1.4",
        "next": "1.1.4",
        "has_more": False,
        "gap": {"after": "1.1.1", "before": "1.1.3"},
        "closed": False,
    }


def test_an_empty_page_from_the_beginning_has_no_place() -> None:
    """Before anything came, `next` is null as `after` was."""
    page = json.loads(answer(EventBuffer("run", Limits()), PageRequest(), closed=True))
    assert (page["next"], page["first"], page["last"], page["gap"]) == (None, None, None, None)
    assert page["closed"] is True


def test_a_bad_size_is_refused_with_the_range() -> None:
    """The refusal names the bounds."""
    with pytest.raises(InvalidQuery) as caught:
        answer(EventBuffer("run", Limits()), PageRequest(max_bytes=1), closed=False)
    assert str(caught.value) == "max_bytes is 1; allowed are 16384 to 1048576"
