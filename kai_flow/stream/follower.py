"""`follow`: reads a session to its end, from a bridge or directly from Temporal.

    async for event_id, event in follow("http://localhost:8092", "session-1"):
        ...

It survives every outage that the session survives: it reconnects by itself with the last id that it
has read, and ends after `done`. To continue later, or from the other source, pass the last
`event_id` as `after`.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import quote

import httpx
import msgspec
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from kai_flow.stream import control
from kai_flow.stream.backoff import Backoff
from kai_flow.stream.clock import now
from kai_flow.stream.direct import direct_http, network_errors, require_url
from kai_flow.stream.errors import StreamError
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import START, Cursor, EventId
from kai_flow.stream.liveness import liveness_to_show, observe
from kai_flow.stream.names import DONE
from kai_flow.stream.outcome import Outcome, wait_for_outcome
from kai_flow.stream.progress import LIVENESS_SECONDS, Liveness
from kai_flow.stream.run import Run, find_run
from kai_flow.stream.sse import Decoder
from kai_flow.stream.supervised import retried
from kai_flow.stream.tail import HistoryTail

log = logging.getLogger(__name__)

T = TypeVar("T")

FIRST_PAUSE_SECONDS: Final = 0.2  # before the second try
LAST_PAUSE_SECONDS: Final = 5.0  # the longest pause
SILENCE_SECONDS: Final = 60.0  # four heartbeats of the bridge are missing: reconnect


class Followed(NamedTuple):
    """One event, and the cursor after it."""

    id: str | None
    """None for control events and for events sent by hand."""
    event: dict[str, Any]


class StreamLostError(StreamError):
    """The stream cannot be read any further, and the message tells why. The session continues."""

    code = "stream_lost"


async def follow(
    source: str | Client,
    session_id: str,
    *,
    after: str | None = None,
    give_up_after: float | None = None,
    on_outage: Callable[[], None] = lambda: None,
) -> AsyncGenerator[Followed, None]:
    """The events of a session after the cursor `after`, each once and in order, then `done`.

    `source` is the base URL of a bridge, or a Temporal client. If the session does not exist yet,
    it is waited for. If a later attempt replaces an earlier one, the events of both are yielded;
    `started` of the later one tells to discard the earlier ones.

    From Temporal, events are yielded as they become durable. Live-only events, which a session
    sends beyond its storage limit, are shown by a bridge only, while the session runs.

    `on_outage` is called when a bridge stops answering. After `give_up_after` seconds without an
    answer (None: never), StreamLostError is raised. It is also raised when the source refuses the
    stream. Raises InvalidId at once for a cursor that cannot be parsed, and InvalidUrl for a base
    URL at which nothing can be reached.
    """
    cursor = None if after is None else Cursor.parse(after)
    if isinstance(source, str):
        require_url(source, "the bridge's address", "http://localhost:8092")
        bridge = _Bridge(source.rstrip("/"), session_id, cursor)
        events = _from_bridge(bridge, give_up_after, on_outage)
    else:
        events = _from_temporal(source, session_id, cursor)
    async with aclosing(events):
        async for event in events:
            yield event


class _Bridge:
    """The stream of one session on a bridge, and how far it has been read."""

    def __init__(self, base_url: str, session_id: str, cursor: Cursor | None) -> None:
        self.base_url = base_url
        self.session_id = session_id
        self.last_id = None if cursor is None else str(cursor)
        self.ended = False  # `done` was read
        self.answered = False  # the bridge has answered the last request
        self.http = direct_http(httpx.Timeout(10.0, read=SILENCE_SECONDS))

    async def read(self) -> AsyncGenerator[Followed, None]:
        """Yield events until the connection ends.

        Raises httpx.RequestError when another try may help, and StreamLostError when it cannot.
        """
        url = f"{self.base_url}/stream/{quote(self.session_id, safe='')}"
        headers = {} if self.last_id is None else {"Last-Event-ID": self.last_id}
        async with self.http.stream("GET", url, headers=headers) as response:
            self.ended = response.status_code == httpx.codes.NO_CONTENT
            if self.ended:
                return
            await self._require_stream(response)
            self.answered = True
            decoder = Decoder()
            async for text in response.aiter_text():
                for message in decoder.feed(text):
                    self.last_id = message.id or self.last_id
                    if message.data:
                        event = self._event(message.data)
                        self.ended = event.get("type") == DONE
                        yield Followed(message.id, event)
                        if self.ended:
                            return

    def _event(self, data: str) -> dict[str, Any]:
        try:
            return msgspec.json.decode(data, type=dict[str, Any])
        except msgspec.MsgspecError:
            raise StreamLostError(
                f"what answers at {self.base_url} is not a bridge of KAI Flow"
            ) from None

    async def _require_stream(self, response: httpx.Response) -> None:
        kind = response.headers.get("content-type", "")
        if response.is_success and kind.startswith("text/event-stream"):
            return
        if response.is_success:
            raise StreamLostError(f"what answers at {self.base_url} is not a bridge of KAI Flow")
        if response.is_server_error or response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise httpx.RemoteProtocolError(f"the bridge answers {response.status_code}")
        await response.aread()
        try:
            why = str(response.json()["detail"])
        except (ValueError, KeyError, TypeError):
            why = f"status {response.status_code}"
        raise StreamLostError(f"the bridge at {self.base_url} refuses the stream: {why}")


async def _from_bridge(
    bridge: _Bridge, give_up_after: float | None, on_outage: Callable[[], None]
) -> AsyncGenerator[Followed, None]:
    tries = 0  # connections since the last event
    failing_since: float | None = None
    async with bridge.http:
        while not bridge.ended:
            bridge.answered = False
            try:
                with network_errors():
                    async with aclosing(bridge.read()) as events:
                        async for event in events:
                            tries = 0
                            yield event
            except httpx.RequestError as error:
                log.info("session %s: reconnecting: %r", bridge.session_id, error)
                if bridge.answered or failing_since is None:
                    failing_since = now()
                    on_outage()
                if give_up_after is not None and now() - failing_since >= give_up_after:
                    why = f"has not answered for {give_up_after:.0f} s"
                    raise StreamLostError(f"the bridge at {bridge.base_url} {why}") from None
            else:
                failing_since = None
            if not bridge.ended:
                tries += 1
                await asyncio.sleep(_backoff().pause(tries))


async def _from_temporal(
    client: Client, session_id: str, cursor: Cursor | None
) -> AsyncGenerator[Followed, None]:
    while True:
        run = await _find(client, session_id)
        position = START
        if cursor is not None:
            if cursor.is_end_of(run.incarnation):
                return
            if cursor.incarnation not in (None, run.incarnation) or cursor.position is None:
                yield Followed(None, control.reset())
            else:
                position = cursor.position
        last: str | None = None
        async with aclosing(_from_run(client, session_id, run, position)) as events:
            async for event in events:
                last = event.id or last
                yield event
        if last is not None:
            cursor = Cursor.parse(last)
            if cursor.position is None:
                return


async def _from_run(
    client: Client, session_id: str, run: Run, position: EventId
) -> AsyncGenerator[Followed, None]:
    """The events of one run after `position`, and `done` if the session ended with it.

    The next page is read in a task of its own, because that may be a long poll. Meanwhile changes
    of the liveness are yielded. Each `position` is later than the one before: the fold accepts only
    growing ids, so nothing is yielded twice.
    """
    tail = HistoryTail(client, session_id, run.run_id)
    while not tail.ended:
        reading = asyncio.create_task(_read(tail, session_id))
        try:
            async with aclosing(
                _liveness_changes(client, session_id, run.run_id, until=reading)
            ) as changes:
                async for liveness in changes:
                    yield Followed(None, control.status(liveness))
        finally:
            await _end_task(reading)
        for event in reading.result():
            if event.id > position:
                if event.id.producer > position.producer and tail.fold.unstored_after(position):
                    yield Followed(None, control.gap(position, event.id))
                position = event.id
                yield Followed(str(Cursor(position, run.incarnation)), event.decode())
    outcome = await _end(client, session_id, run.run_id)
    if outcome is not None:
        if tail.fold.unstored_after(position):
            yield Followed(None, control.gap(position, None))
        yield Followed(str(Cursor(None, run.incarnation)), msgspec.json.decode(outcome.data))


async def _liveness_changes(
    client: Client, session_id: str, run_id: str, *, until: asyncio.Task[Any]
) -> AsyncGenerator[Liveness, None]:
    """The changes of a session's liveness, until the task `until` is done."""
    shown: Liveness | None = None
    while not (await asyncio.wait({until}, timeout=LIVENESS_SECONDS))[0]:
        observing = asyncio.create_task(observe(client, session_id, run_id))
        try:
            await asyncio.wait({until, observing}, return_when=asyncio.FIRST_COMPLETED)
            if until.done():
                return
            liveness = liveness_to_show(observing.result(), shown)
        except RPCError as error:
            log.info("session %s: its liveness is unknown: %s", session_id, error.message)
            continue
        finally:
            await _end_task(observing)
        if liveness is not None and liveness != shown:
            yield liveness
        shown = liveness


async def _end_task(task: asyncio.Task[Any]) -> None:
    """Cancel a task, unless it is done, and wait for its end."""
    task.cancel()
    await asyncio.wait({task})


async def _read(tail: HistoryTail, session_id: str) -> list[NumberedEvent]:
    """The next durable events; an empty list at the end. Waits for Temporal to be back."""
    while not tail.ended:
        if events := await _until_answered(session_id, tail.read):
            return events
    return []


async def _end(client: Client, session_id: str, run_id: str) -> Outcome | None:
    """How the session ended, or None after a reset. Waits for Temporal to be back."""
    return await _until_answered(session_id, lambda: wait_for_outcome(client, session_id, run_id))


async def _find(client: Client, session_id: str) -> Run:
    """The newest run; waits until there is one."""
    return await _until_answered(
        session_id, lambda: find_run(client, session_id), expected=RPCStatusCode.NOT_FOUND
    )


async def _until_answered(
    session_id: str, call: Callable[[], Awaitable[T]], expected: RPCStatusCode | None = None
) -> T:
    """The result of a call to Temporal, repeated while it raises RPCError.

    Errors are logged, except those with the status `expected`.
    """

    def failed(error: RPCError, _pause: float) -> None:
        if error.status != expected:
            log.info("session %s: waiting for Temporal: %s", session_id, error.message)

    return await retried(call, _backoff(), on=RPCError, failed=failed)


def _backoff() -> Backoff:
    return Backoff(FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS)
