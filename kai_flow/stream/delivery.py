"""Delivery: what a producer does next, decided without I/O or clock.

Two ways lead out of the outbox. POSTs show events at once, one POST in flight at a time. Signals
make them durable. Normally a bridge signals; the producer does it by itself when there is no
callback, when the receiver never answers `durable`, or when `durable` has stood still for too long
(`own_signals`; §6.12 of the protocol). The shell, `producer`, asks `next_post` and `next_signal`,
does what they return, and reports what came of it. Times are seconds of any monotonic clock.

The answer to a POST and the acknowledgement of a signal race with each other, and both with what
the agent sends. Two invariants make every order harmless: `outbox.durable` never goes back, and the
POST cursor `outbox.posted` goes back when an answer asks for it, but never behind `outbox.base`.

A receiver that never answers `durable` gets one event in each POST, and may take longer for them
than the agent. `delivery_wait` bounds how long that is waited for; then the events that are durable
but not delivered are given up and count as failed.

Live-only events (§6.15) are only POSTed. They leave the outbox when the signaller has received them
or a receiver without durability has; neither the agent nor the end of the attempt waits for them
when that fails.
"""

from kai_flow.stream.batches import MAX_BATCH_EVENTS
from kai_flow.stream.cadence import Cadence
from kai_flow.stream.delivery_wait import DeliveryWait
from kai_flow.stream.events import MAX_EVENT_BYTES, NumberedEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.outbox import Outbox
from kai_flow.stream.own_signals import OwnSignals
from kai_flow.stream.pacing import PostPacing
from kai_flow.stream.posts import Acknowledged, Post, Receiver
from kai_flow.stream.signaller_choice import SignallerChoice


class Delivery:
    """The state machine of one attempt's producer."""

    def __init__(self, outbox: Outbox, cadence: Cadence, *, callback: bool, now: float) -> None:
        self.outbox = outbox
        self.outbox.must_deliver = callback
        self.cadence = cadence
        self.receiver = Receiver.UNKNOWN if callback else Receiver.NONE
        self.superseded = False  # a 410, or a signal refused as too late, has ended the attempt
        self.finished = False  # no more events will come
        self.final_posted = False  # the final POST was made at least once, whatever came of it
        self._signaller = SignallerChoice(now)
        self._pacing = PostPacing(now)
        self._delivery_wait = DeliveryWait()
        self._accepts_batch = False
        self._posting = False  # a POST is in flight
        self._own_signals = OwnSignals(outbox, cadence, active=not callback)
        self._reached = outbox.last  # the signaller's `received`: POSTs continue after it
        self._newest_posted = outbox.last  # the newest event that any POST has carried
        self._final_due = False  # the final POST has yet to be made, or to be answered

    @property
    def signaller(self) -> str | None:
        """The boot id that the next POST names."""
        return self._signaller.boot_id

    # What the agent does

    def appended(self, now: float) -> None:
        """An event was put into the outbox."""
        self._own_signals.appended(now)
        self._delivery_wait.went_on(now)
        if self.receiver is Receiver.NONE:
            self.outbox.release(self.outbox.last)

    def held_up(self, now: float) -> None:
        """The agent waits because the outbox has no room for its next event."""
        self._delivery_wait.held_up(now)

    def finish(self, now: float) -> None:
        """No more events will come: what is left is signalled without a pause."""
        self.finished = True
        self._delivery_wait.finish(now)

    def add_final_post(self, now: float) -> None:
        """The attempt has ended well: the final POST follows its last event."""
        self.finish(now)
        self._final_due = self.receiver is not Receiver.NONE

    def drop_final_post(self) -> None:
        """The attempt has failed after all: there is no final POST, or no other try of it."""
        self._final_due = False

    # What to do next

    def give_up_late(self, now: float) -> bool:
        """Give up what has had its time to be delivered; True when something was given up.

        To be called before `next_post`.
        """
        late, final_late = self._late_at(), self._final_late_at()
        given_up = late is not None and now >= late
        if given_up:
            self.outbox.give_up(self._needing_delivery_alone)
        if final_late is not None and now >= final_late:
            self._final_due, given_up = False, True
        if self._final_is_next:
            self._delivery_wait.reached_final_post(now)
        return given_up

    def next_post(self, now: float) -> Post | None:
        """The POST to make now, if any."""
        due = self._post_at()
        if due is None or now < due:
            return None
        events = self.outbox.unposted(MAX_BATCH_EVENTS if self._accepts_batch else 1)
        done = not events and self._final_is_next
        if events:
            self._newest_posted = max(self._newest_posted, events[-1].id)
        self.final_posted = self.final_posted or done
        self._posting = True
        batch = self._accepts_batch and not done
        return Post(self.outbox.base, events, batch, done, self.outbox.stored)

    def next_signal(self, now: float) -> tuple[NumberedEvent, ...]:
        """The events to signal now; empty if there are none."""
        due = self._signal_at()
        if due is None or now < due:
            return ()
        return self._own_signals.next()

    def wake_at(self) -> float | None:
        """When to ask again if nothing is reported before; None: only after a report."""
        times = [self._post_at(), self._signal_at(), self._late_at(), self._final_late_at()]
        return min((time for time in times if time is not None), default=None)

    @property
    def drained(self) -> bool:
        """Whether every event is durable, delivered or given up, and so is the final POST."""
        return not self.outbox and not self._final_due and not self._posting

    @property
    def in_vain(self) -> bool:
        """Whether answer after answer has sent the producer back, without progress between."""
        return self._pacing.in_vain

    def is_one_too_many(self, boot_id: str) -> bool:
        """Whether it answers for the first time, after more others than a site can have."""
        return self._signaller.is_one_too_many(boot_id)

    # What came of it

    def acknowledged(self, post: Post, answer: Acknowledged, now: float) -> None:
        """A bridge answered 200."""
        self._answered(now)
        self._found_bridge()
        self._accepts_batch = answer.accepts_batch
        # More than the bridge could derive from `base`: it signals, or another bridge does, or,
        # once all that is stored is durable, it shows what is live only.
        live = post.stored is not None and post.base > post.stored
        works = (answer.received if live else answer.durable) >= post.base
        named = self.signaller  # by the POST
        self._signaller.answered(
            answer.bridge,
            now,
            works=works,
            standstill=self._own_signals.standstill(now),
            period=self.cadence.period(now),
        )
        if works:
            self._own_signals.active = False
        sent = self.outbox.sent
        shown = [event for event in post.events if event.id <= answer.received]
        if shown:
            self.outbox.delivered(shown)
        news = self.outbox.sent > sent
        if news or self.outbox.is_news(answer.durable):
            self._pacing.progressed()
        self._continue_after(post, answer, now, named=named, news=news)
        # What is durable need not be sent again, and its room is free for what the agent sends.
        self.outbox.move_to(self._reached.offset(1))
        self._own_signals.progressed(answer.durable, now)
        self.outbox.trim()
        if post.done and (answer.bridge == self.signaller or self._pacing.in_vain):
            self._final_due = False

    def _continue_after(
        self, post: Post, answer: Acknowledged, now: float, *, named: str | None, news: bool
    ) -> None:
        """Set the place after which POSTs continue: what the signaller has.

        A bridge that is not the signaller may report events as received that it has dropped, so
        only the signaller's `received` counts, and only once the POST has told it its role.
        """
        if answer.bridge != self.signaller:
            # Shown there, but not held by the bridge that signals: a later POST will reach that.
            # Unless that POST has something new to show, it waits: what was never POSTed may be
            # durable meanwhile, and only the final POST be left.
            newest = max(self._newest_posted, self.outbox.base.offset(-1))
            if not news and self.outbox.last == newest:
                self._sent_back(now)
        elif named not in (None, self.signaller):
            # It has become the signaller by this answer, and has dropped what it could not hold.
            self._reached = post.base.offset(-1)
            if not news:
                self._sent_back(now)
        else:
            end = post.events[-1].id if post.events else self._reached
            self._reached = answer.received
            if answer.received < end:
                self._sent_back(now)
            if self.outbox.release(answer.received):
                self._own_signals.waiting_since = now

    def post_succeeded(self, post: Post, now: float) -> None:
        """A receiver that never answers `durable` answered 2xx."""
        self._answered(now)
        self.receiver, self.outbox.must_deliver = Receiver.PLAIN, True
        self._accepts_batch = False
        self._own_signals.active = True
        self._pacing.progressed()
        if post.events:
            self.outbox.delivered(post.events)
        if post.done:
            self._final_due = False

    def gap_reported(self, expected: EventId, now: float) -> None:
        """A bridge answered 409: it needs the events from `expected` on."""
        self._answered(now)
        self._found_bridge()
        self._sent_back(now)
        self._reached = expected.offset(-1)
        self.outbox.move_to(expected)
        self.outbox.trim()
        if self._pacing.in_vain and not self.outbox:
            self._final_due = False  # it asks for more, although everything is durable

    def refused_as_superseded(self) -> None:
        """Another attempt, or the end of the session, has taken over: a 410, or a refused signal.

        When only the final POST was left, the attempt has ended well all the same.
        """
        self._posting = False
        self._final_due = False
        self.superseded = self.superseded or bool(self.outbox) or not self.finished

    def post_failed(
        self, post: Post, now: float, *, jitter: float, retry_after: float = 0.0
    ) -> None:
        """No answer, or one that is no success. `jitter` is drawn from [0, 1)."""
        self._posting = False
        self._pacing.failed(now, jitter=jitter, retry_after=retry_after)
        if not self._pacing.exhausted:
            return
        if self.receiver is not Receiver.BRIDGE:
            self.outbox.must_deliver = False
            if post.events:
                self.outbox.give_up(post.events[-1].id)
            self.outbox.trim()
        self._give_up_what_is_live()
        if post.done:
            self._final_due = False

    def signalled(self, through: EventId, now: float) -> None:
        """The server acknowledged a signal of the producer's own."""
        self._own_signals.acknowledged(through, now)

    def signal_failed(self, now: float) -> None:
        """A signal of the producer's own may or may not have arrived."""
        self._own_signals.failed(now)

    # How it is decided

    def _answered(self, now: float) -> None:
        self._posting = False
        self._pacing.answered(now)

    def _found_bridge(self) -> None:
        self.receiver, self.outbox.must_deliver = Receiver.BRIDGE, False

    def _sent_back(self, now: float) -> None:
        self._pacing.sent_back(now)
        if self._pacing.in_vain:
            self._give_up_what_is_live()

    def _give_up_what_is_live(self) -> None:
        """Tries have failed: release live-only events if the agent or its end waits for them."""
        if self.finished or not self.outbox.has_room(MAX_EVENT_BYTES):
            self.outbox.release(self.outbox.last)

    @property
    def _needing_delivery_alone(self) -> EventId:
        """The last event up to which all are durable or live only, so that only delivery lacks."""
        return self.outbox.durable if self.outbox.waiting else self.outbox.last

    def _late_at(self) -> float | None:
        """When the events that only need delivery are given up."""
        if not self.outbox.must_deliver or self.outbox.base > self._needing_delivery_alone:
            return None
        return self._delivery_wait.ends_at

    def _final_late_at(self) -> float | None:
        """When the final POST is given up."""
        if self._posting or not self._final_is_next:
            return None
        return self._delivery_wait.final_ends_at

    @property
    def _final_is_next(self) -> bool:
        return self._final_due and self.outbox.posted == self.outbox.last

    def _post_at(self) -> float | None:
        """When the next POST is due; None: not before something is reported."""
        if self._posting or self.receiver is Receiver.NONE or self.superseded:
            return None
        if self.outbox.posted < self.outbox.last or self._final_is_next:
            return self._pacing.not_before
        if self.outbox and self._accepts_batch:
            return self._pacing.probe_at
        return None

    def _signal_at(self) -> float | None:
        """When the producer's own next signal is due; None: not before something is reported."""
        if self.superseded:
            return None
        bridge = self.receiver is Receiver.BRIDGE and not self._pacing.failing
        return self._own_signals.due_at(finished=self.finished, bridge_answers=bridge)
