"""One reader of a session's log on a bridge.

A reader is *synced* when it has exactly what the log has shown up to some entry. Then it gets the
log's own frames, and the control events as entries. Any other reader, which comes from a durable
copy or from another bridge, has seen the events in another order: it gets the ones that it lacks,
with `id:` lines and control events of its own, until it is synced.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from kai_flow.stream.control import ControlEvent
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.narration import Given, Knowledge, Narration, NarrationState
from kai_flow.stream.place import Cursor, Place
from kai_flow.stream.shown_log import Mark, ShownLog
from kai_flow.stream.sse import encode_control, encode_event, with_cursor


class Chunk(NamedTuple):
    """Frames for a reader, which is at `reader.place` after them."""

    frames: Sequence[bytes]


class Behind(NamedTuple):
    """The reader lacks events from before the log: they have to be read back from Temporal."""


class LogReader:
    """The progress of one reader. `SessionLog.reader` makes it."""

    def __init__(self, log: ShownLog, place: Place, knowledge: Knowledge, given: Given) -> None:
        self._log = log
        self._knowledge = knowledge
        self._given = given
        self._narration = Narration(place, knowledge, given)
        self._number: int | None = None  # all entries before this one are covered; None: search
        self._synced = False
        self._mark = Mark(0, place)  # while synced: how far it has come
        self._told: set[bytes] = set()  # control events that the log may have as entries, too
        self._told_until = 0  # the entry before which it may

    @property
    def place(self) -> Place:
        """What the reader has seen."""
        if not self._synced:
            return self._narration.place
        if self._mark.number == self._log.next:
            return self._log.place
        return self._mark.place(self._log.base)

    @property
    def live_mark(self) -> Mark | None:
        """Its mark while it has all that the log has shown: from there on it needs only entries."""
        return self._mark if self._synced and self._mark.number == self._log.next else None

    def go_on(self, mark: Mark) -> None:
        """It was shown all entries up to `mark`, since `live_mark` was taken."""
        self._mark = mark

    @property
    def state(self) -> NarrationState:
        """What the reader has seen and was told: readers in the same state get the same frames."""
        return self._leave_the_log(self._knowledge).state

    def resume(self, state: NarrationState) -> None:
        """Go on as another reader did who was in the same state and has read something back."""
        self._leave_the_log(self._knowledge).resume(state)
        self._number = None

    def jump(self, place: Place, knowledge: Knowledge | None = None) -> list[bytes]:
        """Go on at another place, over what was deleted; returns frames of what is to be told.

        `knowledge`: of the run that is left; None: the log's.
        """
        narration = self._leave_the_log(knowledge or self._knowledge)
        frames = self._remember(narration.jump(place))
        narration.knowledge = self._knowledge
        self._number = None
        return frames

    def read(self, max_bytes: int) -> Chunk | Behind | None:
        """The next frames, of about `max_bytes` in all; None: there are none yet."""
        if self._synced and self._mark.number >= self._log.first:
            return self._read_shared(max_bytes)
        return self._read_own(max_bytes)

    def tell(
        self, events: Iterable[NumberedEvent], knowledge: Knowledge | None = None
    ) -> list[bytes]:
        """Frames of what was read back, without what the reader has.

        `knowledge`: of the run that they were read from. None: it is the log's present run. Then
        events that the log has not shown are left for the log.
        """
        # An empty source is false, and knows all the same that there is nothing.
        narration = self._leave_the_log(self._knowledge if knowledge is None else knowledge)
        frames = self._remember(narration.notices())
        for event in events:
            if narration.place.covers(event.id):
                continue
            if knowledge is None and not self._log.place.covers(event.id):
                break
            frames += [encode_control(one) for one in narration.tell(event.id)]
            frames.append(encode_event(event, self._cursor(event.id)))
        self._number = None
        narration.knowledge = self._knowledge
        return frames

    def cross(self, place: Place, knowledge: Knowledge) -> list[bytes]:
        """Go on in the next run, at `place`, after all that was read of the run before it.

        `knowledge`: of the run that ends. Returns frames of what is to be told at its end.
        """
        narration = self._leave_the_log(knowledge)
        frames = self._remember(narration.reach(place))
        narration.knowledge = self._knowledge
        if not narration.place.includes(place):
            frames += self.jump(place, knowledge)
        self._number = None
        return frames

    def _cursor(self, event: EventId) -> Cursor:
        """The cursor of a reader who has come to this event."""
        return Cursor(self._narration.place, self._log.incarnation, event.producer)

    def _read_shared(self, max_bytes: int) -> Chunk | None:
        number = self._mark.number
        read = self._log.after(self._mark, max_bytes)
        if read is None or not read[0]:
            return None
        entries, self._mark = read
        if number >= self._told_until:
            return Chunk([entry.frame for entry in entries])
        frames = [e.frame for e in entries if e.event is not None or e.frame not in self._told]
        return Chunk(frames) if frames else self._read_shared(max_bytes)

    def _read_own(self, max_bytes: int) -> Chunk | Behind | None:
        narration, log = self._leave_the_log(self._knowledge), self._log
        frames = self._catch_up()
        if not narration.place.includes(log.base):
            return Chunk(frames) if frames else Behind()
        size = sum(map(len, frames))
        index = self._index()
        passed = False  # the entry before is an event that the reader has
        while not self._synced and index < len(log) and size < max_bytes:
            event = log[index].event
            if event is not None and narration.place.covers(event):
                passed = True
            elif event is not None:
                if passed and self._has_all_before(index):
                    if frames:
                        break  # the next read begins with what is to be told here
                    self._index()
                    continue
                passed = False
                before = [encode_control(one) for one in narration.tell(event)]
                frames += [*before, with_cursor(log[index].frame, self._cursor(event))]
                size += sum(map(len, before)) + len(frames[-1])
            index += 1
            self._number = log.number(index)
        if not self._synced and index == len(log):
            frames += self._at_the_end()
        if frames:
            return Chunk(frames)
        return self._read_shared(max_bytes) if self._synced else None

    def _leave_the_log(self, knowledge: Knowledge) -> Narration:
        """Go on with frames of its own."""
        if self._synced:
            self._narration = Narration(self.place, knowledge, self._given)
            self._synced, self._number = False, None
            self._told.clear()
        self._narration.knowledge = knowledge
        return self._narration

    def _catch_up(self) -> list[bytes]:
        """What is to be told before the next event: notices, and what is lost before the log."""
        narration = self._narration
        before = narration.place
        told: list[ControlEvent] = list(narration.notices())
        if not narration.place.includes(self._log.base):
            told += narration.reach(self._log.base, self._log.first_of)
            told += narration.notices()
        if narration.place != before:
            self._number = None
        return self._remember(told)

    def _index(self) -> int:
        """Where the entries begin that the reader may lack; it is synced if it lacks no other."""
        log, place = self._log, self._narration.place
        index = log.reached(place) if self._number is None else log.index(self._number)
        if self._has_all_before(index):
            while index and log[index - 1].is_gap:  # it is told with the event that it precedes
                index -= 1
            self._sync(index, place)
        self._number = log.number(index)
        return index

    def _has_all_before(self, index: int) -> bool:
        """Whether the reader has exactly what the log has shown up to this entry."""
        log, place = self._log, self._narration.place
        return log.place_after(index - 1) == place and log.number(index) >= log.settled

    def _at_the_end(self) -> list[bytes]:
        """What is to be told to a reader that has all entries; it is synced unless it has more."""
        narration, log = self._narration, self._log
        told = [*narration.notices(), *(narration.end() if log.ended else ())]
        told += narration.reach(log.place)
        if log.place.includes(narration.place):
            # What the log has shown and this reader has not does not count any more.
            self._sync(len(log), log.place)
        return self._remember(told)

    def _remember(self, told: Iterable[ControlEvent]) -> list[bytes]:
        """Frames of control events that are not to be repeated once the reader is synced."""
        frames = [encode_control(one) for one in told]
        self._told.update(frames)
        return frames

    def _sync(self, index: int, place: Place) -> None:
        self._told_until = self._log.next
        self._synced = True
        self._mark = Mark(self._log.number(index), place)
