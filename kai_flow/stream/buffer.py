"""The buffer: the workflow's bounded log of recent events, which queries read page by page."""

from bisect import bisect_right
from typing import NamedTuple

from kai_flow.stream.batches import Batch
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.fold import Fold, Gap, Verdict
from kai_flow.stream.ids import START, EventId, follows


class Limits(NamedTuple):
    """How much a buffer may hold; whichever is reached first evicts the oldest."""

    events: int = 2_000
    bytes: int = 512 * 1024
    """Sum of the encoded events; keep it well under the 2 MiB that a query answer may have."""


class Slice(NamedTuple):
    """Consecutive held events after a cursor."""

    events: tuple[NumberedEvent, ...]
    next: EventId
    """The cursor for the next read."""
    has_more: bool
    gap: Gap | None
    """What lies between the cursor and the first event but is no longer held."""


class EventBuffer:
    """All accepted events of the attempts that count, cut to the limits from the oldest end."""

    def __init__(self, run_id: str, limits: Limits) -> None:
        self.limits = limits
        self.fold = Fold(run_id)
        self.bytes = 0  # of all held events
        self.evicted = 0  # how many events were cut off or never came, for people to read
        self._events: list[NumberedEvent] = []
        self._lost_earlier = START  # last evicted event of an earlier producer
        self._lost = START  # last evicted event of the current producer; a retry clears it

    def apply(self, batch: Batch) -> Verdict:
        """Fold one batch in, then evict down to the limits."""
        before = self.fold.position
        verdict = self.fold.apply(batch)
        if not verdict.events:
            return verdict
        if verdict.takes_back is not None:
            self._take_back(verdict.takes_back.producer)
        elif verdict.events[0].id.producer > before.producer:
            self._lost_earlier, self._lost = self.lost, START
        self._events.extend(verdict.events)
        self.bytes += sum(len(event.data) for event in verdict.events)
        self._evict()
        return verdict

    def read(self, after: EventId, max_bytes: int) -> Slice:
        """Events after the cursor `after` of at most `max_bytes` in all, but at least one.

        A slice ends before a range that is missing inside; the next read reports it.
        """
        start = bisect_right(self._events, after, key=_id)
        missing = after < self.lost
        if start == len(self._events):
            gap = Gap(after, None) if missing else None
            return Slice((), max(after, self.lost), has_more=False, gap=gap)
        first = self._events[start].id
        missing = missing or self._hole_between(after, first)
        stop, size = start, 0
        while stop < len(self._events):
            event = self._events[stop]
            size += len(event.data)
            if stop > start and (size > max_bytes or self._hole_before(stop)):
                break
            stop += 1
        return Slice(
            tuple(self._events[start:stop]),
            self._events[stop - 1].id,
            has_more=stop < len(self._events),
            gap=Gap(after, first) if missing else None,
        )

    @property
    def lost(self) -> EventId:
        """The last event that was evicted and still counts; START if there is none."""
        return max(self._lost_earlier, self._lost)

    @property
    def first(self) -> EventId | None:
        """The oldest event held."""
        return self._events[0].id if self._events else None

    @property
    def last(self) -> EventId | None:
        """The newest event held."""
        return self._events[-1].id if self._events else None

    def __len__(self) -> int:
        return len(self._events)

    def _hole_before(self, index: int) -> bool:
        return self._hole_between(self._events[index - 1].id, self._events[index].id)

    def _hole_between(self, cursor: EventId, event: EventId) -> bool:
        """Whether something came between the two that never was here."""
        if event.seq > 1:
            return not follows(event, cursor)
        return event.producer > cursor.producer and self.fold.unstored_after(cursor)

    def _take_back(self, producer: int) -> None:
        self._lost = START
        keep = len(self._events)
        while keep and self._events[keep - 1].id.producer == producer:
            keep -= 1
            self.bytes -= len(self._events[keep].data)
        del self._events[keep:]

    def _evict(self) -> None:
        cut = 0
        while len(self._events) - cut > self.limits.events or self.bytes > self.limits.bytes:
            event = self._events[cut]
            self.bytes -= len(event.data)
            if event.id.producer == self.fold.position.producer:
                self._lost = event.id
            else:
                self._lost_earlier = event.id
            cut += 1
        self.evicted += cut
        del self._events[:cut]


def _id(event: NumberedEvent) -> EventId:
    return event.id
