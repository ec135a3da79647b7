"""What a bridge has received of a run, case by case; tests/property has the random schedules."""

from kai_flow.stream.attempt_window import Taken
from kai_flow.stream.batches import MAX_BATCH_EVENTS
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.run_windows import RunWindows


def events(first: str, count: int = 1) -> tuple[NumberedEvent, ...]:
    """Consecutive events."""
    start = EventId.parse(first)
    return tuple(NumberedEvent(start.offset(n), "e", b'{"type":"e"}') for n in range(count))


def windows_of(*posts: tuple[NumberedEvent, ...]) -> RunWindows:
    """Windows that have received these, each the first POST of its producer."""
    windows = RunWindows(max_bytes=1_000_000)
    for post in posts:
        first = post[0].id
        assert isinstance(windows.receive(first, post, EventId(first.producer, 1, 0)), Taken)
    return windows


def signalled(windows: RunWindows) -> list[str]:
    """The first event of each batch of the next signal."""
    return [str(batch.first) for batch in windows.batches()]


def test_what_the_history_has_is_not_signalled_again() -> None:
    """A producer whose events are durable before its first POST has only the rest signalled."""
    windows = RunWindows(max_bytes=1_000_000)
    windows.receive(EventId(1, 1, 1), events("1.1.1", 3), EventId(1, 1, 2))
    assert signalled(windows) == ["1.1.3"]
    assert windows.waiting == 1


def test_the_producer_that_was_signalled_is_the_last_of_the_next_signal() -> None:
    """The others have their turn first, so that none waits for ever."""
    windows = windows_of(events("1.1.1", 5), events("2.1.1", 5))
    assert signalled(windows) == ["1.1.1", "2.1.1"]
    windows.put_last(1)
    assert signalled(windows) == ["2.1.1", "1.1.1"]


def test_who_finds_no_room_in_a_signal_is_in_the_next_one() -> None:
    """A signal is full with the events of one producer; the other loses nothing but its turn."""
    windows = windows_of(events("1.1.1", MAX_BATCH_EVENTS), events("2.1.1", 5))
    assert signalled(windows) == ["1.1.1"]
    windows.mark_durable(EventId(1, 1, MAX_BATCH_EVENTS))
    assert signalled(windows) == ["2.1.1"]


def test_a_mark_for_an_unknown_producer_is_refused() -> None:
    """Of a producer that never POSTed here there is nothing to mark."""
    windows = windows_of(events("1.1.1"))
    assert windows.mark_durable(EventId(1, 1, 1))
    assert not windows.mark_durable(EventId(2, 1, 1))
    assert (windows.waiting, windows.waiting_bytes) == (0, 0)


def test_a_dropped_producer_holds_no_memory() -> None:
    """What was received of it is gone, and that of the others stays."""
    windows = windows_of(events("1.1.1", 2), events("2.1.1", 3))
    before = windows.held
    windows.drop(1)
    assert windows.current(1) is None
    assert 0 < windows.held < before
    assert windows.has_unsignalled(EventId(2, 1, 3))
    windows.clear()
    assert (windows.held, list(windows.all())) == (0, [])
