"""A subscriber that does not read is disconnected; it resumes from the last id it saw.

Without this a paused reader would hold a connection, a place in the log and what fills its socket
for as long as it likes.
"""

import asyncio
import logging
from typing import Any, Final

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPDisconnectEvent, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

_DISCONNECT: Final[HTTPDisconnectEvent] = {"type": "http.disconnect"}

SEND_SECONDS: Final = 30.0  # for one write into the reader's socket


class Patience(ASGIMiddleware):
    """Ends a response whose client takes nothing for `seconds`."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, seconds: float = SEND_SECONDS) -> None:
        self._seconds = seconds

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Pass the request on, with a `send` that loses patience."""
        impatient = asyncio.Event()

        async def send_in_time(message: Message) -> None:
            if impatient.is_set():
                return
            try:
                async with asyncio.timeout(self._seconds):
                    await send(message)
            except TimeoutError:
                log.info("%s: a reader that does not read is disconnected", scope["path"])
                impatient.set()

        async def receive_or_leave() -> Any:
            """The next message; a disconnect when patience has run out."""
            waiting = asyncio.ensure_future(receive())
            lost = asyncio.ensure_future(impatient.wait())
            try:
                await asyncio.wait([waiting, lost], return_when=asyncio.FIRST_COMPLETED)
                return waiting.result() if waiting.done() else _DISCONNECT
            finally:
                waiting.cancel()
                lost.cancel()

        await next_app(scope, receive_or_leave, send_in_time)
