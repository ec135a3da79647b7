"""The hub: every session this bridge has to do with, found by session id and run.

A new run under an old session id gets a session of its own. The bridge keeps nothing on disk:
what it forgets is read back from Temporal.
"""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from kai_flow.bridge.room import Room
from kai_flow.bridge.session import Session
from kai_flow.stream.callback import Delivered, HandMade
from kai_flow.stream.clock import now
from kai_flow.stream.ids import epoch_of
from kai_flow.stream.log import Answer, Stale
from kai_flow.stream.names import DONE
from kai_flow.stream.run import Run, find_run

log = logging.getLogger(__name__)

TICK_SECONDS: Final = 5.0  # readers look at their clocks; what is idle is forgotten
FIND_SECONDS: Final = 1.0  # for finding a session before its stream opens without knowing
FORGET_SECONDS: Final = 60.0  # a session without readers and POSTs
MAX_ROOMS: Final = 10_000
MAX_BYTES: Final = 512 * 1024 * 1024  # of all sessions; looked at every TICK_SECONDS


class HubError(Exception):
    """Root of what the hub refuses; the message says what to do."""


class TooManySessions(HubError):
    """The bridge holds as many sessions as it may; try again later."""


class Stopping(HubError):
    """The bridge is shutting down; another one will answer."""


class Unreachable(HubError):
    """Temporal does not answer: whether there is such a session cannot be told."""


class RealSession(HubError):
    """A hand-made `done` for a session that has a workflow: only the workflow ends that one."""


class Hub:
    """Rooms by session id. Create it with `running_hub`."""

    def __init__(self, client: Client, *, signal_interval: float, idle_timeout: float) -> None:
        self.boot_id = secrets.token_hex(8)
        self.idle_timeout = idle_timeout  # seconds without an event before a stream ends
        self.stopping = False  # set once: streams end, POSTs are refused
        self._client = client
        self._signal_interval = signal_interval
        self._rooms: dict[str, Room] = {}
        # looks into Temporal under way, by session id
        self._looks: dict[str, asyncio.Task[Run | Unreachable | None]] = {}

    async def receive(self, post: Delivered) -> Answer:
        """Take in one POST of a producer. Raises HubError, or InvalidId for what is no run id."""
        if self.stopping:
            raise Stopping("the bridge is shutting down; come back in a moment")
        for run_id in (post.run_id, post.first_run_id or post.run_id):
            epoch_of(run_id)
        session = self._room(post.session_id).session
        if session is None or session.run.run_id != post.run_id:
            newest = await self._newest(post)
            if newest.run_id != post.run_id:
                return Stale()
            session = self._enter(self._room(post.session_id), newest)
        return await session.receive(post)

    def receive_by_hand(self, event: HandMade) -> int:
        """Show a hand-made event to whoever reads, or comes soon; its number. Raises HubError."""
        room = self._room(event.session_id)
        if room.session is not None and event.type == DONE:
            raise RealSession(
                f"{event.session_id} is the session of a workflow, and ends when that closes; "
                "a hand-made 'done' ends only streams without one"
            )
        return room.show(event)

    async def find(self, session_id: str) -> Run | None:
        """The newest run of this session id; None when there is none. Raises Unreachable, soon."""
        room = self._rooms.get(session_id)
        if room is not None and room.session is not None and room.session.watched:
            return room.session.run
        try:
            async with asyncio.timeout(FIND_SECONDS):
                return await self._look(session_id)
        except TimeoutError:
            raise Unreachable("Temporal does not answer; try again later") from None

    def admit(self, session_id: str) -> None:
        """Raise HubError when there is no room for a reader of this session."""
        if self.stopping:
            raise Stopping("the bridge is shutting down; come back in a moment")
        if session_id not in self._rooms and len(self._rooms) >= MAX_ROOMS:
            raise TooManySessions(f"the bridge holds {MAX_ROOMS:,} sessions; try again later")

    @contextmanager
    def reading(self, session_id: str, run: Run | None) -> Iterator[tuple[Room, int]]:
        """A reader's stay in a room, and its Room.enter. Raises HubError as `admit` does."""
        room = self._room(session_id)
        if run is not None and room.session is None:
            self._enter(room, run)
        heard = room.enter()
        try:
            if room.session is None:
                room.await_workflow(lambda: self._look_again(room))
            yield room, heard
        finally:
            room.leave()
            if not room.readers and not room.sessions:
                self._rooms.pop(session_id, None)

    async def _look_again(self, room: Room) -> None:
        with contextlib.suppress(Unreachable):
            run = await self._look(room.id)
            if run is not None and room.session is None:
                self._enter(room, run)

    async def _newest(self, post: Delivered) -> Run:
        """The newest run, which only the server knows. Raises Unreachable.

        Should it know none, the producer is believed; also when it does not answer, unless there is
        a session of another run already: it may be a former run that is POSTing.
        """
        believed = Run(post.run_id, post.first_run_id or post.run_id)
        try:
            async with asyncio.timeout(FIND_SECONDS):
                newest = await self._look(post.session_id)
                if newest is not None and newest.run_id != post.run_id:
                    # A look that others had begun may be older than this run: one of our own.
                    newest = await self._look(post.session_id)
        except (Unreachable, TimeoutError):
            if self._session(post.session_id) is not None:
                raise Unreachable("Temporal does not answer which run is the newest") from None
            return believed
        if newest is None:
            return believed
        session = self._session(post.session_id)  # of a look that is newer still, perhaps
        return newest if session is None else session.run

    def _session(self, session_id: str) -> Session | None:
        room = self._rooms.get(session_id)
        return None if room is None else room.session

    def _enter(self, room: Room, run: Run) -> Session:
        """The session of `run`, which is the newest; a former one goes on for who reads it."""
        if room.session is not None and room.session.run.run_id == run.run_id:
            return room.session
        if room.session is not None:
            room.former.append(room.session)
        room.session = Session(
            self._client,
            room.id,
            run,
            room.bell,
            signal_interval=self._signal_interval,
            boot_id=self.boot_id,
        )
        room.bell.ring()
        return room.session

    def _room(self, session_id: str) -> Room:
        room = self._rooms.get(session_id)
        if room is None:
            self.admit(session_id)
            room = self._rooms[session_id] = Room(session_id)
        return room

    async def _look(self, session_id: str) -> Run | None:
        """Ask Temporal for the newest run; all who ask at the same time share one call.

        None when there is none. Raises Unreachable.
        """
        look = self._looks.get(session_id)
        if look is None:
            look = self._looks[session_id] = asyncio.create_task(self._describe(session_id))
            look.add_done_callback(lambda _: self._looks.pop(session_id, None))
        found = await asyncio.shield(look)
        if isinstance(found, Unreachable):
            raise found
        return found

    async def _describe(self, session_id: str) -> Run | Unreachable | None:
        try:
            run = await find_run(self._client, session_id)
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return None
            log.warning("session %s cannot be looked up: %s", session_id, error.message)
            return Unreachable(f"Temporal does not answer: {error.message}")
        # Here, where one look ends before the next begins: who waits for this one may go on after
        # the next, and must not bring an older run back.
        room = self._rooms.get(session_id)
        if room is not None and room.session is not None:
            self._enter(room, run)
        return run

    async def look_after(self) -> None:
        """Wake readers to look at their clocks, and forget what is idle, until cancelled."""
        while True:
            await asyncio.sleep(min(TICK_SECONDS, self.idle_timeout / 2))
            moment = now()
            for room in list(self._rooms.values()):
                idle = [
                    session
                    for session in room.sessions
                    if moment - session.touched > FORGET_SECONDS and not session.minding
                ]
                if room.readers:
                    room.bell.ring()
                elif room.deserted or (idle and len(idle) == len(room.sessions)):
                    del self._rooms[room.id]
                    await asyncio.gather(*(session.stop() for session in idle))
            self._keep_within(MAX_BYTES)

    def _keep_within(self, limit: int) -> None:
        """Let go of what can be read back, of the sessions longest untouched first."""
        sessions = [session for room in self._rooms.values() for session in room.sessions]
        held = sum(session.held for session in sessions)
        for session in sorted(sessions, key=lambda session: session.touched):
            if held <= limit:
                break
            held -= session.held
            session.forget()
            held += session.held

    def end_streams(self) -> None:
        """End every stream: readers come back with their cursors, to us or to another bridge."""
        self.stopping = True
        for room in self._rooms.values():
            room.bell.ring()

    async def stop(self) -> None:
        """End the streams, make durable what is held, and stop."""
        self.end_streams()
        sessions = [session for room in self._rooms.values() for session in room.sessions]
        await asyncio.gather(*(session.stop() for session in sessions))


@asynccontextmanager
async def running_hub(
    client: Client, *, signal_interval: float, idle_timeout: float
) -> AsyncIterator[Hub]:
    """A hub that works while the block runs. Durations are seconds."""
    hub = Hub(client, signal_interval=signal_interval, idle_timeout=idle_timeout)
    ticker = asyncio.create_task(hub.look_after())
    try:
        yield hub
    finally:
        ticker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ticker
        await hub.stop()
