"""What a bridge has done since it started, as plain numbers: see `stream.tally`."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from kai_flow.stream.tally import Histogram

_DURABLE: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
_CALL: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_WRITE: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


LIMITS: Final = ("streams", "requests", "bytes", "rooms")
"""What one client may have only so much of: open streams, requests, bytes sent by hand, and streams
that wait for sessions which do not exist."""


class BridgeCounts:
    """The counters of one bridge. Times are seconds."""

    def __init__(self) -> None:
        self.posts = Counter[str]()
        """Documents of producers, by the status of the answer."""
        self.refusals = Counter[tuple[str, str]]()
        """Requests that were refused, by route (`events`, `stream`, `other`) and status."""
        self.client_limits = Counter[str]()
        """Requests that exceeded a limit of their client, by limit (`LIMITS`)."""
        self.events = Counter[str]()
        """Events of POSTs: `new`, or `repeated` because they had come before."""
        self.signals = Counter[str]()
        """Signals, by what came of them: `sent`, `failed`, `refused` or `closed`."""
        self.signalled = 0
        """Events of the signals that were sent."""
        self.signal_seconds = Histogram(_CALL)
        """How long Temporal took to answer a signal."""
        self.durable_seconds = Histogram(_DURABLE)
        """From an event's POST until it was durable, by samples."""
        self.write_seconds = Histogram(_WRITE)
        """From when an event was there until it was written to a live reader."""
        self.streams = 0
        """Streams that were opened."""
        self.replays = Counter[str]()
        """Reads of what a reader lacked: from `memory`, by `query`, or from the `history`."""
        self.gaps = 0
        """Gaps that were told; the live readers of a session count as one."""
        self.failures = Counter[str]()
        """Calls to Temporal that failed: `signal`, `tail`, `lookup`, `query`, `history`."""

    def refused(self, path: str, status: int) -> None:
        """A request to this path was refused."""
        route = path.split("/", 2)[1] if path.startswith("/") else ""
        self.refusals[route if route in {"events", "stream"} else "other", str(status)] += 1

    def limited(self, limit: str) -> None:
        """A request has exceeded this limit of its client."""
        self.client_limits[limit] += 1

    def became_durable(self, ages: Iterable[float]) -> None:
        """Samples of events have become durable, so many seconds after they came."""
        for age in ages:
            self.durable_seconds.observe(age)
