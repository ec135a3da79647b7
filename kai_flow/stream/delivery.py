"""Delivery: what a producer does next, decided without I/O or clock.

Two senders share one outbox. POSTs show events at once, one in flight. Signals make them durable:
normally the bridge sends those; the producer does it itself when there is no callback, when the
receiver never speaks of `durable`, or when `durable` has stood still for STALL_SECONDS. The shell
asks `next_post` / `next_signal`, does it, and reports what came of it. Times are seconds of any
monotonic clock.

A receiver that knows nothing of `durable` gets one event a POST, and may take longer for them than
the agent. Mere delivery is waited for only DELIVERY_SECONDS: while the agent stands before a full
outbox, in all, and once more at the end. What is durable by then is given up and counts as failed.

What an outbox no longer stores is POSTed only. It is done with when the bridge that signals shows
it, or when it was delivered; it is not waited for at the end, or when the agent would have to wait.
"""

from enum import Enum
from typing import Final, NamedTuple

from kai_flow.stream.backoff import Backoff
from kai_flow.stream.batches import MAX_BATCH_EVENTS
from kai_flow.stream.cadence import Cadence
from kai_flow.stream.events import MAX_EVENT_BYTES, NumberedEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.outbox import Outbox

# Both on top of the cadence's period, which grows with age: a bridge is not late before that.
STALL_SECONDS: Final = 5.0  # without progress of `durable` before the producer signals itself
SIGNALLER_SECONDS: Final = 2.0  # without progress of `durable` before another bridge is asked
PROBE_SECONDS: Final = 1.0  # between POSTs while something is not durable
MAX_TRIES: Final = 3  # failed POSTs in a row before a delivery-only receiver is not waited for
FIRST_PAUSE_SECONDS: Final = 0.25
MAX_PAUSE_SECONDS: Final = 5.0
DELIVERY_SECONDS: Final = 5.0  # that an agent, and again its end, waits for mere delivery
MAX_BRIDGES: Final = 64  # boot ids kept of those that have answered
MAX_RETRY_AFTER_SECONDS: Final = 30.0  # whatever a receiver asks for: the agent may be waiting

_BACKOFF: Final = Backoff(FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS)


class Receiver(Enum):
    """What the other end of the callback URL has shown itself to be."""

    UNKNOWN = "unknown"
    PLAIN = "plain"
    """Takes delivery, knows nothing of durability."""
    BRIDGE = "bridge"
    """Answers `received` and `durable`, and signals on our behalf."""
    NONE = "none"
    """There is no callback."""


class Post(NamedTuple):
    """One POST to make: events, nothing (a probe), or the final POST."""

    base: EventId
    """The oldest event still held: everything before it is durable, or live only."""
    events: tuple[NumberedEvent, ...]
    batch: bool
    """In batch form; else `events` is one event."""
    done: bool = False
    stored: EventId | None = None
    """The last event that is stored, once it is known."""


class Acknowledged(NamedTuple):
    """A bridge's 200."""

    received: EventId
    durable: EventId
    bridge: str
    accepts_batch: bool


class Delivery:
    """The state machine of one attempt's producer."""

    def __init__(self, outbox: Outbox, cadence: Cadence, *, callback: bool, now: float) -> None:
        self.outbox = outbox
        self.cadence = cadence
        self.receiver = Receiver.UNKNOWN if callback else Receiver.NONE
        self.signaller: str | None = None  # boot id of the bridge that is to signal
        self._named_at = now  # when it was named, was first told so, or last proved itself
        self._told = False  # it has answered a POST that named it
        self._seen: set[str] = set()  # boot ids that have answered, MAX_BRIDGES at most
        self._reached = outbox.last  # what it holds, by its own word: POSTs go on from there
        self._newest_posted = outbox.last  # the newest event that any POST carried
        self.superseded = False  # set for good by a 410
        self.finished = False  # no more events will come
        self._accepts_batch = False
        self._posting = False  # a POST is in flight
        self.outbox.must_deliver = callback
        self._failures = 0  # failed POSTs in a row
        self._vain = 0  # answers that sent us back, since one that something new came of
        self._not_before = now  # earliest next POST after a failure
        self._posted_at = now  # last time a POST was answered
        self._waiting_since: float | None = None  # since when `durable` owes us progress
        self._direct = not callback  # signalling ourselves
        self._done_due = False  # the final POST is known and still to be made
        self.done_posted = False  # a POST has carried it, whatever came of that
        self._done_since: float | None = None  # since when the final POST is next
        self._finished_at = now
        self._patience = DELIVERY_SECONDS  # that is left of the agent's waiting for mere delivery
        self._held_up_since: float | None = None  # since when the agent waits for room

    # What to do next

    def appended(self, now: float) -> None:
        """An event was put into the outbox."""
        if self._waiting_since is None or self.outbox.pending == 1:
            self._waiting_since = now
        if self._held_up_since is not None:
            self._patience = max(0.0, self._patience - (now - self._held_up_since))
            self._held_up_since = None
        if self.receiver is Receiver.NONE:
            self.outbox.release(self.outbox.last)

    def held_up(self, now: float) -> None:
        """The agent stands before an outbox that has no room for what it says."""
        if self._held_up_since is None:
            self._held_up_since = now

    def finish(self, now: float) -> None:
        """No more events will come: what is left goes without waiting."""
        if not self.finished:
            self.finished, self._finished_at = True, now

    def say_done(self, now: float) -> None:
        """The result is known: the final POST follows the last event, if there is a callback."""
        self.finish(now)
        self._done_due = self.receiver is not Receiver.NONE

    def abandon_done(self) -> None:
        """The attempt did not end well after all: there is no final POST."""
        self._done_due = False

    def give_up_late(self, now: float) -> bool:
        """Wait no longer for what has had its time to be delivered; True when something is let go.

        To be asked before `next_post`.
        """
        late, done_late = self._late_at(), self._done_late_at()
        given_up = late is not None and now >= late
        if given_up:
            self.outbox.give_up(self._through_delivery_alone)
        if done_late is not None and now >= done_late:
            self._done_due, given_up = False, True
        if self._done_since is None and self._done_is_next:
            self._done_since = now
        return given_up

    def next_post(self, now: float) -> Post | None:
        """The POST to make now, if any."""
        due = self._post_at()
        if due is None or now < due:
            return None
        events = self.outbox.unposted(MAX_BATCH_EVENTS if self._accepts_batch else 1)
        done = not events and self._done_is_next
        batch = self._accepts_batch and not done
        self.done_posted = self.done_posted or done
        if events:
            self._newest_posted = max(self._newest_posted, events[-1].id)
        self._posting = True
        return Post(self.outbox.base, events, batch, done, self.outbox.stored)

    def next_signal(self, now: float) -> tuple[NumberedEvent, ...]:
        """The events to signal directly now; empty if none."""
        due = self._signal_at()
        if due is None or now < due:
            return ()
        self._direct = True
        self.cadence.sent()
        return self.outbox.undurable()

    def wake_at(self) -> float | None:
        """When to ask again, should nothing happen before; None: not before something happens."""
        times = [self._post_at(), self._signal_at(), self._late_at(), self._done_late_at()]
        return min((time for time in times if time is not None), default=None)

    @property
    def drained(self) -> bool:
        """Every event is durable, delivered or given up, and so is the final POST."""
        return not self.outbox and not self._done_due and not self._posting

    @property
    def in_vain(self) -> bool:
        """Answer after answer has sent us back, and nothing new came of those between them."""
        return self._vain >= MAX_TRIES

    def is_one_too_many(self, bridge: str) -> bool:
        """Whether it answers for the first time, after more others than a site can have."""
        return bridge not in self._seen and len(self._seen) == MAX_BRIDGES

    # What came of it

    def acknowledged(self, post: Post, answer: Acknowledged, now: float) -> None:
        """A bridge answered 200."""
        self._answered(now)
        self.receiver, self.outbox.must_deliver = Receiver.BRIDGE, False
        self._accepts_batch = answer.accepts_batch
        # More than `base` told it: somebody signals for us, or shows what is not to be stored.
        live = post.stored is not None and post.base > post.stored
        works = (answer.received if live else answer.durable) >= post.base
        before = self.signaller
        self._choose_signaller(answer.bridge, now, works=works)
        self._direct = self._direct and not works
        sent = self.outbox.sent
        shown = [event for event in post.events if event.id <= answer.received]
        if shown:
            self.outbox.delivered(shown)
        # What is durable need not be sent again, and makes room for what the agent has to say.
        if self.outbox.sent > sent or self.outbox.is_news(answer.durable):
            self._vain = 0
        if answer.bridge != self.signaller:
            # Shown there, but not with the one that makes it durable: its turn will come.
            if self.outbox.sent == sent and self.outbox.last == self._newest_posted:
                self._pause_in_vain(now)
        elif before not in (None, self.signaller):
            self._reached = post.base.offset(-1)  # so far it has let pass what it could not hold
            if self.outbox.sent == sent:
                self._pause_in_vain(now)
        else:
            end = post.events[-1].id if post.events else self._reached
            self._reached = answer.received
            if answer.received < end:
                self._pause_in_vain(now)
            if self.outbox.release(answer.received):
                self._waiting_since = now
        self.outbox.move_to(self._reached.offset(1))
        self._progressed(answer.durable, now)
        self.outbox.trim()
        if post.done and (answer.bridge == self.signaller or self._vain >= MAX_TRIES):
            self._done_due = False

    def post_succeeded(self, post: Post, now: float) -> None:
        """A receiver that knows nothing of durability answered 2xx."""
        self._answered(now)
        self.receiver, self.outbox.must_deliver = Receiver.PLAIN, True
        self._accepts_batch = False
        self._direct = True
        self._vain = 0
        if post.events:
            self.outbox.delivered(post.events)
        if post.done:
            self._done_due = False

    def gap_reported(self, expected: EventId, now: float) -> None:
        """A bridge answered 409: it needs what comes from `expected` on."""
        self._answered(now)
        self.receiver, self.outbox.must_deliver = Receiver.BRIDGE, False
        self._pause_in_vain(now)
        self._reached = expected.offset(-1)
        self.outbox.move_to(expected)
        self.outbox.trim()
        if self._vain >= MAX_TRIES and not self.outbox:
            self._done_due = False  # all is durable, and yet it asks for more

    def refused_as_superseded(self) -> None:
        """A bridge answered 410: another attempt, or the session's end, has taken over."""
        self._posting = False
        self._done_due = False
        self.superseded = self.superseded or bool(self.outbox) or not self.finished

    def post_failed(
        self, post: Post, now: float, *, jitter: float, retry_after: float = 0.0
    ) -> None:
        """No answer, or one that is no success. `jitter` is drawn from [0, 1)."""
        self._posting = False
        self._failures += 1
        pause = _BACKOFF.pause(self._failures, jitter)
        self._not_before = now + max(pause, min(retry_after, MAX_RETRY_AFTER_SECONDS))
        if self._failures < MAX_TRIES:
            return
        if self.receiver is not Receiver.BRIDGE:
            self.outbox.must_deliver = False
            if post.events:
                self.outbox.give_up(post.events[-1].id)
            self.outbox.trim()
        self._give_up_what_is_live()
        if post.done:
            self._done_due = False

    def signalled(self, through: EventId, now: float) -> None:
        """The server acknowledged our own signal."""
        self.cadence.acknowledged(now)
        self._progressed(through, now)

    def signal_failed(self, now: float) -> None:
        """Our own signal may or may not have arrived."""
        self.cadence.failed(now)

    # How it is decided

    def _answered(self, now: float) -> None:
        self._posting = False
        self._failures, self._posted_at, self._not_before = 0, now, now

    def _progressed(self, durable: EventId, now: float) -> None:
        if self.outbox.acknowledge(durable):
            self._waiting_since = now
        if not self.outbox.pending:
            self._waiting_since = None

    def _choose_signaller(self, bridge: str, now: float, *, works: bool) -> None:
        if works or (bridge == self.signaller and not self._told):
            self._named_at = now
        self._told = self._told or bridge == self.signaller
        # One just named must first be reached again, through whatever balancer there is.
        allowed = self.cadence.period(now) + (SIGNALLER_SECONDS if self._told else STALL_SECONDS)
        owing = self._waiting_since is not None and now - self._waiting_since > allowed
        late = now - self._named_at > allowed and (owing or self._direct)
        # One never seen before is alive, and is perhaps the old one after a restart. That has
        # an end, for a receiver may call itself something else in every answer.
        new = bridge not in self._seen and not self.is_one_too_many(bridge)
        if late or new:
            self.signaller, self._named_at, self._told = bridge, now, False
        if new:
            self._seen.add(bridge)

    def _pause_in_vain(self, now: float) -> None:
        self._vain += 1
        # The first such answer is followed at once by another POST, a second one is not.
        self._not_before = now + _BACKOFF.pause(self._vain - 1)
        if self._vain >= MAX_TRIES:
            self._give_up_what_is_live()

    def _give_up_what_is_live(self) -> None:
        """Tries have failed: do not wait for the events that are not stored, if anything would."""
        if self.finished or not self.outbox.has_room(MAX_EVENT_BYTES):
            self.outbox.release(self.outbox.last)

    @property
    def _through_delivery_alone(self) -> EventId:
        """Up to here nothing is waited for but delivery: it is durable, or live only."""
        return self.outbox.durable if self.outbox.waiting else self.outbox.last

    def _late_at(self) -> float | None:
        if not self.outbox.must_deliver or self.outbox.base > self._through_delivery_alone:
            return None
        times = [self._finished_at + DELIVERY_SECONDS] if self.finished else []
        if self._held_up_since is not None:
            times.append(self._held_up_since + self._patience)
        return min(times, default=None)

    def _done_late_at(self) -> float | None:
        """When the final POST is not tried again."""
        if self._done_since is None or self._posting or not self._done_is_next:
            return None
        return self._done_since + DELIVERY_SECONDS

    @property
    def _done_is_next(self) -> bool:
        return self._done_due and self.outbox.posted == self.outbox.last

    def _post_at(self) -> float | None:
        if self._posting or self.receiver is Receiver.NONE or self.superseded:
            return None
        if self.outbox.posted < self.outbox.last or self._done_is_next:
            return self._not_before
        if self.outbox and self._accepts_batch:
            return max(self._not_before, self._posted_at + PROBE_SECONDS)
        return None

    def _signal_at(self) -> float | None:
        if self.superseded:
            return None
        flush = self.finished or self.outbox.half_full
        due = self.cadence.due(self.outbox.waiting, self.outbox.waiting_bytes, flush=flush)
        if due is None or self._waiting_since is None:
            return due
        if self._direct and (self.receiver is not Receiver.BRIDGE or self._failures):
            return due
        # A bridge that answers is left its time, also the one that is to take over from us again.
        # At the end it is less: an attempt that fails leaves before STALL_SECONDS have passed.
        allowed = SIGNALLER_SECONDS if self._direct or self.finished else STALL_SECONDS
        if not self.finished:
            allowed += self.cadence.period(self._waiting_since)
        return max(due, self._waiting_since + allowed)
