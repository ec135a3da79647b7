"""One subscriber: a cursor over the shared log, and nothing else that grows.

It reads what is in memory, else the durable copy, else waits. A live event is shown only when the
cursor is its predecessor; whatever lies between is read back first. So an outage is never a gap.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Final

from kai_flow.bridge.channel import Channel
from kai_flow.bridge.errors import HubError
from kai_flow.bridge.hub import Hub
from kai_flow.bridge.readback import Part
from kai_flow.bridge.session import Session
from kai_flow.stream import control
from kai_flow.stream.attempt_window import Behind, Chunk, Lost
from kai_flow.stream.backoff import Backoff
from kai_flow.stream.clock import now
from kai_flow.stream.ids import START, Cursor, EventId
from kai_flow.stream.notifier import wait_for
from kai_flow.stream.progress import Liveness
from kai_flow.stream.run import Run
from kai_flow.stream.sse import (
    HEARTBEAT,
    RETRY,
    encode_control,
    encode_cursor,
    encode_done,
)

HEARTBEAT_SECONDS: Final = 15.0  # of silence, before a comment line
CHUNK_BYTES: Final = 64 * 1024  # of frames in one write
FIRST_PAUSE_SECONDS: Final = 0.05  # before reading again what Temporal does not show yet
LAST_PAUSE_SECONDS: Final = 1.0  # the longest such pause

_BACKOFF: Final = Backoff(FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS)


async def subscribe(
    hub: Hub, session_id: str, cursor: Cursor | None, run: Run | None
) -> AsyncIterator[bytes]:
    """The frames of one subscriber, from after `cursor` until `done` or the idle timeout.

    `run` is the newest run of the session, if there is one yet.
    """
    with ExitStack() as stay:
        try:
            channel, hand_made_seen = stay.enter_context(hub.reading(session_id, run))
        except HubError:
            return  # the hub filled up or stopped after `admit`: the reader comes back by itself
        yield RETRY if cursor is None else RETRY + encode_cursor(cursor)
        async for frames in _Subscriber(hub, channel, hand_made_seen, cursor).frames():
            yield frames


class _Subscriber:
    """The state of one stream.

    Races: while this task waits, or writes to a slow socket, POSTs, reads and the close of the
    workflow change the state that it reads. Two rules make that harmless. The task takes the
    notifier's next event *before* it reads the state, so a later change wakes it. And it judges the
    result of a read by what the read recorded (`Part`), not by the session's state afterwards.
    """

    def __init__(
        self, hub: Hub, channel: Channel, hand_made_seen: int, cursor: Cursor | None
    ) -> None:
        self._hub = hub
        self._channel = channel
        self._cursor = cursor  # of the request
        self._hand_made = hand_made_seen  # number of the last event sent by hand that was shown
        self._over = False  # the stream ends here
        self._liveness: Liveness | None = None  # as it was shown last
        self._part: Part | None = None  # the result of the last read back
        self._written_at = self._event_at = now()  # last frame; last frame of an event

    async def frames(self) -> AsyncIterator[bytes]:
        """The frames after the first ones: until there is a session, and then of that session."""
        while (session := self._channel.session) is None:
            notified = self._channel.notifier.next
            if frames := self._aside():
                yield frames
            elif not self._over:
                await wait_for(notified)
            if self._over:
                return
        position = START
        session.attend()  # before any await: a session with a reader is not forgotten
        try:
            if self._cursor is not None:
                if self._cursor.incarnation not in (None, session.run.incarnation):
                    yield encode_control(control.reset())
                elif self._cursor.position is None:
                    return  # this reader has had `done`: its next request gets 204
                else:
                    position = self._cursor.position
            async for frames in self._read(session, position):
                yield frames
        finally:
            session.leave()

    async def _read(self, session: Session, position: EventId) -> AsyncIterator[bytes]:
        asked = False  # Temporal was asked what is durable, which no POST has shown here yet
        misses = 0  # reads in a row that brought nothing
        while not self._ending(session):
            notified = session.notifier.next
            part = self._at_hand(session, position)
            if isinstance(part, Chunk):
                position = part.next
                yield self._event(b"".join(part.frames))
                continue
            behind = isinstance(part, Behind) or session.outcome is not None
            if behind or (session.log.current is None and not asked):
                async for frames in self._read_back(session, position):
                    yield frames
                read = self._part
                if read is not None and (read.page.events or read.page.gap):
                    position, misses = max(position, read.page.next), 0
                    yield self._event(session.encode(read.page))
                    continue
                if read is not None and read.final and session.outcome is not None:
                    lost = _gap(position, None) if session.lacks_rest(read) else b""
                    yield lost + encode_done(session.outcome.data, session.run.incarnation)
                    return
                asked = read is not None
                behind = behind or not asked
                misses += 1
            if frames := self._status(session) or self._aside():
                yield frames
            elif behind and not self._over:
                await self._rest(session, _BACKOFF.pause(misses))
            elif not self._over:
                await wait_for(notified)

    def _ending(self, session: Session) -> bool:
        """Whether the stream ends here, without `done`."""
        return self._over or session.ends_without_done

    def _at_hand(self, session: Session, position: EventId) -> Chunk | Behind | None:
        """What memory has for this reader, or a gap for live-only events that it has no more.

        A closed session is what its history holds, whatever else was POSTed at its end. Only
        live-only events are still shown from memory then.
        """
        if session.outcome is not None and not session.log.is_past_stored(position):
            return None
        part = session.log.read(position, CHUNK_BYTES)
        if isinstance(part, Lost):
            return Chunk((_gap(position, part.before),), part.next)
        return part

    async def _read_back(self, session: Session, position: EventId) -> AsyncIterator[bytes]:
        """Read the next page into `_part`, and meanwhile yield other frames: Temporal may hang."""
        self._part = None
        reading = asyncio.ensure_future(session.durable.read(position))
        try:
            while not (reading.done() or self._ending(session)):
                notified = session.notifier.next
                if frames := self._status(session) or self._aside():
                    yield frames
                elif not self._over:
                    waking = asyncio.ensure_future(notified.wait())
                    await asyncio.wait([reading, waking], return_when=asyncio.FIRST_COMPLETED)
                    waking.cancel()
            if reading.done():
                self._part = reading.result()
        finally:
            reading.cancel()

    async def _rest(self, session: Session, seconds: float) -> None:
        """Pause, for each pause is followed by a call to Temporal; only the end cuts it short."""
        until = now() + seconds
        while (
            not (self._hub.stopping.is_set() or session.ends_without_done)
            and (left := until - now()) > 0
        ):
            await wait_for(session.notifier.next, left)

    def _status(self, session: Session) -> bytes:
        """A `status` event, if the liveness has changed since the last one."""
        liveness = session.liveness
        if liveness == self._liveness:
            return b""
        self._liveness, self._written_at = liveness, now()
        return b"" if liveness is None else encode_control(control.status(liveness))

    def _aside(self) -> bytes:
        """Frames beside the session's events: what was sent by hand, a heartbeat, a timeout."""
        moment = now()
        self._over = self._hub.stopping.is_set()
        if hand_made := self._by_hand():
            return self._event(hand_made)
        if moment - self._event_at >= self._hub.idle_timeout:
            self._over = True
            return encode_control(control.idle_timeout())
        if moment - self._written_at >= HEARTBEAT_SECONDS:
            self._written_at = moment
            return HEARTBEAT
        return b""

    def _by_hand(self) -> bytes:
        """The frames of the events sent by hand that this reader has not been sent."""
        new, self._hand_made = self._channel.hand_made(self._hand_made), self._channel.shown
        return b"".join(new)

    def _event(self, frames: bytes) -> bytes:
        """Frames of events, about to be written."""
        self._written_at = self._event_at = now()
        return frames


def _gap(after: EventId, before: EventId | None) -> bytes:
    return encode_control(control.gap(after, before))
