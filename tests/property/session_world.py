"""A session for property tests: its workflow, activities, history, bridges and clients.

Everything that decides is the core's own; this only moves events about. Clients know what a page
knows: the frames that they were sent, and the cursor of the last one that had an id.
"""

from collections import defaultdict
from copy import copy, deepcopy
from typing import Final

import msgspec

from kai_flow.bridge.live_readers import (
    Limits,
    LiveReader,
    LiveReaders,
    Position,
    Present,
    Style,
)
from kai_flow.bridge.sink import Framing
from kai_flow.stream.attempt_window import Answer
from kai_flow.stream.batches import Batch
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.fold import Fold
from kai_flow.stream.ids import EventId
from kai_flow.stream.log_reader import Behind, Chunk, LogReader
from kai_flow.stream.place import NOWHERE, Cursor, Place
from kai_flow.stream.recorded import Ended, EndStatus, Published, Recorded, Scheduled, Spoken
from kai_flow.stream.session_log import SessionLog, Unknown
from kai_flow.stream.unknown_place import what_never_was
from kai_flow.stream.wire_names import UNSTORED
from tests.property.strategies import plain

INCARNATION = "4f3a9c1e"
MAX_LOG = 5_000  # about 15 entries
MAX_WAITING = 700


class Attempt:
    """What one attempt of an activity says."""

    def __init__(self, producer: int, number: int) -> None:
        self.key = EventId(producer, number, 0)
        self.said = [plain(self.key.offset(1))]
        self.stored: int | None = None  # the seq of its `unstored`

    def say(self, count: int, padding: int) -> None:
        """More events."""
        last = len(self.said)
        self.said += [plain(self.key.offset(last + n + 1), padding) for n in range(count)]

    def stop_storing(self) -> None:
        """What follows is live only."""
        if self.stored is None:
            self.stored = len(self.said) + 1
            event_id = self.key.offset(self.stored)
            data = b'{"type":"unstored","id":"%b"}' % str(event_id).encode()
            self.said.append(NumberedEvent(event_id, UNSTORED, data))

    @property
    def to_store(self) -> list[NumberedEvent]:
        """What of it is not live only."""
        return self.said[: self.stored]


class Run:
    """One run: what its history records, and what the fold makes of it."""

    def __init__(self, number: int, begins: Place) -> None:
        self.id = f"run-{number}"
        self.begins = begins
        self.items: list[Recorded] = []
        self.fold = self.new_fold()
        self.accepted: list[NumberedEvent] = []  # what counts, in the order of the history
        self.signalled: set[tuple[int, int]] = set()  # the attempts of which it has something

    def new_fold(self) -> Fold:
        """A fold that has taken nothing of this run."""
        return Fold(self.id, self.begins)

    def record(self, item: Recorded) -> None:
        """Append to the history."""
        self.items.append(item)
        if isinstance(item, Published):
            self.signalled |= {batch.first.attempt_key for batch in item.batches}
        verdicts, _ = self.fold.take(item)
        for verdict in verdicts:
            assert verdict.gap is None, "a hole in the history"
            if (first := verdict.replaces) is not None:
                self.accepted = [e for e in self.accepted if e.id.producer != first.producer]
            self.accepted += verdict.events


class World:
    """The session, as Temporal and the workers have it."""

    def __init__(self) -> None:
        self.runs = [Run(0, NOWHERE)]
        self.closed = False
        self.spoken = 0
        self.numbers = 0
        self.active: dict[int, list[Attempt]] = {}
        self.attempts: dict[EventId, Attempt] = {}  # all that were ever begun
        self.beside: dict[int, frozenset[int]] = {}
        self.due: dict[int, set[EventId]] = {}  # what precedes the first event of each producer
        self.peak = 1  # of activities under way

    @property
    def run(self) -> Run:
        """The present run."""
        return self.runs[-1]

    @property
    def accepted(self) -> list[NumberedEvent]:
        """All that counts, of all runs."""
        return [event for run in self.runs for event in run.accepted]

    def schedule(self) -> None:
        """The workflow schedules an activity; it begins when an attempt does."""
        self.numbers += 1
        number, beside = self.numbers, frozenset(self.active)
        self.run.record(Scheduled(number, "tool", str(number), beside))
        self.due[number] = {e.id for e in self.accepted if e.id.producer not in beside}
        self.beside[number] = beside
        self.active[number] = []
        self.peak = max(self.peak, len(self.active))

    def try_again(self, number: int) -> None:
        """A new attempt begins; an earlier one may not be aware of it."""
        attempts = self.active[number]
        attempts.append(Attempt(number, len(attempts) + 1))
        self.attempts[attempts[-1].key] = attempts[-1]

    def end(self, number: int, status: EndStatus) -> None:
        """An activity ends; if it has completed, all that it stores is durable."""
        attempts = self.active.pop(number)
        if status == "completed" and attempts:
            self.signal(attempts[-1], len(attempts[-1].said))
        self.run.record(Ended(number, status))

    def abandon(self, number: int) -> None:
        """The workflow no longer waits for an activity, which may go on talking."""
        del self.active[number]

    def speak(self, count: int) -> None:
        """The workflow publishes events."""
        first = EventId(0, 1, self.spoken + 1)
        self.run.record(Spoken(Batch(tuple(plain(first.offset(n)) for n in range(count)))))
        self.spoken += count

    def continue_as_new(self) -> None:
        """The session goes on in a new run, which waits for no activity of this one."""
        self.run.fold.close()
        self.active.clear()
        self.runs.append(Run(len(self.runs), Place.before(self.numbers + 1, self.spoken)))

    def close(self) -> None:
        """The workflow returns."""
        self.closed = True
        self.run.fold.close()

    def durable(self, attempt: Attempt) -> int:
        """How much of an attempt the history has, as far as its producer can tell."""
        position = max(run.fold.place.position(attempt.key.producer) for run in self.runs)
        if position.attempt > attempt.key.attempt:
            return len(attempt.to_store)
        return position.seq if position.attempt == attempt.key.attempt else 0

    def signal(self, attempt: Attempt, count: int) -> None:
        """A producer signals for itself; no bridge is told."""
        start = self.durable(attempt)
        events = tuple(attempt.to_store[start : start + count])
        if events and not self.closed:
            self.run.record(Published(self.run.id, (Batch(events),)))


class Bridge:
    """A bridge: the core's log, and how far its tail has read."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.start()

    def start(self) -> None:
        """Come up knowing nothing, and read the history up to its end."""
        self.run = len(self.world.runs) - 1
        self.log = SessionLog(INCARNATION, max_bytes=MAX_LOG, max_waiting=MAX_WAITING)
        run = self.world.run
        fold = run.new_fold()
        for item in run.items:
            fold.take(item)
        self.at = len(run.items)
        self.log.begin(fold)
        self.over = False
        self.live = LiveReaders(self.log, Limits(heartbeat=15.0, idle_timeout=600.0, chunk=400))
        self.tail(0)

    def tail(self, count: int) -> None:
        """Absorb the next items of the history."""
        run = self.world.runs[self.run]
        while count and self.at < len(run.items):
            before = self.log._shown.next
            assert self.log.absorb(run.items[self.at]) == (self.log._shown.next != before)
            self.at += 1
            count -= 1
        if self.at == len(run.items):
            if self.run < len(self.world.runs) - 1:
                self.run, self.at = self.run + 1, 0
                self.log.continue_in(self.world.runs[self.run].new_fold())
                self.tail(count)
            elif self.world.closed and not self.over:
                self.over = True
                self.log.end()

    def catch_up(self) -> None:
        """Absorb all there is."""
        self.tail(10**9)

    def post(
        self, attempt: Attempt, base: int, start: int, stop: int, *, signalling: bool
    ) -> Answer:
        """Take a POST of the events `start` to `stop`, as a bridge's intake does."""
        stored = None if attempt.stored is None else attempt.key.offset(attempt.stored)
        events = attempt.said[start - 1 : stop]
        for _ in range(2):
            answer = self.log.receive(
                attempt.key.offset(base), events, stored=stored, signalling=signalling
            )
            if not isinstance(answer, Unknown):
                return answer
            self.catch_up()
        raise AssertionError("every producer here has a mark")

    def signal(self, *, told: bool) -> None:
        """Signal what waits; `told`: the acknowledgement arrives."""
        batches = self.log.received.batches()
        run = self.world.runs[self.run]
        if not batches or self.world.closed or run is not self.world.run:
            return
        run.record(Published(run.id, batches))
        if told:
            for batch in batches:
                self.log.mark_durable(batch.last)


class Client:
    """What a page knows, with the checks of what it was shown."""

    def __init__(self) -> None:
        self.cursor = NOWHERE
        self.kept: dict[int, list[EventId]] = defaultdict(list)
        self.ended: set[int] = set()
        self.skipped: list[EventId] = []  # before these a gap was told
        self.open_gaps: set[int] = set()  # producers of which some events are missing

    def copy(self) -> "Client":
        """The same page in another window."""
        return deepcopy(self)

    def take(self, frame: bytes, world: World) -> None:
        """One frame."""
        fields = dict(line.split(b": ", 1) for line in frame.rstrip().split(b"\n"))
        data = msgspec.json.decode(fields[b"data"])
        match data["type"]:
            case "ended":
                self.ended.add(data["producer"])
            case "superseded":
                last = EventId.parse(data["after"])
                kept = self.kept[last.producer]
                self.kept[last.producer] = [
                    e for e in kept if e.attempt == last.attempt and e <= last
                ]
            case "gap":
                for missing in data["missing"]:
                    self.miss(EventId.parse(missing["after"]), missing["before"], world)
            case _:
                self.event(EventId.parse(data["id"]), world)
                cursor = Cursor.parse(fields[b"id"].decode())
                assert cursor.incarnation == INCARNATION
                assert cursor.place is not None
                self.cursor = cursor.place
                assert len(self.cursor.positions) <= world.peak + 2
                assert what_never_was(self.cursor, world.run.fold) is None

    def miss(self, after: EventId, before: str | None, world: World) -> None:
        """Only what is live only is ever missing."""
        stored = world.attempts[after._replace(seq=0)].stored
        assert stored is not None
        assert after.seq >= stored
        if before is None:
            self.open_gaps.add(after.producer)
        else:
            self.skipped.append(EventId.parse(before))

    def event(self, event: EventId, world: World) -> None:
        """An event comes once, after the one before it, and after all its causes."""
        kept = self.kept[event.producer]
        assert event not in kept, f"{event} twice"
        last = kept[-1] if kept else EventId(event.producer, 0, 0)
        assert event > last
        if event.attempt > last.attempt:
            kept.clear()
            assert event.seq == 1
            real = event.attempt == 1 or any(event.attempt_key in r.signalled for r in world.runs)
            assert real, "only what Temporal has may replace an earlier attempt"
        else:
            told = event in self.skipped or event.producer in self.open_gaps
            assert event.seq == last.seq + 1 or told, f"{last}, then {event}"
        self.open_gaps.discard(event.producer)
        if event.producer and event.seq == 1:
            has = {one for some in self.kept.values() for one in some}
            assert world.due[event.producer] <= has, f"{event} before its causes"
            beside = world.beside[event.producer]
            for other, some in self.kept.items():
                if some and 0 < other < event.producer and other not in beside:
                    assert other in self.ended, f"{event} before {other} has ended"
                    extra = set(some) - {e.id for e in world.accepted}
                    assert all(world_is_live(world, one) for one in extra)
        kept.append(event)

    def check_whole(self, world: World) -> None:
        """At the end it has what counts, what was live only, and nothing else."""
        counts: dict[int, list[EventId]] = defaultdict(list)
        for event in world.accepted:
            counts[event.id.producer].append(event.id)
        for producer in counts.keys() | self.kept.keys():
            stored = [e for e in self.kept[producer] if not world_is_live(world, e)]
            assert stored == counts[producer], f"producer {producer} is not whole"
            assert not counts[producer] or not producer or producer in self.ended
            if len(stored) < len(self.kept[producer]):
                assert stored, "live-only events of what does not count"


def world_is_live(world: World, event: EventId) -> bool:
    """Whether the event is live only, in an attempt of which all that is stored counts."""
    attempt = world.attempts.get(event._replace(seq=0))
    if attempt is None or attempt.stored is None or event.seq <= attempt.stored:
        return False
    return attempt.said[attempt.stored - 1] in world.accepted


class Wire:
    """A client's socket as a sink: after so many writes it is full."""

    def __init__(self) -> None:
        self.room = 0
        self.written: list[bytes] = []

    @property
    def framing(self) -> Framing:
        """The same for all: one of several would do."""
        return in_brackets

    @property
    def open(self) -> bool:
        """Whether there is room."""
        return self.room > 0

    @property
    def ready(self) -> bool:
        """Whether there is room: a client takes all other frames at once."""
        return self.open

    def write(self, framed: bytes) -> None:
        """One write."""
        assert self.open, "written to a full socket"
        self.room -= 1
        assert framed.startswith(b"<")
        assert framed.endswith(b">")
        self.written += [frame + b"\n\n" for frame in framed[1:-1].split(b"\n\n")[:-1]]


def in_brackets(frames: bytes) -> bytes:
    """A framing."""
    return b"<%b>" % frames


NOW: Final = Present(0.0, None, 0, over=False, closed=False)


class Subscriber:
    """A client that is connected to a bridge."""

    def __init__(self, client: Client, bridge: Bridge) -> None:
        self.client = client
        self.wire = Wire()
        self.live: LiveReader | None = None
        self.connect(bridge)

    def go_live(self, room: int) -> None:
        """Become a live reader, if it can, with room for so many writes."""
        self.wire.room = room
        mark = self.reader.live_mark
        if self.live is None and mark is not None and self.bridge.log is self.log and room:
            style = Style(in_brackets, unnamed=False)
            self.live = LiveReader(self.wire, Position(mark, style, None, 0, 0.0, 0.0))
            self.live_in = self.bridge.live
            self.live_in.join(self.live)
            self.alone = copy(self.reader)  # reads by itself what the live reader has to get

    def leave(self) -> None:
        """It is a live reader no more, and goes on where it has come."""
        if self.live is not None:
            self.live_in.leave(self.live)
            self.reader.go_on(self.live.position.mark)
            self.live = None

    def served(self, *, fallen: bool) -> None:
        """It has been written what it lacks, or so much of that as its socket takes."""
        frames, self.wire.written = self.wire.written, []
        own: list[bytes] = []
        while not fallen and isinstance(part := self.alone.read(400), Chunk):
            own += part.frames
        assert fallen or frames == own, "others get other frames"
        for frame in frames:
            self.client.take(frame, self.bridge.world)
        if fallen:
            self.leave()

    def connect(self, bridge: Bridge) -> None:
        """Read on from a bridge, which knows the cursor and nothing else."""
        self.leave()
        self.bridge = bridge
        self.log = bridge.log
        self.reader: LogReader = bridge.log.reader(self.client.cursor)

    def read(self, size: int) -> bool:
        """Read what there is; False: nothing came, and it is where it was."""
        if self.bridge.log is not self.log:  # it has restarted
            self.connect(self.bridge)
        self.leave()
        place = self.reader.place
        part = self.reader.read(size)
        if part is None:
            return False
        frames = self.read_back(size) if isinstance(part, Behind) else part.frames
        for frame in frames:
            self.client.take(frame, self.bridge.world)
        return bool(frames) or self.reader.place != place

    def read_back(self, size: int) -> list[bytes]:
        """Read on in the durable copy, in the first run that has something."""
        bridge, reader = self.bridge, self.reader
        frames: list[bytes] = []
        for number in range(bridge.run + 1):
            run = bridge.world.runs[number]
            knowledge = None if number == bridge.run else run.fold
            frames += reader.tell((), knowledge)
            events = [e for e in run.accepted if not reader.place.covers(e.id)]
            some = events[: 1 + size // 50]
            frames += reader.tell(some, knowledge)
            if frames or knowledge is None:
                break
            if not some and (place := self.crossed(number + 1)) != reader.place:
                frames += reader.cross(place, knowledge)
        return frames

    def crossed(self, number: int) -> Place:
        """The place at the beginning of a run, of a reader who has all of the runs before."""
        place, begins = self.reader.place, self.bridge.world.runs[number].begins
        voice = max(place.position(0), begins.position(0))
        ahead = place if place.newest >= begins.newest else begins
        return Place({**ahead.positions, **({0: voice[1:]} if voice.seq else {})})
