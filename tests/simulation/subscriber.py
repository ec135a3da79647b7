"""Subscribers: what `EventSource` does, and what each of them may be shown."""

import asyncio
from collections.abc import Sequence
from math import inf
from random import Random
from typing import Any, NamedTuple

import msgspec

from kai_flow.stream.ids import Cursor, EventId
from tests.simulation.bridge import Bridge, Connection, Socket
from tests.simulation.loop import Process, now
from tests.simulation.oracle import Oracle, Shown
from tests.simulation.temporal import Run


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
        self.run: Run | None = None  # the run it was shown last
        self.held: list[Shown] = []
        self.done: dict[str, Any] | None = None
        self._session_id, self._reader, self._bridges = session_id, reader, bridges
        self._oracle, self._random = oracle, random
        # how soon it must be shown an event
        self._prompt = None if reader.lag or reader.socket else prompt
        self._came_at = 0.0  # when this connection began
        self._last_id = reader.cursor  # as EventSource remembers it
        self._astray = reader.cursor is not None  # it must be told that its cursor means nothing
        self._gap: dict[str, Any] | None = None  # what it was told to be missing, since an event
        self._socket = Socket(reader.socket, socket)
        self._connection = Connection(0, self._socket)
        self._bridge = bridges[0]
        self._moved_at = inf  # when this connection first showed an event of a numbered attempt

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
        if cursor is not None and self._reader.bare and self.held:  # it is of this run
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
            self._see(Cursor.parse(place), event)
        elif event["type"] == "reset":
            self.run, self.held, self.done = None, [], None
            self._astray, self._gap = False, None
        elif event["type"] == "gap":
            self._miss(event)
        elif event["type"] == "status":
            if event["status"] != "running" and not self._oracle.told_lonely():
                self._wrong(f"was shown {event}, though an attempt is alive")
        elif event["type"] != "idle_timeout" and event not in self._oracle.hand_made:
            self._wrong(f"was shown {event}, though nothing is lost")

    def _miss(self, gap: dict[str, Any]) -> None:
        """It is told that events are nowhere any more: only what is not stored may be so."""
        if self._gap is not None:  # one hole, told in parts
            gap = {**gap, "after": self._gap["after"]}
        self._gap = gap
        after = None if gap["after"] is None else EventId.parse(gap["after"])
        if self._oracle.clumsy:
            return
        run = self.run
        if after is None or run is None or self._oracle.is_stored(run.run_id, after.offset(1)):
            self._wrong(f"was told {gap}, though that is stored")

    def _see(self, cursor: Cursor, event: dict[str, Any]) -> None:
        run = self._oracle.run_of(self._session_id, cursor.incarnation or "?")
        if run is None or (self.run is not None and run is not self.run):
            self._wrong(f"was shown {cursor}, of another run, without a reset")
            return
        self.run = run
        if self._astray:
            self._wrong(f"was shown {cursor}, though its own cursor was of another run")
        if self.done is not None:
            self._wrong(f"was shown {cursor} after the end")
        if cursor.position is None:
            self.done = event
            if not run.closed or event != self._oracle.outcome(run):
                self._wrong(f"was told {event}, which is not how the run ended")
            return
        place = cursor.position
        self._oracle.check(run.run_id, place, event)
        late = min(self._oracle.age(run.run_id, place), now() - self._came_at)
        if self._prompt is not None and late > self._prompt:
            self._wrong(f"was shown {place} {late:.1f} s late")
        if self.held:
            self._advance(self.held[-1].id, place, run)
        elif place.seq != 1 and not self._is_missing(None, place):
            self._wrong(f"was shown {place} first")
        self._moved_at, self._gap = min(self._moved_at, now()), None
        while (
            self.held
            and self.held[-1].id.attempt_key < place.attempt_key
            and (self.held[-1].id.producer == place.producer)
        ):
            self.held.pop()
        self.held.append(Shown(place, event))

    def _advance(self, before: EventId, place: EventId, run: Run) -> None:
        if place <= before:
            self._wrong(f"was shown {place} after {before}")
        expected = before.seq + 1 if place.attempt_key == before.attempt_key else 1
        if place.seq != expected and not self._is_missing(before, place):
            self._wrong(f"was shown {place} right after {before}: a hole")
        retried = place.producer == before.producer and place.attempt > before.attempt
        stored = self._oracle.position(run.run_id)
        # A bridge that had let in the newer attempt by then may still read back the older one.
        began = self._oracle.began_with(self._connection.boot_id, run.run_id, place)
        if retried and self._moved_at < began and stored.attempt_key < place.attempt_key:
            self._wrong(f"was shown {place}, only claimed, while {before} counts")

    def _is_missing(self, before: EventId | None, place: EventId) -> bool:
        """Whether it was told that exactly what lies between exists nowhere any more."""
        if self._gap is None:
            return False
        after = before if self._gap["after"] is None else EventId.parse(self._gap["after"])
        return self._gap["before"] in (None, str(place)) and (before is None or after == before)

    def leave(self) -> None:
        """It was told that it is over."""
        self.over = True
        self._oracle.note(self.name, "is told that it is over")
        self._oracle.changed.change()

    def judge(self) -> None:
        """The faults are over, and so is the session: it holds the whole stream."""
        run = self.run
        if run is None or self.done is None:
            self._wrong("was never told the end")
            return
        promised = self._oracle.promised(run)
        held = [s for s in self.held if self._oracle.is_stored(run.run_id, s.id)]
        if promised is not None:
            if held != promised:
                self._wrong(f"holds {_ends(held)}, not {_ends(promised)}")
            return
        # What was shown live and never became durable may remain behind it; nothing is missing.
        folded = self._oracle.folded(run)
        counted = folded and held and held[-1].id.attempt_key == folded[-1].id.attempt_key
        if held[: len(folded)] != folded if counted else len(held) < bool(folded):
            self._wrong(f"holds {_ends(held)}, not {_ends(folded)}")

    def _wrong(self, what: str) -> None:
        self._oracle.violated(f"{self.name} {what}")


def _ends(shown: list[Shown]) -> str:
    return f"{shown[0].id} … {shown[-1].id} ({len(shown)})" if shown else "nothing"
