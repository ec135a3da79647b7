"""The frames of pages that were read back: made once for all readers that get the same page."""

from collections.abc import Callable
from typing import Final, NamedTuple

from kai_flow.bridge.readback import Source
from kai_flow.stream import control
from kai_flow.stream.control import ControlEvent
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.narration import Narration, NarrationState
from kai_flow.stream.place import Place

KEPT_FRAMES: Final = 16  # as many as pages are kept for readers close behind


class Frames(NamedTuple):
    """The frames of one page, for readers in one state."""

    frames: bytes
    """Empty if there is nothing to show, although the reader may have come to another place."""
    state: NarrationState
    """The state of a reader after them."""


class PageFrames:
    """Frames by reader's state and page, of the pages that were encoded last."""

    def __init__(
        self,
        encode: Callable[[NumberedEvent, Place], bytes],
        encode_control: Callable[[ControlEvent], bytes],
    ) -> None:
        self.held = 0  # bytes
        self._encode = encode
        self._encode_control = encode_control
        self._kept: dict[object, Frames] = {}

    def of(self, state: NarrationState, source: Source) -> Frames:
        """The frames of the next page of `source` for a reader in this state."""
        page = source.read(state.place)
        key = (state, page.events[0].id if page.events else None, page.next, page.gap)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = self._made(state, source)
            self.held += len(kept.frames)
            if len(self._kept) > KEPT_FRAMES:
                self.held -= len(self._kept.pop(next(iter(self._kept))).frames)
        return kept

    def forget(self) -> None:
        """Drop all frames: they can be made again."""
        self._kept.clear()
        self.held = 0

    def _made(self, state: NarrationState, source: Source) -> Frames:
        narration = Narration.resumed(state, source.knowledge)
        frames = [self._encode_control(notice) for notice in narration.notices()]
        page = source.read(narration.place)  # the reader may have taken events back
        if page.gap is not None:
            frames.append(self._encode_control(control.gap(page.gap)))
        for event in page.events:
            frames += map(self._encode_control, narration.tell(event.id))
            frames.append(self._encode(event, narration.place))
        frames += map(self._encode_control, narration.notices())
        return Frames(b"".join(frames), narration.state._replace(place=page.next))
