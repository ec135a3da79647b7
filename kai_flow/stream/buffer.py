"""The buffer: the recent events of a session, bounded, which queries read page by page.

The workflow has one. Readers of the history use another one without bounds.
"""

from bisect import bisect_right
from typing import NamedTuple

from kai_flow.stream.batches import Batch
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.fold import Fold, Gap, Verdict
from kai_flow.stream.ids import START, EventId, follows


class Limits(NamedTuple):
    """How much a buffer may hold. Whichever limit is exceeded first, the oldest events leave."""

    events: int = 2_000
    bytes: int = 512 * 1024
    """The sum of the encoded events. Keep it well below the 2 MiB that a query may answer."""


class Slice(NamedTuple):
    """Consecutive events of a buffer, after a cursor."""

    events: tuple[NumberedEvent, ...]
    next: EventId
    """The cursor for the next read."""
    has_more: bool
    """Whether the buffer holds more events after these."""
    gap: Gap | None
    """The events between the cursor and the first of these that are no longer held, if any."""


class EventBuffer:
    """The accepted events of the attempts that count, within `limits`: the oldest leave first."""

    def __init__(self, run_id: str, limits: Limits) -> None:
        self.limits = limits
        self.fold = Fold(run_id)
        self.bytes = 0  # of all held events
        self.evicted = 0  # how many events have left because of the limits, for people
        self._events: list[NumberedEvent] = []
        self._lost_earlier = START  # the last evicted event of an earlier producer
        self._lost = START  # the last evicted event of the current producer; a retry clears it

    def apply(self, batch: Batch) -> Verdict:
        """Fold one batch, keep what was accepted, then evict down to the limits."""
        before = self.fold.position
        verdict = self.fold.apply(batch)
        if not verdict.events:
            return verdict
        if verdict.replaces is not None:
            self._drop_replaced(verdict.replaces.producer)
        elif verdict.events[0].id.producer > before.producer:
            self._lost_earlier, self._lost = self.lost, START
        self._events.extend(verdict.events)
        self.bytes += sum(len(event.data) for event in verdict.events)
        self._evict()
        return verdict

    def read(self, after: EventId, max_bytes: int) -> Slice:
        """The events after `after`, of at most `max_bytes` in all; at least one if there is any.

        A slice ends before missing events, and the next read reports them as a gap.
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
        """The last evicted event that still counts; START if there is none."""
        return max(self._lost_earlier, self._lost)

    @property
    def first(self) -> EventId | None:
        """The oldest event held; None if there is none."""
        return self._events[0].id if self._events else None

    @property
    def last(self) -> EventId | None:
        """The newest event held; None if there is none."""
        return self._events[-1].id if self._events else None

    def __len__(self) -> int:
        return len(self._events)

    def _hole_before(self, index: int) -> bool:
        return self._hole_between(self._events[index - 1].id, self._events[index].id)

    def _hole_between(self, cursor: EventId, event: EventId) -> bool:
        """Whether events are missing between the two that were never in this buffer."""
        if event.seq > 1:
            return not follows(event, cursor)
        return event.producer > cursor.producer and self.fold.unstored_after(cursor)

    def _drop_replaced(self, producer: int) -> None:
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
