"""One subscriber: a reader of the session's log, and nothing else that grows.

It reads what is in memory, else the durable copy, else waits. The log shows an event only when
everything before it was shown, and a reader has to have what comes before the log: it is read back
first. So an outage is never a gap.

While it has everything, it is one of the session's live readers, and a loop writes to its sink for
all of them (see `broadcast`). That spares most of the work, and changes nothing of what it gets.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import ExitStack
from typing import Final

from kai_flow.bridge.admission import ANYBODY, Admission
from kai_flow.bridge.broadcast import Broadcast
from kai_flow.bridge.channel import Channel
from kai_flow.bridge.errors import HubError
from kai_flow.bridge.hub import Hub
from kai_flow.bridge.live_readers import (
    Limits,
    LiveReader,
    LiveReaders,
    Position,
    Present,
    Style,
)
from kai_flow.bridge.session import Session
from kai_flow.bridge.sink import Sink
from kai_flow.stream import control
from kai_flow.stream.backoff import Backoff
from kai_flow.stream.clock import now
from kai_flow.stream.log_reader import Behind, Chunk, LogReader
from kai_flow.stream.notifier import wait_for
from kai_flow.stream.place import NOWHERE, Cursor
from kai_flow.stream.progress import Liveness
from kai_flow.stream.run import Run
from kai_flow.stream.sse import (
    HEARTBEAT,
    RETRY,
    encode_control,
    encode_cursor,
    encode_done,
    unnamed,
)
from kai_flow.stream.wire_names import GAP

HEARTBEAT_SECONDS: Final = 15.0  # of silence, before a comment line
CHUNK_BYTES: Final = 64 * 1024  # of frames in one write
FIRST_PAUSE_SECONDS: Final = 0.05  # before reading again what Temporal does not show yet
LAST_PAUSE_SECONDS: Final = 1.0  # the longest such pause

_GAP: Final = f"event: {GAP}\n".encode()  # begins the frame of each gap
_BACKOFF: Final = Backoff(FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS)


async def subscribe(
    hub: Hub,
    session_id: str,
    cursor: Cursor | None,
    run: Run | None,
    *,
    admission: Admission = ANYBODY,
    plain: bool = False,
    sink: Sink | None = None,
) -> AsyncGenerator[bytes, None]:
    """The frames of one subscriber, from after `cursor` until `done` or the idle timeout.

    `run` is the newest run of the session that `admission` shows, if there is one yet. `plain`:
    frames have no `event:` line. `sink`: takes most frames; those that are yielded belong between
    them, where they come.
    """
    with ExitStack() as stay:
        try:
            channel, hand_made_seen = stay.enter_context(hub.reading(session_id, run))
        except HubError:
            return  # the hub filled up or stopped after `admit`: the reader comes back by itself
        yield RETRY if cursor is None else RETRY + encode_cursor(cursor)
        subscriber = _Subscriber(hub, channel, hand_made_seen, cursor, admission)
        if sink is not None:
            subscriber.write_to(sink, plain=plain)
        async for frames in subscriber.frames():
            yield unnamed(frames) if plain else frames
        if subscriber.expired:
            yield _token_expired(plain=plain)


async def expired(cursor: Cursor | None, *, plain: bool = False) -> AsyncGenerator[bytes, None]:
    """The frames of a subscriber whose token has expired: it learns that, and nothing else."""
    yield RETRY if cursor is None else RETRY + encode_cursor(cursor)
    yield _token_expired(plain=plain)


def _token_expired(*, plain: bool) -> bytes:
    frame = encode_control(control.token_expired())
    return unnamed(frame) if plain else frame


class _Subscriber:
    """The state of one stream.

    Races: while this task waits, or writes to a slow socket, POSTs, reads and the close of the
    workflow change the state that it reads. Two rules make that harmless. The task takes the
    notifier's next event *before* it reads the state, so a later change wakes it. And it awaits
    nothing between a look at the log and the end of the stream: what it has seen is still so.
    """

    def __init__(
        self,
        hub: Hub,
        channel: Channel,
        hand_made_seen: int,
        cursor: Cursor | None,
        admission: Admission,
    ) -> None:
        self._hub = hub
        self._channel = channel
        self._cursor = cursor  # of the request
        self._admission = admission
        self._hand_made = hand_made_seen  # number of the last event sent by hand that was shown
        self._over = False  # the stream ends here
        self.expired = False  # and it ends because the token of its reader has expired
        self._liveness: Liveness | None = None  # as it was shown last
        self._misses = 0  # reads back in a row that brought nothing
        self._written_at = self._event_at = now()  # last frame; last frame of an event
        self._sink: Sink | None = None
        self._style: Style | None = None

    def write_to(self, sink: Sink, *, plain: bool) -> None:
        """Use this sink whenever nothing but new entries of the log is to be written."""
        self._sink, self._style = sink, Style(sink.framing, plain)

    async def frames(self) -> AsyncGenerator[bytes, None]:
        """The frames after the first ones: until there is a session, and then of that session."""
        while (session := self._admission.shows(self._channel.session)) is None:
            notified = self._channel.notifier.next
            if frames := self._aside():
                yield frames
            elif not self._over:
                await wait_for(notified)
            if self._over:
                return
        place = NOWHERE
        session.attend()  # before any await: a session with a reader is not forgotten
        try:
            if self._cursor is not None:
                if not self._cursor.is_of(session.run.incarnation):
                    yield encode_control(control.reset())
                elif self._cursor.place is None:
                    return  # this reader has had `done`: its next request gets 204
                else:
                    place = self._cursor.place
            async for frames in self._read(session, session.log.reader(place)):
                yield frames
        finally:
            session.leave()

    async def _read(self, session: Session, reader: LogReader) -> AsyncGenerator[bytes, None]:
        replays = True  # what it is given first is what it lacked when it came
        while not self._ending(session):
            notified = session.notifier.next
            part = reader.read(CHUNK_BYTES) if session.log.begun else None
            if isinstance(part, Chunk):
                self._hub.counts.replays["memory"] += replays
                replays = False
                yield self._event(b"".join(part.frames))
                # While the socket takes everything at once, nothing else makes this task wait.
                await asyncio.sleep(0)
                continue
            replays = replays and part is None and not session.log.begun
            if part is None and session.outcome is not None:
                yield encode_done(session.outcome.data, session.run.incarnation)
                return
            if isinstance(part, Behind):
                async for frames in self._read_back(session, reader):
                    yield frames
                if self._over or not self._misses:
                    continue
            if frames := self._status(session) or self._aside():
                yield frames
            elif isinstance(part, Behind) and not self._over:
                await self._rest(session, _BACKOFF.pause(self._misses))
            elif not self._over:
                await (self._live(session, reader) or wait_for(notified))

    def _live(self, session: Session, reader: LogReader) -> Awaitable[None] | None:
        """Be a live reader, if it can be one now, until it falls out."""
        mark = reader.live_mark if session.log.begun else None
        if mark is None or self._sink is None or self._style is None or not self._sink.ready:
            return None
        if session.broadcast is None:
            session.broadcast = _broadcast(self._hub, self._channel, session)
        position = Position(
            mark,
            self._style,
            self._liveness,
            self._hand_made,
            self._written_at,
            self._event_at,
        )
        live = LiveReader(self._sink, position, self._admission.until)
        return self._serve(session.broadcast, reader, live)

    async def _serve(self, broadcast: Broadcast, reader: LogReader, live: LiveReader) -> None:
        await broadcast.serve(live)
        position = live.position
        reader.go_on(position.mark)
        self._written_at, self._event_at = position.written_at, position.event_at
        self._liveness = position.liveness
        if live.failure is not None:
            raise live.failure

    def _ending(self, session: Session) -> bool:
        """Whether the stream ends here, without `done`."""
        return self._expires() or self._over or session.ends_without_done

    def _expires(self) -> bool:
        """Whether its token has expired: the stream ends here, whatever there is to read."""
        if self._admission.over:
            self._over = self.expired = True
        return self.expired

    async def _read_back(self, session: Session, reader: LogReader) -> AsyncGenerator[bytes, None]:
        """Read back what comes next, and meanwhile yield other frames: Temporal may hang."""
        run_id = session.run.run_id
        reading = asyncio.ensure_future(session.stored.read(reader.place))
        try:
            while not (reading.done() or self._ending(session)):
                notified = session.notifier.next
                if frames := self._status(session) or self._aside():
                    yield frames
                elif not self._over:
                    waking = asyncio.ensure_future(notified.wait())
                    await asyncio.wait([reading, waking], return_when=asyncio.FIRST_COMPLETED)
                    waking.cancel()
            whole = reading.done() and not (self._expires() or self._over)
            source, place = reading.result() if whole else None, reader.place
            if run_id != session.run.run_id:
                source = None  # it may rely on what the log knew of the run before
            if source is not None and (frames := session.frames.of(reader, source)):
                yield self._event(frames)
            # What Temporal has may be ahead of the tail: then the reader is told nothing yet.
            self._misses = self._misses + 1 if source is None or reader.place == place else 0
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
        """A `status` event, if the status has changed since the last one."""
        liveness = session.liveness
        if liveness == self._liveness:
            return b""
        self._liveness, self._written_at = liveness, now()
        return b"" if liveness is None else encode_control(control.status(liveness))

    def _aside(self) -> bytes:
        """Frames beside the session's events: what was sent by hand, a heartbeat, a timeout."""
        moment = now()
        self._over = self._hub.stopping.is_set()
        if self._expires():
            return b""
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
        """The frames of the events sent by hand that this reader has not been sent.

        They are of nobody's organisation, so a reader that is bound to one gets none.
        """
        new, self._hand_made = self._channel.hand_made(self._hand_made), self._channel.shown
        return b"" if self._admission.queue is not None else b"".join(new)

    def _event(self, frames: bytes) -> bytes:
        """Frames of events, about to be written."""
        self._hub.counts.gaps += frames.count(_GAP)
        self._written_at = self._event_at = now()
        return frames


def _broadcast(hub: Hub, channel: Channel, session: Session) -> Broadcast:
    """The loop that serves the live readers of a session."""

    def present() -> Present:
        return Present(
            now(),
            session.liveness,
            channel.shown,
            over=hub.stopping.is_set() or session.ends_without_done,
            closed=session.outcome is not None,
        )

    readers = LiveReaders(session.log, Limits(HEARTBEAT_SECONDS, hub.idle_timeout, CHUNK_BYTES))
    what = f"broadcast of session {session.id}"
    written = hub.counts.write_seconds
    return Broadcast(what, readers, session.notifier, present, written)
