"""The log of a session on a bridge, case by case; tests/property has the random schedules."""

from kai_flow.stream.batches import Batch
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.fold import Fold
from kai_flow.stream.ids import EventId
from kai_flow.stream.log_reader import Chunk, LogReader
from kai_flow.stream.place import NOWHERE, Place
from kai_flow.stream.recorded import Ended, Published, Scheduled
from kai_flow.stream.session_log import SessionLog, Unknown

RUN = "run"


def events(first: str, count: int = 1) -> tuple[NumberedEvent, ...]:
    """Consecutive events."""
    start = EventId.parse(first)
    return tuple(NumberedEvent(start.offset(n), "e", b'{"type":"e"}') for n in range(count))


def published(*batches: tuple[NumberedEvent, ...]) -> Published:
    """A signal with these batches."""
    return Published(RUN, tuple(map(Batch, batches)))


def log_of(*marks: Scheduled) -> SessionLog:
    """A log that has begun with the history, which has these marks."""
    log = SessionLog("4f3a9c1e")
    log.begin(Fold(RUN))
    for mark in marks:
        log.absorb(mark)
    return log


def mark(producer: int, *beside: int) -> Scheduled:
    """An activity is scheduled beside others."""
    return Scheduled(producer, "tool", str(producer), frozenset(beside))


def shown(reader: LogReader) -> list[str]:
    """All that there is for the reader."""
    frames: list[bytes] = []
    while isinstance(part := reader.read(10_000), Chunk):
        frames += part.frames
    assert part is None
    return told(frames)


def read_all_of(log: SessionLog) -> list[bytes]:
    """The frames of a reader who has followed the log."""
    part = log.reader(NOWHERE).read(10**9)
    assert isinstance(part, Chunk)
    return [*part.frames]


def told(frames: list[bytes]) -> list[str]:
    """Frames as the `id` of an event, or the whole of a control event."""
    return [
        str(frame.split(b",")[0].split(b"@")[0].removeprefix(b"id: "), "utf-8")
        if frame.startswith(b"id: ")
        else frame.split(b"data: ")[1].strip().decode()
        for frame in frames
    ]


ENDED_1 = '{"type":"ended","producer":1,"status":"completed"}'


def test_a_reader_who_comes_back_is_told_of_an_end_once() -> None:
    """At the last event of a closed session, over this bridge or another one (§7.5)."""
    log = log_of(mark(1))
    log.absorb(published(events("1.1.1", 3)))
    log.absorb(Ended(1, "completed"))
    log.end()
    assert shown(log.reader(NOWHERE)) == ["1.1.1", "1.1.2", "1.1.3", ENDED_1]
    assert shown(log.reader(Place({1: (1, 1)}))) == [*shown(log.reader(NOWHERE))[1:]]
    assert shown(log.reader(Place({1: (1, 3)}))) == [ENDED_1]
    assert shown(log.reader(log.place)) == [ENDED_1]


def test_readers_who_follow_the_log_get_the_same_frames() -> None:
    """A frame is encoded once, whatever the number of live readers."""
    log = log_of(mark(1))
    readers = [log.reader(NOWHERE), log.reader(NOWHERE)]
    log.receive(EventId(1, 1, 1), events("1.1.1", 2))
    first, second = (reader.read(10_000) for reader in readers)
    assert isinstance(first, Chunk)
    assert isinstance(second, Chunk)
    assert all(a is b for a, b in zip(first.frames, second.frames, strict=True))
    assert len(first.frames) == 2


def test_a_reader_from_another_bridge_soon_shares_the_frames() -> None:
    """One that has seen the events in another order gets few frames of its own (§7.6)."""
    log = log_of(mark(1), mark(2, 1))
    for n in range(0, 100, 10):
        log.absorb(published(events(f"1.1.{n + 1}", 10), events(f"2.1.{n + 1}", 10)))
    reader = log.reader(Place.parse("1.1.14,2.1.13"))
    part = reader.read(100_000)
    assert isinstance(part, Chunk)
    assert told(list(part.frames)) == [f"1.1.{n}" for n in range(15, 21)]
    shared = reader.read(100_000)
    assert isinstance(shared, Chunk)
    assert [*shared.frames] == read_all_of(log)[-167:]


def test_a_new_producer_waits_for_its_mark() -> None:
    """Nothing of a POST is taken before the history was read up to its mark (§7.6)."""
    log = log_of(mark(1))
    log.absorb(published(events("1.1.1")))
    assert log.receive(EventId(2, 1, 1), events("2.1.1")) == Unknown()
    log.absorb(mark(2))
    answer = log.receive(EventId(2, 1, 1), events("2.1.1"))
    assert not isinstance(answer, Unknown)
    assert shown(log.reader(NOWHERE))[-1] == "2.1.1"


def test_without_marks_a_producer_is_shown_when_the_history_shows_it() -> None:
    """A workflow without the plugin makes no marks: then the first batch is the mark (§4.4)."""
    log = log_of()
    log.receive(EventId(1, 1, 1), events("1.1.1", 2))
    assert shown(log.reader(NOWHERE)) == []
    (batch,) = log.received.batches()
    log.mark_durable(batch.last)
    log.absorb(published(batch.events))
    assert shown(log.reader(NOWHERE)) == ["1.1.1", "1.1.2"]
    assert log.received.waiting == 0


def test_a_later_attempt_waits_for_the_history() -> None:
    """An acknowledgement is not enough: a mark may have closed its producer before (§4.4)."""
    log = log_of(mark(1))
    log.absorb(published(events("1.1.1", 2)))
    reader = log.reader(NOWHERE)
    log.receive(EventId(1, 2, 1), events("1.2.1", 2))
    log.mark_durable(EventId(1, 2, 2))
    assert shown(reader) == ["1.1.1", "1.1.2"]
    log.absorb(published(events("1.2.1", 2)))
    assert shown(reader) == ["1.2.1", "1.2.2"]
    assert shown(log.reader(NOWHERE)) == ["1.2.1", "1.2.2"]


def test_two_producers_share_a_signal() -> None:
    """One signal carries what waits of all, and the one that waits longest is never left out."""
    log = log_of(mark(1), mark(2, 1))
    log.receive(EventId(1, 1, 1), events("1.1.1", 900))
    log.receive(EventId(2, 1, 1), events("2.1.1", 900))
    first, second = log.received.batches()
    assert (len(first.events), len(second.events)) == (900, 100)
    for batch in (first, second):
        log.mark_durable(batch.last)
    log.receive(EventId(1, 1, 901), events("1.1.901", 900))
    assert [batch.first.producer for batch in log.received.batches()] == [1, 2]
    log.mark_durable(EventId(1, 1, 1_000))
    assert [batch.first.producer for batch in log.received.batches()] == [2, 1]
