"""The hub: every session this bridge has to do with, found by session id and run.

A new run under an old session id gets a session of its own. The bridge keeps nothing on disk:
what it forgets is read back from Temporal.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from temporalio.client import Client

from kai_flow.bridge.channel import Channel
from kai_flow.bridge.errors import (
    RealSession,
    Stopping,
    TooManySessions,
    TooMuchHeld,
    UnknownRun,
    Unreachable,
)
from kai_flow.bridge.lookup import Lookups, look_up_while
from kai_flow.bridge.memory_budget import Holder, MemoryBudget
from kai_flow.bridge.session import Session, State
from kai_flow.stream.callback import HandMade, ProducerPost
from kai_flow.stream.clock import now
from kai_flow.stream.ids import incarnation_of
from kai_flow.stream.run import Run
from kai_flow.stream.supervised import supervised
from kai_flow.stream.window import Answer, Full, Stale

log = logging.getLogger(__name__)

TICK_SECONDS: Final = 5.0  # readers check their deadlines; what is idle is forgotten
FIND_SECONDS: Final = 1.0  # for finding a session before its stream opens without knowing
MAX_CHANNELS: Final = 10_000
MAX_STRAY_CHANNELS: Final = 1_000  # of them: without a reader and a proven session


class Hub:
    """Channels by session id. Create it with `running_hub`."""

    def __init__(self, client: Client, *, signal_interval: float, idle_timeout: float) -> None:
        self.boot_id = secrets.token_hex(8)
        self.idle_timeout = idle_timeout  # seconds without an event before a stream ends
        self.stopping = asyncio.Event()  # set once: streams end, POSTs are refused
        self._client = client
        self._signal_interval = signal_interval
        self._channels: dict[str, Channel] = {}
        self._memory = MemoryBudget(self._holders)
        self._partings: set[asyncio.Task[None]] = set()  # sessions being stopped
        self._verifying: set[asyncio.Task[None]] = set()
        self._lookups = Lookups(client, self._found)

    async def receive(self, post: ProducerPost) -> Answer:
        """Take in one POST of a producer. Raises HubError, or InvalidId for what is no run id."""
        if self.stopping.is_set():
            raise Stopping("the bridge is shutting down; come back in a moment")
        for run_id in (post.run_id, post.first_run_id or post.run_id):
            incarnation_of(run_id)
        size = sum(len(event.data) for event in post.events)
        if post.events and not self._memory.admits(len(post.events), size):
            return Full()
        session = self._session(post.session_id)
        if session is None or session.run.run_id != post.run_id:
            session = await self._find_session(post)
            if session.run.run_id != post.run_id:
                return Stale()
        return await session.receive(post)

    async def receive_by_hand(self, event: HandMade) -> int:
        """Show an event sent by hand to present and coming readers; its number. Raises HubError."""
        if not self._memory.admits(1, len(event.data)):
            raise TooMuchHeld("the bridge holds as much as it may; send it again in a moment")
        # In the session of a workflow somebody else speaks: no reader could tell the two apart.
        if await self._is_real(event.session_id):
            raise RealSession(
                f"{event.session_id} is the session of a workflow: events sent by hand are not "
                "shown in it; send them to a session id that no workflow has"
            )
        return self._channel(event.session_id, stray=True).show(event)

    async def _is_real(self, session_id: str) -> bool:
        if await self.find(session_id) is not None:
            return True
        session = self._session(session_id)  # it may have come while Temporal was asked
        return session is not None and session.proven

    async def find(self, session_id: str) -> Run | None:
        """The newest run of this session id; None when there is none. Raises Unreachable, soon."""
        session = self._session(session_id)
        if session is not None and session.proven and session.watched:
            return session.run
        try:
            async with asyncio.timeout(FIND_SECONDS):
                return await self._lookups.newest(session_id)
        except TimeoutError:
            raise Unreachable("Temporal does not answer; try again later") from None

    def admit(self, session_id: str) -> None:
        """Raise HubError when there is no room for a reader of this session."""
        if self.stopping.is_set():
            raise Stopping("the bridge is shutting down; come back in a moment")
        if session_id not in self._channels and len(self._channels) >= MAX_CHANNELS:
            raise TooManySessions(f"the bridge holds {MAX_CHANNELS:,} sessions; try again later")

    @contextmanager
    def reading(self, session_id: str, run: Run | None) -> Iterator[tuple[Channel, int]]:
        """A reader's stay in a channel, and its Channel.enter. Raises HubError as `admit` does."""
        channel = self._channel(session_id)
        if run is not None and channel.session is None:
            self._enter(channel, run)
        hand_made_seen = channel.enter()
        try:
            if channel.session is None:
                channel.await_workflow(lambda: self._look_up_again(channel))
            yield channel, hand_made_seen
        finally:
            channel.leave()
            if not channel.readers and not channel.sessions:
                self._channels.pop(session_id, None)

    async def _look_up_again(self, channel: Channel) -> None:
        run = await self._lookups.newest(channel.id)
        if run is not None and channel.session is None:
            self._enter(channel, run)

    async def _find_session(self, post: ProducerPost) -> Session:
        """The session of the newest run, which only the server knows. Raises HubError.

        A run that it does not know is not let in: an invented one would take the subscribers that
        wait for the real one. While the server does not answer, the producer is believed, unless
        there is a session of another run already: it may be a former run that is POSTing.
        """
        try:
            async with asyncio.timeout(FIND_SECONDS):
                newest = await self._lookups.newest_for(post.session_id, post.run_id)
        except (Unreachable, TimeoutError):
            held = self._session(post.session_id)
            if held is not None and held.run.run_id == post.run_id:
                return held
            if held is not None:
                raise Unreachable("Temporal does not answer which run is the newest") from None
            channel = self._channel(post.session_id, stray=True)
            believed = Run(post.run_id, post.first_run_id or post.run_id)
            session = self._enter(channel, believed, proven=False)
            what = f"question whether session {channel.id} has that run"
            verifying = asyncio.create_task(
                supervised(what, lambda: self._verify(channel, session))
            )
            self._verifying.add(verifying)
            verifying.add_done_callback(self._verifying.discard)
            return session
        if newest is None:
            raise UnknownRun(
                f"Temporal knows no workflow {post.session_id}: start it in the namespace that "
                "this bridge is connected to, and send this again"
            )
        # Another lookup may have entered the session of an even newer run.
        return self._session(post.session_id) or self._enter(self._channel(post.session_id), newest)

    async def _verify(self, channel: Channel, session: Session) -> None:
        """Look up, until Temporal answers, whether there is the run that was believed.

        If there is none, its subscribers' streams end. When they come back, they get `reset`.
        """

        def unverified() -> bool:
            stopped = session.state is State.STOPPED
            return channel.session is session and not (session.proven or stopped)

        async def look_up() -> None:
            run = await self._lookups.newest(channel.id)  # one that it finds enters the channel
            if run is None and unverified():
                log.warning("session %s has no run %s: dropped", channel.id, session.run.run_id)
                self._part_with(channel.drop())

        await look_up_while(unverified, look_up, asyncio.sleep)

    def _session(self, session_id: str) -> Session | None:
        channel = self._channels.get(session_id)
        return None if channel is None else channel.session

    def _enter(self, channel: Channel, run: Run, *, proven: bool = True) -> Session:
        """The session of `run`, which is the newest; a former one goes on for who reads it.

        Not one that was only believed: whether there ever was that run is not known.
        """
        held = channel.session
        same = held is not None and held.run.run_id == run.run_id
        if held is not None and same and (held.run.incarnation == run.incarnation or not proven):
            held.proven = held.proven or proven
            return held
        if held is not None and not held.proven:
            self._part_with(channel.drop())
        session = next((one for one in channel.former if one.run.run_id == run.run_id), None)
        session = session or Session(
            self._client,
            channel.id,
            run,
            channel.notifier,
            signal_interval=self._signal_interval,
            boot_id=self.boot_id,
            memory=self._memory,
        )
        session.proven = session.proven or proven
        self._part_with(channel.take_over(session))
        return session

    def _channel(self, session_id: str, *, stray: bool = False) -> Channel:
        """The channel of a session id; `stray`: anybody may have invented it. Raises HubError."""
        channel = self._channels.get(session_id)
        if channel is None:
            self.admit(session_id)
            if stray and sum(one.stray for one in self._channels.values()) >= MAX_STRAY_CHANNELS:
                raise TooManySessions(
                    f"the bridge holds {MAX_STRAY_CHANNELS:,} sessions that nobody reads and "
                    "Temporal does not know; try again later"
                )
            channel = self._channels[session_id] = Channel(session_id)
        return channel

    def _found(self, session_id: str, run: Run) -> None:
        """A lookup has found the newest run: where somebody reads or POSTs, it takes over."""
        channel = self._channels.get(session_id)
        if channel is not None and channel.session is not None:
            self._enter(channel, run)

    async def look_after(self) -> None:
        """Wake readers to check their deadlines, and forget what is idle, until cancelled."""
        while True:
            await asyncio.sleep(min(TICK_SECONDS, self.idle_timeout / 2))
            try:
                self._tick(now())
            except Exception:  # heartbeats and every limit depend on the next one
                log.exception("looking after the sessions broke")

    def _tick(self, moment: float) -> None:
        # Waits for nothing: a session takes seconds to stop while Temporal does not answer.
        for channel in list(self._channels.values()):
            self._part_with(channel.remove_unread())
            if channel.readers:
                channel.notifier.notify()
            elif channel.idle(moment):
                self._channels.pop(channel.id)
                self._part_with(channel.sessions)
        self._memory.make_room()

    def _part_with(self, sessions: Iterable[Session]) -> None:
        """Stop sessions that are in no channel any more, in tasks of their own."""
        for session in sessions:
            parting = asyncio.create_task(session.stop())
            self._partings.add(parting)
            parting.add_done_callback(self._partings.discard)

    def _holders(self) -> Iterator[Holder]:
        for channel in self._channels.values():
            yield channel
            yield from channel.sessions

    def end_streams(self) -> None:
        """End every stream: readers come back with their cursors, to us or to another bridge."""
        self.stopping.set()
        for channel in self._channels.values():
            channel.notifier.notify()

    async def stop(self) -> None:
        """End the streams, make durable what is held, and stop."""
        self.end_streams()
        for verifying in self._verifying:
            verifying.cancel()
        for channel in self._channels.values():
            self._part_with(channel.sessions)
        await asyncio.gather(*self._partings, *self._verifying, return_exceptions=True)


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
        await asyncio.gather(ticker, return_exceptions=True)
        await hub.stop()
