"""A subscriber of one session that does not let go: it reconnects where it was until the end."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable
from typing import Any, Final
from urllib.parse import quote

import httpx
from httpx_sse import SSEError, aconnect_sse

Event = dict[str, Any]

CONTROL: Final = frozenset({"gap", "reset", "idle_timeout"})  # about the stream, not of the session

OUTAGE_SECONDS: Final = 60.0  # without one good answer of the bridge: then we give up
SILENCE_SECONDS: Final = 45.0  # three heartbeats of the stream missed: the connection is dead
FIRST_PAUSE: Final = 0.2  # seconds before the second try, doubled up to LONGEST_PAUSE
LONGEST_PAUSE: Final = 2.0


class StreamLost(Exception):
    """The stream cannot be read on. The session itself goes on."""


async def follow(
    bridge_url: str, session_id: str, say: Callable[[str], None]
) -> AsyncGenerator[tuple[str | None, Event], None]:
    """Yield (event id or None, event) from the first event to `done`, each once.

    Ends after `done`, or when the bridge says that there is nothing more (204). Raises `StreamLost`
    when the bridge refuses, or has not answered for a minute.
    """
    url = f"{bridge_url}/stream/{quote(session_id, safe='')}"
    cursor: str | None = None
    pause = FIRST_PAUSE
    failing_since: float | None = None  # monotonic; None after a good answer
    timeout = httpx.Timeout(10.0, read=SILENCE_SECONDS)
    # trust_env: a proxy of the environment has no business between two programs of one machine
    async with httpx.AsyncClient(timeout=timeout, trust_env=False) as http:
        while True:
            headers = {"Last-Event-ID": cursor} if cursor else {}
            try:
                async with aconnect_sse(http, "GET", url, headers=headers) as source:
                    if not await _serves(source.response, bridge_url):
                        return
                    failing_since = None
                    async for sse in source.aiter_sse():
                        pause = FIRST_PAUSE
                        cursor = sse.id or cursor
                        if not sse.data:  # retry:, or an id alone
                            continue
                        event = _event(sse.data, bridge_url)
                        kind = event.get("type")
                        # the decoder repeats the last id for events that have none of their own
                        yield (None if kind in CONTROL else sse.id or None), event
                        if kind == "done":
                            return
            except SSEError:
                raise StreamLost(f"what listens at {bridge_url} is no bridge of KAI") from None
            except (httpx.TransportError, _Busy) as wrong:
                if failing_since is None:
                    failing_since = time.monotonic()
                    say("the stream is interrupted; trying again")
                if time.monotonic() - failing_since >= OUTAGE_SECONDS:
                    raise StreamLost(
                        f"the bridge at {bridge_url} has not answered for {OUTAGE_SECONDS:.0f} s"
                    ) from wrong
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)


def _event(data: str, bridge_url: str) -> Event:
    try:
        event = json.loads(data)
    except ValueError:
        event = None
    if not isinstance(event, dict):
        raise StreamLost(f"what listens at {bridge_url} is no bridge of KAI")
    return event


class _Busy(Exception):
    """The bridge says that it cannot serve now."""


async def _serves(response: httpx.Response, bridge_url: str) -> bool:
    """Whether a stream follows; False when the session has ended and all of it was seen."""
    if response.status_code == httpx.codes.NO_CONTENT:
        return False
    if response.status_code == httpx.codes.OK:
        return True
    if response.status_code >= 500 or response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise _Busy
    await response.aread()
    try:
        reason = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        reason = f"status {response.status_code}"
    raise StreamLost(f"the bridge at {bridge_url} refuses the stream: {reason}")
