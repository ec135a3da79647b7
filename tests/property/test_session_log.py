"""The session log against a plain model, with readers at arbitrary cursors, crashes and zombies."""

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kai_flow.stream.attempt_window import (
    Answer,
    Behind,
    Chunk,
    Full,
    Lost,
    Missing,
    Stale,
    Taken,
)
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import START, EventId
from kai_flow.stream.session_log import SessionLog
from tests.property.strategies import frame, plain, run_of, what_counts

MAX_BYTES = 400
SELDOM = st.integers(0, 5)  # acts on 0

AttemptKey = tuple[int, int]


def event_of(one: bytes) -> NumberedEvent:
    """The event that a frame shows."""
    name, _, data = one.partition(b"|")
    return NumberedEvent(EventId.parse(name.decode()), "e", data.rstrip())


class PlainAttempt:
    """What a bridge knows of one attempt, in plain sets of numbers."""

    def __init__(self) -> None:
        self.window: set[int] = set()  # shown, or shown once: all that came since the last jump
        self.place = 0  # the window ends here, whether or not anything is in it
        self.durable = 0  # by Temporal
        self.told = 0  # by the last POST
        self.stored: int | None = None
        self.waiting: dict[int, NumberedEvent] = {}
        self.frames: dict[int, int] = {}  # bytes of the window's frames
        self.confirmed = False

    def settle(self, through: int) -> None:
        """Temporal has everything up to `through`."""
        if through > self.place:
            self.jump(through)
        self.durable = max(self.durable, through)
        self.waiting = {n: event for n, event in self.waiting.items() if n > through}

    def jump(self, place: int) -> None:
        """The window ends at `place`, and nothing is in it; what waits before it still waits."""
        self.window, self.frames, self.place = set(), {}, place
        self.waiting = {n: event for n, event in self.waiting.items() if n <= place}

    def reach(self, base: int) -> int:
        """How far it has everything that whoever says `base` may not have let go of."""
        reach = max(base - 1, self.durable)
        while reach + 1 in self.window | self.waiting.keys():
            reach += 1
        return reach

    @property
    def stuck(self) -> int:
        """Frame bytes of what cannot leave memory."""
        first = min((n for n in self.frames if n in self.waiting), default=self.place + 1)
        return sum(size for n, size in self.frames.items() if n >= first)

    def receive(
        self, base: EventId, events: list[NumberedEvent], stored: int | None, signalling: bool
    ) -> Answer:
        """One POST of it."""
        reach = self.reach(base.seq)
        durable = base._replace(seq=max(self.durable, base.seq - 1))
        new = [event for event in events if event.id.seq > reach]
        if new and new[0].id.seq != reach + 1:
            if signalling:
                return Missing(base._replace(seq=reach + 1))
            return Taken(new[-1].id, durable, held=False)
        kept = [event for event in new if stored is None or event.id.seq <= stored]
        size = sum(len(event.data) for event in [*self.waiting.values(), *kept])
        if kept and size > MAX_BYTES:
            return Full()
        if len(kept) < len(new) and self.stuck > MAX_BYTES:
            return Full()
        self.stored = stored or self.stored
        self.told = base.seq - 1
        if reach != self.place and (new or not self.waiting):
            self.jump(reach)
        for event in new:
            self.place = event.id.seq
            self.window.add(self.place)
            self.frames[self.place] = len(frame(event))
        self.waiting |= {event.id.seq: event for event in kept}
        return Taken(base._replace(seq=reach + len(new)), durable, bool(new))

    def to_signal(self) -> list[NumberedEvent]:
        """What waits and goes on where the history ends."""
        run: list[NumberedEvent] = []
        while self.durable + 1 + len(run) in self.waiting:
            run.append(self.waiting[self.durable + 1 + len(run)])
        return run


class Reader:
    """A subscriber: its cursor and all it was shown."""

    def __init__(self) -> None:
        self.cursor = START
        self.seen: list[NumberedEvent] = []


class LogAgainstModel(RuleBasedStateMachine):
    """A session's producers, its history, one bridge's log of it, and its readers."""

    def __init__(self) -> None:
        super().__init__()
        self.lives: list[list[NumberedEvent]] = []  # what each attempt said
        self.stored: dict[AttemptKey, int] = {}  # the last event that each stores, if there is more
        self.history: list[NumberedEvent] = []  # what the fold accepted, and still counts
        self.accepted: set[tuple[AttemptKey, int]] = set()  # all that it ever did
        self.readers = [Reader(), Reader()]
        self.comes_up()

    @precondition(lambda self: self.current)
    @rule(luck=SELDOM)
    def crashes(self, luck: int) -> None:
        """Now and then the bridge crashes and starts again."""
        if luck == 0:
            self.comes_up()

    def comes_up(self) -> None:
        """A bridge that knows nothing."""
        self.log = SessionLog(frame, max_bytes=MAX_BYTES)
        self.current: AttemptKey | None = None
        self.claim: AttemptKey | None = None
        self.known: dict[AttemptKey, PlainAttempt] = {}

    # What producers and Temporal do

    @rule(count=st.integers(1, 6), padding=st.sampled_from([0, 0, 40, 120]), luck=SELDOM)
    def says(self, count: int, padding: int, luck: int) -> None:
        """The living attempt says more, of which now and then nothing is stored any more."""
        if self.lives:
            if luck == 0:
                self.stored.setdefault(self.lives[-1][0].id[:2], len(self.lives[-1]))
            self.lives[-1] += run_of(self.lives[-1][-1].id.offset(1), count, padding)
        else:
            self.lives.append(list(run_of(EventId(1, 1, 1), count, padding)))

    def to_store(self, life: list[NumberedEvent]) -> list[NumberedEvent]:
        """What of it is not live only."""
        return life[: self.stored.get(life[0].id[:2])]

    @precondition(lambda self: self.lives)
    @rule(luck=SELDOM, skipped=st.integers(1, 2))
    def is_tried_again(self, luck: int, skipped: int) -> None:
        """The attempt dies, perhaps without a signal, and a later one begins."""
        if luck:
            return
        producer, attempt, _ = self.lives[-1][0].id
        self.lives.append([plain(EventId(producer, attempt + skipped, 1))])

    @precondition(lambda self: self.lives and self.lives[-1][0].id.producer < 3)
    @rule(luck=SELDOM)
    def next_producer(self, luck: int) -> None:
        """The activity ends, all of it durable, and the workflow's next one begins."""
        if luck:
            return
        self.becomes_durable(tuple(self.to_store(self.lives[-1])))
        self.lives.append([plain(EventId(self.lives[-1][0].id.producer + 1, 1, 1))])

    def durable_of(self, life: list[NumberedEvent]) -> int:
        """How much of an attempt the history holds."""
        return sum(event in self.history for event in life)

    def durable_of_attempt(self, place: AttemptKey) -> int:
        """The newest event of an attempt that the fold has ever let in."""
        return max((n for tried, n in self.accepted if tried == place), default=0)

    def becomes_durable(self, events: tuple[NumberedEvent, ...]) -> None:
        """A signal reaches the fold."""
        last = self.history[-1].id if self.history else START
        if events[0].id[:2] >= last[:2]:
            self.history = what_counts([*self.history, *events])
            self.accepted |= {(event.id.attempt_key, event.id.seq) for event in events}

    @precondition(lambda self: self.lives)
    @rule(back=st.integers(0, 2), count=st.integers(1, 8))
    def signals_itself(self, back: int, count: int) -> None:
        """A producer, perhaps a zombie, signals directly; the bridge does not hear of it."""
        life = self.lives[max(0, len(self.lives) - 1 - back)]
        start = self.durable_of(life)
        if events := tuple(self.to_store(life)[start : start + count]):
            self.becomes_durable(events)

    # What the bridge does

    def at(self, place: AttemptKey) -> PlainAttempt | None:
        """The plain attempt that news from Temporal about `place` concerns."""
        if self.current is not None and place < self.current:
            return None
        if self.claim is not None and place >= self.claim:
            if place > self.claim:
                self.claim, self.current = None, place
            else:
                self.current, self.claim = self.claim, None
        if self.current is None or place > self.current:
            self.current = place
        return self.known.setdefault(place, PlainAttempt())

    @precondition(lambda self: self.lives)
    @rule(
        back=st.sampled_from([0, 0, 0, 1, 2]),
        held=st.integers(0, 9),
        signalling=st.sampled_from([True, True, False]),
        lies=SELDOM,
        data=st.data(),
    )
    def is_posted(
        self, back: int, held: int, signalling: bool, lies: int, data: st.DataObject
    ) -> None:
        """A producer, perhaps a zombie, POSTs a stretch of what it holds, or only asks.

        Now and then somebody says a `base` of his own beside it.
        """
        life = self.lives[max(0, len(self.lives) - 1 - back)]
        place: AttemptKey = life[0].id[:2]
        stored = self.stored.get(place)
        base = EventId(*place, max(1, self.durable_of(life) + 1 - held))
        if self.durable_of(life) == stored and data.draw(st.booleans()):  # and more was let go
            base = EventId(*place, data.draw(st.integers(stored + 1, len(life) + 1)))
        if lies == 0:
            base = EventId(*place, data.draw(st.integers(1, len(life) + 3)))
        start = data.draw(st.integers(base.seq, max(base.seq, len(life) + 1)))
        if data.draw(st.booleans()) and place in self.known:  # just what it has not yet
            start = max(base.seq, min(len(life), self.known[place].place) + 1)
        stop = data.draw(st.integers(start, max(start, min(len(life) + 1, start + 6))))
        events = life[start - 1 : stop - 1]
        end = None if stored is None else EventId(*place, stored)
        answer = self.log.receive(base, events, stored=end, signalling=signalling)
        wanted = self.expected(place, base, events, stored, signalling)
        assert answer == wanted
        if isinstance(answer, Taken) and answer.durable.seq >= base.seq:
            assert place in self.known
        if isinstance(answer, Missing):
            assert answer.expected >= base

    def expected(
        self,
        place: AttemptKey,
        base: EventId,
        events: list[NumberedEvent],
        stored: int | None,
        signalling: bool,
    ) -> Answer:
        """The answer by the plain rules."""
        unchanged = Taken(base.offset(-1), base.offset(-1), held=False)
        if self.current is not None and place < self.current:
            return Stale() if self.known[self.current].confirmed else unchanged
        if self.claim is not None and self.current != place < self.claim:
            return unchanged
        known = self.known.get(place, PlainAttempt())
        answer = known.receive(base, events, stored, signalling)
        if not isinstance(answer, Taken):
            return answer  # and nothing has changed
        self.known[place] = known
        if self.current in (None, place):
            self.current = place
            return answer
        self.claim = place
        return answer._replace(news=False, held=False)

    @rule()
    def bridge_signals(self) -> None:
        """The bridge makes the oldest of what waits durable: a claim first, to know its truth."""
        attempt = self.log.signal_next()
        waits = [t for t in (self.claim, self.current) if t and self.known[t].waiting]
        ready = [t for t in waits if self.known[t].to_signal()]
        assert (attempt and attempt.attempt_key) == next(iter([*ready, *waits]), None)
        if attempt is None:
            return
        events = attempt.undurable()
        known = self.known[attempt.attempt_key]
        assert list(events) == known.to_signal()
        assert attempt.ready == bool(events)
        assert attempt.doubtful == (known.told > known.durable or not events)
        if not events:
            return
        life = next(life for life in self.lives if life[0].id.attempt_key == attempt.attempt_key)
        if self.history[-1:] < [life[0]] or self.history[-1].id.attempt_key == attempt.attempt_key:
            assert events[0].id.seq <= self.durable_of(life) + 1, "no hole is made"
        self.becomes_durable(events)
        before = self.log.current and self.log.current.received
        moved = self.log.mark_durable(events[-1].id)
        assert moved == ((self.log.current and self.log.current.received) != before)
        self.hears(events[-1].id)

    def hears(self, through: EventId) -> None:
        """The plain model learns that Temporal accepted everything up to `through`."""
        known = self.at(through.attempt_key)
        if known is not None:
            known.settle(through.seq)
            known.confirmed = True

    @precondition(lambda self: self.history)
    @rule(data=st.data())
    def reads_back(self, data: st.DataObject) -> None:
        """A stretch of the history or of the workflow's buffer comes in."""
        start = data.draw(st.integers(0, len(self.history) - 1))
        stop = data.draw(st.integers(start + 1, len(self.history)))
        part = self.history[start:stop]
        before = self.log.position
        news = self.log.absorb(part)
        assert news == (self.log.position != before), "readers are woken when they may go on"
        for event in part:
            self.hears(event.id)

    # What readers see

    @rule(who=st.integers(0, 1), size=st.sampled_from([1, 60, 10_000]))
    def reads(self, who: int, size: int) -> None:
        """A reader takes what memory has for it, or reads back when it is behind."""
        reader = self.readers[who]
        match self.log.read(reader.cursor, size):
            case Chunk(frames, after):
                assert frames
                assert len(frames) == 1 or sum(map(len, frames[:-1])) < size
                self.shows(reader, [event_of(one) for one in frames])
                assert reader.cursor == after
                assert self.log.current is not None
                if after.attempt_key != min(self.known):
                    # Only what Temporal accepted may supersede what this bridge knew before.
                    assert self.known[after.attempt_key].confirmed
            case Behind():
                assert not self.was_given_all_stored(reader.cursor), "there is nothing to read"
                self.shows(reader, [e for e in self.history if e.id > reader.cursor][:5])
            case Lost(after, before):
                self.misses(reader, after, before)
            case None:
                newest = self.log.current.received if self.log.current else START
                assert reader.cursor >= newest or newest.seq == 0

    def was_given_all_stored(self, cursor: EventId) -> bool:
        """Whether the bridge knows that nothing more of the reader's attempt is stored."""
        if cursor.attempt_key != self.current:
            return False
        stored = self.known[cursor.attempt_key].stored
        return stored is not None and cursor.seq >= stored

    def misses(self, reader: Reader, after: EventId, before: EventId | None) -> None:
        """Only what is not stored is ever missed, and by who has been given all that is."""
        assert after > reader.cursor
        assert after.attempt_key == reader.cursor.attempt_key
        stored = self.stored[after.attempt_key]
        assert reader.cursor.seq >= stored
        assert [e.id for e in self.history if e.id > reader.cursor and e.id <= after] == []
        assert self.log.current is not None
        held = self.log.current.start <= self.log.current.received
        assert before == (self.log.current.start if held else None)
        assert after == self.log.current.start.offset(-1)
        reader.cursor = after

    @rule(who=st.integers(0, 1), place=st.integers(0, 30))
    def reconnects(self, who: int, place: int) -> None:
        """A reader goes back to any place it has been at."""
        reader = self.readers[who]
        reader.seen = reader.seen[:place]
        reader.cursor = reader.seen[-1].id if reader.seen else START

    def shows(self, reader: Reader, events: list[NumberedEvent]) -> None:
        """Each event is the next of what was said, none between is missing."""
        for event in events:
            assert event in next(life for life in self.lives if life[0].id[:2] == event.id[:2])
            assert event.id > reader.cursor
            if event.id.attempt_key == reader.cursor.attempt_key:
                assert event.id.seq == reader.cursor.seq + 1
            else:
                assert event.id.seq == 1
            for producer in range(1, event.id.producer):
                whole = [e for e in self.history if e.id.producer == producer]
                assert [e for e in reader.seen if e in whole] == whole
            reader.seen.append(event)
            reader.cursor = event.id

    @invariant()
    def agrees(self) -> None:
        """Log and model know the same attempts, to the same ids; memory is bounded."""
        log = self.log
        assert (log.current and log.current.attempt_key) == self.current
        assert (log.claim and log.claim.attempt_key) == self.claim
        for attempt in (log.current, log.claim):
            if attempt is not None:
                known = self.known[attempt.attempt_key]
                assert attempt.received.seq == known.place
                assert attempt.durable.seq <= self.durable_of_attempt(attempt.attempt_key), (
                    "nobody's word"
                )
                assert attempt.durable.seq == known.durable
                assert attempt.confirmed == known.confirmed
                assert attempt.waiting == len(known.waiting)
                assert attempt.waiting_bytes == sum(len(e.data) for e in known.waiting.values())
                assert attempt.waiting_bytes <= MAX_BYTES
                held = [attempt._frames[n] for n in sorted(attempt._frames)]
                assert [event_of(one).id.seq for one in held] == list(
                    range(attempt.start.seq, attempt.received.seq + 1)
                )
                left = {n for n in known.window if n < attempt.start.seq}
                assert not left & known.waiting.keys(), "what waits does not leave"
                assert attempt.bytes == sum(map(len, held))
                assert attempt.bytes <= MAX_BYTES or attempt.start.seq in known.waiting


TestLog = LogAgainstModel.TestCase
TestLog.settings = settings(max_examples=200, stateful_step_count=50)


@given(st.integers(1, 4), st.integers(0, 3), st.booleans())
def test_the_end_of_an_attempt_is_known_when_the_next_has_begun(
    stored: int, beyond: int, claimed: bool
) -> None:
    """Who saw all of what was not stored misses nothing, however the next one is learnt of."""
    log, first, later = SessionLog(frame), EventId(1, 1, 1), run_of(EventId(2, 1, 1), 2)
    end = first.offset(stored + beyond - 1)
    log.receive(first, run_of(first, stored + beyond), stored=first.offset(stored - 1))
    if claimed:
        log.receive(later[0].id, later)
        log.mark_durable(later[0].id)
    else:
        log.absorb(later)
    assert log.position == later[-1].id
    assert log.ended_at(end) == bool(beyond)
    assert not log.ended_at(end.offset(-1))
    assert not log.ended_at(later[-1].id)


def test_a_claim_that_is_read_back_is_news() -> None:
    """An attempt that was POSTed whole is shown once a read proves it, though nothing is added."""
    log, first, later = SessionLog(frame), run_of(EventId(1, 1, 1), 1), run_of(EventId(2, 1, 1), 2)
    log.receive(first[0].id, first)
    log.receive(later[0].id, later)
    assert log.absorb([*first, *later])
    assert log.position == later[-1].id
    assert not log.absorb([*first, *later])


def test_a_closed_session_takes_nothing_in() -> None:
    """After the end every POST is stale."""
    log = SessionLog(frame)
    log.closed = True
    assert log.receive(EventId(1, 1, 1), run_of(EventId(1, 1, 1), 1)) == Stale()
    assert log.current is None


@given(st.integers(0, 4), st.integers(1, 9), st.integers(1, 9), st.integers(1, 3))
def test_what_is_asked_for_again_changes_nothing(
    held: int, base: int, hole: int, count: int
) -> None:
    """A 409 leaves the log as it was, and so does a 429, also where it would be the first POST."""
    first = EventId(1, 1, 1)
    log = SessionLog(frame, max_bytes=MAX_BYTES)
    if held:
        log.receive(first, run_of(first, held))
    place = first.offset(base - 1)
    come = max(held, base - 1)
    for events in (run_of(first.offset(come + hole), count), run_of(first.offset(come), 1, 500)):
        before = (log.position, log.bytes, log.signal_next(), log.read(START, 10**9))
        answer = log.receive(place, events)
        assert answer in (Missing(first.offset(come)), Full())
        assert before == (log.position, log.bytes, log.signal_next(), log.read(START, 10**9))
        assert (log.current is None) == (held == 0)
