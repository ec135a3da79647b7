"""The producer of a thread: every method does the producer's work through `run`, and nothing else.

tests/unit/test_stream_threads.py has the way into the event loop, and the integration tests the
whole in real activities.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, cast

import pytest

from kai_flow.stream.errors import Superseded
from kai_flow.stream.ids import EventId
from kai_flow.stream.producer import EventProducer
from kai_flow.stream.sync_producer import SyncProducer

LAST = EventId(1, 1, 7)


class Recorder:
    """Stands in for an EventProducer: notes what it is told to do."""

    last_event_id = LAST
    events_sent, events_failed = 6, 1

    def __init__(self) -> None:
        self.did: list[Any] = []

    async def send(self, event: Mapping[str, Any]) -> EventId:
        """Note the event."""
        self.did.append(event)
        return LAST

    async def settle(self) -> None:
        """Note it."""
        self.did.append("settle")

    async def finish(self, result: Any) -> None:
        """Note the result."""
        self.did.append(result)


def test_every_method_does_the_work_of_the_producer() -> None:
    """In the event loop, whatever thread it is called from; the result comes back."""
    recorder, runs = Recorder(), list[None]()

    def run(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        runs.append(None)
        return asyncio.run(work())

    producer = SyncProducer(cast("EventProducer", recorder), run)
    assert producer.send({"type": "note"}) == LAST
    producer.settle()
    producer.finish({"answer": 42})
    assert recorder.did == [{"type": "note"}, "settle", {"answer": 42}]
    assert len(runs) == 3
    assert producer.last_event_id == LAST
    assert (producer.events_sent, producer.events_failed) == (6, 1)


def test_a_method_raises_instead_of_doing_its_work() -> None:
    """When the attempt is over nothing of it begins; what was counted can still be asked for."""
    recorder = Recorder()

    def over(_work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        raise Superseded("1.1.7: a newer attempt has taken over")

    producer = SyncProducer(cast("EventProducer", recorder), over)
    with pytest.raises(Superseded):
        producer.send({"type": "note"})
    with pytest.raises(Superseded):
        producer.settle()
    with pytest.raises(Superseded):
        producer.finish(None)
    assert recorder.did == []
    assert producer.last_event_id == LAST
