"""`SyncProducer`: an EventProducer as a thread uses it: a `def` activity, or one that it starts.

    with EventProducer(callback_url=url) as producer:
        for event in agent_events():
            producer.send(event)

Events, attempts and guarantees are those of the asynchronous form. What differs: Temporal, not the
producer, stops the thread of a `def` activity (by an exception, if the activity is cancelled), and
the methods raise when the attempt is over. In a thread that an `async def` activity has started
they raise when the activity is cancelled as well, because Temporal does not stop such a thread.
"""

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from kai_flow.stream.ids import EventId

if TYPE_CHECKING:
    from kai_flow.stream.producer import EventProducer

T = TypeVar("T")


class Run(Protocol):
    """Runs a coroutine of the producer, and raises the reason if the attempt is over."""

    def __call__(self, work: Callable[[], Coroutine[Any, Any, T]], /) -> T: ...


class SyncProducer:
    """What `with EventProducer(…)` returns. Its methods can be called from any thread.

    Each method raises Superseded when a newer attempt has taken over, or its subclass SessionEnded,
    instead of doing its work. Do not catch them: the activity then fails without a retry.
    """

    def __init__(self, producer: "EventProducer", run: Run) -> None:
        self._producer = producer
        self._run = run

    def send(self, event: Mapping[str, Any]) -> EventId:
        """Number an event and see to its delivery; returns its id.

        Waits only while the outbox is full. Raises InvalidEvent for what cannot be an agent's
        event, and Finished after `settle` or `finish`; nothing is sent then.
        """
        return self._run(lambda: self._producer.send(event))

    def settle(self) -> None:
        """No more events will come: wait until each was POSTed or given up.

        Takes SETTLE_SECONDS at most. After it, `events_sent` and `events_failed` are the numbers
        for the result.
        """
        self._run(self._producer.settle)

    def finish(self, result: Any) -> None:
        """POST `done` with the result, and wait until every event is durable.

        Raises Finished the second time, and after the block: there is one final POST.
        """
        self._run(lambda: self._producer.finish(result))

    @property
    def last_event_id(self) -> EventId:
        """The newest event sent."""
        return self._producer.last_event_id

    @property
    def events_sent(self) -> int:
        """Events whose callback POST has succeeded, each counted once."""
        return self._producer.events_sent

    @property
    def events_failed(self) -> int:
        """Events whose callback POST has not succeeded; 0 when there is no callback."""
        return self._producer.events_failed
