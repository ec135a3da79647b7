"""Delivery: what a producer does next, decided without I/O or clock.

Two ways lead out of the outbox. POSTs show events at once, one POST in flight at a time
(`posting`). Signals make them durable. Normally a bridge signals; the producer does it by itself
when there is no callback, when the receiver never answers `durable`, or when `durable` has stood
still for too long (`own_signals`; §6.12 of the protocol). The shell, `producer`, asks `next_post`,
`next_signal` and `next_reading`, does what they return, and reports what came of it. Times are
seconds of any monotonic clock.

The answer to a POST and the acknowledgement of a signal race with each other, and both with what
the agent sends. Two invariants make every order harmless: `outbox.durable` never goes back, and the
POST cursor `outbox.posted` goes back when an answer asks for it, but never behind `outbox.base`.

What is decided is in tables, each beside its states: the phase of the attempt (`attempt_phase`),
the kinds of receivers (`receivers`), the channel of the POSTs (`post_channel`), the election of the
signaller (`election`) and the time that a bridge gets before the producer signals (`own_signals`).

A receiver that never answers `durable` gets one event in each POST, and may take longer for them
than the agent. `delivery_wait` bounds how long that is waited for; then the events that are durable
but not delivered are given up and count as failed.

Live-only events (§6.15) are only POSTed. They leave the outbox when the signaller has received them
or a receiver without durability has; neither the agent nor the end of the attempt waits for them
when that fails.
"""

from kai_flow.stream.attempt_phase import NEXT_PHASE, Phase, Step
from kai_flow.stream.cadence import Cadence
from kai_flow.stream.delivery_wait import DeliveryWait
from kai_flow.stream.election import Standing
from kai_flow.stream.events import MAX_EVENT_BYTES, NumberedEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.outbox import Outbox
from kai_flow.stream.own_signals import OwnSignals
from kai_flow.stream.posting import Posting, proves_signalling
from kai_flow.stream.posts import Acknowledged, Post
from kai_flow.stream.receivers import PostOutcome, Receiver


class Delivery:
    """What one attempt's producer does next."""

    def __init__(self, outbox: Outbox, cadence: Cadence, *, callback: bool, now: float) -> None:
        self.outbox = outbox
        self.phase = Phase.OPEN
        self.posting = Posting(outbox, callback=callback, now=now)
        self.own_signals = OwnSignals(outbox, cadence, active=False)
        self._wait = DeliveryWait()
        self._hastens = False  # a final POST is there only to make a bridge signal at once
        self._leaving = False  # the attempt is left soon, whatever is durable by then
        self._heed_policy()

    @property
    def receiver(self) -> Receiver:
        """What the other end of the callback URL has proved to be."""
        return self.posting.receiver

    @property
    def signaller(self) -> str | None:
        """The boot id that the next POST names."""
        return self.posting.election.signaller

    def age(self, now: float) -> float:
        """For how many seconds the session has been streaming."""
        return self.own_signals.cadence.age(now)

    # What the agent does

    def appended(self, now: float) -> bool:
        """An event was put into the outbox. True: ask what to do next.

        False: nothing becomes due earlier by it. The POST in flight is reported, and what gathers
        meanwhile is due then.
        """
        self.own_signals.appended(now)
        self._wait.went_on(now)
        if not self.receiver.policy.is_posted_to:
            self.outbox.release(self.outbox.last)
        waits = self.posting.channel.in_flight and not self.own_signals.is_brought_forward
        return not waits or self.outbox.storage.reading_due

    def held_up(self, now: float) -> None:
        """The agent waits because the outbox has no room for its next event."""
        self._wait.held_up(now)

    def finish(self, now: float) -> None:
        """No more events will come: what is left is signalled without a pause."""
        self._step(Step.FINISH)
        self._wait.finish(now)

    def add_final_post(self, now: float) -> None:
        """The attempt has ended well: the final POST follows its last event."""
        self.finish(now)
        if self.receiver.policy.is_posted_to:
            self._step(Step.ADD_FINAL_POST)

    def hasten(self, now: float) -> None:
        """The attempt has ended well, without a result: all that is left is to become durable.

        Only a bridge gets a final POST then. It would signal at its own pace otherwise, which may
        be minutes in an old session, and the producer would learn of it by its next probe.
        """
        self.finish(now)
        self._hastens = self.phase is Phase.FINISHED
        self._hasten_bridge()

    def leave(self, now: float) -> None:
        """The attempt has not ended well: it is left soon, whatever is durable by then."""
        self.finish(now)
        self._leaving = True

    def drop_final_post(self) -> None:
        """The attempt has failed after all: there is no final POST, or no other try of it."""
        self._step(Step.DROP_FINAL_POST)

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
            self.drop_final_post()
            given_up = True
        if self._final_is_next:
            self._wait.reached_final_post(now)
        return given_up

    def next_post(self, now: float) -> Post | None:
        """The POST to make now, if any."""
        due = self._post_at()
        if due is None or now < due:
            return None
        post = self.posting.next(final=self._final_is_next)
        if post.done:
            self._step(Step.MAKE_FINAL_POST)
        return post

    def next_signal(self, now: float) -> tuple[NumberedEvent, ...]:
        """The events to signal now; empty if there are none."""
        due = self._signal_at()
        if due is None or now < due:
            return ()
        return self.own_signals.next()

    def next_reading(self) -> bool:
        """Whether to read the size of the run's history now, and to report it to `history_read`."""
        return self.outbox.storage.next_reading(self.outbox.waiting)

    def wake_at(self) -> float | None:
        """When to ask again if nothing is reported before; None: only after a report."""
        times = [self._post_at(), self._signal_at(), self._late_at(), self._final_late_at()]
        return min((time for time in times if time is not None), default=None)

    @property
    def superseded(self) -> bool:
        """Whether a 410, or a signal refused as too late, has ended the attempt."""
        return self.phase.superseded

    @property
    def drained(self) -> bool:
        """Whether every event is durable, delivered or given up, and so is the final POST.

        A superseded attempt never is.
        """
        waits = self.phase.final_post_due or self.phase.superseded
        return not (waits or self.outbox or self.posting.channel.in_flight)

    # What came of it

    def acknowledged(self, post: Post, answer: Acknowledged, now: float) -> None:
        """A bridge answered 200."""
        posting, own = self.posting, self.own_signals
        accepts_batch = answer.accepts_batch
        posting.answered(
            PostOutcome.ACCEPTS_BATCH if accepts_batch else PostOutcome.ACCEPTS_SINGLE, now
        )
        works = proves_signalling(post, answer)
        standing = posting.election.answered(
            answer.bridge,
            now,
            works=works,
            standstill=own.standstill(now),
            period=own.cadence.period(now) + own.pace.at(now),
        )
        if answer.bridge == posting.election.signaller:
            own.pace.told(answer.bridge, answer.pace, now)
        if works:
            own.hand_over()
        news = posting.shown(post, answer)
        sent_back = posting.sends_back(post, answer, standing, news=news)
        posting.follow(post, answer, standing)
        if sent_back:
            self._sent_back(now)
        if standing is Standing.SIGNALLER and self.outbox.release(answer.received):
            own.released(now)
        posting.resume()
        # What is durable need not be sent again, and its room is free for what the agent sends.
        own.progressed(answer.durable, now)
        self.outbox.trim()
        if post.done and (standing is not Standing.BYSTANDER or posting.channel.in_vain):
            self.drop_final_post()
        self._hasten_bridge()

    def post_succeeded(self, post: Post, now: float) -> None:
        """A receiver that never answers `durable` answered 2xx."""
        self.posting.answered(PostOutcome.SUCCESS, now)
        self._heed_policy()
        self._hasten_bridge()
        self.posting.channel.progressed()
        if post.events:
            self.outbox.delivered(post.events)
        if post.done:
            self.drop_final_post()

    def gap_reported(self, expected: EventId, now: float) -> None:
        """A bridge answered 409: it needs the events from `expected` on."""
        self.posting.answered(PostOutcome.CONFLICT, now)
        self._sent_back(now)
        self.posting.resume_at(expected)
        if self.posting.channel.in_vain and not self.outbox:
            self.drop_final_post()  # it asks for more, although everything is durable

    def refused_as_superseded(self) -> None:
        """Another attempt, or the end of the session, has taken over: a 410, or a refused signal.

        When only the final POST was left, the attempt has ended well all the same.
        """
        self.posting.channel.refused()
        self._step(Step.REFUSE_EVENTS if self.outbox else Step.REFUSE_END)

    def post_failed(
        self, post: Post, now: float, *, jitter: float, retry_after: float = 0.0
    ) -> None:
        """No answer, or one that is no success. `jitter` is drawn from [0, 1)."""
        self.posting.failed(post, now, jitter=jitter, retry_after=retry_after)
        if self.posting.channel.exhausted:
            self._give_up_what_is_live()
            if post.done:
                self.drop_final_post()

    def signalled(self, through: EventId, now: float) -> None:
        """The server acknowledged a signal of the producer's own."""
        self.own_signals.acknowledged(through, now)
        self._hasten_bridge()

    def signal_failed(self, now: float) -> None:
        """A signal of the producer's own may or may not have arrived."""
        self.own_signals.failed(now)

    def history_read(self, size: int | None) -> None:
        """The run's history has this size; None: it could not be read."""
        self.outbox.storage.history_read(size)

    # How it is decided

    def _step(self, step: Step) -> None:
        self.phase = NEXT_PHASE[self.phase][step]

    def _heed_policy(self) -> None:
        if self.receiver.policy.signals_at_once:
            self.own_signals.take_over()

    def _hasten_bridge(self) -> None:
        if self._hastens:
            needed = self.outbox and self.receiver.policy.is_bridge
            self._step(Step.ADD_FINAL_POST if needed else Step.DROP_FINAL_POST)

    def _sent_back(self, now: float) -> None:
        self.posting.channel.sent_back(now)
        if self.posting.channel.in_vain:
            self._give_up_what_is_live()

    def _give_up_what_is_live(self) -> None:
        """Tries have failed: release live-only events if the agent or its end waits for them."""
        if self.phase.finished or not self.outbox.has_room(MAX_EVENT_BYTES):
            self.outbox.release(self.outbox.last)

    @property
    def _needing_delivery_alone(self) -> EventId:
        """The last event up to which all are durable or live only, so that only delivery lacks."""
        return self.outbox.durable if self.outbox.waiting else self.outbox.last

    def _late_at(self) -> float | None:
        """When the events that only need delivery are given up."""
        if not self.outbox.must_deliver or self.outbox.base > self._needing_delivery_alone:
            return None
        return self._wait.ends_at

    def _final_late_at(self) -> float | None:
        """When the final POST is given up."""
        if self.posting.channel.in_flight or not self._final_is_next:
            return None
        return self._wait.final_ends_at

    @property
    def _final_is_next(self) -> bool:
        return self.phase.final_post_due and self.outbox.posted == self.outbox.last

    def _post_at(self) -> float | None:
        """When the next POST is due; None: not before something is reported."""
        return None if self.superseded else self.posting.due_at(final=self._final_is_next)

    def _signal_at(self) -> float | None:
        """When the producer's own next signal is due; None: not before something is reported."""
        if self.superseded:
            return None
        bridge = self.receiver.policy.is_bridge and not self.posting.channel.failing
        return self.own_signals.due_at(
            finished=self.phase.finished, bridge_answers=bridge, leaving=self._leaving
        )
