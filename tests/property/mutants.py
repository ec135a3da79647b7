"""Mutants: the core, each time with one plausible mistake in it. The source stays untouched."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple

import msgspec

from kai_flow.stream import (
    batches,
    cadence,
    delivery,
    events,
    ids,
    pages,
)
from kai_flow.stream.batches import Batch, take
from kai_flow.stream.buffer import EventBuffer, Slice
from kai_flow.stream.cadence import Cadence
from kai_flow.stream.delivery import Delivery
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.fold import Disposition, Fold, Verdict
from kai_flow.stream.ids import START, EventId
from kai_flow.stream.log import Answer, Attempt, Behind, Chunk, Lost, SessionLog, Stale, Taken
from kai_flow.stream.outbox import Outbox
from kai_flow.stream.progress import Progress
from tests.property import (
    test_batches,
    test_buffer,
    test_cadence,
    test_delivery,
    test_events,
    test_fold,
    test_ids,
    test_log,
    test_ordering,
    test_outbox,
    test_pages,
    test_progress,
)

Mutation = AbstractContextManager[None]


@contextmanager
def instead(owner: object, name: str, new: object) -> Iterator[None]:
    """Put `new` in the place of an attribute for a while."""
    old = vars(owner)[name]
    setattr(owner, name, new)
    try:
        yield
    finally:
        setattr(owner, name, old)


# The fold


def skip_dedup() -> Mutation:
    """Every batch of the current attempt counts, however often it comes."""

    def apply(self: Fold, batch: Batch) -> Verdict:
        if batch.run_id != self.run_id or batch.first.attempt_key < self.position.attempt_key:
            return Verdict(Disposition.DUPLICATE)
        self.position = max(self.position, batch.last)
        return Verdict(Disposition.ACCEPTED, batch.events)

    return instead(Fold, "apply", apply)


def ignore_supersession() -> Mutation:
    """An earlier attempt still speaks after a later one has begun."""
    real = Fold.apply

    def apply(self: Fold, batch: Batch) -> Verdict:
        if batch.run_id == self.run_id and batch.first.attempt_key < self.position.attempt_key:
            return Verdict(Disposition.ACCEPTED, batch.events)
        return real(self, batch)

    return instead(Fold, "apply", apply)


def run_id_not_checked() -> Mutation:
    """A batch of any run counts."""
    real = Fold.apply
    return instead(
        Fold, "apply", lambda self, batch: real(self, batch._replace(run_id=self.run_id))
    )


def hole_not_recorded() -> Mutation:
    """What never came is not said."""
    real = Fold.apply
    return instead(Fold, "apply", lambda self, batch: real(self, batch)._replace(gap=None))


# Progress


def pulse_ignored() -> Mutation:
    """What the server says of a dead worker is not said."""
    real = Progress.describe
    return instead(
        Progress, "describe", lambda self, buffer, elapsed, _=None: real(self, buffer, elapsed)
    )


def pulse_reopens_the_session() -> Mutation:
    """After the end a liveness still changes the status."""
    real = Progress.describe

    def describe(self: Progress, *args: Any) -> dict[str, Any]:
        self.closed, closed = False, self.closed
        try:
            return real(self, *args)
        finally:
            self.closed = closed

    return instead(Progress, "describe", describe)


def pulse_outlives_the_question() -> Mutation:
    """What one liveness showed is kept from then on."""
    real = Progress.describe

    def describe(self: Progress, buffer: EventBuffer, elapsed: int, liveness: Any = None) -> Any:
        if liveness is not None:
            self.status = liveness.status
        return real(self, buffer, elapsed, liveness)

    return instead(Progress, "describe", describe)


def pulse_forgets_the_tool() -> Mutation:
    """An attempt that is alive, and silent, is taken for one that begins."""
    real = Progress.describe

    def describe(self: Progress, buffer: EventBuffer, elapsed: int, liveness: Any = None) -> Any:
        return real(self, buffer, elapsed, liveness and liveness._replace(attempt=9))

    return instead(Progress, "describe", describe)


# The buffer


def evict_one_too_late() -> Mutation:
    """The buffer holds one event more than its limit."""
    real = EventBuffer._evict

    def evict(self: EventBuffer) -> None:
        limits = self.limits
        self.limits = limits._replace(events=limits.events + 1)
        real(self)
        self.limits = limits

    return instead(EventBuffer, "_evict", evict)


def evict_one_too_many() -> Mutation:
    """The buffer lets go of one event more than it must."""
    real = EventBuffer._evict

    def evict(self: EventBuffer) -> None:
        limits = self.limits
        self.limits = limits._replace(events=limits.events - 1)
        real(self)
        self.limits = limits

    return instead(EventBuffer, "_evict", evict)


def retry_keeps_old_events() -> Mutation:
    """What a superseded attempt said stays in the buffer."""
    return instead(EventBuffer, "_take_back", lambda self, producer: None)


def gap_not_reported() -> Mutation:
    """A reader whose events were evicted is silently given the next ones."""
    real = EventBuffer.read
    return instead(EventBuffer, "read", lambda self, *args: Slice(*real(self, *args)[:3], gap=None))


def superseding_is_a_gap() -> Mutation:
    """Evicted events of a superseded attempt are still reported as missing."""
    real = EventBuffer._take_back

    def take_back(self: EventBuffer, producer: int) -> None:
        lost = self._lost
        real(self, producer)
        self._lost = lost

    return instead(EventBuffer, "_take_back", take_back)


def empty_page_forgets_the_cursor() -> Mutation:
    """`next` of an empty page is the beginning."""
    real = EventBuffer.read

    def read(self: EventBuffer, after: EventId, max_bytes: int) -> Slice:
        part = real(self, after, max_bytes)
        return part if part.events else part._replace(next=START)

    return instead(EventBuffer, "read", read)


def page_skips_an_event() -> Mutation:
    """`next` of a page that was cut is one too far."""
    real = EventBuffer.read

    def read(self: EventBuffer, after: EventId, max_bytes: int) -> Slice:
        part = real(self, after, max_bytes)
        return part._replace(next=part.next.offset(1)) if part.has_more else part

    return instead(EventBuffer, "read", read)


def page_may_be_of_any_size() -> Mutation:
    """The bounds of `max_bytes` are not checked."""
    return instead(pages, "MAX_PAGE_BYTES", 2**60)


# Batches, events, ids


def merge_loses_a_boundary() -> Mutation:
    """Two tokens of a run come back as one."""
    real = batches._merge

    def merge(some: Sequence[NumberedEvent]) -> Iterator[Any]:
        for item in real(some):
            if item.cuts is not None and len(item.cuts) > 1:
                item.cuts[:2] = [item.cuts[0] + item.cuts[1]]
            yield item

    return instead(batches, "_merge", merge)


def merge_by_python_equality() -> Mutation:
    """Tokens whose other keys are equal to Python, such as 1 and true, become one run."""

    def token_run(some: Sequence[NumberedEvent], start: int) -> list[dict[str, Any]]:
        run: list[dict[str, Any]] = []
        for event in some[start:]:
            token = event.decode()
            if event.type != "token" or not isinstance(token.get("content"), str):
                break
            if run and {**token, "content": ""} != {**run[0], "content": ""}:
                break
            run.append(token)
        return run

    return instead(batches, "_token_run", token_run)


def merge_rewrites_numbers() -> Mutation:
    """Tokens are merged however their values are written, and come back written our way."""

    def token_run(some: Sequence[NumberedEvent], start: int) -> list[dict[str, Any]]:
        run: list[dict[str, Any]] = []
        for event in some[start:]:
            token = event.decode()
            if event.type != "token" or not isinstance(token.get("content"), str):
                break
            if run and msgspec.json.encode({**token, "content": ""}) != msgspec.json.encode(
                {**run[0], "content": ""}
            ):
                break
            run.append(token)
        return run

    return instead(batches, "_token_run", token_run)


def cuts_in_bytes() -> Mutation:
    """The lengths of merged tokens count bytes, not code points."""
    real = batches._merge

    def merge(some: Sequence[NumberedEvent]) -> Iterator[Any]:
        position = 0
        for item in real(some):
            count = len(item.cuts or [0])
            if item.cuts is not None:
                parts = [event.decode()["content"] for event in some[position : position + count]]
                item.cuts = [len(part.encode()) for part in parts]
            position += count
            yield item

    return instead(batches, "_merge", merge)


def wrong_cuts_accepted() -> Mutation:
    """Merged tokens are taken apart without looking whether the lengths add up."""

    def split(item: Any) -> Iterator[tuple[str, bytes]]:
        if item.tokens is None:
            yield events.read_numbered(bytes(item.event))
            return
        start = 0
        for cut in item.cuts or []:
            part = {**item.tokens, "content": item.tokens["content"][start : start + cut]}
            yield events.read_numbered(msgspec.json.encode(part))
            start += cut

    return instead(batches, "_split", split)


def size_limit_off_by_one() -> Mutation:
    """An event one byte over the limit passes."""
    return instead(events, "MAX_EVENT_BYTES", events.MAX_EVENT_BYTES + 1)


def ids_with_leading_zeros() -> Mutation:
    """`01.1.1` is taken for an id."""
    import re

    return instead(ids, "_ID", re.compile(r"(\d{1,16})\.(\d{1,16})\.(\d{1,16})"))


# Outbox, cadence, delivery


def trim_on_received() -> Mutation:
    """What the bridge has in memory is let go, durable or not."""
    real = Outbox._pass

    def passed(self: Outbox, through: EventId) -> None:
        real(self, through)
        durable, self.durable = self.durable, max(self.durable, through)
        self.trim()
        self.durable = durable

    return instead(Outbox, "_pass", passed)


def durable_on_received() -> Mutation:
    """`received` is taken for `durable`."""
    real = Delivery.acknowledged

    def acknowledged(
        self: Delivery, post: delivery.Post, answer: delivery.Acknowledged, now: float
    ) -> None:
        real(self, post, answer._replace(durable=answer.received), now)

    return instead(Delivery, "acknowledged", acknowledged)


def rewind_not_honoured() -> Mutation:
    """A receiver that asks for earlier events does not get them."""
    return instead(Outbox, "move_to", lambda self, expected: None)


def sent_counts_retransmissions() -> Mutation:
    """An event that is sent again counts again."""
    real = Outbox.delivered

    def delivered(self: Outbox, some: Sequence[NumberedEvent]) -> None:
        before = self.sent
        real(self, some)
        self.sent = before + len(some)

    return instead(Outbox, "delivered", delivered)


def believes_any_acknowledgement() -> Mutation:
    """`durable` of another attempt, or beyond what was said, is believed."""
    real = Outbox.acknowledge

    def acknowledge(self: Outbox, through: EventId) -> bool:
        return real(self, min(self.last, self.last._replace(seq=through.seq)))

    return instead(Outbox, "acknowledge", acknowledge)


def period_does_not_grow() -> Mutation:
    """A long session is signalled as often as a young one."""
    return instead(cadence, "AGE_SHARE", 1e9)


def two_signals_at_once() -> Mutation:
    """The next signal does not wait for the one under way."""
    real = Cadence.due

    def due(self: Cadence, some: int, size: int, *, flush: bool) -> float | None:
        self._in_flight = False
        return real(self, some, size, flush=flush)

    return instead(Cadence, "due", due)


def probe_never_sent() -> Mutation:
    """A bridge is asked nothing while the agent is silent."""
    return instead(delivery, "PROBE_SECONDS", 1e9)


def never_signals_for_the_bridge() -> Mutation:
    """A bridge that does not make events durable is waited for for ever."""
    return instead(delivery, "STALL_SECONDS", 1e9)


def never_gives_up_on_a_receiver() -> Mutation:
    """Towards a receiver that fails, events are held until it works again."""
    return instead(delivery, "MAX_TRIES", 10**9)


def waits_for_a_slow_receiver() -> Mutation:
    """An event stays until it was delivered, however long that takes."""
    return instead(delivery, "DELIVERY_SECONDS", 1e9)


def patience_is_never_used_up() -> Mutation:
    """The agent waits for a slow receiver time and again."""
    real = Delivery.appended

    def appended(self: Delivery, now: float) -> None:
        real(self, now)
        self._patience = delivery.DELIVERY_SECONDS

    return instead(Delivery, "appended", appended)


def given_up_counts_as_sent() -> Mutation:
    """What a receiver had no time to take is counted as if it had."""
    real = Outbox.give_up

    def give_up(self: Outbox, through: EventId) -> None:
        self.sent += sum(seq <= through.seq for seq in self._unsent)
        real(self, through)

    return instead(Outbox, "give_up", give_up)


def last_word_waits_for_ever() -> Mutation:
    """The last word is tried until it was taken, or three times, however late."""
    return instead(Delivery, "_done_late_at", lambda self: None)


def waits_between_posts() -> Mutation:
    """What gathered while a POST was under way is kept a little longer."""
    real = Delivery._answered

    def answered(self: Delivery, now: float) -> None:
        real(self, now)
        self._not_before = now + 0.2

    return instead(Delivery, "_answered", answered)


def batches_of_two() -> Mutation:
    """A POST does not take along all that has gathered."""
    real = Outbox.unposted
    return instead(Outbox, "unposted", lambda self, most: real(self, min(most, 2)))


def post_failed_with(**other: float) -> Mutation:
    """A failed POST is taken in with other figures."""
    real = Delivery.post_failed

    def post_failed(self: Delivery, post: delivery.Post, now: float, **figures: float) -> None:
        real(self, post, now, **figures | other)

    return instead(Delivery, "post_failed", post_failed)


def no_jitter() -> Mutation:
    """All senders that failed together try again together."""
    return post_failed_with(jitter=1.0)


def retry_after_ignored() -> Mutation:
    """A receiver that asks for time does not get it."""
    return post_failed_with(retry_after=0.0)


def retry_after_without_limit() -> Mutation:
    """A receiver may silence a producer for as long as it likes."""
    return instead(delivery, "MAX_RETRY_AFTER_SECONDS", 1e9)


def no_pause_in_vain() -> Mutation:
    """A receiver that forgets everything is told everything again without a pause."""
    return instead(Delivery, "_pause_in_vain", lambda self, now: None)


def ends_before_all_is_durable() -> Mutation:
    """The activity returns when its last word is said."""
    return instead(
        Delivery,
        "drained",
        property(lambda self: self.outbox.posted == self.outbox.last and not self._done_due),
    )


def goes_on_after_a_410() -> Mutation:
    """A superseded producer keeps on POSTing."""

    def refused(self: Delivery) -> None:
        self._posting = False

    return instead(Delivery, "refused_as_superseded", refused)


# The session log


def shown_past_a_hole() -> Mutation:
    """A reader that is behind is given what memory holds."""
    real = Attempt.read

    def read(self: Attempt, cursor: EventId, max_bytes: int) -> Chunk | Behind | Lost | None:
        answer = real(self, cursor, max_bytes)
        if isinstance(answer, Behind) and self.start <= self.received:
            return real(self, self.start.offset(-1), max_bytes)
        return answer

    return instead(Attempt, "read", read)


def claim_shown_before_durable() -> Mutation:
    """A POST's word is enough to supersede the attempt that counts."""
    real = SessionLog.receive

    def receive(self: SessionLog, *args: Any, **kwargs: Any) -> Answer:
        answer = real(self, *args, **kwargs)
        if self.claim is not None:
            self.current, self.claim = self.claim, None
        return answer

    return instead(SessionLog, "receive", receive)


def base_ignored() -> Mutation:
    """A bridge that lacks what is durable asks for it all the same."""
    real = Attempt.receive

    def receive(
        self: Attempt, base: EventId, some: Sequence[NumberedEvent], **kwargs: Any
    ) -> Answer:
        return real(self, base._replace(seq=1), some, **kwargs)

    return instead(Attempt, "receive", receive)


def base_is_proof() -> Mutation:
    """What a POST calls durable is let go of, as if Temporal had said so."""
    real = Attempt.receive

    def receive(
        self: Attempt, base: EventId, some: Sequence[NumberedEvent], **kwargs: Any
    ) -> Answer:
        self._settle(base.offset(-1))
        return real(self, base, some, **kwargs)

    return instead(Attempt, "receive", receive)


def signalled_past_a_hole() -> Mutation:
    """What waits is signalled, though what lies before it is not known to be durable."""
    return instead(Attempt, "undurable", lambda self: take(self._waiting.values()))


def received_higher_than_held() -> Mutation:
    """The bridge acknowledges one event more than it has."""
    real = Attempt.receive

    def receive(self: Attempt, *args: Any, **kwargs: Any) -> Answer:
        answer = real(self, *args, **kwargs)
        if isinstance(answer, Taken) and answer.news:
            return answer._replace(received=answer.received.offset(1))
        return answer

    return instead(Attempt, "receive", receive)


def stale_attempt_not_refused() -> Mutation:
    """A zombie is not told to stop."""
    real = SessionLog.receive

    def receive(
        self: SessionLog,
        run_id: str,
        base: EventId,
        some: Sequence[NumberedEvent],
        **kwargs: Any,
    ) -> Answer:
        answer = real(self, run_id, base, some, **kwargs)
        if isinstance(answer, Stale):
            return Taken(base.offset(-1), base.offset(-1))
        return answer

    return instead(SessionLog, "receive", receive)


def hole_in_the_window() -> Mutation:
    """A POST that does not join what is held is taken in all the same."""
    real = Attempt.receive

    def receive(
        self: Attempt, base: EventId, some: Sequence[NumberedEvent], **kwargs: Any
    ) -> Answer:
        if some and some[0].id.seq > self.received.seq + 1:
            return real(self, some[0].id, some, **kwargs)
        return real(self, base, some, **kwargs)

    return instead(Attempt, "receive", receive)


def window_never_shrinks() -> Mutation:
    """What is durable stays in memory."""
    return instead(Attempt, "_shrink", lambda self: None)


def undurable_leaves_memory() -> Mutation:
    """The window lets go of events that are nowhere else."""

    def shrink(self: Attempt) -> None:
        while self.bytes > self._max_bytes and self.start <= self.received:
            self.bytes -= len(self._frames.pop(self.start.seq))
            self.start = self.start.offset(1)

    return instead(Attempt, "_shrink", shrink)


# What is live only


def stores_without_end() -> Mutation:
    """An attempt stores whatever its agent says."""
    return instead(Outbox, "_exceeds", lambda self, size: False)


def started_is_live_only() -> Mutation:
    """An attempt that may store nothing does not even say that it began."""

    def exceeds(self: Outbox, size: int) -> bool:
        return size > self._storable and self.stored is None

    return instead(Outbox, "_exceeds", exceeds)


def live_only_is_never_done_with() -> Mutation:
    """What is not stored is held until it is durable, which it never is."""
    return instead(Outbox, "release", lambda self, through: False)


def live_only_leaves_before_the_rest_is_durable() -> Mutation:
    """That an event was shown is enough, whatever lies before it."""
    real = Outbox.release

    def release(self: Outbox, through: EventId) -> bool:
        stored, self.stored = self.stored, self.stored and self.durable
        done = real(self, through)
        self.stored = stored
        return done

    return instead(Outbox, "release", release)


def live_only_is_signalled() -> Mutation:
    """A bridge signals what its producer does not want stored."""
    real = Attempt.receive

    def receive(
        self: Attempt, base: EventId, some: Sequence[NumberedEvent], **kwargs: Any
    ) -> Answer:
        return real(self, base, some, **kwargs | {"stored": None})

    return instead(Attempt, "receive", receive)


def lost_is_read_back() -> Mutation:
    """A reader of what exists nowhere is sent to the durable copy, for ever."""
    return instead(Attempt, "outlives", lambda self, cursor: False)


def lost_before_all_stored_was_read() -> Mutation:
    """A reader is told of a gap where the durable copy still has something for it."""
    return instead(Attempt, "outlives", lambda self, cursor: self.stored is not None)


def live_readers_are_told_of_a_gap() -> Mutation:
    """Who has seen everything live is told at the end that something is missing."""
    return instead(Attempt, "ended_at", lambda self, cursor: False)


def late_readers_are_told_of_no_gap() -> Mutation:
    """Who comes after the close takes what is stored for everything."""
    return instead(Fold, "unstored_after", lambda self, cursor: False)


def live_only_stays_in_memory() -> Mutation:
    """The window of a bridge grows with what is not stored."""
    real = Attempt._shrink

    def shrink(self: Attempt, max_bytes: int | None = None) -> None:
        if self.stored is None or self.start <= self.stored:
            real(self, max_bytes)

    return instead(Attempt, "_shrink", shrink)


class Mutant(NamedTuple):
    """A mistake, and the property that finds it."""

    plant: Callable[[], Mutation]
    found_by: Any


MUTANTS: list[Mutant] = [
    Mutant(skip_dedup, test_fold.test_the_fold_is_what_was_said_however_it_came),
    Mutant(ignore_supersession, test_fold.test_the_fold_is_what_was_said_however_it_came),
    Mutant(run_id_not_checked, test_fold.test_the_fold_agrees_with_a_plain_rule_on_any_batches),
    Mutant(hole_not_recorded, test_fold.test_the_fold_agrees_with_a_plain_rule_on_any_batches),
    Mutant(skip_dedup, test_ordering.test_every_reader_ends_with_exactly_what_the_agent_said),
    *(
        Mutant(plant, test_progress.test_liveness_tells_what_no_event_can)
        for plant in (
            pulse_ignored,
            pulse_reopens_the_session,
            pulse_outlives_the_question,
            pulse_forgets_the_tool,
        )
    ),
    Mutant(evict_one_too_late, test_buffer.BufferAgainstList),
    Mutant(evict_one_too_many, test_buffer.BufferAgainstList),
    Mutant(retry_keeps_old_events, test_buffer.BufferAgainstList),
    Mutant(gap_not_reported, test_buffer.BufferAgainstList),
    Mutant(superseding_is_a_gap, test_buffer.BufferAgainstList),
    Mutant(empty_page_forgets_the_cursor, test_buffer.BufferAgainstList),
    Mutant(page_skips_an_event, test_pages.test_pages_join_to_the_whole),
    Mutant(page_may_be_of_any_size, test_pages.test_a_bad_question_is_refused),
    Mutant(merge_loses_a_boundary, test_batches.test_a_batch_survives_the_wire),
    Mutant(merge_by_python_equality, test_batches.test_a_batch_survives_the_wire),
    Mutant(
        merge_rewrites_numbers,
        test_batches.test_what_comes_out_of_a_batch_are_the_bytes_that_went_in,
    ),
    Mutant(cuts_in_bytes, test_batches.test_a_token_run_is_written_once),
    Mutant(wrong_cuts_accepted, test_batches.test_cuts_must_fit_their_content),
    Mutant(size_limit_off_by_one, test_events.test_the_size_limit_is_exact),
    Mutant(ids_with_leading_zeros, test_ids.test_what_is_read_is_the_only_way_to_write_it),
    Mutant(trim_on_received, test_outbox.OutboxAgainstLists),
    Mutant(rewind_not_honoured, test_outbox.OutboxAgainstLists),
    Mutant(sent_counts_retransmissions, test_outbox.OutboxAgainstLists),
    Mutant(believes_any_acknowledgement, test_outbox.OutboxAgainstLists),
    Mutant(period_does_not_grow, test_cadence.test_a_long_answer_costs_few_signals),
    Mutant(two_signals_at_once, test_cadence.test_a_long_answer_costs_few_signals),
    Mutant(
        durable_on_received,
        test_delivery.test_whatever_the_receiver_does_everything_becomes_durable,
    ),
    Mutant(
        never_signals_for_the_bridge,
        test_delivery.test_whatever_the_receiver_does_everything_becomes_durable,
    ),
    Mutant(
        never_gives_up_on_a_receiver,
        test_delivery.test_whatever_the_receiver_does_everything_becomes_durable,
    ),
    Mutant(
        waits_for_a_slow_receiver,
        test_delivery.test_a_slow_receiver_does_not_hold_up_a_session,
    ),
    Mutant(
        patience_is_never_used_up,
        test_delivery.test_a_slow_receiver_does_not_hold_up_a_session,
    ),
    Mutant(
        given_up_counts_as_sent,
        test_delivery.test_a_slow_receiver_does_not_hold_up_a_session,
    ),
    Mutant(
        last_word_waits_for_ever,
        test_delivery.test_a_receiver_that_asks_for_patience_does_not_hold_up_the_end,
    ),
    Mutant(waits_between_posts, test_delivery.test_batching_adds_no_delay),
    Mutant(batches_of_two, test_delivery.test_batching_adds_no_delay),
    Mutant(no_jitter, test_delivery.test_pauses_grow_and_are_spread),
    Mutant(retry_after_ignored, test_delivery.test_a_retry_after_is_heeded_up_to_its_limit),
    Mutant(retry_after_without_limit, test_delivery.test_a_retry_after_is_heeded_up_to_its_limit),
    Mutant(
        no_pause_in_vain, test_delivery.test_whatever_the_receiver_does_everything_becomes_durable
    ),
    Mutant(
        ends_before_all_is_durable,
        test_delivery.test_whatever_the_receiver_does_everything_becomes_durable,
    ),
    Mutant(goes_on_after_a_410, test_delivery.test_a_producer_that_is_told_to_stop_stops),
    Mutant(
        probe_never_sent,
        test_delivery.test_a_bridge_that_forgets_while_the_agent_is_silent_is_told_again,
    ),
    Mutant(shown_past_a_hole, test_log.LogAgainstModel),
    Mutant(claim_shown_before_durable, test_log.LogAgainstModel),
    Mutant(base_ignored, test_log.LogAgainstModel),
    Mutant(base_is_proof, test_log.test_a_lying_base_takes_nothing_away),
    Mutant(base_is_proof, test_log.LogAgainstModel),
    Mutant(signalled_past_a_hole, test_log.LogAgainstModel),
    Mutant(received_higher_than_held, test_log.LogAgainstModel),
    Mutant(stale_attempt_not_refused, test_log.LogAgainstModel),
    Mutant(window_never_shrinks, test_log.LogAgainstModel),
    Mutant(undurable_leaves_memory, test_log.LogAgainstModel),
    Mutant(hole_in_the_window, test_log.LogAgainstModel),
    Mutant(stores_without_end, test_outbox.OutboxAgainstLists),
    Mutant(started_is_live_only, test_outbox.OutboxAgainstLists),
    Mutant(live_only_is_never_done_with, test_outbox.OutboxAgainstLists),
    Mutant(
        live_only_is_never_done_with,
        test_delivery.test_what_is_not_stored_is_posted_and_never_signalled,
    ),
    Mutant(live_only_leaves_before_the_rest_is_durable, test_outbox.OutboxAgainstLists),
    Mutant(
        live_only_is_signalled, test_delivery.test_what_is_not_stored_is_posted_and_never_signalled
    ),
    Mutant(live_only_is_signalled, test_log.LogAgainstModel),
    Mutant(lost_is_read_back, test_log.test_what_is_nowhere_any_more_is_a_gap_and_only_that),
    Mutant(
        lost_before_all_stored_was_read,
        test_log.test_what_is_nowhere_any_more_is_a_gap_and_only_that,
    ),
    Mutant(live_readers_are_told_of_a_gap, test_log.test_only_who_has_everything_is_at_the_end),
    Mutant(late_readers_are_told_of_no_gap, test_fold.test_behind_the_mark_nothing_is_stored),
    Mutant(live_only_stays_in_memory, test_log.test_what_is_live_only_does_not_fill_a_bridge),
    Mutant(
        shown_past_a_hole, test_ordering.test_every_reader_ends_with_exactly_what_the_agent_said
    ),
    Mutant(
        durable_on_received,
        test_ordering.test_every_reader_ends_with_exactly_what_the_agent_said,
    ),
]
