"""A response that is being streamed, and the way past ASGI to its connection.

`send` costs a task's turn for each write of each response. For the same bytes to thousands of
readers, that is several times the price of the writes.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:  # other servers need no uvicorn
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

EXTENSION: Final = "kai_flow.open_response"  # in a scope's `extensions`: an OpenResponse


def chunk(body: bytes) -> bytes:
    """A part of a body in the chunked transfer coding; a sender has to leave out empty ones."""
    return b"%x\r\n%b\r\n" % (len(body), body)


class _Transport(Protocol):
    def write(self, data: bytes, /) -> None: ...


class OpenResponse:
    """One response. The protocol of its connection closes it, and holds it back meanwhile.

    Every write goes to the transport at once. A middleware that changes bodies must therefore not
    stand between the one who writes here and the server.
    """

    __slots__ = ("_cycle", "_done", "_transport", "framing", "open", "taken")

    def __init__(self, cycle: "RequestResponseCycle", transport: _Transport) -> None:
        self.framing: Callable[[bytes], bytes] = chunk
        self.open = True  # it takes bytes now
        self.taken = b""  # the last part of the body with an SSE id that the transport has
        self._cycle = cycle
        self._transport = transport
        self._done = False

    @property
    def ready(self) -> bool:
        """Whether it takes bytes now, of a body that has begun, in the framing that it has."""
        cycle = self._cycle
        return (
            self.open
            and cycle.response_started
            and cycle.chunked_encoding is True
            and cycle.scope["method"] != "HEAD"
            and not cycle.response_complete
            and not cycle.disconnected
        )

    def write(self, framed: bytes) -> None:
        """Write a part of the body, with the framing around it."""
        if b"id: " in framed:
            self.taken = framed
        self._transport.write(framed)

    def pause(self) -> None:
        """Too much waits for the reader."""
        self.open = False

    def resume(self) -> None:
        """The reader has taken enough."""
        self.open = not self._done

    def close(self) -> None:
        """Nothing may be written any more: the response is over, or misses a part."""
        self._done = True
        self.open = False
