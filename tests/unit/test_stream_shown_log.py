"""The entries of a log: numbered for good, evicted from the front, counted for what they take."""

import tracemalloc

from kai_flow.stream import control
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.gaps import Gap, Missing
from kai_flow.stream.ids import EventId
from kai_flow.stream.place import NOWHERE, Place
from kai_flow.stream.shown_log import MAX_LOG_BYTES, ShownLog
from tests.property.strategies import run_of

FIRST = EventId(1, 1, 1)


def log_of(count: int) -> ShownLog:
    """A log of so many events of one producer."""
    log = ShownLog("4f3a9c1e", NOWHERE)
    for event in run_of(FIRST, count):
        log.show(event, log.place.advance(event.id))
    return log


def ids(log: ShownLog) -> list[int]:
    """The seqs of the events in the log."""
    return [entry.event.seq for n in range(len(log)) if (entry := log[n]).event is not None]


def at(seq: int) -> Place:
    """The place after an event of the first attempt."""
    return Place({1: (1, seq)})


def nothing_stays(_event: EventId) -> bool:
    """Every event has another copy."""
    return False


def test_what_is_evicted_moves_the_base() -> None:
    """The log begins after the newest entry that has left, and the others keep their numbers."""
    log = log_of(5)
    assert log.evict(2 * log[0].held, nothing_stays)
    assert ids(log) == [5]  # it makes room for the next one as well
    assert (log.base, log.place) == (at(4), at(5))
    assert (log.first, log.number(0), log.next) == (4, 4, 5)
    assert log.held == log[0].held
    assert not log.evict(log.held, nothing_stays)


def test_an_entry_without_another_copy_keeps_all_after_it() -> None:
    """Eviction stops there, whatever is held."""
    log = log_of(5)
    assert log.evict(0, lambda event: event.seq == 3)
    assert ids(log) == [3, 4, 5]
    assert not log.evict(0, lambda event: event.seq == 3)
    assert log.base == at(2)


def test_a_control_event_leaves_with_the_event_behind_it() -> None:
    """Whoever has that event has been told; nobody else may miss it."""
    log = log_of(1)
    log.announce(control.ended(1, "completed"), log.place)
    other = NumberedEvent(EventId(2, 1, 1), "e", b'{"type":"e"}')
    log.show(other, log.place.advance(other.id))
    log.evict(0, lambda event: event == other.id)
    assert [entry.event for entry in log.read(0, 10_000)] == [None, other.id]
    log.evict(0, nothing_stays)
    assert len(log) == log.held == 0
    assert log.base == log.place


def test_what_is_removed_leaves_the_base() -> None:
    """No reader needs it; a gap that was told before it goes as well, and numbers stay."""
    log = log_of(2)
    missing = Missing(EventId(1, 1, 2), EventId(1, 1, 5))
    log.announce(control.gap(Gap((missing,))), log.place)
    (late,) = run_of(EventId(1, 1, 5), 1)
    log.show(late, at(5))
    log.remove(lambda event: event.seq > 1)
    assert [entry.event for entry in log.read(0, 10_000)] == [FIRST]
    assert (log.base, log.first, log.next) == (NOWHERE, 0, 4)
    assert log.index(1) == log.index(4) == 1
    assert log.number(1) == 4
    assert log.held == log[0].held


def test_a_read_has_about_as_many_bytes_as_asked_for() -> None:
    """And one entry at least, because a reader waits for it."""
    log = log_of(5)
    size = len(log[0].frame)
    assert [len(log.read(0, most)) for most in (0, size, size + 1, 99 * size)] == [1, 1, 2, 5]
    assert log.read(log.next, 99 * size) == []


def test_the_entries_that_a_reader_has_are_found() -> None:
    """By its place alone; entries that hold no place have it in their frames."""
    log = log_of(5)
    assert [log.reached(at(seq)) for seq in range(1, 6)] == [1, 2, 3, 4, 5]
    assert log.reached(NOWHERE) == 0
    assert log.place_after(2) == at(3)
    assert log.first_of(1) == FIRST
    assert log.first_of(2) is None


def test_readers_find_their_place_anew_when_the_log_starts_over() -> None:
    """No number of before is used again."""
    log = log_of(3)
    log.start_over(at(7))
    assert (log.base, log.place, log.held, len(log)) == (at(7), at(7), 0, 0)
    assert log.first == log.next == 4


def test_tiny_events_stay_within_the_memory_of_a_log() -> None:
    """An entry counts with its Python objects: most of what a small one takes."""
    log = ShownLog("4f3a9c1e", NOWHERE)
    tracemalloc.start()
    try:
        for seq in range(1, 30_001):
            event = NumberedEvent(EventId(1, 1, seq), "t", b'{"type":"t"}')
            log.show(event, at(seq))
            log.evict(MAX_LOG_BYTES, nothing_stays)
        real, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 0.9 * log.held <= real <= 1.1 * log.held
    assert 0.9 * MAX_LOG_BYTES <= log.held <= MAX_LOG_BYTES
