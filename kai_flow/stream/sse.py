"""Server-Sent Events: writes and reads the frames of a stream.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from kai_flow.stream.control import ControlEvent
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.place import Cursor

RETRY: Final = b"retry: 1000\n\n"  # milliseconds until EventSource reconnects
HEARTBEAT: Final = b": still here\n"  # a comment line, which every decoder ignores


def encode_event(event: NumberedEvent, cursor: Cursor) -> bytes:
    """The frame of a numbered event, after which a reader is at `cursor`."""
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (
        str(cursor).encode(),
        event.type.encode(),
        event.data,
    )


def cursor_of(frame: bytes) -> Cursor:
    """The cursor in a frame of `encode_event`."""
    line, _, _ = frame.partition(b"\n")
    return Cursor.parse(line.removeprefix(b"id: ").decode())


def with_cursor(frame: bytes, cursor: Cursor) -> bytes:
    """A frame of `encode_event` for a reader who is at another cursor after it."""
    _, _, rest = frame.partition(b"\n")
    return b"id: %b\n%b" % (str(cursor).encode(), rest)


def encode_done(data: bytes, incarnation: str) -> bytes:
    """The last frame of a session."""
    return b"id: %b\nevent: done\ndata: %b\n\n" % (str(Cursor(None, incarnation)).encode(), data)


def encode_unnumbered(kind: str, data: bytes) -> bytes:
    """The frame of an event that has no id: a control event, or one sent by hand."""
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), data)


def encode_control(event: ControlEvent) -> bytes:
    """The frame of a control event."""
    return encode_unnumbered(event["type"], msgspec.json.encode(event))


def encode_cursor(cursor: Cursor) -> bytes:
    """An id without an event: EventSource stores it as its last event id and dispatches nothing."""
    return b"id: %b\n\n" % str(cursor).encode()


def unnamed(frame: bytes) -> bytes:
    """`frame` without its `event:` line, for clients that only use `onmessage`."""
    return b"".join(
        line for line in frame.splitlines(keepends=True) if not line.startswith(b"event: ")
    )


class Message(NamedTuple):
    """What one frame contains: an id, data, or both."""

    id: str | None
    data: str


_LINE_END = re.compile(r"\r\n|\n|\r(?=.)", re.DOTALL)  # a CR at the end: its LF may still come


class Decoder:
    """Reads frames as the standard defines; fields other than `id` and `data` are ignored."""

    def __init__(self) -> None:
        self._rest = ""  # the line that has not ended yet
        self._id: str | None = None  # of the frame being read
        self._data: list[str] = []  # its data lines

    def feed(self, text: str) -> Iterator[Message]:
        """Take in the next part of a stream; yields the frames that it completes.

        Lines are not split with `str.splitlines`, for which U+2028 and others are line breaks: in
        the standard they are text.
        """
        *lines, self._rest = _LINE_END.split(self._rest + text)
        for line in lines:
            yield from self._line(line)

    def _line(self, line: str) -> Iterator[Message]:
        if not line:
            if self._id is not None or self._data:
                yield Message(self._id, "\n".join(self._data))
            self._id, self._data = None, []
            return
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "id" and "\0" not in value:
            self._id = value
