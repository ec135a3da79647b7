"""Frames of what was read back: made once, and counted for exactly as long as they are kept."""

from collections.abc import Sequence

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.bridge.frames import KEPT_FRAMES, PageFrames
from kai_flow.stream.batches import Batch
from kai_flow.stream.buffer import EventBuffer, Limits, Slice
from kai_flow.stream.fold import Fold
from kai_flow.stream.gaps import Gap, Missing
from kai_flow.stream.ids import EventId
from kai_flow.stream.log_reader import LogReader
from kai_flow.stream.place import NOWHERE, Place
from kai_flow.stream.recorded import Ended, Published, Recorded, Scheduled
from kai_flow.stream.session_log import SessionLog
from kai_flow.stream.sse import Decoder
from tests.property.strategies import run_of
from tests.unit.virtual import RUN_ID

INCARNATION = "4f3a9c1e"


class Book:
    """A source of pages: everything that a history has recorded."""

    def __init__(self, items: Sequence[Recorded], page_bytes: int = 100_000) -> None:
        self.buffer = EventBuffer(RUN_ID, Limits(2**40, 2**40))
        self.page_bytes = page_bytes
        self.reads = 0
        for item in items:
            self.buffer.take(item)

    @property
    def knowledge(self) -> Fold:
        return self.buffer.fold

    def read(self, after: Place) -> Slice:
        self.reads += 1
        return self.buffer.read(after, self.page_bytes)


def recorded(*firsts: str, count: int = 2) -> list[Recorded]:
    """Producers that run one after another, with so many events each."""
    items: list[Recorded] = []
    for first in map(EventId.parse, firsts):
        items.append(Scheduled(first.producer, "act", str(first.producer)))
        items.append(Published(RUN_ID, (Batch(run_of(first, count)),)))
        items.append(Ended(first.producer, "completed"))
    return items


def reader_at(place: str = "0.0.0") -> LogReader:
    """A reader of a log that has nothing yet."""
    return SessionLog(INCARNATION).reader(Place.parse(place))


def told(frames: bytes) -> list[str]:
    """The ids of events, and the types of everything else."""
    return [
        str(msgspec.json.decode(one.data)["type"]) if one.id is None else one.id.partition("@")[0]
        for one in Decoder().feed(frames.decode())
    ]


def test_a_page_has_its_notices_at_their_places() -> None:
    """The end of an activity is told before the first event of one that is not beside it."""
    reader = reader_at("1.1.1")
    frames = PageFrames().of(reader, Book(recorded("1.1.1", "2.1.1")))
    assert told(frames) == ["1.1.2", "ended", "2.1.1", "2.1.2", "ended"]
    assert reader.place == Place.parse("2.1.2")


def test_readers_in_the_same_state_share_one_copy() -> None:
    """Five hundred readers at the same place cost one encoding, and all go on from its end."""
    frames = PageFrames()
    book = Book(recorded("1.1.1", "2.1.1"))
    readers = [reader_at() for _ in range(500)]
    made = [frames.of(reader, book) for reader in readers]
    assert all(one is made[0] for one in made)
    assert {reader.place for reader in readers} == {Place.parse("2.1.2")}
    other = reader_at("1.1.1")
    assert frames.of(other, book) is not made[0]


def test_a_deleted_run_is_a_gap_and_then_the_rest() -> None:
    """What is missing before a page comes first, and the reader goes on behind it."""

    class Deleted(Book):
        def read(self, after: Place) -> Slice:
            begins = Place.before(2)
            if after.includes(begins):
                return super().read(after)
            found = super().read(begins)
            gap = Gap((Missing(None, EventId(2, 0, 0)),))
            return found._replace(gap=gap, start=begins)

    reader = reader_at()
    frames = PageFrames().of(reader, Deleted(recorded("1.1.1", "2.1.1")))
    assert told(frames) == ["gap", "2.1.1", "2.1.2", "ended"]


def test_a_reader_goes_on_in_the_next_run() -> None:
    """At the end of one run its place becomes the beginning of the next, with nothing to show."""

    class Ending(Book):
        def read(self, after: Place) -> Slice:
            found = super().read(after)
            return found if found.events else found._replace(next=Place.before(3))

    reader = reader_at("2.1.2")
    assert told(PageFrames().of(reader, Ending(recorded("2.1.1")))) == ["ended"]
    assert reader.place == Place.before(3)


@given(st.lists(st.integers(0, 30), max_size=60), st.integers(0, 59))
def test_what_is_kept_is_counted(asked: list[int], forget_at: int) -> None:
    """`held` is the size of the newest pages' frames, at most KEPT_FRAMES of them, at any time."""
    frames = PageFrames()
    book = Book(recorded("1.1.1", count=40), page_bytes=200)
    kept: dict[int, bytes] = {}
    for number, seq in enumerate(asked):
        place = str(NOWHERE) if seq == 0 else f"1.1.{seq}"
        made = frames.of(reader_at(place), book)
        assert frames.of(reader_at(place), book) is made, "two readers share one copy"
        assert made is kept.setdefault(seq, made), "as long as it is kept"
        if len(kept) > KEPT_FRAMES:
            kept.pop(next(iter(kept)))
        if number == forget_at:
            frames.forget()
            kept.clear()
        assert frames.held == sum(map(len, kept.values()))
