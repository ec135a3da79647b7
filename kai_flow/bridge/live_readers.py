"""Live readers: those who have all that a session has shown. They are written the same bytes.

Frames are put together and framed once for all readers who are at the same place. A reader leaves
as soon as it needs anything of its own: its sink is closed, it lacks entries that were evicted, or
its stream ends. Then its own task goes on from its mark.

There is neither a task nor a clock here: see `broadcast`.
"""

from collections.abc import Iterable
from typing import NamedTuple

from kai_flow.bridge.sink import Framing, Sink
from kai_flow.stream import control
from kai_flow.stream.progress import Liveness
from kai_flow.stream.session_log import SessionLog
from kai_flow.stream.shown_log import Mark
from kai_flow.stream.sse import HEARTBEAT, encode_control, unnamed


class Limits(NamedTuple):
    """The same for all readers of a bridge."""

    heartbeat: float
    """Seconds of silence, before a comment line."""
    idle_timeout: float
    """Seconds without an event, before a stream ends."""
    chunk: int
    """Bytes of frames in one write."""


class Style(NamedTuple):
    """What readers have to have in common to be written the same bytes."""

    framing: Framing
    unnamed: bool
    """They only use `onmessage`: their frames have no `event:` line."""

    def frame(self, frames: bytes) -> bytes:
        """What is written to their sinks."""
        return self.framing(unnamed(frames) if self.unnamed else frames)


class Present(NamedTuple):
    """What holds now of a session and its bridge."""

    moment: float
    liveness: Liveness | None
    """The status that readers are to be told; None: nothing."""
    hand_made: int
    """The number of the last event sent by hand."""
    over: bool
    """Streams end at once, without `done`."""
    closed: bool
    """Streams end once all is written."""


class Spot(NamedTuple):
    """Where readers are, and how their frames look: those of one spot are written the same."""

    mark: Mark
    style: Style


class LiveReader:
    """One of them, from when it joins until it falls out."""

    __slots__ = (
        "event_at", "failure", "hand_made", "liveness", "sink", "spot", "written_at",
    )  # fmt: skip

    def __init__(
        self,
        sink: Sink,
        spot: Spot,
        liveness: Liveness | None,
        hand_made: int,
        *,
        written_at: float,
        event_at: float,
    ) -> None:
        self.sink = sink
        self.spot = spot
        self.liveness = liveness  # as it was told last
        self.hand_made = hand_made  # the number of the last event sent by hand that it has
        self.written_at = written_at  # its last frame
        self.event_at = event_at  # its last frame of an event
        self.failure: Exception | None = None  # of its sink: nobody knows what it has taken


class _Block(NamedTuple):
    """What the readers of one spot are written next."""

    framed: bytes
    """Empty if there is nothing yet."""
    spot: Spot
    """Theirs afterwards."""
    whole: bool
    """Then they have all that the log has shown."""


class _Blocks:
    """The blocks of one slice, during which the log does not change."""

    def __init__(self, log: SessionLog, chunk: int) -> None:
        self._log = log
        self._chunk = chunk
        self._made: dict[tuple[int, Style], _Block | None] = {}
        self._spot: Spot | None = None  # of the last reader: most share it
        self._block: _Block | None = None

    def after(self, spot: Spot) -> _Block | None:
        """The next block for a reader at `spot`; None: some of it was evicted."""
        if spot is not self._spot:
            key = (spot.mark.number, spot.style)
            if key not in self._made:
                self._made[key] = self._make(spot)
            self._spot, self._block = spot, self._made[key]
        return self._block

    def _make(self, spot: Spot) -> _Block | None:
        part = self._log.after(spot.mark, self._chunk)
        if part is None:
            return None
        entries, mark = part
        frames = b"".join([entry.frame for entry in entries])
        framed = spot.style.frame(frames) if frames else b""
        return _Block(framed, Spot(mark, spot.style), not frames or mark.number == self._log.next)


class LiveReaders:
    """The live readers of one session."""

    def __init__(self, log: SessionLog, limits: Limits) -> None:
        self._log = log
        self._limits = limits
        self._readers: dict[LiveReader, None] = {}

    def __len__(self) -> int:
        return len(self._readers)

    def join(self, reader: LiveReader) -> None:
        """A reader who has all that the log has shown."""
        self._readers[reader] = None

    def leave(self, reader: LiveReader) -> None:
        """A reader goes, or has fallen out."""
        self._readers.pop(reader, None)

    def all(self) -> list[LiveReader]:
        """All of them, to be served in slices."""
        return list(self._readers)

    def serve(self, readers: Iterable[LiveReader], present: Present) -> list[LiveReader]:
        """Write what each of these lacks; returns those who fall out, each at its mark."""
        blocks = _Blocks(self._log, self._limits.chunk)
        fallen = []
        for reader in [one for one in readers if one in self._readers]:  # some have left since
            try:
                stays = self._serve(reader, present, blocks)
            except Exception as error:  # noqa: BLE001  of its sink; the others go on
                reader.failure, stays = error, False
            if not stays:
                self.leave(reader)
                fallen.append(reader)
        return fallen

    def _serve(self, reader: LiveReader, present: Present, blocks: _Blocks) -> bool:
        """Write to one reader; False: it falls out."""
        if present.over or reader.hand_made != present.hand_made:
            return False
        sink = reader.sink
        while sink.open:
            block = blocks.after(reader.spot)
            if block is None:
                return False
            if block.framed:
                sink.write(block.framed)
                reader.spot = block.spot
                reader.written_at = reader.event_at = present.moment
            if block.whole:
                return not present.closed and self._beside(reader, present)
        return False

    def _beside(self, reader: LiveReader, present: Present) -> bool:
        """Write what is due to a reader who has all events; False: its stream ends."""
        if reader.liveness != present.liveness:
            reader.liveness = present.liveness
            if present.liveness is not None:
                self._write(reader, encode_control(control.status(present.liveness)), present)
        elif present.moment - reader.event_at >= self._limits.idle_timeout:
            return False
        elif present.moment - reader.written_at >= self._limits.heartbeat:
            self._write(reader, HEARTBEAT, present)
        return True

    def _write(self, reader: LiveReader, frame: bytes, present: Present) -> None:
        """A frame that is no event."""
        reader.sink.write(reader.spot.style.frame(frame))
        reader.written_at = present.moment
