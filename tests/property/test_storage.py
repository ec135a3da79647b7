"""Storage: the limit follows the run's history, and no event that was to be stored loses that."""

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.storage import (
    MAX_STORED_BYTES,
    READ_AGAIN_BYTES,
    UNSTORED_DATA,
    Allowance,
    Storage,
    storable_beside,
)

WRAPPING = 11  # what an event costs in a signal beside its own bytes
START = EventId(1, 1, 0)
histories = st.integers(0, 2 * MAX_STORED_BYTES)


class StorageOfARun(RuleBasedStateMachine):
    """One attempt that stores beside others, whose run's size is read now and then.

    The history is a plain number: what all producers have made durable.
    """

    def __init__(self) -> None:
        super().__init__()
        self.storage = Storage(MAX_STORED_BYTES, START)
        self.newest = START
        self.waiting: list[NumberedEvent] = []  # to be stored, and not durable
        self.stored: list[NumberedEvent] = []  # to be stored
        self.durable = START
        self.released = START
        self.history = 0
        self.reading: int | None = None  # the size that the server has found, while it is under way
        self.since_reading = 0  # bytes stored by this attempt since it last asked
        self.by_others = 0  # bytes stored by others since it last asked

    def number(self, data: bytes) -> NumberedEvent:
        """The next event."""
        self.newest = self.newest.offset(1)
        return NumberedEvent(self.newest, "e", data)

    @rule(size=st.sampled_from([1, 90_000, 180_000, 256 * 1024]))
    def says(self, size: int) -> None:
        """The agent sends an event, before which `unstored` may come."""
        if self.storage.is_unstored_due(size, self.newest):
            mark = self.number(UNSTORED_DATA)
            self.storage.end(mark)
            self.stored.append(mark)
            self.waiting.append(mark)
        event = self.number(b"x" * size)
        self.storage.add(event)
        if self.storage.last is None:
            self.stored.append(event)
            self.waiting.append(event)
            self.since_reading += size + WRAPPING

    @rule(count=st.integers(1, 5))
    def becomes_durable(self, count: int) -> None:
        """A signal stores the oldest events, merged or not."""
        for event in self.waiting[:count]:
            self.storage.became_durable(event)
            self.durable = event.id
            self.history += len(event.data) // 2
        del self.waiting[:count]

    @rule(size=st.integers(0, 8 * 1024 * 1024))
    def others_store(self, size: int) -> None:
        """The history grows by other producers' events."""
        self.history += size
        self.by_others += size

    @rule(back=st.integers(0, 3))
    def is_shown(self, back: int) -> None:
        """Live-only events up to some event are not needed any more."""
        through = self.newest.offset(-min(back, self.newest.seq))
        self.storage.release(through)
        self.released = max(self.released, through)

    @rule()
    def asks(self) -> None:
        """A reading is due after 256 KiB, one at a time, and none after `unstored`."""
        due = self.since_reading >= READ_AGAIN_BYTES and self.reading is None
        assert self.storage.next_reading(len(self.waiting)) == (due and self.storage.last is None)
        if due and self.storage.last is None:
            self.reading, self.since_reading, self.by_others = self.history, 0, 0

    @precondition(lambda self: self.reading is not None)
    @rule(answers=st.booleans())
    def server_answers(self, answers: bool) -> None:
        """The answer may be late: both the agent and the history have gone on since."""
        self.storage.history_read(self.reading if answers else None)
        if answers and self.storage.last is None:
            assert self.reading is not None
            mine = sum(len(event.data) + WRAPPING for event in self.waiting)
            allowance = self.storage._allowance
            assert allowance.limit >= allowance.spent
            room = allowance.limit - allowance.spent
            # What became durable since the size was asked for counts as if it were not in it.
            assert room <= max(0, MAX_STORED_BYTES - self.reading - mine)
        self.reading = None

    @invariant()
    def what_is_to_be_stored_stays_so(self) -> None:
        """Every event before `unstored` is stored, `unstored` comes once, and the rest is live."""
        marks = [event.id for event in self.stored if event.data == UNSTORED_DATA]
        assert marks == ([] if self.storage.last is None else [self.storage.last])
        assert all(self.storage.is_stored(event.id) for event in self.stored)
        assert self.storage.last is None or not self.storage.is_stored(self.newest.offset(1))
        assert self.storage.waiting_bytes == sum(len(event.data) for event in self.waiting)

    @invariant()
    def live_only_leaves_after_all_that_is_stored(self) -> None:
        """Released events are done with only when `unstored` is durable."""
        whole = self.storage.last is not None and self.durable >= self.storage.last
        wanted = max(self.durable, self.released) if whole else self.durable
        assert self.storage.done_with(self.durable) == wanted


TestStorageOfARun = StorageOfARun.TestCase


@given(st.integers(-10, 3_000), st.lists(st.integers(1, 400), min_size=1, max_size=20))
@example(0, [1])
@example(12, [1, 1])
def test_unstored_comes_before_the_first_event_that_does_not_fit(
    storable: int, sizes: list[int]
) -> None:
    """Bytes and 11 more for each event count, and the first event is stored in any case."""
    storage, newest, spent = Storage(storable, START), START, 0
    for size in sizes:
        spent += size + WRAPPING
        due = storage.is_unstored_due(size, newest)
        assert due == (newest.seq > 0 and spent > storable)
        if due:
            break
        newest = newest.offset(1)
        storage.add(NumberedEvent(newest, "e", b"x" * size))


@given(
    st.integers(0, MAX_STORED_BYTES),
    st.lists(st.integers(1, 256 * 1024), min_size=1, max_size=20),
    st.integers(0, 20),
    st.integers(0, 20),
    histories,
)
def test_the_limit_never_moves_before_what_was_stored(
    storable: int, sizes: list[int], asked: int, durable: int, history: int
) -> None:
    """A full history ends the store at the next event; what came before is stored all the same."""
    asked, durable = min(asked, len(sizes)), min(durable, asked, len(sizes))
    allowance = Allowance(storable)
    for number, size in enumerate(sizes):
        if number == asked:
            allowance.ask(asked - durable, sum(sizes[durable:asked]))
        allowance.spend(size)
    if asked == len(sizes):
        allowance.ask(asked - durable, sum(sizes[durable:]))
    spent = sum(sizes) + WRAPPING * len(sizes)
    assert allowance.spent == spent
    allowance.history_read(history)
    contained = sum(sizes[:durable]) + WRAPPING * durable
    assert allowance.limit == max(spent, contained + storable_beside(history))
    left = allowance.limit - spent
    assert not allowance.admits(left)
    assume(left > WRAPPING)
    assert allowance.admits(left - WRAPPING)


@given(histories)
def test_a_reading_that_fails_changes_nothing(storable: int) -> None:
    """The limit stays, and the next reading is due after another 256 KiB."""
    allowance = Allowance(storable)
    allowance.spend(READ_AGAIN_BYTES - WRAPPING)
    assert allowance.reading_due
    allowance.ask(0, 0)
    allowance.spend(READ_AGAIN_BYTES)
    assert not allowance.reading_due, "one is under way"
    allowance.history_read(None)
    assert allowance.limit == storable
    assert allowance.reading_due
    allowance.ask(0, 0)
    allowance.history_read(None)
    assert not allowance.reading_due


@settings(max_examples=10)
@given(st.sampled_from([1, 8, 64]), st.sampled_from([32 * 1024, 100 * 1024]))
def test_producers_beside_each_other_stay_below_the_servers_limit(
    producers: int, event_bytes: int
) -> None:
    """Each exceeds the limit by what it stores between two readings: 64 do so by 16 MiB."""
    allowances = [Allowance(MAX_STORED_BYTES) for _ in range(producers)]
    history, size, active = 0, event_bytes - WRAPPING, True
    while active:
        active = False
        for allowance in allowances:
            if allowance.admits(size):
                active = True
                allowance.spend(size)
                history += size + WRAPPING
            if allowance.reading_due:
                allowance.ask(0, 0)
                allowance.history_read(history)
    between = READ_AGAIN_BYTES + event_bytes
    assert MAX_STORED_BYTES - event_bytes <= history <= MAX_STORED_BYTES + producers * between


@given(histories)
def test_a_history_leaves_what_is_below_the_limit(history: int) -> None:
    """Never less than nothing; with an unknown history, three attempts stay below 50 MiB."""
    assert storable_beside(history) == max(0, MAX_STORED_BYTES - history)
    assert 3 * storable_beside(None) < 50 * 1024 * 1024
