"""Subscribers: what `EventSource` does, and what each of them may be shown."""

import asyncio
from collections.abc import Sequence
from math import inf
from random import Random
from typing import Any, NamedTuple

import msgspec

from kai_flow.stream.ids import EventId
from kai_flow.stream.place import Cursor
from tests.simulation.bridge import Bridge, Connection, Socket
from tests.simulation.loop import Process, now
from tests.simulation.oracle import Oracle
from tests.simulation.truth import Chain, Shown, Truth


class Reader(NamedTuple):
    """What one subscriber is like."""

    comes_at: float
    sticky: bool
    """Comes back to the same bridge as long as it is there."""
    lag: float
    """Seconds between two reads, at most."""
    retry: float
    """Seconds before it comes back."""
    kind: str = "named"
    """`named` or `unnamed` as `EventSource`, or `follow`, the library's own over HTTP."""
    cursor: str | None = None
    """What it comes with: of another use of this session id."""
    bare: bool = False
    """It says its cursor without what stands after `@`."""
    socket: float = 0.0
    """Seconds for which its socket may hold a bridge up after any frame, at most."""


class Subscriber:
    """One reader of the session, through all its connections."""

    def __init__(
        self,
        name: str,
        session_id: str,
        reader: Reader,
        bridges: Sequence[Bridge],
        oracle: Oracle,
        *,
        prompt: float | None = None,
        random: Random,
        socket: Random,
    ) -> None:
        self.name = name
        self.process = Process(name)
        self.over = False  # it was told that there is no more to come
        self.chain: Chain | None = None  # the chain it was shown last
        self.held: dict[int, list[Shown]] = {}  # by producer
        self.ends: dict[int, str] = {}  # how it was told that producers ended
        self.done: dict[str, Any] | None = None
        self._session_id, self._reader, self._bridges = session_id, reader, bridges
        self._oracle, self._random = oracle, random
        # how soon it must be shown an event
        self._prompt = None if reader.lag or reader.socket else prompt
        self._came_at = 0.0  # when this connection began
        self._last_id = reader.cursor  # as EventSource remembers it
        self._astray = reader.cursor is not None  # it must be told that its cursor means nothing
        self._gaps: list[tuple[EventId | None, EventId | None]] = []  # told to be missing
        self._socket = Socket(reader.socket, socket)
        self._connection = Connection(0, self._socket)
        self._bridge = bridges[0]
        self._moved_at = inf  # when this connection first showed an event with an id

    @property
    def slow(self) -> bool:
        """Its socket may hold the bridge up after a frame."""
        return self._reader.socket > 0

    @property
    def cursor(self) -> str | None:
        """The last id that it was shown."""
        return self._last_id

    async def read(self) -> None:
        """Connect and come back until a 204."""
        await asyncio.sleep(self._reader.comes_at)
        turn = self._random.randrange(len(self._bridges))
        while not self.over:
            if not (self._reader.sticky and self._bridges[turn].process.alive):
                turn = (turn + 1) % len(self._bridges)
            await self._connect(self._bridges[turn])
            await asyncio.sleep(self._reader.retry * self._random.uniform(0.8, 1.2))

    def cut(self, after: float) -> None:
        """Its connection breaks; the bridge notices `after` seconds."""
        self.process.start(self._cut(self._bridge, self._connection, after))

    async def _cut(self, bridge: Bridge, connection: Connection, after: float) -> None:
        connection.end(broken=True)
        await asyncio.sleep(after)
        bridge.drop(connection)

    async def _connect(self, bridge: Bridge) -> None:
        self._connection = connection = Connection(self._connection.number + 1, self._socket)
        self._bridge, self._moved_at, self._came_at = bridge, inf, now()
        cursor = self._last_id
        if cursor is not None and self.held:
            self._check_cursor(Cursor.parse(cursor))
        if cursor is not None and self._reader.bare and self.held:  # it is of this incarnation
            cursor = cursor.partition("@")[0]
        self._oracle.note(self.name, "asks", bridge.number, cursor)
        unnamed = self._reader.kind == "unnamed"
        bridge.stream(self._session_id, cursor, connection, unnamed=unnamed)
        await connection.changed.until(lambda: connection.status is not None)
        if connection.status == 204:
            self.leave()
            return
        buffer = b""
        while frames := await connection.read():
            buffer += frames
            *whole, buffer = buffer.split(b"\n\n")
            for frame in whole:
                self._take(frame.decode())
            if self._reader.lag:
                await asyncio.sleep(self._random.uniform(0.0, self._reader.lag))

    def _take(self, frame: str) -> None:
        fields = dict(line.split(": ", 1) for line in frame.split("\n") if line[0] != ":")
        self._last_id = fields.get("id", self._last_id)
        if "data" not in fields:
            return
        event = msgspec.json.decode(fields["data"])
        named = "message" if self._reader.kind == "unnamed" else event["type"]
        if fields.get("event", "message") != named:
            self._wrong(f"was shown {event} as {fields.get('event')}")
        self.see(fields.get("id"), event)

    def see(self, place: str | None, event: dict[str, Any]) -> None:
        """It is shown an event."""
        self._oracle.note(self.name, "sees", place, event["type"])
        if place is not None:
            self._see(place, event)
            return
        match event["type"]:
            case "reset":
                self.chain, self.held, self.done, self.ends = None, {}, None, {}
                self._astray, self._gaps = False, []
            case "gap":
                self._miss(event)
            case "ended":
                self._end(event)
            case "superseded":
                self._take_back(event)
            case "status":
                if event["status"] != "running" and not self._oracle.told_lonely():
                    self._wrong(f"was shown {event}, though an attempt is alive")
            case "idle_timeout":
                pass
            case _:
                if event not in self._oracle.hand_made:
                    self._wrong(f"was shown {event}, though nothing is lost")

    def _miss(self, gap: dict[str, Any]) -> None:
        """It is told that events are nowhere any more: only what is not stored may be so."""
        for part in gap["missing"]:
            after = None if part["after"] is None else EventId.parse(part["after"])
            before = None if part["before"] is None else EventId.parse(part["before"])
            self._gaps.append((after, before))
            chain = self.chain
            if self._oracle.clumsy:
                continue
            if after is None or chain is None or self._is_stored(chain, after.offset(1)):
                self._wrong(f"was told {gap}, though that is stored")

    def _is_stored(self, chain: Chain, place: EventId) -> bool:
        return all(self._oracle.is_stored(run.run_id, place) for run in chain.runs)

    def _end(self, notice: dict[str, Any]) -> None:
        producer, status = notice["producer"], notice["status"]
        truth = Truth() if self.chain is None else self.chain.truth()
        if producer not in self.held:
            self._wrong(f"was told {notice}, of which it has seen nothing")
        if truth.ends.get(producer) != status:
            self._wrong(f"was told {notice}; it is {truth.ends.get(producer)}")
            return
        missing = self._lacks(truth, producer)
        if missing and missing <= truth.finals[producer]:
            self._wrong(f"was told {notice} before {missing}")
        self.ends[producer] = status

    def _take_back(self, notice: dict[str, Any]) -> None:
        producer, after = notice["producer"], EventId.parse(notice["after"])
        truth = Truth() if self.chain is None else self.chain.truth()
        if not truth.is_closed(producer) and producer in self.held:
            self._wrong(f"was told {notice}, of a producer that is not closed")
        held = self.held.get(producer, [])
        self.held[producer] = [shown for shown in held if shown.id <= after]

    def _lacks(self, truth: Truth, producer: int) -> EventId | None:
        """The first event of a producer's fold that it does not hold; None: it has all."""
        held = {shown.id for shown in self.held.get(producer, ())}
        lacking = (shown.id for shown in truth.of(producer) if shown.id not in held)
        return next((event_id for event_id in lacking if not self._is_missing(event_id)), None)

    def _is_missing(self, event_id: EventId) -> bool:
        """Whether it was told that this event exists nowhere any more."""
        return any(_is_between(event_id, after, before) for after, before in self._gaps)

    def _see(self, place: str, event: dict[str, Any]) -> None:
        cursor = Cursor.parse(place)
        chain = self._oracle.incarnation(self._session_id, cursor.incarnation or "?")
        known = None if self.chain is None else self.chain.runs[0]
        if chain is None or (known is not None and known is not chain.runs[0]):
            self._wrong(f"was shown {place}, of another incarnation, without a reset")
            return
        self.chain = chain
        if self._astray:
            self._wrong(f"was shown {place}, though its own cursor was of another incarnation")
        if self.done is not None:
            self._wrong(f"was shown {place} after the end")
        if cursor.place is None:
            self.done = event
            if not chain.closed or event != self._oracle.outcome(chain.last):
                self._wrong(f"was told {event}, which is not how the session ended")
            return
        own = EventId.parse(place.partition("@")[0].partition(",")[0])
        if cursor.place.position(own.producer) != own:
            self._wrong(f"was shown {place}, which does not begin with its own event")
        beside = chain.truth().beside.get(cursor.place.newest, frozenset())
        if len(cursor.place.positions) > 2 + len(beside):  # the producer's own, and the workflow's
            self._wrong(f"was shown {place}, which lists more than {sorted(beside)}")
        self._check_event(chain, own, event)
        self._check_order(chain, own)
        self._moved_at = min(self._moved_at, now())
        held = self.held.setdefault(own.producer, [])
        if held and held[-1].id.attempt < own.attempt:
            held.clear()
        held.append(Shown(own, event))

    def _check_event(self, chain: Chain, own: EventId, event: dict[str, Any]) -> None:
        run = _run_of(chain, own, self._oracle)
        self._oracle.check(run, own, event)
        late = min(self._oracle.age(run, own), now() - self._came_at)
        if self._prompt is not None and late > self._prompt:
            self._wrong(f"was shown {own} {late:.1f} s late")

    def _check_order(self, chain: Chain, own: EventId) -> None:
        held = self.held.get(own.producer)
        if held:
            self._advance(held[-1].id, own, chain)
            return
        if own.seq != 1 and not self._is_missing(own.offset(-1)):
            self._wrong(f"was shown {own} first")
        if own.producer:
            self._check_causes(chain.truth(), own)

    def _check_causes(self, truth: Truth, own: EventId) -> None:
        """All that comes before a producer was shown before its first event."""
        beside = truth.beside.get(own.producer)
        if beside is None:
            self._wrong(f"was shown {own}, which nothing has scheduled")
            return
        if own.producer in truth.untold:
            return  # only its own `started` tells, which the history does not have yet
        for lower in truth.beside:
            if lower < own.producer and lower not in beside:
                missing = self._lacks(truth, lower)
                if missing:
                    self._wrong(f"was shown {own} before {missing}")
        spoken = len(self.held.get(0, ()))
        if spoken < truth.spoken_before[own.producer] and not self._gaps:
            self._wrong(f"was shown {own} after {spoken} events of the workflow")

    def _advance(self, before: EventId, own: EventId, chain: Chain) -> None:
        if own <= before:
            self._wrong(f"was shown {own} after {before}")
        expected = before.seq + 1 if own.attempt == before.attempt else 1
        if own.seq != expected and not self._is_missing(own.offset(-1)):
            self._wrong(f"was shown {own} right after {before}: a hole")
        retried = own.attempt > before.attempt
        run = _run_of(chain, own, self._oracle)
        stored = self._oracle.position(run, own.producer)
        # A bridge that had let in the newer attempt by then may still read back the older one.
        began = self._oracle.began_with(self._connection.boot_id, run, own)
        if retried and self._moved_at < began and stored.attempt < own.attempt:
            self._wrong(f"was shown {own}, only claimed, while {before} counts")

    def _check_cursor(self, cursor: Cursor) -> None:
        """The cursor that it was given covers what it was shown, and nothing else."""
        place, chain = cursor.place, self.chain
        if place is None or chain is None or self._oracle.clumsy:
            return
        for held in self.held.values():
            for shown in held:
                if not place.covers(shown.id):
                    self._wrong(f"was shown {shown.id}, which its cursor {cursor} does not have")
        truth = chain.truth()
        if len(str(place).split(",")) > truth.peak + 2:
            self._wrong(f"has the cursor {cursor}; {truth.peak} producers ran at once at most")
        ids = {shown.id for held in self.held.values() for shown in held}
        for shown in truth.events:
            newest = self.held.get(shown.id.producer, [shown])[-1].id.attempt
            if (
                place.covers(shown.id)
                and shown.id not in ids
                and shown.id.attempt == newest
                and not self._is_missing(shown.id)
            ):
                self._wrong(f"has the cursor {cursor}, and was never shown {shown.id}")

    def leave(self) -> None:
        """It was told that it is over."""
        self.over = True
        self._oracle.note(self.name, "is told that it is over")
        self._oracle.changed.change()

    def judge(self) -> None:
        """The faults are over, and so is the session: it holds the whole stream."""
        chain = self.chain
        if chain is None or self.done is None:
            self._wrong("was never told the end")
            return
        truth = chain.truth()
        for producer in {0} | set(truth.beside):
            held = [s for s in self.held.get(producer, ()) if self._is_stored(chain, s.id)]
            expected = [s for s in truth.of(producer) if not self._is_missing(s.id)]
            if held != expected:
                self._wrong(f"holds {_ends(held)} of {producer}, not {_ends(expected)}")
            if expected and producer in truth.must_tell and producer not in self.ends:
                self._wrong(f"was never told that producer {producer} has ended")

    def _wrong(self, what: str) -> None:
        self._oracle.violated(f"{self.name} {what}")


def _ends(shown: list[Shown]) -> str:
    return f"{shown[0].id} … {shown[-1].id} ({len(shown)})" if shown else "nothing"


def _is_between(event_id: EventId, after: EventId | None, before: EventId | None) -> bool:
    """Whether an event lies in a gap. One without an end goes to the end of its attempt."""
    if after is not None and event_id <= after:
        return False
    if before is None:
        return after is None or event_id.attempt_key == after.attempt_key
    return event_id < before


def _run_of(chain: Chain, event_id: EventId, oracle: Oracle) -> str:
    """The id of the run in which an event's producer is; of the first run if there is none."""
    runs = (run.run_id for run in chain.runs if oracle.has_said(run.run_id, event_id.producer))
    return next(runs, chain.runs[0].run_id)
