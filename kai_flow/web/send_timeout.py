"""Disconnects a subscriber that does not read; it can resume from the last id that it received.

Without this, a paused reader could hold a connection, a place in the log and a full socket buffer
for any length of time.
"""

import asyncio
import logging
from functools import partial
from typing import Any, Final

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPDisconnectEvent, Message, Receive, Scope, Send

from kai_flow.runtime.clients import client_of
from kai_flow.runtime.log_limiter import LogLimiter
from kai_flow.stream.log_fields import about, cut
from kai_flow.web.past_send import open_response
from kai_flow.web.refusal_log import session_of, subject
from kai_flow.web.request_budget import RequestBudget, expire

log = logging.getLogger(__name__)

_DISCONNECT: Final[HTTPDisconnectEvent] = {"type": "http.disconnect"}

SEND_SECONDS: Final = 30.0  # for one write to the reader's socket
MAX_UNSENT_BYTES: Final = 128 * 1024 * 1024  # waiting for all readers together
SOCKET_BYTES: Final = 64 * 1024  # what uvicorn buffers for a reader before a write waits


class SendTimeout(ASGIMiddleware):
    """Ends a response whose client reads nothing for `seconds`."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, seconds: float = SEND_SECONDS) -> None:
        self._seconds = seconds
        self._limiter = LogLimiter()
        self._budget = RequestBudget()  # of writes that wait, with what uvicorn buffers for each

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Pass the request on, with a `send` that times out."""
        timed_out = asyncio.Event()
        response = open_response(scope)  # of which parts may be written past this `send`
        taken = b""  # the last frames with an id that were sent

        async def send_in_time(message: Message) -> None:
            if timed_out.is_set():
                return
            nonlocal taken
            try:
                await self.send_in_time(send, message)
            except TimeoutError:
                if response is not None:
                    response.close()  # what follows would be without these frames
                self._note(scope, _last_id(taken if response is None else response.taken))
                timed_out.set()
            else:
                body = message.get("body", b"")
                if isinstance(body, bytes) and b"id: " in body:
                    taken = body
                    if response is not None:
                        response.taken = body

        async def receive_or_leave() -> Any:
            """The next message; a disconnect once a write has timed out."""
            waiting = asyncio.ensure_future(receive())
            lost = asyncio.ensure_future(timed_out.wait())
            try:
                await asyncio.wait([waiting, lost], return_when=asyncio.FIRST_COMPLETED)
                return waiting.result() if waiting.done() else _DISCONNECT
            finally:
                waiting.cancel()
                lost.cancel()

        await next_app(scope, receive_or_leave, send_in_time)

    def _note(self, scope: Scope, last: str) -> None:
        if (suppressed := self.due(scope)) is not None:
            log.info(
                "%s: a subscriber that does not read is disconnected; it can resume after %s%s",
                subject(scope["path"]),
                cut(last),
                suppressed,
                extra=about("subscriber_not_reading", session_of(scope["path"]), last),
            )

    def due(self, scope: Any) -> str | None:
        """How a line about a client that does not read ends; None: there was one just now.

        A client with limits gets one line for all of its streams, and any other one for each path.
        """
        client = client_of(scope)
        kind = (scope["method"], scope["path"] if client is None else client)
        suppressed = self._limiter.due(kind)
        if suppressed is None:
            return None
        return f" ({suppressed} more such lines were not logged)" if suppressed else ""

    async def send_in_time(self, send: Send, *messages: Message) -> None:
        """Raises TimeoutError when these writes take too long, or too much waits in all.

        Only a write that has to wait counts in practice: any other leaves the budget before another
        task runs.
        """
        size = SOCKET_BYTES
        for message in messages:
            if message["type"] == "http.response.body":
                size += len(message["body"])
        async with asyncio.timeout(self._seconds) as timeout:
            with self._budget.share(give_up=partial(expire, timeout)) as share:
                self._budget.grow(share, size, MAX_UNSENT_BYTES)
                for message in messages:
                    await send(message)


def _last_id(frames: bytes) -> str:
    """The id of the last event of these frames; they are whole."""
    ids = [line for line in frames.splitlines() if line.startswith(b"id: ")]
    return ids[-1].removeprefix(b"id: ").decode() if ids else "the cursor that it came with"
