"""The frames of pages that were read back: made once for all readers that get the same page."""

from typing import Final

from kai_flow.stream.buffer import Slice
from kai_flow.stream.control import gap
from kai_flow.stream.sse import encode_control, encode_event

KEPT_FRAMES: Final = 16  # as many as pages are kept for readers close behind


class PageFrames:
    """Frames by page, of the pages that were encoded last."""

    def __init__(self, incarnation: str) -> None:
        self.held = 0  # bytes
        self._incarnation = incarnation
        self._frames: dict[object, bytes] = {}

    def of(self, page: Slice) -> bytes:
        """The frames of this page."""
        place = (page.events[0].id if page.events else None, page.next, page.gap)
        frames = self._frames.get(place)
        if frames is None:
            frames = self._frames[place] = _encode(page, self._incarnation)
            self.held += len(frames)
            if len(self._frames) > KEPT_FRAMES:
                self.held -= len(self._frames.pop(next(iter(self._frames))))
        return frames

    def forget(self) -> None:
        """Drop all frames: they can be made again."""
        self._frames.clear()
        self.held = 0


def _encode(page: Slice, incarnation: str) -> bytes:
    frames = [encode_event(event, incarnation) for event in page.events]
    if page.gap is not None:
        frames.insert(0, encode_control(gap(*page.gap)))
    return b"".join(frames)
