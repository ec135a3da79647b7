"""The outbox against plain lists with the same rules: agreement after every step."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from kai_flow.stream.batches import MAX_BATCH_EVENTS
from kai_flow.stream.errors import OutboxFull
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.outbox import Outbox
from tests.property.strategies import any_ids, near_ids

MAX_EVENTS, MAX_BYTES = 6, 60
MARK = b'{"type":"unstored"}'
WRAPPING = 11  # what an event costs in a signal beside its own bytes
ATTEMPT = EventId(1, 2, 0)


class OutboxAgainstLists(RuleBasedStateMachine):
    """An agent that speaks, one POST in flight, signals, and hostile answers to both."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[bytes] = []  # seq 1 is at 0
        self.delivered: set[int] = set()  # seqs of which a POST succeeded
        self.stored: int | None = None  # the last that is stored
        self.spent = 0  # bytes stored
        self.durable = 0  # or live only and done with
        self.released = 0  # what is live only is not needed up to here
        self.settled = 0  # delivered or given up, up to here
        self.gone = 0  # let go, up to here
        self.cursor = 0  # the next POST starts after it
        self.posting: tuple[NumberedEvent, ...] = ()

    def let_go(self) -> None:
        """The rule of trimming, said plainly."""
        needed = min(self.durable, self.settled) if self.real.must_deliver else self.durable
        self.gone = max(self.gone, needed)
        self.cursor = max(self.cursor, self.gone)

    def passed(self, through: int) -> None:
        """POSTs need not say again what is up to `through`."""
        self.settled = max(self.settled, through)
        self.cursor = max(self.cursor, through)
        self.let_go()

    def advance(self) -> None:
        """What is live only is done with once everything stored is durable and it was released."""
        if self.stored is not None and self.durable >= self.stored:
            self.durable = max(self.durable, self.released)
        self.let_go()

    def release(self, through: int) -> bool:
        """What is live only is not needed up to `through`; True if anything came of it."""
        self.released = max(self.released, min(through, len(self.said)))
        before = self.durable
        self.advance()
        return self.durable > before

    @property
    def waiting(self) -> list[bytes]:
        """What is to become durable, oldest first."""
        return self.said[: self.stored][self.durable :]

    @initialize(must_deliver=st.booleans(), budget=st.sampled_from([10**9, -5, 0, 60, 200]))
    def begins(self, must_deliver: bool, budget: int) -> None:
        """Nobody or a plain receiver at the other end, and so many bytes that may be stored."""
        self.budget = budget
        self.real = Outbox(1, 2, max_events=MAX_EVENTS, max_bytes=MAX_BYTES, max_stored=budget)
        self.real.must_deliver = must_deliver

    @rule(size=st.integers(1, 80))
    def says(self, size: int) -> None:
        """The agent yields: its event is numbered and kept, or refused without a trace."""
        data = b"x" * size
        held = self.said[self.gone :]
        cost = self.spent + size + WRAPPING
        ends = self.stored is None and bool(self.said) and cost > self.budget
        both = [*held, *([MARK] if ends else []), data]
        fits = not held or (len(both) <= MAX_EVENTS and sum(map(len, both)) <= MAX_BYTES)
        assert self.real.has_room(size) == fits
        if not fits:
            with pytest.raises(OutboxFull):
                self.real.append("e", data)
            return
        event = self.real.append("e", data)
        if ends:
            self.said.append(MARK)
            self.stored = len(self.said)
        self.spent = cost
        self.said.append(data)
        assert event == NumberedEvent(ATTEMPT.offset(len(self.said)), "e", data)

    @rule(limit=st.integers(1, 5))
    def is_posted(self, limit: int) -> None:
        """The next POST takes what is after the cursor, oldest first."""
        if not self.posting:
            self.posting = self.real.unposted(limit)
            wanted = range(self.cursor + 1, len(self.said) + 1)[:limit]
            assert [event.id.seq for event in self.posting] == list(wanted)
            assert [event.data for event in self.posting] == [self.said[n - 1] for n in wanted]

    @precondition(lambda self: self.posting)
    @rule(taken=st.integers(1, 5))
    def post_succeeds(self, taken: int) -> None:
        """The receiver has the POST's events, or the first few of them."""
        shown = self.posting[:taken]
        self.real.delivered(shown)
        self.delivered |= {event.id.seq for event in shown}
        if self.real.must_deliver:
            self.release(shown[-1].id.seq)
        self.passed(shown[-1].id.seq)
        self.posting = ()

    @precondition(lambda self: self.posting)
    @rule(give_up=st.booleans())
    def post_fails(self, give_up: bool) -> None:
        """The receiver has nothing; the producer tries again or gives up on it."""
        if give_up:
            self.real.give_up(self.posting[-1].id)
            self.release(self.posting[-1].id.seq)
            self.passed(self.posting[-1].id.seq)
        self.posting = ()

    @precondition(lambda self: self.waiting)
    @rule(step=st.integers(1, 5))
    def becomes_durable(self, step: int) -> None:
        """A signal, of the bridge or our own, was acknowledged."""
        self.durable += min(step, len(self.waiting))
        assert self.real.acknowledge(ATTEMPT.offset(self.durable))
        self.advance()

    @rule(through=st.integers(0, 20))
    def is_shown(self, through: int) -> None:
        """The bridge that signals shows everything up to there, or so it says."""
        assert self.real.release(ATTEMPT.offset(through)) == self.release(through)

    @rule(back=st.integers(0, 8))
    def is_asked_again(self, back: int) -> None:
        """The receiver wants what comes from some id on: it gets it as far as that is held."""
        expected = len(self.said) + 1 - back
        self.real.move_to(ATTEMPT.offset(expected))
        self.cursor = max(expected - 1, self.gone)

    @rule()
    def has_lost_everything(self) -> None:
        """A receiver that comes back empty is given again all that is held, counted only once."""
        if not self.posting:
            self.real.move_to(self.real.base)
            self.cursor = self.gone
            self.is_posted(5)

    @rule(must_deliver=st.booleans())
    def receiver_shows_itself(self, must_deliver: bool) -> None:
        """Delivery alone starts or ceases to be a reason to keep events."""
        self.real.must_deliver = must_deliver
        self.real.trim()
        self.let_go()

    @rule(lie=st.one_of(any_ids, near_ids), beyond=st.integers(1, 3))
    def answer_lies(self, lie: EventId, beyond: int) -> None:
        """Ids of other attempts, old ids and ids never said are no acknowledgement."""
        for claimed in (lie, self.real.last.offset(beyond), self.real.durable):
            if claimed.attempt_key != ATTEMPT.attempt_key or claimed.seq > len(self.said):
                assert not self.real.acknowledge(claimed)
                self.real.move_to(claimed.offset(1))
        assert not self.real.acknowledge(self.real.durable)

    @invariant()
    def agrees(self) -> None:
        """It holds just what is needed, in order, within the limits, and counts each event once."""
        real, held = self.real, self.said[self.gone :]
        assert len(real) == len(held) <= MAX_EVENTS
        assert real.held.bytes == sum(map(len, held))
        assert real.held.bytes <= MAX_BYTES or len(held) == 1 + (MARK in held)
        assert real.last == ATTEMPT.offset(len(self.said))
        assert real.base == ATTEMPT.offset(self.gone + 1)
        assert real.durable == ATTEMPT.offset(self.durable)
        assert real.posted == ATTEMPT.offset(self.cursor)
        assert real.sent == len(self.delivered)
        assert real.stored == (None if self.stored is None else ATTEMPT.offset(self.stored))
        waiting = self.waiting
        assert real.waiting == len(waiting)
        assert real.pending == len(self.said) - self.durable
        stored = self.said[: self.stored]
        size = sum(len(data) + WRAPPING for data in stored if data is not MARK)
        assert size <= self.budget or len(stored) - (MARK in stored) <= 1
        assert real.half_full == (
            2 * len(waiting) >= MAX_EVENTS or 2 * sum(map(len, waiting)) >= MAX_BYTES
        )
        assert real.waiting_bytes == sum(map(len, waiting))
        undurable = [event.data for event in real.undurable()]
        assert undurable == waiting[:MAX_BATCH_EVENTS]
        assert len(real.deliveries._missing) <= 2 * MAX_EVENTS


TestOutbox = OutboxAgainstLists.TestCase
TestOutbox.settings = settings(max_examples=150, stateful_step_count=50)
