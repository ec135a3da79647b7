"""uvicorn's HTTP protocol with the bounds that it lacks: on request heads, silence, connections.

uvicorn takes a request head of any size with httptools (with h11 it does not), and keeps header
fields of any number that follow a chunked body. It waits for a head for ever, accepts connections
until descriptors run out, and queues requests that are sent before the last one is answered. Any of
these lets one client stop a server for everybody else. The bounds are here, below the app, because
the app never sees such requests.
"""

import asyncio
import logging
from typing import Any, ClassVar, Final
from weakref import WeakSet

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from kai_flow.runtime.log_limiter import LimitedLines

MAX_HEAD_BYTES: Final = 64 * 1024  # request line and headers; other servers take 8 to 64 KiB
HEAD_SECONDS: Final = 10.0  # from the first byte, or from the connection on, to the whole head
MAX_CONNECTIONS: Final = 20_000  # of a process, where its descriptors allow so many
SPARE_DESCRIPTORS: Final = 64  # for Temporal, files and what else the process opens

log = logging.getLogger(__name__)
log.addFilter(LimitedLines())

_TOO_LARGE: Final = f"The request head has more than {MAX_HEAD_BYTES // 1024} KiB.".encode()


class _HeadTooLarge(Exception):
    """Leaves httptools in the middle of a request head."""


class _Pipelined(Exception):
    """Leaves httptools at a request that came before the last one was answered."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. `max_connections` is how many the process may have at once, on all servers.

    A connection beyond that is reset rather than answered with 503: `EventSource` tries again after
    a broken connection, but never after a status other than 200.
    """

    max_connections = MAX_CONNECTIONS  # set by `serving`
    opened: ClassVar[WeakSet["BoundedProtocol"]] = WeakSet()  # by all servers of the process

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reading_head = True  # the next byte belongs to a request head
        self._head_bytes = 0  # received since the last head or part of a body, or one chunk more
        self._head_too_large = False  # found by a callback of the parser, told after it
        self._head_timer: asyncio.TimerHandle | None = None  # runs while a head is awaited

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """As described by asyncio."""
        super().connection_made(transport)
        self.opened.add(self)
        if len(self.opened) > self.max_connections:
            log.warning("all %s connections are in use: more are reset", self.max_connections)
            transport.abort()
            return
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """As described by asyncio."""
        self.opened.discard(self)
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """As described by asyncio."""
        self._head_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        # A single header without an end is not reported before it ends: only what was received can
        # be counted. The same holds for a field behind a chunked body.
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse_head()
        else:
            self._await_head()  # also behind a body that goes on after its request was answered

    def on_message_begin(self) -> None:
        """The parser has met the first byte of a request."""
        super().on_message_begin()
        self._reading_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """The parser has met a header field; one behind a chunked body is left out.

        uvicorn would add it to the headers of the request, which has begun by then.
        """
        if self._reading_head:
            super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        """The parser has met a part of a body; the app bounds those."""
        self._head_bytes = 0
        super().on_body(body)

    def on_headers_complete(self) -> None:
        """The parser has met the end of a head: it starts the app, unless the head is too large."""
        # Here as well: a head that came whole, in one chunk with its body, is exact only here.
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        self._head_too_large = size > MAX_HEAD_BYTES
        if self._head_too_large:
            raise _HeadTooLarge
        if self._answering:
            # uvicorn would queue it, with thousands more in one chunk; and once it is queued, an
            # app that streams the answer before it is not told any more that its reader has left.
            log.warning("a request before the end of the last answer: the connection is reset")
            self.transport.abort()
            raise _Pipelined
        self._reading_head = False
        self._head_bytes = 0
        self._stop_timer()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The parser has met the end of a request; the next byte begins another head."""
        super().on_message_complete()
        self._reading_head = True
        self._head_bytes = 0

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be parsed, or was found too large while it was."""
        if self._head_too_large:
            self._refuse_head()
        elif not self.transport.is_closing():
            super().send_400_response(msg)

    def _refuse_head(self) -> None:
        log.warning("a request head of more than %s bytes is refused", MAX_HEAD_BYTES)
        if self._answering:  # what ends here follows a body, and another answer may have begun
            self.transport.abort()
            return
        head = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain\r\n"
        length = b"content-length: %d\r\nconnection: close\r\n\r\n" % len(_TOO_LARGE)
        self.transport.write(head + length + _TOO_LARGE)
        self.transport.close()

    def _await_head(self) -> None:
        """Close the connection unless a whole head comes in time.

        uvicorn's own timer runs between two requests, and ends with the first byte of anything. A
        client that reads a stream owes no head: nothing is awaited before its response has ended.
        """
        waited_for = self._head_timer is not None or self.timeout_keep_alive_task is not None
        if not waited_for and not self._answering:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    @property
    def _answering(self) -> bool:
        # uvicorn types `cycle` as always set; it is None before the first request
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
