"""Bridges: a real hub in a process of its own, with the routes' few lines around it."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from functools import partial
from random import Random
from typing import Any, Final, cast

import msgspec
from temporalio.client import Client

from kai_flow.bridge.at_once import at_once
from kai_flow.bridge.errors import HubError, RealSession, UnknownPlace, Unreachable
from kai_flow.bridge.hub import Hub
from kai_flow.bridge.subscription import subscribe
from kai_flow.stream import attempt_window
from kai_flow.stream.attempt_window import Full, Missing, Stale, Taken
from kai_flow.stream.callback import HandMade, ProducerPost, decode_post, encode_answer
from kai_flow.stream.errors import InvalidId, StreamError
from kai_flow.stream.ids import EventId
from kai_flow.stream.list_form import SEND_ALONE, decode_list, encode_replies
from kai_flow.stream.place import Cursor
from tests.simulation.client import TemporalClient
from tests.simulation.crowd import Other
from tests.simulation.loop import Flag, Process, now
from tests.simulation.neighbours import NEIGHBOURS, session_of
from tests.simulation.oracle import Oracle
from tests.simulation.stranger import Answer

SOCKET_BYTES: Final = 16 * 1024  # what a connection holds for a reader that does not read
SLOW_WRITES: Final = 0.3  # share of the writes that a slow socket holds up
FOREIGN_SERVERS: Final = 4  # of so many connections of a reader, one is to a server without sinks


class Socket:
    """How long a reader's socket keeps the bridge from going on after a frame, whichever it is."""

    def __init__(self, seconds: float, random: Random) -> None:
        self._seconds, self._random = seconds, random

    def hold(self) -> float:
        """Seconds until the bridge may go on."""
        if not self._seconds or self._random.random() >= SLOW_WRITES:
            return 0.0
        return self._random.uniform(0.0, self._seconds)


class Connection:
    """One stream: what the bridge writes until the reader takes it."""

    def __init__(self, number: int, socket: Socket | None = None) -> None:
        self.number = number
        self.boot_id = ""  # of the process that serves it
        self.status: int | None = None  # once the bridge has answered; 0: it never will
        self.ended = False  # nothing more will come
        self.broken = False  # it was not the bridge that ended it
        self.changed = Flag()
        self._socket = socket
        self._held: list[bytes] = []
        self._bytes = 0
        self._full_until = 0.0  # its socket takes nothing

    def open(self, status: int) -> None:
        """The bridge answers."""
        self.status = self.status or status
        self.changed.change()

    def end(self, *, broken: bool = False) -> None:
        """Either side, or the network, ends it."""
        self.broken = self.broken or (broken and not self.ended)
        self.ended = True
        self.open(0)

    @property
    def has_room(self) -> bool:
        """Whether it takes more at once."""
        return self._bytes < SOCKET_BYTES and now() >= self._full_until

    def put(self, frames: bytes) -> None:
        """The bridge writes."""
        self._held.append(frames)
        self._bytes += len(frames)
        self.changed.change()
        if self._socket is not None and (seconds := self._socket.hold()):
            self._full_until = now() + seconds

    async def write(self, frames: bytes) -> None:
        """The bridge writes, and waits while the reader does not read or its socket is slow."""
        await self._drained()
        self.put(frames)
        await self._drained()

    async def _drained(self) -> None:
        await self.changed.until(lambda: self._bytes < SOCKET_BYTES or self.ended)
        if now() < self._full_until:
            await self.changed.until(lambda: self.ended, self._full_until - now())

    async def read(self) -> bytes:
        """The reader reads what there is; nothing at the end."""
        await self.changed.until(lambda: bool(self._held) or self.ended)
        frames = b"".join(self._held)
        self._held.clear()
        self._bytes = 0
        self.changed.change()
        return frames


def bare(frames: bytes) -> bytes:
    """No framing."""
    return frames


class Sink:
    """Takes frames for a connection, past the task that serves it."""

    framing = staticmethod(bare)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def open(self) -> bool:
        """Whether it takes frames now."""
        return self._connection.has_room and not self._connection.ended

    @property
    def ready(self) -> bool:
        """Whether it is open: nothing that the task has sent waits before it."""
        return self.open

    def write(self, framed: bytes) -> None:
        """Hand them to the connection."""
        self._connection.put(framed)


class Bridge:
    """One replica, through its restarts."""

    def __init__(
        self,
        number: int,
        *,
        oracle: Oracle,
        client: Callable[[Process], TemporalClient],
        signal_interval: float,
        signals_per_second: float,
        idle_timeout: float,
        takes_lists: Callable[[], bool],
        crowd: int,
    ) -> None:
        self.number = number
        self.takes_lists = False  # of this boot: an older version may take its place
        self.boots = 0
        self.process = Process(f"bridge {number}")
        self.process.alive = False
        self._oracle, self._client = oracle, client
        self._draw_version = takes_lists
        self._crowd = crowd
        self._times = {
            "signal_interval": signal_interval,
            "signals_per_second": signals_per_second,
            "idle_timeout": idle_timeout,
        }
        self._connections: dict[Connection, asyncio.Task[Any]] = {}
        self.hub: Hub

    def boot(self) -> None:
        """A new process with an empty memory."""
        self.crash()
        self.boots += 1
        self.takes_lists = self._draw_version()
        self.process = Process(f"bridge {self.number}")
        client = cast("Client", self._client(self.process))
        self.hub = Hub(client, boot_id=f"{self.number:x}-{self.boots:x}", **self._times)
        self.process.start(self.hub.look_after())
        sending = partial(self._oracle.sending, self.process)
        for number in range(self._crowd):
            dice = Random(f"{self.hub.boot_id}/{number}/crowd")
            self.process.start(Other(self.hub._shared.turns, dice, sending).signal())
        self._oracle.note("boot", self.hub.boot_id)

    def crash(self) -> None:
        """SIGKILL."""
        self.process.kill()
        for connection in list(self._connections):
            connection.end(broken=True)
        self._connections.clear()

    async def leave(self) -> None:
        """SIGTERM: refuse, flush, end the streams; then go."""
        if self.process.alive:
            process = self.process
            self.hub.end_streams()
            await asyncio.wait([process.start(self.hub.stop())])
            if self.process is process:
                self.crash()

    async def receive(
        self, session_id: str, body: bytes, *, outsider: bool = False
    ) -> Answer | None:
        """One POST; None when the bridge dies over it."""
        if not self.process.alive:
            return None
        is_list = body.startswith(b"[")
        work = self.process.start(
            self._receive_list(body)
            if is_list
            else self._receive(session_id, body, outsider=outsider)
        )
        await asyncio.wait([work])
        return None if work.cancelled() else work.result()

    async def _receive_list(self, body: bytes) -> Answer:
        if not self.takes_lists:  # an older version, or what stands before it
            thanks = Answer(200, b"<html>thank you</html>")
            return thanks if self.boots % 2 else Answer(400, b'{"detail":"no callback"}')
        try:
            documents = decode_list(body)
        except StreamError:
            return Answer(400, b"{}")
        answers = await at_once(
            self._receive(session_of(document), document) for document in documents
        )
        replies = [SEND_ALONE if answer is None else answer.reply() for answer in answers]
        return Answer(200, encode_replies(replies))

    async def _receive(self, session_id: str, body: bytes, *, outsider: bool = False) -> Answer:
        if session_id in NEIGHBOURS:
            return await self._refuse(session_id, body)
        try:
            post = decode_post(body)
            if isinstance(post, HandMade):
                number = EventId(0, 0, await self.hub.receive_by_hand(post))
                return Answer(200, self._answer(number, EventId(0, 0, 0)))
            assert post.session_id == session_id
            answer = await self.hub.receive(post)
        except (StreamError, RealSession) as error:
            if not outsider:
                self._oracle.violated(f"a producer's POST is refused: {error}")
            return Answer(400, b"{}")
        except HubError:
            return Answer(503, b'{"detail":"Temporal does not answer"}', {"Retry-After": "1"})
        if _is_let_in(post, answer):
            self._oracle.let_in(self.hub.boot_id, post.run_id, post.base)
        told = self._told(answer)
        if not outsider:
            self._oracle.answered(post, told.status, msgspec.json.decode(told.body))
        return told

    def _told(self, answer: attempt_window.Answer) -> Answer:
        match answer:
            case Taken(received, durable, pace=pace):
                return Answer(200, self._answer(received, durable, pace))
            case Missing(expected):
                return Answer(409, msgspec.json.encode({"expected": str(expected)}))
            case Stale():
                return Answer(410, msgspec.json.encode({"bridge": self.hub.boot_id}))
            case Full():
                return Answer(429, b'{"detail":"too many events wait"}', {"Retry-After": "1"})

    def _answer(self, received: EventId, durable: EventId, pace: float = 0.0) -> bytes:
        lists = self.takes_lists
        return encode_answer(received, durable, self.hub.boot_id, pace, lists=lists)

    async def _refuse(self, neighbour: str, body: bytes) -> Answer:
        """What a session gets that no workflow has; the answer names it."""
        status = 200
        try:
            post = decode_post(body)
            assert isinstance(post, ProducerPost)
            await self.hub.receive(post)
        except StreamError:
            status = 400
        except HubError:
            status = 503
        return Answer(status, msgspec.json.encode({"of": neighbour}))

    def stream(
        self,
        session_id: str,
        cursor: str | None,
        connection: Connection,
        *,
        unnamed: bool = False,
    ) -> None:
        """One reader's request; `unnamed` is `?event=message`."""
        if not self.process.alive:
            connection.end(broken=True)
            return
        connection.boot_id = self.hub.boot_id
        work = self.process.start(self._stream(session_id, cursor, connection, plain=unnamed))
        self._connections[connection] = work

    def drop(self, connection: Connection) -> None:
        """The bridge notices that a reader has gone."""
        work = self._connections.pop(connection, None)
        if work is not None:
            work.cancel()

    async def _stream(
        self, session_id: str, text: str | None, connection: Connection, *, plain: bool
    ) -> None:
        try:
            cursor = Cursor.parse(text) if text else None
            try:
                run = await self.hub.find(session_id, cursor)
            except Unreachable:
                run = None  # an outage is a stream that waits
            if run is not None and cursor is not None and cursor.is_end_of(run.incarnation):
                connection.open(204)
                return
            self.hub.admit(session_id)
            if run is not None and cursor is not None:
                await self.hub.check(session_id, run, cursor)
            connection.open(200)
            sink = None if connection.number % FOREIGN_SERVERS == 0 else Sink(connection)
            stream = subscribe(self.hub, session_id, cursor, run, plain=plain, sink=sink)
            async with aclosing(stream) as frames:
                async for frame in frames:
                    await connection.write(frame)
        except (InvalidId, UnknownPlace):
            connection.open(400)
        except HubError:
            connection.open(503)
        except Exception as error:  # noqa: BLE001  anything else is a finding
            self._oracle.violated(f"a stream broke: {error!r}")
        finally:
            connection.end()
            self._connections.pop(connection, None)


def _is_let_in(post: ProducerPost, answer: attempt_window.Answer) -> bool:
    """Whether a bridge has let in the attempt of a POST, if only to ask for more of it."""
    if isinstance(answer, Taken):
        return answer.held or answer.received >= post.base
    return isinstance(answer, Missing)
