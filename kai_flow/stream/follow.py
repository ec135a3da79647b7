"""Following a session to its end, over a bridge or straight from Temporal: the same events.

    async for event_id, event in follow("http://localhost:8092", "session-1"):
        ...

It survives whatever the session survives: it reconnects by itself, with the last id it saw, and
ends after `done`. To go on later, or by the other way, give the last `event_id` as `after`.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import httpx
import msgspec
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from kai_flow.stream.ids import START, Cursor, epoch_of
from kai_flow.stream.names import DONE
from kai_flow.stream.outcome import wait_for_outcome
from kai_flow.stream.sse import Decoder
from kai_flow.stream.tail import HistoryTail

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS: Final = 0.2  # before the second try
LAST_PAUSE_SECONDS: Final = 5.0
SILENCE_SECONDS: Final = 60.0  # four heartbeats missed: the connection is dead


class Followed(NamedTuple):
    """One event, and the cursor behind it."""

    id: str | None
    """None for control events and for events made by hand."""
    event: dict[str, Any]


class StreamRefusedError(Exception):
    """The bridge does not serve this stream, and will not by asking again; the message says why."""


async def follow(
    source: str | Client, session_id: str, *, after: str | None = None
) -> AsyncIterator[Followed]:
    """Every event of a session behind the cursor `after`, each once and in order, then `done`.

    `source` is the base URL of a bridge, or a Temporal client. The session may not exist yet: it is
    waited for. Events of an attempt that a later one supersedes come first; the later one's
    `started` takes them back. Raises StreamRefusedError, or InvalidId for a cursor of another form.
    """
    cursor = None if after is None else Cursor.parse(after)
    if isinstance(source, str):
        events = _from_bridge(source.rstrip("/"), session_id, cursor)
    else:
        events = _from_temporal(source, session_id, cursor)
    async for event in events:
        yield event


async def _from_bridge(
    base_url: str, session_id: str, cursor: Cursor | None
) -> AsyncIterator[Followed]:
    last_id = None if cursor is None else str(cursor)
    pause = FIRST_PAUSE_SECONDS
    url = f"{base_url}/stream/{quote(session_id, safe='')}"
    async with httpx.AsyncClient(timeout=httpx.Timeout(10.0, read=SILENCE_SECONDS)) as http:
        while True:
            headers = {} if last_id is None else {"Last-Event-ID": last_id}
            try:
                async with http.stream("GET", url, headers=headers) as response:
                    if response.status_code == httpx.codes.NO_CONTENT:
                        return
                    await _require_stream(response)
                    decoder = Decoder()
                    async for line in response.aiter_lines():
                        for message in decoder.feed(line):
                            last_id = message.id or last_id
                            if not message.data:
                                continue
                            pause = FIRST_PAUSE_SECONDS
                            event = msgspec.json.decode(message.data)
                            yield Followed(message.id, event)
                            if event["type"] == DONE:
                                return
            except httpx.TransportError as error:
                log.info("session %s: reconnecting: %s", session_id, str(error) or type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LAST_PAUSE_SECONDS)


async def _require_stream(response: httpx.Response) -> None:
    """Raise what asking again may mend as TransportError, and anything else for good."""
    kind = response.headers.get("content-type", "")
    if response.is_success and kind.startswith("text/event-stream"):
        return
    await response.aread()
    if response.is_server_error or response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise httpx.RemoteProtocolError(f"the bridge answers {response.status_code}")
    try:
        why = str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        why = f"{response.url} answers {response.status_code} {kind}, which is no stream"
    raise StreamRefusedError(why)


async def _from_temporal(
    client: Client, session_id: str, cursor: Cursor | None
) -> AsyncIterator[Followed]:
    run_id, first_run_id = await _find(client, session_id)
    epoch = epoch_of(first_run_id)
    position = START
    if cursor is not None:
        if cursor.is_end_of(epoch):
            return
        if cursor.epoch not in (None, epoch) or cursor.position is None:
            yield Followed(None, {"type": "reset", "reason": "new_run"})
        else:
            position = cursor.position
    tail = HistoryTail(client, session_id, run_id)
    while not tail.ended:
        try:
            events = await tail.read()
        except RPCError as error:
            log.info("session %s: waiting for Temporal: %s", session_id, error.message)
            await asyncio.sleep(LAST_PAUSE_SECONDS)
            continue
        for event in events:
            if event.id > position:
                position = event.id
                yield Followed(str(Cursor(event.id, epoch)), event.decode())
    outcome = await wait_for_outcome(client, session_id, run_id)
    yield Followed(str(Cursor(None, epoch)), msgspec.json.decode(outcome.data))


async def _find(client: Client, session_id: str) -> tuple[str, str]:
    """The newest run and the first of its chain; waits until there is one."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            description = await client.get_workflow_handle(session_id).describe()
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                log.info("session %s: waiting for Temporal: %s", session_id, error.message)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LAST_PAUSE_SECONDS)
        else:
            info = description.raw_description.workflow_execution_info
            return description.run_id, info.first_run_id or description.run_id
