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
# What a reader takes as one line or frame. The largest is `done` with the result of a workflow, of
# which Temporal stores 2 MiB, and 4 MiB in any message.
MAX_FRAME_CHARS: Final = 8 * 1024 * 1024
LINE_CHARS: Final = 64  # added for each line of data
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


class FrameTooLong(ValueError):
    """A frame has more than MAX_FRAME_CHARS characters: no bridge has sent it."""


_LINE_END = re.compile(r"\r\n|\n|\r")


class Decoder:
    """Reads frames as the standard defines; fields other than `id` and `data` are ignored.

    It takes time in proportion to the text, however that is cut, and holds one frame at most.
    """

    def __init__(self) -> None:
        self._return = ""  # a CR at the end of the text: its LF may still come
        self._parts: list[str] = []  # of the line that has not ended yet
        self._id: str | None = None  # of the frame being read
        self._data: list[str] = []  # its data lines
        self._line_chars = 0
        self._data_chars = 0

    def feed(self, text: str) -> Iterator[Message]:
        """Take in the next part of a stream; yields the frames that it completes.

        Raises FrameTooLong. Lines are not split with `str.splitlines`, for which U+2028 and others
        are line breaks: in the standard they are text.
        """
        text = self._return + text
        self._return = "\r" if text.endswith("\r") else ""
        for number, part in enumerate(_LINE_END.split(text.removesuffix("\r"))):
            if number:
                line = "".join(self._parts)
                self._parts, self._line_chars = [], 0
                yield from self._line(line)
            if part:
                self._parts.append(part)
                self._line_chars += len(part)
                self._require_bounded()

    def _line(self, line: str) -> Iterator[Message]:
        if not line:
            if self._id is not None or self._data:
                yield Message(self._id, "\n".join(self._data))
            self._id, self._data, self._data_chars = None, [], 0
            return
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
            self._data_chars += len(value) + LINE_CHARS
            self._require_bounded()
        elif field == "id" and "\0" not in value:
            self._id = value

    def _require_bounded(self) -> None:
        if self._line_chars + self._data_chars > MAX_FRAME_CHARS:
            raise FrameTooLong(f"a frame has more than {MAX_FRAME_CHARS:,} characters")
