"""Live readers: what each is written, how often it is made, and when they fall out."""

from collections.abc import Sequence

from kai_flow.bridge.live_readers import (
    Limits,
    LiveReader,
    LiveReaders,
    Position,
    Present,
    Style,
)
from kai_flow.bridge.sink import Framing
from kai_flow.stream.place import NOWHERE
from kai_flow.stream.progress import Liveness
from kai_flow.stream.session_log import SessionLog
from kai_flow.stream.sse import HEARTBEAT
from tests.unit.test_stream_session_log import events, log_of, mark, published

LIMITS = Limits(heartbeat=15.0, idle_timeout=600.0, chunk=64 * 1024)
PRESENT = Present(0.0, None, 0, over=False, closed=False)

framed: list[bytes] = []  # each call of `framing`


def framing(frames: bytes) -> bytes:
    """Notes that it is called."""
    framed.append(frames)
    return frames


class Wire:
    """A sink that takes so many writes, and notes them."""

    framing: Framing = staticmethod(framing)

    def __init__(self, room: int = 1_000) -> None:
        self.room = room
        self.written: list[bytes] = []

    @property
    def open(self) -> bool:
        """Whether there is room."""
        return len(self.written) < self.room

    @property
    def ready(self) -> bool:
        """The same."""
        return self.open

    def write(self, frames: bytes) -> None:
        """Take it."""
        self.written.append(frames)


class Broken(Wire):
    """A sink that raises."""

    def write(self, frames: bytes) -> None:
        """Fails."""
        raise ConnectionError("the handler is closed")


def a_log() -> SessionLog:
    """A log with one event."""
    log = log_of(mark(1))
    log.absorb(published(events("1.1.1")))
    return log


def joined(
    log: SessionLog, readers: LiveReaders, *wires: Wire, plain: bool = False
) -> list[LiveReader]:
    """One live reader for each sink, who have all of the log."""
    live = []
    for wire in wires:
        reader = log.reader(NOWHERE)
        reader.read(10_000)
        assert reader.live_mark is not None
        position = Position(reader.live_mark, Style(framing, plain), None, 0, 0.0, 0.0)
        live.append(LiveReader(wire, position))
        readers.join(live[-1])
    return live


def ids(written: Sequence[bytes]) -> list[str]:
    """The events in what was written."""
    lines = b"".join(written).decode().splitlines()
    return [line[4:].partition("@")[0] for line in lines if line.startswith("id: ")]


def test_frames_are_framed_once_for_all_readers_of_a_kind() -> None:
    """However many readers there are, each kind of connection costs one block."""
    log = a_log()
    readers = LiveReaders(log, LIMITS)
    named = [Wire() for _ in range(50)]
    unnamed = [Wire() for _ in range(50)]
    joined(log, readers, *named)
    joined(log, readers, *unnamed, plain=True)
    log.absorb(published(events("1.1.2", 3)))
    framed.clear()
    assert readers.serve(list(readers), PRESENT) == []
    assert len(framed) == 2
    assert all(wire.written == named[0].written for wire in named)
    assert all(wire.written == unnamed[0].written for wire in unnamed)
    assert ids(named[0].written) == ids(unnamed[0].written) == ["1.1.2", "1.1.3", "1.1.4"]
    assert b"event: " in named[0].written[0]
    assert b"event: " not in unnamed[0].written[0]


def test_who_joins_between_two_slices_gets_nothing_twice() -> None:
    """Each reader goes on from its own mark, whatever was written to others in the same round."""
    log = a_log()
    readers = LiveReaders(log, LIMITS)
    early, late = Wire(), Wire()
    joined(log, readers, early)
    log.absorb(published(events("1.1.2")))
    joined(log, readers, late)
    log.absorb(published(events("1.1.3")))
    readers.serve(list(readers), PRESENT)
    assert (ids(early.written), ids(late.written)) == (["1.1.2", "1.1.3"], ["1.1.3"])


def test_a_full_socket_falls_out_at_its_mark() -> None:
    """What it has taken is behind its mark, and what it has not is before it; others go on."""
    log = a_log()
    readers = LiveReaders(log, LIMITS._replace(chunk=1))  # an event for each write
    full, quick = Wire(room=2), Wire()
    [slow, _] = joined(log, readers, full, quick)
    log.absorb(published(events("1.1.2", 3)))
    assert readers.serve(list(readers), PRESENT) == [slow]
    assert ids(full.written) == ["1.1.2", "1.1.3"]
    assert ids(quick.written) == ["1.1.2", "1.1.3", "1.1.4"]
    rest = log.after(slow.position.mark, 10_000)
    assert rest is not None
    assert ids([entry.frame for entry in rest[0]]) == ["1.1.4"]


def test_who_lacks_what_was_evicted_falls_out() -> None:
    """It has to read that back from Temporal."""
    log = a_log()
    readers = LiveReaders(log, LIMITS)
    [reader] = joined(log, readers, wire := Wire())
    log.absorb(published(events("1.1.2")))
    log.forget_durable()
    assert readers.serve([reader], PRESENT) == [reader]
    assert wire.written == []


def test_silence_has_heartbeats_and_an_end() -> None:
    """A comment line after so much silence; the stream ends after the idle timeout."""
    log = a_log()
    readers = LiveReaders(log, LIMITS)
    [reader] = joined(log, readers, wire := Wire())
    for moment in (5.0, 14.9, 15.0, 20.0, 31.0, 599.0):
        assert readers.serve([reader], PRESENT._replace(moment=moment)) == []
    assert wire.written == [HEARTBEAT] * 3
    assert readers.serve([reader], PRESENT._replace(moment=600.0)) == [reader]


def test_a_changed_status_is_told_once_after_the_events() -> None:
    """Readers are told it once; that it holds no longer is told by the event that comes then."""
    log = a_log()
    readers = LiveReaders(log, LIMITS)
    [reader] = joined(log, readers, wire := Wire())
    waiting = PRESENT._replace(liveness=Liveness("waiting", 1))
    log.absorb(published(events("1.1.2")))
    for present in (waiting, waiting, PRESENT, PRESENT, waiting):
        assert readers.serve([reader], present) == []
    status = b'event: status\ndata: {"type":"status","status":"waiting","attempt":1}\n\n'
    assert ids(wire.written[:1]) == ["1.1.2"]
    assert wire.written[1:] == [status, status]


def test_whoever_needs_anything_of_its_own_falls_out() -> None:
    """An event sent by hand, the end of the streams; `done` after everything else."""
    for present in (PRESENT._replace(hand_made=1), PRESENT._replace(over=True)):
        log = a_log()
        readers = LiveReaders(log, LIMITS)
        [reader] = joined(log, readers, wire := Wire())
        log.absorb(published(events("1.1.2")))
        assert readers.serve([reader], present) == [reader]
        assert wire.written == []
    log = a_log()
    readers = LiveReaders(log, LIMITS)
    [reader] = joined(log, readers, wire := Wire())
    log.absorb(published(events("1.1.2")))
    assert readers.serve([reader], PRESENT._replace(closed=True)) == [reader]
    assert ids(wire.written) == ["1.1.2"]


def test_nobody_is_due_without_news_until_time_has_passed() -> None:
    """A wake-up that changes nothing costs nothing, whatever the number of readers is."""
    log = a_log()
    readers = LiveReaders(log, LIMITS)

    def served(present: Present, size: int = 2) -> list[int]:
        sizes = []
        for slice_ in readers.due(present, size):
            readers.serve(slice_, present)
            sizes.append(len(slice_))
        return sizes

    joined(log, readers, *[Wire() for _ in range(3)])
    assert served(PRESENT) == [2, 1]
    assert served(PRESENT._replace(moment=14.9)) == []
    assert served(PRESENT._replace(moment=15.0)) == [2, 1]  # a heartbeat
    assert served(PRESENT._replace(moment=15.0)) == []
    log.absorb(published(events("1.1.2")))
    assert served(PRESENT._replace(moment=16.0)) == [2, 1]
    assert served(PRESENT._replace(moment=17.0)) == []
    joined(log, readers, Wire())
    assert served(PRESENT._replace(moment=18.0)) == [2, 2]
    assert served(PRESENT._replace(moment=18.0, liveness=Liveness("waiting", 1))) == [2, 2]
    next(readers.due(PRESENT._replace(moment=19.0), 2))  # given up before all were served
    assert served(PRESENT._replace(moment=19.0)) == [2, 2]


def test_a_broken_sink_takes_nobody_with_it() -> None:
    """Its reader falls out with the error, and the others are served."""
    log = a_log()
    readers = LiveReaders(log, LIMITS)
    [broken, _] = joined(log, readers, Broken(), whole := Wire())
    log.absorb(published(events("1.1.2")))
    assert readers.serve(list(readers), PRESENT) == [broken]
    assert isinstance(broken.failure, ConnectionError)
    assert ids(whole.written) == ["1.1.2"]


def test_who_has_left_is_written_nothing() -> None:
    """A slice may have been made before a reader left."""
    log = a_log()
    readers = LiveReaders(log, LIMITS)
    [reader] = joined(log, readers, wire := Wire())
    slice_ = list(readers)
    log.absorb(published(events("1.1.2")))
    readers.leave(reader)
    assert readers.serve(slice_, PRESENT) == []
    assert wire.written == []


def test_who_has_an_end_falls_out_then_and_nobody_else() -> None:
    """§8.6: the reader whose token expires first, then the next; its last frames are written."""
    log = a_log()
    readers = LiveReaders(log, LIMITS)
    wires = [Wire(), Wire(), Wire()]
    first, second, _ = live = joined(log, readers, *wires)
    for reader in live:
        readers.leave(reader)
    first.until, second.until = 7.0, 9.0
    for reader in live:
        readers.join(reader)

    def served(moment: float) -> list[LiveReader]:
        present = PRESENT._replace(moment=moment)
        return [one for part in readers.due(present, 2) for one in readers.serve(part, present)]

    assert served(6.9) == []
    assert readers._next_at > 10.0, "nothing else is due"
    log.absorb(published(events("1.1.2")))
    assert served(7.0) == [first]
    assert [ids(wire.written) for wire in wires] == [["1.1.2"]] * 3
    assert served(8.9) == []
    assert served(9.5) == [second]
    assert served(9.6) == []
    assert readers._until == float("inf")
    assert len(readers) == 1
