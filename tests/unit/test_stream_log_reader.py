"""One reader of a log: with frames of its own until it has exactly what the log has shown."""

from kai_flow.stream.fold import Fold
from kai_flow.stream.ids import EventId
from kai_flow.stream.log_reader import Behind, Chunk
from kai_flow.stream.place import NOWHERE, Place
from kai_flow.stream.recorded import Ended, Published, Scheduled
from kai_flow.stream.session_log import SessionLog
from tests.unit.test_stream_session_log import (
    ENDED_1,
    RUN,
    events,
    log_of,
    mark,
    published,
    shown,
    told,
)


def fold_of(*items: Scheduled | Ended | Published) -> Fold:
    """The fold of a run whose history records this."""
    fold = Fold(RUN)
    for item in items:
        fold.take(item)
    return fold


def late_log() -> SessionLog:
    """A log that began after three events of producer 1, and has shown two more."""
    log = SessionLog("4f3a9c1e")
    log.begin(fold_of(mark(1), published(events("1.1.1", 3))))
    log.absorb(published(events("1.1.4", 2)))
    return log


def test_a_reader_who_lacks_what_came_before_the_log_is_behind() -> None:
    """It reads that back, and goes on in the log with shared frames."""
    log = late_log()
    reader = log.reader(Place({1: (1, 1)}))
    assert reader.read(10_000) == Behind()
    assert told(reader.tell(events("1.1.1", 3))) == ["1.1.2", "1.1.3"]
    assert reader.place == log.base
    assert shown(reader) == ["1.1.4", "1.1.5"]
    log.absorb(published(events("1.1.6")))
    ahead = log.reader(Place({1: (1, 5)})).read(10_000)
    mine = reader.read(10_000)
    assert isinstance(ahead, Chunk)
    assert isinstance(mine, Chunk)
    assert mine.frames[0] is ahead.frames[0]


def test_what_the_log_has_not_shown_is_left_for_it() -> None:
    """A durable copy may be ahead of what the log has absorbed; nobody gets anything twice."""
    log = late_log()
    reader = log.reader(NOWHERE)
    assert told(reader.tell(events("1.1.1", 9))) == [f"1.1.{n}" for n in range(1, 6)]
    log.absorb(published(events("1.1.6", 4)))
    assert shown(reader) == [f"1.1.{n}" for n in range(6, 10)]


def test_readers_in_the_same_state_get_the_same() -> None:
    """What was read back for one serves every other who came from the same place."""
    log = late_log()
    first, second = log.reader(NOWHERE), log.reader(NOWHERE)
    assert first.state == second.state
    first.tell(events("1.1.1", 3))
    second.resume(first.state)
    assert second.place == first.place == log.base
    assert shown(second) == shown(first) == ["1.1.4", "1.1.5"]


def test_a_reader_of_another_order_is_told_of_ends_at_its_own_place() -> None:
    """It has seen of producer 2 before all of 1; then it lacks nothing and joins the others."""
    log = log_of(mark(1), mark(2, 1))
    log.absorb(published(events("1.1.1", 2), events("2.1.1")))
    log.absorb(Ended(1, "completed"))
    reader = log.reader(Place({1: (1, 1), 2: (1, 1)}))
    assert shown(reader) == ["1.1.2", ENDED_1]
    assert reader.place == log.place
    newest = log.reader(log.place)
    newest.read(10_000)
    log.absorb(published(events("2.1.2")))
    ahead, mine = newest.read(10_000), reader.read(10_000)
    assert isinstance(ahead, Chunk)
    assert isinstance(mine, Chunk)
    assert mine.frames[0] is ahead.frames[0]


def test_a_jump_tells_the_ends_of_those_who_are_left_behind() -> None:
    """A reader that is moved over what was deleted has listed a producer that goes on nowhere."""
    history = fold_of(
        mark(1),
        published(events("1.1.1", 2)),
        Ended(1, "completed"),
        mark(2),
        published(events("2.1.1", 3)),
    )
    log = SessionLog("4f3a9c1e")
    log.begin(history)
    reader = log.reader(Place({1: (1, 1)}))
    assert told(reader.jump(Place({2: (1, 2)}))) == [ENDED_1]
    assert reader.place == Place({2: (1, 2)})
    assert told(reader.jump(Place({2: (1, 3)}))) == []
    assert shown(reader) == []


def test_a_reader_crosses_into_the_next_run() -> None:
    """At the end of a run it learns of the ends there, and lacks nothing of what comes next."""
    before = fold_of(mark(1), published(events("1.1.1", 2)), Ended(1, "completed"))
    before.close()
    log = SessionLog("4f3a9c1e")
    log.begin(Fold("next", Place.before(2)))
    reader = log.reader(Place({1: (1, 1)}))
    assert told(reader.tell(events("1.1.2"), before)) == ["1.1.2"]
    assert told(reader.cross(Place.before(2), before)) == [ENDED_1]
    assert reader.place.includes(Place.before(2))
    log.absorb(mark(2))
    log.receive(EventId(2, 1, 1), events("2.1.1"))
    assert shown(reader) == ["2.1.1"]
