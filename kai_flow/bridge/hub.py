"""The hub: every session of this bridge, found by session id and run.

A new run under an old session id gets a session of its own. The bridge keeps nothing on disk: what
it has forgotten it reads back from Temporal.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final, TypeVar

from temporalio.client import Client

from kai_flow.bridge.channel import Channel
from kai_flow.bridge.counts import BridgeCounts
from kai_flow.bridge.errors import (
    SHUTTING_DOWN,
    RealSession,
    Stopping,
    TooManySessions,
    TooMuchHeld,
    UnknownPlace,
    UnknownRun,
    Unreachable,
)
from kai_flow.bridge.load import Load
from kai_flow.bridge.lookup import Lookups
from kai_flow.bridge.memory_budget import Holder, MemoryBudget
from kai_flow.bridge.poll_budget import PollBudget
from kai_flow.bridge.session import Session
from kai_flow.bridge.shared import Shared
from kai_flow.bridge.signal_turns import SignalTurns
from kai_flow.stream.attempt_window import Answer, Full, Stale
from kai_flow.stream.callback import HandMade, ProducerPost
from kai_flow.stream.clock import now
from kai_flow.stream.ids import incarnation_of
from kai_flow.stream.log_fields import about
from kai_flow.stream.place import Cursor
from kai_flow.stream.run import Run

log = logging.getLogger(__name__)

T = TypeVar("T")

TICK_SECONDS: Final = 5.0  # between two checks of readers' deadlines and of idle sessions
FIND_SECONDS: Final = 1.0  # wait for a lookup, before a stream opens without its result
MAX_CHANNELS: Final = 10_000
MAX_STRAY_CHANNELS: Final = 1_000  # of them, those that have neither a reader nor a proven session


class Hub:
    """All channels by session id. Create a hub with `running_hub`.

    Races: POSTs, readers, lookups and ticks interleave at every await, and any of them may change
    which session a channel has. Two rules keep that harmless. Channels and their sessions change
    only in code without an await, so no half-made change is visible. And code that has awaited
    something looks at the channel again: the newest run is the one of the last lookup that ended
    (`_found`), and not that of an older result still in hand.
    """

    def __init__(
        self,
        client: Client,
        *,
        signal_interval: float,
        signals_per_second: float,
        idle_timeout: float,
        boot_id: str | None = None,
    ) -> None:
        self.boot_id = boot_id or secrets.token_hex(8)
        self.counts = BridgeCounts()
        self.idle_timeout = idle_timeout  # seconds without an event before a stream ends
        self.stopping = asyncio.Event()  # set once: streams end, POSTs are refused
        self._channels: dict[str, Channel] = {}
        self._memory = MemoryBudget(self._holders)
        self._shared = Shared(
            client,
            self.boot_id,
            signal_interval,
            self._memory,
            PollBudget(),
            SignalTurns(signals_per_second),
            self.counts,
        )
        self.load = Load(self._channels.values, self._shared)
        self._stops: set[asyncio.Task[None]] = set()  # sessions that are being stopped
        self._lookups = Lookups(client, self._found, self.counts)

    async def receive(self, post: ProducerPost) -> Answer:
        """Take in one POST of a producer. Raises HubError, and InvalidId for ids that cannot be."""
        if self.stopping.is_set():
            raise Stopping(SHUTTING_DOWN)
        for run_id in (post.run_id, post.first_run_id or post.run_id):
            incarnation_of(run_id)
        size = sum(len(event.data) for event in post.events)
        if post.events and not self._memory.admits(len(post.events), size):
            return Full()
        session = self._session(post.session_id)
        if session is None or session.run.run_id != post.run_id:
            newest = await self._newest(post)
            if newest.run_id != post.run_id:
                return Stale()
            session = self._session_of(post.session_id, newest)
            if session.run.incarnation != newest.incarnation:
                return Stale()  # another lookup has found an even newer run meanwhile
        return await session.receive(post)

    async def receive_by_hand(self, event: HandMade) -> int:
        """Show an event sent by hand to present and coming readers; its number. Raises HubError."""
        if not self._memory.admits(1, len(event.data)):
            raise TooMuchHeld("the bridge holds as much as it may; send it again in a moment")
        # In the session of a workflow, no reader could tell this event from the agent's.
        if await self.find(event.session_id) is not None or self._session(event.session_id):
            raise RealSession(
                f"{event.session_id} is the session of a workflow: events sent by hand are not "
                "shown in it; send them to a session id that no workflow has"
            )
        return self._channel(event.session_id, stray=True).show(event)

    async def find(self, session_id: str, cursor: Cursor | None = None) -> Run | None:
        """The newest run of this session id, for a reader with this cursor; None: there is none.

        A long poll that hangs shows neither the end of a run nor the next one. So Temporal is
        asked for a reader that has read more than this bridge knows of: another incarnation than
        the one watched here, or its end. Raises Unreachable, after FIND_SECONDS at the latest.
        """
        session = self._session(session_id)
        if session is not None and session.watched and not session.is_behind(cursor):
            return session.run
        return await self.look_up(session_id)

    async def look_up(self, session_id: str) -> Run | None:
        """The newest run of this session id in Temporal. Raises Unreachable, as `find` does."""
        return await _in_time(self._lookups.newest(session_id))

    async def is_on(self, session_id: str, queue: str) -> bool:
        """Whether Temporal has it on this task queue. Raises Unreachable, as `find` does."""
        return await _in_time(self._lookups.is_on(session_id, queue))

    def admit(self, session_id: str) -> None:
        """Raise HubError when no reader of this session can be taken in."""
        if self.stopping.is_set():
            raise Stopping(SHUTTING_DOWN)
        if session_id not in self._channels and len(self._channels) >= MAX_CHANNELS:
            raise TooManySessions(f"the bridge holds {MAX_CHANNELS:,} sessions; try again later")

    @contextmanager
    def reading(self, session_id: str, run: Run | None) -> Iterator[tuple[Channel, int]]:
        """Keep the channel of a session id while one reader stays.

        Yields the channel, and the number of the last event sent by hand that the reader does not
        get. Raises HubError, as `admit` does.
        """
        channel = self._channel(session_id)
        if run is not None and channel.session is None:
            self._take_over(channel, run)
        hand_made_seen = channel.enter()
        self.counts.streams += 1
        try:
            if channel.session is None:
                channel.await_workflow(lambda: self._look_up_again(channel))
            yield channel, hand_made_seen
        finally:
            channel.leave()
            if not channel.readers and not channel.sessions:
                self._channels.pop(session_id, None)
                channel.stop_waiting()

    async def _look_up_again(self, channel: Channel) -> None:
        run = await self._lookups.newest(channel.id)
        if run is not None and channel.session is None:
            self._take_over(channel, run)

    async def check(self, session_id: str, run: Run, cursor: Cursor) -> None:
        """Refuse a cursor with something that the session has never had.

        Raises UnknownPlace once Temporal has shown that, and HubError. While it does not answer,
        the cursor may be right.
        """
        if cursor.place is None or not cursor.is_of(run.incarnation):
            return
        session = self._session_of(session_id, run)
        wrong = await session.what_never_was(cursor.place, FIND_SECONDS)
        if wrong is not None:
            raise UnknownPlace(f"{wrong}; read without a cursor from the beginning")

    async def _newest(self, post: ProducerPost) -> Run:
        """The newest run of the session id of a POST, by a lookup in Temporal. Raises HubError.

        A run that Temporal does not have is refused: an invented one would take over the
        subscribers that wait for the real one.
        """
        try:
            async with asyncio.timeout(FIND_SECONDS):
                newest = await self._lookups.newest_for(post.session_id, post.run_id)
        except TimeoutError:
            raise Unreachable("Temporal does not answer; try again later") from None
        if newest is None:
            raise UnknownRun(
                f"Temporal knows no workflow {post.session_id}: start it in the namespace that "
                "this bridge is connected to, and send this again"
            )
        return newest

    def _session_of(self, session_id: str, run: Run) -> Session:
        """The session of a run that a lookup has found, or of an even newer one."""
        return self._session(session_id) or self._take_over(self._channel(session_id), run)

    def _session(self, session_id: str) -> Session | None:
        channel = self._channels.get(session_id)
        return None if channel is None else channel.session

    def _take_over(self, channel: Channel, run: Run) -> Session:
        """The session of `run`, the newest run, which is now the session of its channel.

        A session goes through all runs of its stream by itself, so one of another stream is needed
        only for another incarnation. The session before it goes on for its readers.
        """
        session = channel.session_of(run.incarnation)
        if session is None:
            session = Session(self._shared, channel.id, run, channel.notifier)
        if session is not channel.session:
            self._stop(channel.take_over(session))
        return session

    def _channel(self, session_id: str, *, stray: bool = False) -> Channel:
        """The channel of a session id, made if there is none. Raises HubError.

        `stray`: neither a reader nor Temporal has asked for it, so anybody may have invented it.
        """
        self.admit(session_id)  # again: the hub may have stopped while the caller asked Temporal
        channel = self._channels.get(session_id)
        if channel is None:
            if stray and sum(one.stray for one in self._channels.values()) >= MAX_STRAY_CHANNELS:
                raise TooManySessions(
                    f"the bridge holds {MAX_STRAY_CHANNELS:,} sessions that nobody reads and "
                    "Temporal does not know; try again later"
                )
            channel = self._channels[session_id] = Channel(session_id)
        return channel

    def _found(self, session_id: str, run: Run) -> None:
        """A lookup has found the newest run: it takes over in a channel that has a session."""
        channel = self._channels.get(session_id)
        if channel is not None and channel.session is not None:
            self._take_over(channel, run)

    async def look_after(self) -> None:
        """Wake readers to check their deadlines, and forget what is idle, until cancelled."""
        while True:
            await asyncio.sleep(min(TICK_SECONDS, self.idle_timeout / 2))
            try:
                self._tick(now())
            except Exception:  # heartbeats and every limit depend on the next tick
                log.exception("looking after the sessions broke", extra=about("care_broke"))

    def _tick(self, moment: float) -> None:
        # Awaits nothing: a session takes seconds to stop while Temporal does not answer.
        for channel in list(self._channels.values()):
            self._stop(channel.remove_unread())
            if channel.readers:
                channel.notifier.notify()
            elif channel.idle(moment):
                self._channels.pop(channel.id)
                self._stop(channel.sessions)
        self._memory.make_room()

    def _stop(self, sessions: Iterable[Session]) -> None:
        """Stop sessions that are in no channel any more, each in a task of its own."""
        for session in sessions:
            stop = asyncio.create_task(session.stop())
            self._stops.add(stop)
            stop.add_done_callback(self._stops.discard)

    def _holders(self) -> Iterator[Holder]:
        for channel in self._channels.values():
            yield channel
            yield from channel.sessions

    def end_streams(self) -> None:
        """End every stream. Readers come back with their cursors, here or to another bridge."""
        self.stopping.set()
        for channel in self._channels.values():
            channel.notifier.notify()

    async def stop(self) -> None:
        """End the streams, make durable what is held, and end every task."""
        self.end_streams()
        for channel in self._channels.values():
            self._stop(channel.sessions)
        await asyncio.gather(*self._stops, return_exceptions=True)
        await self._lookups.stop()


@asynccontextmanager
async def running_hub(
    client: Client,
    *,
    signal_interval: float,
    signals_per_second: float,
    idle_timeout: float,
) -> AsyncIterator[Hub]:
    """A hub that runs while the block runs. Durations are seconds."""
    hub = Hub(
        client,
        signal_interval=signal_interval,
        signals_per_second=signals_per_second,
        idle_timeout=idle_timeout,
    )
    ticker = asyncio.create_task(hub.look_after())
    try:
        yield hub
    finally:
        ticker.cancel()
        await asyncio.gather(ticker, return_exceptions=True)
        await hub.stop()


async def _in_time(answer: Awaitable[T]) -> T:
    """What Temporal answers within FIND_SECONDS. Raises Unreachable."""
    try:
        async with asyncio.timeout(FIND_SECONDS):
            return await answer
    except TimeoutError:
        raise Unreachable("Temporal does not answer; try again later") from None
