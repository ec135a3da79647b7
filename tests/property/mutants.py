"""Mutants: the core, each time with one plausible mistake in it.

Each is planted at a seam (see tests/planting.py). The two that replace a private method say why.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import msgspec

from kai_flow.stream import (
    cadence,
    delivery_wait,
    events,
    own_signals,
    pages,
    post_channel,
    storage,
)
from kai_flow.stream.attempt_window import Answer, AttemptWindow, Behind, Chunk, Lost, Stale, Taken
from kai_flow.stream.batches import Batch, decode_batch, encode_batch, take
from kai_flow.stream.buffer import EventBuffer, Slice
from kai_flow.stream.cadence import Cadence
from kai_flow.stream.deliveries import Deliveries
from kai_flow.stream.delivery import Delivery
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.fold import Disposition, Fold, Verdict
from kai_flow.stream.ids import START, EventId
from kai_flow.stream.outbox import Outbox
from kai_flow.stream.own_signals import Duty
from kai_flow.stream.posts import Acknowledged, Post
from kai_flow.stream.progress import Progress
from kai_flow.stream.session_log import SessionLog
from kai_flow.stream.storage import Allowance
from tests.planting import Mutation, changed_result, everywhere, instead, together

# The fold


def skip_dedup() -> Mutation:
    """A batch of the current attempt counts each time it arrives."""

    def apply(self: Fold, batch: Batch) -> Verdict:
        if batch.run_id != self.run_id or batch.first.attempt_key < self.position.attempt_key:
            return Verdict(Disposition.DUPLICATE)
        self.position = max(self.position, batch.last)
        return Verdict(Disposition.ACCEPTED, batch.events)

    return instead(Fold, "apply", apply)


def ignore_supersession() -> Mutation:
    """Events of an earlier attempt are accepted after a later attempt has begun."""
    real = Fold.apply

    def apply(self: Fold, batch: Batch) -> Verdict:
        if batch.run_id == self.run_id and batch.first.attempt_key < self.position.attempt_key:
            return Verdict(Disposition.ACCEPTED, batch.events)
        return real(self, batch)

    return instead(Fold, "apply", apply)


def run_id_not_checked() -> Mutation:
    """Batches of other runs are accepted."""
    real = Fold.apply
    return instead(
        Fold, "apply", lambda self, batch: real(self, batch._replace(run_id=self.run_id))
    )


def hole_not_recorded() -> Mutation:
    """A hole between two batches is not reported."""
    return changed_result(Fold, "apply", lambda verdict: verdict._replace(gap=None))


# Progress


def liveness_ignored() -> Mutation:
    """`progress` does not report what the server knows of a dead worker."""
    real = Progress.describe
    return instead(
        Progress, "describe", lambda self, buffer, elapsed, _=None: real(self, buffer, elapsed)
    )


def liveness_reopens_the_session() -> Mutation:
    """After the end of the session a liveness check still changes its status."""
    real = Progress.describe

    def describe(self: Progress, *args: Any) -> dict[str, Any]:
        self.closed, closed = False, self.closed
        try:
            return real(self, *args)
        finally:
            self.closed = closed

    return instead(Progress, "describe", describe)


def liveness_outlives_the_question() -> Mutation:
    """The result of one liveness check is shown in all later answers."""
    real = Progress.describe

    def describe(self: Progress, buffer: EventBuffer, elapsed: int, liveness: Any = None) -> Any:
        if liveness is not None:
            self.status = liveness.status
        return real(self, buffer, elapsed, liveness)

    return instead(Progress, "describe", describe)


def liveness_forgets_the_tool() -> Mutation:
    """A silent attempt that is alive is reported as one that is starting."""
    real = Progress.describe

    def describe(self: Progress, buffer: EventBuffer, elapsed: int, liveness: Any = None) -> Any:
        return real(self, buffer, elapsed, liveness and liveness._replace(attempt=9))

    return instead(Progress, "describe", describe)


# The buffer


def _evicts_at(more: int) -> Mutation:
    """The buffer holds `more` events than its limit."""
    real = EventBuffer.apply

    def apply(self: EventBuffer, batch: Batch) -> Verdict:
        limits = self.limits
        self.limits = limits._replace(events=limits.events + more)
        try:
            return real(self, batch)
        finally:
            self.limits = limits

    return instead(EventBuffer, "apply", apply)


def evict_one_too_late() -> Mutation:
    """The buffer holds one event more than its limit."""
    return _evicts_at(1)


def evict_one_too_many() -> Mutation:
    """The buffer evicts one event more than it must."""
    return _evicts_at(-1)


def retry_keeps_old_events() -> Mutation:
    """The events of a superseded attempt stay in the buffer."""
    return changed_result(Fold, "apply", lambda verdict: verdict._replace(replaces=None))


def gap_not_reported() -> Mutation:
    """A reader whose next events were evicted gets the ones after them, and no gap."""
    real = EventBuffer.read
    return instead(EventBuffer, "read", lambda self, *args: Slice(*real(self, *args)[:3], gap=None))


def superseding_is_a_gap() -> Mutation:
    """Evicted events of a superseded attempt are still reported as missing."""
    real = EventBuffer.apply
    lost: Any = EventBuffer.lost
    highest: dict[EventBuffer, EventId] = {}

    def apply(self: EventBuffer, batch: Batch) -> Verdict:
        verdict = real(self, batch)
        highest[self] = max(highest.get(self, START), lost.fget(self))
        return verdict

    return together(
        instead(EventBuffer, "apply", apply),
        instead(EventBuffer, "lost", property(lambda self: highest.get(self, START))),
    )


def empty_page_forgets_the_cursor() -> Mutation:
    """`next` of an empty page is the beginning."""
    real = EventBuffer.read

    def read(self: EventBuffer, after: EventId, max_bytes: int) -> Slice:
        part = real(self, after, max_bytes)
        return part if part.events else part._replace(next=START)

    return instead(EventBuffer, "read", read)


def page_skips_an_event() -> Mutation:
    """`next` of a page that ends early is one event too far."""
    real = EventBuffer.read

    def read(self: EventBuffer, after: EventId, max_bytes: int) -> Slice:
        part = real(self, after, max_bytes)
        return part._replace(next=part.next.offset(1)) if part.has_more else part

    return instead(EventBuffer, "read", read)


def page_may_be_of_any_size() -> Mutation:
    """The bounds of `max_bytes` are not checked."""
    return instead(pages, "MAX_PAGE_BYTES", 2**60)


# Batches, events, ids


def _encoded(change: Any) -> Mutation:
    """A batch is encoded with its items changed."""
    real = encode_batch

    def encode(batch: Batch) -> bytes:
        document = msgspec.json.decode(real(batch))
        change(document["items"], batch)
        return msgspec.json.encode(document)

    return everywhere(encode_batch, encode)


def _tokens_taken_for_alike(alike: Any) -> Mutation:
    """Tokens of which `alike` is true are merged, and all decoded with the keys of the first."""
    real = encode_batch

    def encode(batch: Batch) -> bytes:
        tokens = list(batch.events)
        for n, (before, event) in enumerate(pairwise(batch.events), 1):
            one, other = tokens[n - 1].decode(), event.decode()
            tokens_both = before.type == event.type == "token" and _is_text(one) and _is_text(other)
            if tokens_both and alike({**one, "content": ""}, {**other, "content": ""}):
                data = msgspec.json.encode({**one, "content": other["content"]})
                tokens[n] = event._replace(data=data)
        return real(batch._replace(events=tuple(tokens)))

    return everywhere(encode_batch, encode)


def _is_text(token: dict[str, Any]) -> bool:
    return isinstance(token.get("content"), str)


def merge_loses_a_boundary() -> Mutation:
    """Two tokens of a run are decoded as one."""

    def change(items: list[dict[str, Any]], _: Batch) -> None:
        for item in items:
            if len(item.get("cuts", ())) > 1:
                item["cuts"][:2] = [sum(item["cuts"][:2])]

    return _encoded(change)


def merge_whatever_differs() -> Mutation:
    """Tokens are merged, whatever their other keys are."""
    return _tokens_taken_for_alike(lambda one, other: True)


def merge_by_python_equality() -> Mutation:
    """Tokens are merged whose other keys are equal in Python, such as 1 and true."""
    return _tokens_taken_for_alike(lambda one, other: one == other)


def merge_rewrites_numbers() -> Mutation:
    """Tokens are merged however their values are written, and are decoded as we write them."""
    real = encode_batch

    def encode(batch: Batch) -> bytes:
        rewritten = (
            event._replace(data=msgspec.json.encode(event.decode()))
            if event.type == "token"
            else event
            for event in batch.events
        )
        return real(batch._replace(events=tuple(rewritten)))

    return everywhere(encode_batch, encode)


def cuts_in_bytes() -> Mutation:
    """The lengths of merged tokens count bytes, not code points."""

    def change(items: list[dict[str, Any]], batch: Batch) -> None:
        position = 0
        for item in items:
            count = len(item.get("cuts", [0]))
            if "cuts" in item:
                tokens = [e.decode() for e in batch.events[position : position + count]]
                item["cuts"] = [len(token["content"].encode()) for token in tokens]
            position += count

    return _encoded(change)


def wrong_cuts_accepted() -> Mutation:
    """Merged tokens are split without a check that the lengths add up."""
    real = decode_batch

    def decode(document: bytes) -> Batch:
        wire = msgspec.json.decode(document)
        for item in wire["items"]:
            if "cuts" in item and len(item["tokens"]["content"]) != sum(item["cuts"]):
                item["tokens"]["content"] = item["tokens"]["content"].ljust(sum(item["cuts"]))
                item["cuts"] = [len(item["tokens"]["content"])]
        return real(msgspec.json.encode(wire))

    return everywhere(decode_batch, decode)


def size_limit_off_by_one() -> Mutation:
    """An event one byte over the limit is accepted."""
    return instead(events, "MAX_EVENT_BYTES", events.MAX_EVENT_BYTES + 1)


def ids_with_leading_zeros() -> Mutation:
    """`01.1.1` is accepted as an id."""
    real = EventId.parse

    def parse(_: type[EventId], text: str) -> EventId:
        return real(re.sub(r"(?<![0-9])0+(?=[0-9])", "", text))

    return instead(EventId, "parse", classmethod(parse))


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


# The session log


def shown_past_a_hole() -> Mutation:
    """A reader that is behind gets the events in memory, past a hole."""
    real = AttemptWindow.read

    def read(self: AttemptWindow, cursor: EventId, max_bytes: int) -> Chunk | Behind | Lost | None:
        answer = real(self, cursor, max_bytes)
        if isinstance(answer, Behind) and self.start <= self.received:
            return real(self, self.start.offset(-1), max_bytes)
        return answer

    return instead(AttemptWindow, "read", read)


def claim_shown_before_durable() -> Mutation:
    """A POST alone supersedes the current attempt, before anything of it is durable."""
    real = SessionLog.receive

    def receive(self: SessionLog, *args: Any, **kwargs: Any) -> Answer:
        answer = real(self, *args, **kwargs)
        if self.claim is not None:
            self.current, self.claim = self.claim, None
        return answer

    return instead(SessionLog, "receive", receive)


def base_ignored() -> Mutation:
    """A bridge asks for events that `base` calls durable."""
    real = AttemptWindow.receive

    def receive(
        self: AttemptWindow, base: EventId, some: Sequence[NumberedEvent], **kwargs: Any
    ) -> Answer:
        return real(self, base._replace(seq=1), some, **kwargs)

    return instead(AttemptWindow, "receive", receive)


def base_is_proof() -> Mutation:
    """What a POST calls durable is dropped, as if Temporal had confirmed it."""
    real = AttemptWindow.receive

    def receive(
        self: AttemptWindow, base: EventId, some: Sequence[NumberedEvent], **kwargs: Any
    ) -> Answer:
        self.mark_durable(base.offset(-1))
        return real(self, base, some, **kwargs)

    return instead(AttemptWindow, "receive", receive)


def signalled_past_a_hole() -> Mutation:
    """Events are signalled although the ones before them are not known to be durable."""
    receive = AttemptWindow.receive
    taken: dict[AttemptWindow, dict[EventId, NumberedEvent]] = {}

    def note(
        self: AttemptWindow, base: EventId, some: Sequence[NumberedEvent], **kwargs: Any
    ) -> Answer:
        answer = receive(self, base, some, **kwargs)
        if isinstance(answer, Taken) and answer.held:
            taken.setdefault(self, {}).update((event.id, event) for event in some)
        return answer

    def undurable(self: AttemptWindow) -> tuple[NumberedEvent, ...]:
        return take(event for key, event in taken.get(self, {}).items() if key > self.durable)

    return together(
        instead(AttemptWindow, "receive", note), instead(AttemptWindow, "undurable", undurable)
    )


def received_higher_than_held() -> Mutation:
    """The bridge acknowledges one event more than it has."""
    real = AttemptWindow.receive

    def receive(self: AttemptWindow, *args: Any, **kwargs: Any) -> Answer:
        answer = real(self, *args, **kwargs)
        if isinstance(answer, Taken) and answer.news:
            return answer._replace(received=answer.received.offset(1))
        return answer

    return instead(AttemptWindow, "receive", receive)


def stale_attempt_not_refused() -> Mutation:
    """A zombie is not told to stop."""
    real = SessionLog.receive

    def receive(
        self: SessionLog,
        base: EventId,
        some: Sequence[NumberedEvent],
        **kwargs: Any,
    ) -> Answer:
        answer = real(self, base, some, **kwargs)
        if isinstance(answer, Stale):
            return Taken(base.offset(-1), base.offset(-1))
        return answer

    return instead(SessionLog, "receive", receive)


def hole_in_the_window() -> Mutation:
    """A POST is accepted that leaves a hole after the events held."""
    real = AttemptWindow.receive

    def receive(
        self: AttemptWindow, base: EventId, some: Sequence[NumberedEvent], **kwargs: Any
    ) -> Answer:
        if some and some[0].id.seq > self.received.seq + 1:
            return real(self, some[0].id, some, **kwargs)
        return real(self, base, some, **kwargs)

    return instead(AttemptWindow, "receive", receive)


def window_never_shrinks() -> Mutation:
    """Durable events stay in memory."""
    # Private: the window shrinks within every public call, and none tells that it is to.
    return instead(AttemptWindow, "_shrink", lambda self, max_bytes=None: None)


def undurable_leaves_memory() -> Mutation:
    """Received events are dropped although no other copy exists."""
    real = AttemptWindow.receive

    def receive(self: AttemptWindow, *args: Any, **kwargs: Any) -> Answer:
        answer = real(self, *args, **kwargs)
        self.mark_durable(self.received)
        return answer

    return instead(AttemptWindow, "receive", receive)


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


def live_only_is_signalled() -> Mutation:
    """A bridge signals live-only events."""
    real = AttemptWindow.receive

    def receive(
        self: AttemptWindow, base: EventId, some: Sequence[NumberedEvent], **kwargs: Any
    ) -> Answer:
        return real(self, base, some, **kwargs | {"stored": None})

    return instead(AttemptWindow, "receive", receive)


def lost_is_read_back() -> Mutation:
    """A reader of events that no copy has is sent to the durable copy, for ever."""
    return instead(AttemptWindow, "is_past_stored", lambda self, cursor: False)


def lost_before_all_stored_was_read() -> Mutation:
    """A reader is told of a gap although the durable copy has its next events."""
    return instead(AttemptWindow, "is_past_stored", lambda self, cursor: self.stored is not None)


def live_readers_are_told_of_a_gap() -> Mutation:
    """A reader that has seen everything live is told at the end that something is missing."""
    return instead(AttemptWindow, "ended_at", lambda self, cursor: False)


def late_readers_are_told_of_no_gap() -> Mutation:
    """A reader that comes after the close is not told that live-only events are missing."""
    return instead(Fold, "unstored_after", lambda self, cursor: False)


def live_only_stays_in_memory() -> Mutation:
    """The window of a bridge grows with live-only events."""
    real = AttemptWindow._shrink  # private: see window_never_shrinks

    def shrink(self: AttemptWindow, max_bytes: int | None = None) -> None:
        if self.stored is None or self.start <= self.stored:
            real(self, max_bytes)

    return instead(AttemptWindow, "_shrink", shrink)
