"""What the producers of this process have done, as plain numbers: see `tally`.

They belong to the process, because a worker neither makes its producers nor knows them.
"""

from collections import Counter
from typing import Final

from kai_flow.stream.clock import now
from kai_flow.stream.ids import EventId
from kai_flow.stream.outbox import Outbox
from kai_flow.stream.tally import Histogram, Lag

_POST: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0)
_DURABLE: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
_SAMPLE_SECONDS: Final = 0.1  # between two events of a producer whose way is timed


class Watch:
    """What is measured of one producer."""

    def __init__(self, outbox: Outbox, counts: "ProducerCounts") -> None:
        self.outbox = outbox
        self._counts = counts
        self._lag = Lag(_SAMPLE_SECONDS)
        self._durable = outbox.durable

    def begin(self) -> None:
        """The producer is open."""
        self._counts.watched.add(self)

    def end(self) -> None:
        """It is closed: what its outbox still holds is sent no more."""
        self._counts.watched.discard(self)

    def sent(self, event: EventId) -> None:
        """The agent has sent this event."""
        self._counts.events += 1
        self._lag.note(event.seq, now())

    def look(self) -> None:
        """Something was reported: perhaps more is durable, or done with, than at the last look."""
        done = self.outbox.durable if self.outbox else self.outbox.last
        if done != self._durable:
            self._durable = done
            for seconds in self._lag.reach(done.seq, now()):
                self._counts.durable_seconds.observe(seconds)

    @property
    def age(self) -> float:
        """For how many seconds the oldest event has been in the outbox."""
        return self._lag.age(now())


class ProducerCounts:
    """The counters of all producers, and those that are open. Times are seconds."""

    def __init__(self) -> None:
        self.events = 0
        """Events that were sent by agents."""
        self.posts = Counter[str]()
        """POSTs, by what came of them; see `worker.metrics`."""
        self.post_seconds = Histogram(_POST)
        """How long POSTs took, with the wait for others that go along."""
        self.signals = Counter[str]()
        """Signals of the producers' own: `sent` or `failed`."""
        self.durable_seconds = Histogram(_DURABLE)
        """From when an agent sent an event until its producer knew it durable, by samples."""
        self.watched: set[Watch] = set()
        """Those that are open."""

    @property
    def open(self) -> int:
        """How many producers are open."""
        return len(self.watched)

    @property
    def held(self) -> int:
        """How many events all outboxes hold."""
        return sum(len(watch.outbox) for watch in self.watched)

    @property
    def held_bytes(self) -> int:
        """The bytes of these events."""
        return sum(watch.outbox.held.bytes for watch in self.watched)

    @property
    def lag(self) -> float:
        """For how many seconds the oldest of these events has been there."""
        return max((watch.age for watch in self.watched), default=0.0)


PRODUCERS: Final = ProducerCounts()
"""Of this process."""
