"""The frames of pages that were read back: made once for all readers that get the same page."""

from typing import Final, NamedTuple

from kai_flow.bridge.readback import Source
from kai_flow.stream import control
from kai_flow.stream.log_reader import LogReader
from kai_flow.stream.narration import NarrationState
from kai_flow.stream.sse import encode_control

KEPT_FRAMES: Final = 16  # as many as pages are kept for readers close behind


class _Frames(NamedTuple):
    frames: bytes
    state: NarrationState
    """Of a reader who has them."""


class PageFrames:
    """Frames by reader's state and page, of the pages that were encoded last."""

    def __init__(self) -> None:
        self.held = 0  # bytes
        self._kept: dict[object, _Frames] = {}

    def of(self, reader: LogReader, source: Source) -> bytes:
        """The frames of the next page of `source` for this reader, who has them afterwards.

        They may be empty although the reader has come to another place.
        """
        page = source.read(reader.place)
        key = (reader.state, page.events[0].id if page.events else None, page.next, page.gap)
        kept = self._kept.get(key)
        if kept is not None:
            reader.resume(kept.state)
            return kept.frames
        frames = b"".join(_told(reader, source))
        if not frames:
            return frames  # the page is ahead of the log, which may have caught up by the next time
        self._kept[key] = _Frames(frames, reader.state)
        self.held += len(frames)
        if len(self._kept) > KEPT_FRAMES:
            self.held -= len(self._kept.pop(next(iter(self._kept))).frames)
        return frames

    def forget(self) -> None:
        """Drop all frames: they can be made again."""
        self._kept.clear()
        self.held = 0


def _told(reader: LogReader, source: Source) -> list[bytes]:
    """Let the reader be told the next page."""
    frames = reader.tell((), source.knowledge)
    page = source.read(reader.place)  # by now it may have taken events back
    if page.start not in (None, reader.place):
        if page.gap is not None:
            # Runs have been deleted. Of a hole in what is there, the reader itself tells.
            frames.append(encode_control(control.gap(page.gap)))
            frames += reader.jump(page.start, source.knowledge)
        elif source.knowledge is not None:  # the run of the page begins there
            frames += reader.cross(page.start, source.knowledge)
    frames += reader.tell(page.events, source.knowledge)
    frames += reader.tell((), source.knowledge)
    if source.knowledge is not None and page.next.newest > reader.place.newest:
        frames += reader.cross(page.next, source.knowledge)  # the next run begins there
    return frames
