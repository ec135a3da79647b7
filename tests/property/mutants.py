"""Mutants: senders, each time with one plausible mistake in them.

Those of what is stored and read are in `stored_mutants`, those of a bridge in `log_mutants`.

Each is planted at a seam (see tests/planting.py). The two that replace a private method say why.
"""

from collections.abc import Sequence
from typing import Any

from kai_flow.stream import (
    bridge_pace,
    cadence,
    delivery_wait,
    own_signals,
    post_channel,
    storage,
)
from kai_flow.stream.bridge_pace import BridgePace
from kai_flow.stream.cadence import Cadence
from kai_flow.stream.deliveries import Deliveries
from kai_flow.stream.delivery import Delivery
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.outbox import Outbox
from kai_flow.stream.own_signals import Duty
from kai_flow.stream.posts import Acknowledged, Post
from kai_flow.stream.storage import Allowance
from tests.planting import Mutation, instead, together

# Outbox, cadence, delivery


def trim_on_received() -> Mutation:
    """The outbox drops what the bridge has received, durable or not."""
    real = Outbox.delivered

    def delivered(self: Outbox, some: Sequence[NumberedEvent]) -> None:
        real(self, some)
        durable, self.durable = self.durable, max(self.durable, some[-1].id)
        self.trim()
        self.durable = durable

    return instead(Outbox, "delivered", delivered)


def durable_on_received() -> Mutation:
    """`received` is taken for `durable`."""
    real = Delivery.acknowledged

    def acknowledged(self: Delivery, post: Post, answer: Acknowledged, now: float) -> None:
        real(self, post, answer._replace(durable=answer.received), now)

    return instead(Delivery, "acknowledged", acknowledged)


def rewind_not_honoured() -> Mutation:
    """A receiver that asks for earlier events is not sent them."""
    return instead(Outbox, "move_to", lambda self, expected: None)


def sent_counts_retransmissions() -> Mutation:
    """An event that is sent again is counted again."""
    real = Deliveries.delivered

    def delivered(self: Deliveries, some: Sequence[NumberedEvent]) -> None:
        before = self.count
        real(self, some)
        self.count = before + len(some)

    return instead(Deliveries, "delivered", delivered)


def believes_any_acknowledgement() -> Mutation:
    """A `durable` of another attempt, or beyond the last event, is accepted."""
    real = Outbox.acknowledge

    def acknowledge(self: Outbox, through: EventId) -> bool:
        return real(self, min(self.last, self.last._replace(seq=through.seq)))

    return instead(Outbox, "acknowledge", acknowledge)


def period_does_not_grow() -> Mutation:
    """A long session is signalled as often as a new one."""
    return instead(cadence, "AGE_SHARE", 1e9)


def each_sender_has_the_whole_pace() -> Mutation:
    """Producers that signal beside each other signal as often as one alone."""
    real = Cadence.acknowledged

    def acknowledged(self: Cadence, now: float) -> None:
        self.beside = 0
        real(self, now)

    return instead(Cadence, "acknowledged", acknowledged)


def two_signals_at_once() -> Mutation:
    """The next signal does not wait for the answer to the last one."""
    return instead(Cadence, "sent", lambda self: None)


def probe_never_sent() -> Mutation:
    """No probes are sent while the agent is silent."""
    return instead(post_channel, "PROBE_SECONDS", 1e9)


def never_signals_for_the_bridge() -> Mutation:
    """The producer waits for ever for a bridge that does not make events durable."""
    grace = own_signals.GRACE[Duty.STANDBY]
    assert grace is not None
    return instead(
        own_signals, "GRACE", {**own_signals.GRACE, Duty.STANDBY: grace._replace(open=1e9)}
    )


def pace_is_not_added() -> Mutation:
    """A bridge that says that it is slow is taken for a dead one."""
    real = BridgePace.told

    def told(self: BridgePace, bridge: str, seconds: float, now: float) -> None:
        real(self, bridge, 0.0, now)

    return instead(BridgePace, "told", told)


def any_pace_is_believed() -> Mutation:
    """A bridge may take as long as it likes."""
    return instead(bridge_pace, "MAX_PACE_SECONDS", 1e9)


def silent_bridge_keeps_its_pace() -> Mutation:
    """A bridge that was slow before it died is waited for as long as if it answered."""
    return instead(bridge_pace, "SILENT_SECONDS", 1e9)


def never_gives_up_on_a_receiver() -> Mutation:
    """Events are held for a failing receiver until it works again."""
    return instead(post_channel, "MAX_TRIES", 10**9)


def waits_for_a_slow_receiver() -> Mutation:
    """An event is held until it is delivered, however long that takes."""
    return instead(delivery_wait, "DELIVERY_SECONDS", 1e9)


def every_event_waits_its_full_time() -> Mutation:
    """Each event may wait its full time for a slow receiver; the waits are not added up."""
    held_up, appended = Delivery.held_up, Delivery.appended
    since: dict[Delivery, float] = {}

    def note(self: Delivery, now: float) -> None:
        since.setdefault(self, now)
        held_up(self, now)

    def append(self: Delivery, now: float) -> None:
        appended(self, min(now, since.pop(self, now)))

    return together(instead(Delivery, "held_up", note), instead(Delivery, "appended", append))


def given_up_counts_as_sent() -> Mutation:
    """Events that were given up are counted as sent."""
    real = Outbox.give_up

    def give_up(self: Outbox, through: EventId) -> None:
        self.deliveries.count += max(0, through.seq - self.posted.seq)
        real(self, through)

    return instead(Outbox, "give_up", give_up)


def waits_between_posts() -> Mutation:
    """Events that arrived during a POST wait a little longer for the next one."""
    real = Delivery.acknowledged

    def acknowledged(self: Delivery, post: Post, answer: Acknowledged, now: float) -> None:
        real(self, post, answer, now + 0.2)

    return instead(Delivery, "acknowledged", acknowledged)


def batches_of_two() -> Mutation:
    """A POST does not carry all events that are waiting."""
    real = Outbox.unposted
    return instead(Outbox, "unposted", lambda self, most: real(self, min(most, 2)))


def post_failed_with(**other: float) -> Mutation:
    """A failed POST is handled with other figures."""
    real = Delivery.post_failed

    def post_failed(self: Delivery, post: Post, now: float, **figures: float) -> None:
        real(self, post, now, **figures | other)

    return instead(Delivery, "post_failed", post_failed)


def no_jitter() -> Mutation:
    """Senders that failed at the same time try again at the same time."""
    return post_failed_with(jitter=1.0)


def retry_after_ignored() -> Mutation:
    """`Retry-After` is ignored."""
    return post_failed_with(retry_after=0.0)


def retry_after_without_limit() -> Mutation:
    """`Retry-After` may stop a producer for any length of time."""
    return instead(post_channel, "MAX_RETRY_AFTER_SECONDS", 1e9)


def no_pause_in_vain() -> Mutation:
    """A receiver that keeps asking for everything is sent everything without a pause."""
    real = Delivery.gap_reported

    def gap_reported(self: Delivery, expected: EventId, now: float) -> None:
        real(self, expected, now - post_channel.MAX_PAUSE_SECONDS)

    return instead(Delivery, "gap_reported", gap_reported)


def ends_before_all_is_durable() -> Mutation:
    """The activity returns when its final POST is made."""
    real: Any = Delivery.drained

    def drained(self: Delivery) -> bool:
        with instead(Outbox, "__len__", lambda outbox: outbox.last.seq - outbox.posted.seq):
            ended: bool = real.fget(self)
        return ended

    return instead(Delivery, "drained", property(drained))


def goes_on_after_a_410() -> Mutation:
    """A superseded producer goes on POSTing."""
    real = Delivery.refused_as_superseded

    def refused(self: Delivery) -> None:
        phase = self.phase
        real(self)
        self.phase = phase

    return instead(Delivery, "refused_as_superseded", refused)


# What is live only


def _outbox_that_may_store(
    max_stored: int | None, begun: Any = lambda outbox, budget: None
) -> Mutation:
    real = Outbox.__init__

    def init(self: Outbox, *args: Any, **kwargs: Any) -> None:
        real(self, *args, **kwargs | ({} if max_stored is None else {"max_stored": max_stored}))
        begun(self, kwargs.get("max_stored", 2**60))

    return instead(Outbox, "__init__", init)


def stores_without_end() -> Mutation:
    """An attempt stores events without a limit."""
    return _outbox_that_may_store(2**60)


def started_is_live_only() -> Mutation:
    """An attempt that may store nothing does not even store that it began."""

    def begun(outbox: Outbox, budget: int) -> None:
        if budget == 0:
            outbox.storage.last = outbox.last

    return _outbox_that_may_store(None, begun)


def reading_forgets_what_waits() -> Mutation:
    """Events that wait to become durable count as part of the history whose size is read."""
    real = Allowance.ask
    return instead(Allowance, "ask", lambda self, waiting, size: real(self, 0, 0))


def reading_takes_back_what_is_stored() -> Mutation:
    """A full history moves the limit before events that were to be stored."""

    def history_read(self: Allowance, size: int | None) -> None:
        if size is not None:
            self.limit = storage.storable_beside(size)

    return instead(Allowance, "history_read", history_read)


def history_is_never_read_again() -> Mutation:
    """A producer knows nothing of what others store after it has begun."""
    return instead(storage, "READ_AGAIN_BYTES", 1e9)


def live_only_is_never_done_with() -> Mutation:
    """Live-only events are held until they are durable, which they never are."""
    return instead(Outbox, "release", lambda self, through: False)


def live_only_leaves_before_the_rest_is_durable() -> Mutation:
    """A live-only event is dropped once it was shown, before the ones before it are durable."""
    real = Outbox.release

    def release(self: Outbox, through: EventId) -> bool:
        stored, self.storage.last = self.stored, self.stored and self.durable
        done = real(self, through)
        self.storage.last = stored
        return done

    return instead(Outbox, "release", release)
