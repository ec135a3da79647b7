"""The shown log: what a bridge shows of one session, in one order for all live readers.

Each entry is encoded once. The frame of an event has an `id:` line with the place of a reader who
has everything up to that entry. Readers who follow the log share these frames, so an event costs
the same however many they are.

Entries have numbers that never change. Entries at the front are *evicted* when they can be read
from elsewhere: then `base` moves on. Entries in the middle are *removed* when they do not count any
more: `base` stays, because no reader needs them.
"""

from bisect import bisect_left
from collections.abc import Callable
from typing import Final, NamedTuple

from kai_flow.stream.control import ControlEvent
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.place import Cursor, Place
from kai_flow.stream.sse import cursor_of, encode_control, encode_event
from kai_flow.stream.wire_names import GAP

MAX_LOG_BYTES: Final = 8 * 1024 * 1024  # of memory for the entries that can be evicted
FRAME_OVERHEAD_BYTES: Final = 272  # memory of an entry beside its frame's text: CPython's objects

_EVICTED_AT_ONCE: Final = 1 / 16  # of the limit: the lists move once for many entries

_GAP: Final = f"event: {GAP}\n".encode()


class Entry(NamedTuple):
    """An event, or a control event, as it was shown."""

    frame: bytes
    event: EventId | None
    """None: a control event."""
    place: Place | None
    """The place of a reader who has it. An event's frame contains it."""

    @property
    def held(self) -> int:
        """Bytes of memory that it takes."""
        return len(self.frame) + FRAME_OVERHEAD_BYTES

    @property
    def is_gap(self) -> bool:
        """Whether it tells that events are missing before the next entry."""
        return self.event is None and self.frame.startswith(_GAP)

    def is_gap_before(self, event: EventId) -> bool:
        """Whether it tells that events are missing before this one, of the same attempt."""
        return self.is_gap and b'"before":"%b"' % str(event).encode() in self.frame

    def place_after(self) -> Place | None:
        """The place of a reader who has everything up to this entry."""
        return self.place or cursor_of(self.frame).place


class Mark(NamedTuple):
    """How far a synced reader has come: it has all that the log showed before an entry."""

    number: int
    """Of that entry, which it gets next."""
    last: Entry | Place
    """The last entry that it was shown, or where it began."""

    def place(self, base: Place) -> Place:
        """The place of that reader; `base` is the log's."""
        return self.last if isinstance(self.last, Place) else self.last.place_after() or base


class ShownLog:
    """The entries, from a reader's place `base` on, up to `place`."""

    def __init__(self, incarnation: str, place: Place) -> None:
        self.base = place
        self.place = place
        self.ended = False  # no entry will follow
        self.held = 0  # bytes of memory for all entries, with those of Python's objects
        self.first = 0  # the number of the entry after the newest evicted one
        self.next = 0  # the number of the next entry to come
        self.gaps = 0  # that were announced
        self.settled = 0  # later entries take back nothing from before this one
        self.incarnation: Final = incarnation
        self._entries: list[Entry] = []
        self._numbers: list[int] = []  # of the entries

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: int) -> Entry:
        return self._entries[index]

    def show(self, event: NumberedEvent, place: Place) -> None:
        """Append an event, after which a reader is at `place`."""
        self.place = place
        frame = encode_event(event, Cursor(place, self.incarnation, event.id.producer))
        self._append(Entry(frame, event.id, None))

    def announce(self, event: ControlEvent, place: Place) -> None:
        """Append a control event, after which a reader is at `place`."""
        self.place = place
        self.gaps += event["type"] == GAP
        self._append(Entry(encode_control(event), None, place))

    def read(self, number: int, max_bytes: int) -> list[Entry]:
        """The entries from `number` on, of about `max_bytes`; at least one if there is any."""
        start = stop = self.index(number)
        size = 0
        while stop < len(self._entries) and (stop == start or size < max_bytes):
            size += len(self._entries[stop].frame)
            stop += 1
        return self._entries[start:stop]

    def after(self, mark: Mark, max_bytes: int) -> tuple[list[Entry], Mark] | None:
        """The next entries for a reader at `mark`, and its mark then; None: some were evicted."""
        if mark.number < self.first:
            return None
        entries = self.read(mark.number, max_bytes)
        if not entries:
            return entries, mark
        last = self._numbers[self.index(mark.number) + len(entries) - 1]
        return entries, Mark(last + 1, entries[-1])

    def index(self, number: int) -> int:
        """Where the entry with this number is, or the next one if it has left."""
        return bisect_left(self._numbers, number)

    def number(self, index: int) -> int:
        """The number of the entry at `index`, or of the next one to come."""
        return self._numbers[index] if index < len(self._numbers) else self.next

    def reached(self, place: Place) -> int:
        """How many entries, at least, a reader at `place` has: the search assumes rising places.

        It need not find all, but what it finds is right: `place` includes that of the last one.
        """
        low, high = 0, len(self._entries)
        while low < high:
            middle = (low + high) // 2
            if place.includes(self.place_after(middle)):
                low = middle + 1
            else:
                high = middle
        return low

    def place_after(self, index: int) -> Place:
        """The place of a reader who has everything up to the entry at `index`; -1: `base`."""
        return self.base if index < 0 else self._entries[index].place_after() or self.base

    def first_of(self, producer: int) -> EventId | None:
        """The oldest event here of a producer."""
        events = (entry.event for entry in self._entries if entry.event is not None)
        return next((event for event in events if event.producer == producer), None)

    def remove(self, gone: Callable[[EventId], bool]) -> None:
        """Remove the events that do not count any more, and gaps that were told before them."""
        kept: list[tuple[int, Entry]] = []
        for number, entry in zip(self._numbers, self._entries, strict=True):
            if entry.event is None or not gone(entry.event):
                kept.append((number, entry))
            elif kept and kept[-1][1].is_gap_before(entry.event):
                kept.pop()
        self._numbers = [number for number, _ in kept]
        self._entries = [entry for _, entry in kept]
        self.held = sum(entry.held for entry in self._entries)

    def evict(self, max_bytes: int, stays: Callable[[EventId], bool]) -> bool:
        """If more than `max_bytes` are held, evict from the front, up to an entry that stays.

        Control events leave with the event that they precede: a reader who has that one has been
        told. Returns whether anything was evicted.
        """
        if self.held <= max_bytes:
            return False
        enough = max_bytes * (1 - _EVICTED_AT_ONCE)
        count = size = 0
        for index, entry in enumerate(self._entries, 1):
            if self.held <= enough or (entry.event is not None and stays(entry.event)):
                break
            size += entry.held
            if entry.event is not None or index == len(self._entries):
                count, size, self.held = index, 0, self.held - size
        if count:
            self.base = self.place_after(count - 1)
            self.first = self._numbers[count - 1] + 1
            del self._entries[:count], self._numbers[:count]
        return count > 0

    def start_over(self, place: Place) -> None:
        """Evict everything and go on at `place`: all readers have to find their place anew."""
        self.base = self.place = place
        self.first = self.next = self.next + 1
        self.held = 0
        self._entries, self._numbers = [], []

    def _append(self, entry: Entry) -> None:
        self._entries.append(entry)
        self._numbers.append(self.next)
        self.next += 1
        self.held += entry.held
