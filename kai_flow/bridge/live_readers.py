"""Live readers: those who have all that a session has shown. They are written the same bytes.

What is due is found out once for all readers who are at the same position, and frames are put
together and framed once. So a reader costs little more than the write itself. It leaves as soon as
it needs anything of its own: its sink is closed, it lacks entries that were evicted, or its stream
ends. Then its own task goes on from its position.

There is neither a task nor a clock here: see `broadcast`.
"""

from collections.abc import Iterable, Iterator
from math import inf
from typing import NamedTuple

from kai_flow.bridge.sink import Framing, Sink
from kai_flow.stream import control
from kai_flow.stream.progress import Liveness
from kai_flow.stream.session_log import SessionLog
from kai_flow.stream.shown_log import Entry, Mark
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


class Position(NamedTuple):
    """Where a reader is. Readers who have been written the same bytes share one."""

    mark: Mark
    style: Style
    liveness: Liveness | None
    """As it was told last."""
    hand_made: int
    """The number of the last event sent by hand that it has."""
    written_at: float
    """Its last frame."""
    event_at: float
    """Its last frame of an event."""


class LiveReader:
    """One of them, from when it joins until it falls out."""

    __slots__ = ("failure", "position", "sink", "until")

    def __init__(self, sink: Sink, position: Position, until: float = inf) -> None:
        self.sink = sink
        self.position = position
        self.until = until  # it falls out then: its token expires
        self.failure: Exception | None = None  # of its sink: nobody knows what it has taken


class _Step(NamedTuple):
    """What is done next for the readers at one position."""

    framed: bytes
    """They are written this, unless it is empty."""
    position: Position
    """Theirs afterwards."""
    last: bool = True
    """Nothing more is due to them."""
    stays: bool = True
    """False: they fall out afterwards."""


class _Block(NamedTuple):
    """The entries of the log after a mark, as many as one write takes."""

    framed: bytes
    """Empty if there are none."""
    mark: Mark
    """After them."""
    whole: bool
    """No further ones follow."""


class _Steps:
    """The steps of one slice, during which nothing changes."""

    def __init__(self, log: SessionLog, limits: Limits, present: Present) -> None:
        self.next_at = inf  # when one of these readers is due even if there is no news
        self._log = log
        self._limits = limits
        self._present = present
        self._blocks: dict[tuple[int, Style], _Block | None] = {}
        self._steps: dict[tuple[object, ...], _Step] = {}
        self._position: Position | None = None  # of the last reader: most share it
        self._step: _Step

    def after(self, position: Position) -> _Step:
        """The next step of a reader at `position`."""
        if position is not self._position:
            # Of one place in the log, readers may know it by different entries: see Mark.
            key = (position.mark.number, id(position.mark.last), *position[1:])
            if key not in self._steps:
                self._steps[key] = self._make(position)
            self._position, self._step = position, self._steps[key]
        return self._step

    def _make(self, position: Position) -> _Step:
        present = self._present
        if present.over or position.hand_made != present.hand_made:
            return _Step(b"", position, stays=False)
        block = self._block(position)
        if block is None:
            return _Step(b"", position, stays=False)
        if not block.framed:
            return self._beside(position)
        moment = present.moment
        after = position._replace(mark=block.mark, written_at=moment, event_at=moment)
        if block.whole and not (step := self._beside(after)).framed:
            return step._replace(framed=block.framed)
        return _Step(block.framed, after, last=False)

    def _block(self, position: Position) -> _Block | None:
        """What follows in the log; None: some of it was evicted."""
        key = (position.mark.number, position.style)
        if key not in self._blocks:
            part = self._log.after(position.mark, self._limits.chunk)
            self._blocks[key] = None if part is None else self._framed(*part, position.style)
        return self._blocks[key]

    def _framed(self, entries: list[Entry], mark: Mark, style: Style) -> _Block:
        frames = b"".join([entry.frame for entry in entries])
        return _Block(style.frame(frames) if frames else b"", mark, mark.number == self._log.next)

    def _beside(self, position: Position) -> _Step:
        """What is due to a reader who has all events."""
        present, limits = self._present, self._limits
        if present.closed:
            return _Step(b"", position, stays=False)
        if position.liveness != present.liveness:
            told = position._replace(liveness=present.liveness)
            if present.liveness is None:
                return self._rest(told)
            return self._write(told, encode_control(control.status(present.liveness)))
        if present.moment - position.event_at >= limits.idle_timeout:
            return _Step(b"", position, stays=False)
        if present.moment - position.written_at >= limits.heartbeat:
            return self._write(position, HEARTBEAT)
        return self._rest(position)

    def _write(self, position: Position, frame: bytes) -> _Step:
        """A frame that is no event."""
        after = position._replace(written_at=self._present.moment)
        return self._rest(after)._replace(framed=position.style.frame(frame))

    def _rest(self, position: Position) -> _Step:
        """Nothing, until there is news or time has passed."""
        silent_at = position.written_at + self._limits.heartbeat
        idle_at = position.event_at + self._limits.idle_timeout
        self.next_at = min(self.next_at, silent_at, idle_at)
        return _Step(b"", position)


class LiveReaders:
    """The live readers of one session."""

    def __init__(self, log: SessionLog, limits: Limits) -> None:
        self._log = log
        self._limits = limits
        self._readers: dict[LiveReader, None] = {}
        self._served: tuple[object, ...] = ()  # what held when all were served last
        self._next_at = inf  # when one of them is due even if that holds still
        self._until = inf  # no reader's `until` is before it

    def __len__(self) -> int:
        return len(self._readers)

    def __iter__(self) -> Iterator[LiveReader]:
        return iter(self._readers)

    def join(self, reader: LiveReader) -> None:
        """A reader who has all that the log has shown."""
        self._readers[reader] = None
        self._next_at = -inf
        self._until = min(self._until, reader.until)

    def leave(self, reader: LiveReader) -> None:
        """A reader goes, or has fallen out."""
        self._readers.pop(reader, None)

    def due(self, present: Present, size: int) -> Iterator[list[LiveReader]]:
        """All of them, in slices of `size` to be served; nothing if nothing is due to any.

        Readers are woken by much that changes nothing for those who have all events.
        """
        holds = (self._log.next, *present[1:])
        if holds == self._served and present.moment < min(self._next_at, self._until):
            return
        self._served, self._next_at = (), inf
        readers = list(self)
        for start in range(0, len(readers), size):
            yield readers[start : start + size]
        self._served = holds
        if present.moment >= self._until:
            self._until = min((reader.until for reader in self._readers), default=inf)

    def serve(self, readers: Iterable[LiveReader], present: Present) -> list[LiveReader]:
        """Write what each of these lacks; returns those who fall out, each at its position."""
        steps = _Steps(self._log, self._limits, present)
        fallen = []
        for reader in [one for one in readers if one in self._readers]:  # some have left since
            try:
                stays = _serve(reader, steps)
            except Exception as error:  # noqa: BLE001  of its sink; the others go on
                reader.failure, stays = error, False
            if not stays:
                self.leave(reader)
                fallen.append(reader)
        self._next_at = min(self._next_at, steps.next_at)
        return [*fallen, *self._expired(readers, present.moment)]

    def _expired(self, readers: Iterable[LiveReader], moment: float) -> list[LiveReader]:
        """Those of these whose time is over; they leave. It costs nothing while nobody's is."""
        if moment >= self._until:
            expired = [one for one in readers if one.until <= moment and one in self._readers]
            for reader in expired:
                self.leave(reader)
            return expired
        return []


def _serve(reader: LiveReader, steps: _Steps) -> bool:
    """Write to one reader; False: it falls out."""
    sink = reader.sink
    while sink.open:
        step = steps.after(reader.position)
        if step.framed:
            sink.write(step.framed)
        reader.position = step.position
        if step.last:
            return step.stays
    return False
