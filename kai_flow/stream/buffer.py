"""The buffer: the recent events of a session, bounded, which queries read page by page.

The workflow has one. Events are kept in the order in which they were accepted, and leave in that
order. A second index, by producer, finds where a reader goes on.
"""

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterator
from operator import itemgetter
from typing import NamedTuple

from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.fold import Fold, Verdict
from kai_flow.stream.gaps import Gap, Missing, missing_before
from kai_flow.stream.ids import EventId
from kai_flow.stream.place import NOWHERE, Place
from kai_flow.stream.recorded import Closing, Recorded


class Limits(NamedTuple):
    """How much a buffer may hold. Whichever limit is exceeded first, the oldest events leave."""

    events: int = 2_000
    bytes: int = 512 * 1024
    """The sum of the encoded events. Keep it well below the 2 MiB that a query may answer."""


class Slice(NamedTuple):
    """Events of a buffer that a place does not cover, in the order they were accepted."""

    events: tuple[NumberedEvent, ...]
    next: Place
    """The place for the next read."""
    has_more: bool
    """Whether the buffer holds more events after these."""
    gap: Gap | None
    """What is missing before these, if anything. `next` covers it."""
    start: Place | None = None
    """The reader's place before these events, if it is another than that it has read from: behind a
    gap, or at the beginning of the next run."""


_Held = tuple[int, NumberedEvent]
"""An event, and how many had been accepted with it; the later of two has the higher number."""


class EventBuffer:
    """The accepted events of the attempts that count, within `limits`: the oldest leave first."""

    def __init__(
        self, run_id: str, limits: Limits, begins: Place = NOWHERE, *, continues: bool = True
    ) -> None:
        """`continues`: what `begins` covers is in earlier runs of the stream, and missing here."""
        self.limits = limits
        self._begins = begins
        self._continues = continues
        self.fold = Fold(run_id, begins)
        self.bytes = 0  # of all held events
        self.evicted = 0  # how many events have left because of the limits, for people
        self._number = 0  # of the event accepted last
        self._log: list[_Held] = []
        self._of: dict[int, list[_Held]] = {}  # the same ones, by producer
        self._producers: list[int] = []  # the keys of `_of`, rising
        self._lost: dict[int, EventId] = {}  # the last evicted event, by producer
        self._losers: list[int] = []  # the keys of `_lost`, rising

    def take(self, item: Recorded) -> tuple[list[Verdict], tuple[Closing, ...]]:
        """Fold the next item of the history, keep what is accepted, and evict down to the limits.

        The answer is that of `Fold.take`.
        """
        verdicts, closings = self.fold.take(item)
        for verdict in verdicts:
            if verdict.events:
                self._keep(verdict)
        return verdicts, closings

    def read(self, after: Place, max_bytes: int) -> Slice:
        """What `after` does not cover, of at most `max_bytes` in all; at least one event if any.

        A slice ends before missing events, and the next read reports them as a gap.
        """
        missing, place = self._missing_since(after)
        start = place
        events: list[NumberedEvent] = []
        size = 0
        has_more = False
        for event in self._since(place):
            if not events:
                if not place.follows(event.id):
                    missing.append(Missing(place.position(event.id.producer), event.id))
            elif not _goes_on(events[-1].id, event.id):
                place = self._advance(place, events[-1].id)
                has_more = not place.follows(event.id)
            size += len(event.data)
            if has_more or (events and size > max_bytes):
                has_more = True
                break
            events.append(event)
        if events:
            place = self._advance(place, events[-1].id)
        if not missing:
            return Slice(tuple(events), place, has_more, None)
        gap = Gap(tuple(sorted(missing, key=_after)))
        return Slice(tuple(events), place, has_more, gap, start)

    @property
    def first(self) -> EventId | None:
        """The oldest event held; None if there is none."""
        return self._log[0][1].id if self._log else None

    @property
    def last(self) -> EventId | None:
        """The newest event held; None if there is none."""
        return self._log[-1][1].id if self._log else None

    def __len__(self) -> int:
        return len(self._log)

    def _above(self, place: Place, producers: list[int]) -> list[int]:
        """Those of `producers`, which rise, of which `place` covers nothing."""
        return producers[bisect_right(producers, place.newest) :]

    def _since(self, place: Place) -> Iterator[NumberedEvent]:
        """The held events that `place` does not cover, in the order they were accepted."""
        firsts: list[int] = []  # the number of the first such event of each producer
        count = 0
        for producer in [*{0, *place.positions}, *self._above(place, self._producers)]:
            held = self._of.get(producer, ())
            index = bisect_right(held, place.position(producer), key=_id)
            if index < len(held):
                firsts.append(held[index][0])
                count += len(held) - index
        if not firsts:
            return
        start = bisect_left(self._log, min(firsts), key=_number)
        rest = (self._log[index][1] for index in range(start, len(self._log)))
        if count == len(self._log) - start:  # nearly always: the reader has none of the rest
            yield from rest
        else:
            yield from (event for event in rest if not place.covers(event.id))

    def _advance(self, place: Place, event: EventId) -> Place:
        if place.covers(event):
            return place
        return place.advance(event, self.fold.beside(event.producer))

    def _missing_since(self, after: Place) -> tuple[list[Missing], Place]:
        """What a reader misses of earlier runs and of what was evicted, and the place behind it."""
        missing: list[Missing] = []
        place = after.join(self._begins)
        if self._continues and not after.includes(self._begins):
            missing += missing_before(after, self._begins)
        listed = sorted(p for p in {0, *place.positions} if p in self._lost)
        reached = place
        for producer in [*listed, *self._above(place, self._losers)]:
            lost = self._lost[producer]
            if place.covers(lost):
                continue
            held = self._of.get(producer)
            before = held[0][1].id if held else lost.offset(1)
            missing.append(Missing(place.position(producer), before))
            reached = self._advance(reached, lost)
        return missing, reached

    def _keep(self, verdict: Verdict) -> None:
        producer = verdict.events[0].id.producer
        if verdict.replaces is not None:
            self._drop_replaced(producer)
        if producer not in self._of:
            self._of[producer] = []
            insort(self._producers, producer)
        held = list(enumerate(verdict.events, self._number + 1))
        self._number += len(held)
        self._log += held
        self._of[producer] += held
        self.bytes += sum(len(event.data) for event in verdict.events)
        self._evict()

    def _drop_replaced(self, producer: int) -> None:
        """Forget the earlier attempts of a producer, the evicted events included."""
        if self._lost.pop(producer, None) is not None:
            self._losers.remove(producer)
        if producer not in self._of:
            return
        replaced = self._of[producer]
        self._forget(producer)
        self.bytes -= sum(len(event.data) for _, event in replaced)
        start = bisect_left(self._log, replaced[0][0], key=_number)
        self._log[start:] = [one for one in self._log[start:] if one[1].id.producer != producer]

    def _evict(self) -> None:
        cut = 0
        while len(self._log) - cut > self.limits.events or self.bytes > self.limits.bytes:
            self.bytes -= len(self._log[cut][1].data)
            cut += 1
        if not cut:
            return
        for producer, count in Counter(event.id.producer for _, event in self._log[:cut]).items():
            held = self._of[producer]
            if producer not in self._lost:
                insort(self._losers, producer)
            self._lost[producer] = held[count - 1][1].id
            del held[:count]
            if not held:
                self._forget(producer)
        self.evicted += cut
        del self._log[:cut]

    def _forget(self, producer: int) -> None:
        """Take a producer out of the index, as nothing of it is held."""
        del self._of[producer]
        self._producers.remove(producer)


def _goes_on(last: EventId, event: EventId) -> bool:
    return event.seq == last.seq + 1 and event.attempt_key == last.attempt_key


def _after(missing: Missing) -> EventId:
    return missing.after or EventId(0, 0, 0)


def _id(held: _Held) -> EventId:
    return held[1].id


_number = itemgetter(0)
