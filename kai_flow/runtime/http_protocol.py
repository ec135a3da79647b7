"""uvicorn's HTTP protocol with the limits that it lacks: on heads, idle time and connections.

With httptools, uvicorn accepts a request head of any size (with h11 it does not), and any number of
header fields after a chunked body. It waits for a head for ever, accepts connections until the
process has no descriptors left, and queues requests that arrive before the last one is answered.
Each of these would let one client block a server for all others. The limits are here, below the
app, because the app never sees such requests.
"""

import asyncio
import logging
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from kai_flow.runtime.clients import PEER
from kai_flow.runtime.connections import CONNECTIONS, Cause
from kai_flow.runtime.log_limiter import LimitedLines
from kai_flow.runtime.open_response import EXTENSION, OpenResponse
from kai_flow.stream.log_fields import about

MAX_HEAD_BYTES: Final = 64 * 1024  # request line and headers; other servers take 8 to 64 KiB
HEAD_SECONDS: Final = 10.0  # for a whole head, from its first byte or from the new connection

log = logging.getLogger(__name__)
log.addFilter(LimitedLines())

_TOO_LARGE: Final = f"The request head has more than {MAX_HEAD_BYTES // 1024} KiB.".encode()


class _HeadTooLarge(Exception):
    """Aborts httptools within a request head."""


class _Pipelined(Exception):
    """Aborts httptools at a request that came before the last one was answered."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection, of which a process may have so many at once (`runtime.connections`)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access_log = False  # never, however logging is set up: a query may have a token in it
        self._reading_head = True  # the next byte belongs to a request head
        self._head_bytes = 0  # received since the last head or part of a body, plus up to a chunk
        self._head_too_large = False  # set by a callback of the parser, and answered after it
        self._head_timer: asyncio.TimerHandle | None = None  # runs while a head is awaited
        self._response: OpenResponse | None = None  # to the last request

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """As described by asyncio."""
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        # over TLS it was counted before the handshake
        if self in CONNECTIONS or CONNECTIONS.enter(self, peer[0] if peer else None):
            self._await_head()
        else:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """As described by asyncio."""
        CONNECTIONS.leave(self)
        self._stop_timer()
        self._close_response()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """As described by asyncio."""
        self._head_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        # The parser reports a header only when it ends, so only the received bytes can be counted.
        # The same holds for a field after a chunked body.
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse_head()
        else:
            self._await_head()  # also after a body that continues after its answer

    def on_message_begin(self) -> None:
        """The parser has read the first byte of a request."""
        super().on_message_begin()
        self._reading_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """The parser has read a header field; a field after a chunked body is ignored.

        uvicorn would add it to the headers of the request, whose app already runs.
        """
        if self._reading_head:
            super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        """The parser has read a part of a body, whose size the app limits."""
        self._head_bytes = 0
        super().on_body(body)

    def on_headers_complete(self) -> None:
        """The parser has read a whole head: start the app, unless the head is too large."""
        # Checked here too: of a head in one chunk with its body, only here the size is exact.
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        self._head_too_large = size > MAX_HEAD_BYTES
        if self._head_too_large:
            raise _HeadTooLarge
        if self._answering:
            # uvicorn would queue it, and thousands more from the same chunk. While a request is
            # queued, an app that streams the previous answer no longer learns that its reader left.
            log.warning(
                "a request before the end of the last answer: reset the connection",
                extra=about("request_pipelined"),
            )
            CONNECTIONS.ended[Cause.PIPELINED.value] += 1
            self.transport.abort()
            raise _Pipelined
        self._reading_head = False
        self._head_bytes = 0
        self._stop_timer()
        super().on_headers_complete()
        self._response = OpenResponse(self.cycle, self.transport)
        if self.flow.write_paused:
            self._response.pause()
        # The app's task has not begun yet.
        extensions = {EXTENSION: self._response, PEER: self.client}
        cast("dict[str, Any]", self.scope)["extensions"] = extensions

    def on_response_complete(self) -> None:
        """The app has sent the whole response."""
        self._close_response()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """As described by asyncio."""
        super().pause_writing()
        if self._response is not None:
            self._response.pause()

    def resume_writing(self) -> None:
        """As described by asyncio."""
        super().resume_writing()
        if self._response is not None:
            self._response.resume()

    def on_message_complete(self) -> None:
        """The parser has read a whole request; the next byte starts another head."""
        super().on_message_complete()
        self._reading_head = True
        self._head_bytes = 0

    def send_400_response(self, msg: str) -> None:
        """Refuse a request that cannot be parsed, or whose head is too large."""
        if self._head_too_large:
            self._refuse_head()
        elif not self.transport.is_closing():
            super().send_400_response(msg)

    def _close_response(self) -> None:
        if self._response is not None:
            self._response.close()
            self._response = None

    def _refuse_head(self) -> None:
        CONNECTIONS.ended[Cause.LARGE_HEAD.value] += 1
        log.warning(
            "refused a request head of more than %s bytes",
            MAX_HEAD_BYTES,
            extra=about("head_too_large"),
        )
        if self._answering:  # the excess came after a body, and an answer may have started
            self.transport.abort()
            return
        head = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain\r\n"
        length = b"content-length: %d\r\nconnection: close\r\n\r\n" % len(_TOO_LARGE)
        self.transport.write(head + length + _TOO_LARGE)
        self.transport.close()

    def _await_head(self) -> None:
        """Close the connection unless a whole head arrives in time.

        uvicorn's own timer runs between two requests, and stops at the first byte of any kind.
        While a response is being sent no head is due, so a client that reads a stream is not timed.
        """
        waited_for = self._head_timer is not None or self.timeout_keep_alive_task is not None
        if not waited_for and not self._answering:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._end_silence)

    def _end_silence(self) -> None:
        CONNECTIONS.ended[Cause.SLOW_HEAD.value] += 1
        self.transport.close()

    @property
    def _answering(self) -> bool:
        # uvicorn types `cycle` as always set; it is None before the first request
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
