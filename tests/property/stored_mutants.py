"""Mutants of what is stored and read, each time with one plausible mistake in it.

Each is planted at a seam (see tests/planting.py). Those that replace a private method say why.
"""

import re
from bisect import insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import msgspec

from kai_flow.stream import batches, events, pages
from kai_flow.stream.batches import Batch, Published, Room, decode_signal, encode_signal
from kai_flow.stream.buffer import EventBuffer, Slice
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.fold import Disposition, Fold, Verdict
from kai_flow.stream.ids import EventId
from kai_flow.stream.place import NOWHERE, Place
from kai_flow.stream.progress import Liveness, Progress, RunLiveness
from kai_flow.stream.recorded import Closing, Ended, Recorded, Scheduled
from tests.planting import Mutation, changed_result, everywhere, instead

# Places


def unbegun_are_forgotten() -> Mutation:
    """A place does not list a producer of which nothing was seen."""
    real = Place.advance

    def advance(self: Place, event: EventId, beside: Iterable[int] = ()) -> Place:
        return real(self, event, [p for p in beside if p in self.positions])

    return instead(Place, "advance", advance)


def everything_stays_listed() -> Mutation:
    """A place goes on to list producers that were seen whole."""
    real = Place.advance

    def advance(self: Place, event: EventId, beside: Iterable[int] = ()) -> Place:
        return real(self, event, [*beside, *self.positions])

    return instead(Place, "advance", advance)


def the_workflow_is_forgotten() -> Mutation:
    """A place does not list what was seen of the workflow when a producer begins."""
    real = Place.advance

    def advance(self: Place, event: EventId, beside: Iterable[int] = ()) -> Place:
        seen = {p: at for p, at in self.positions.items() if p or event.producer <= self.newest}
        return real(Place(seen), event, beside)

    return instead(Place, "advance", advance)


def anything_follows() -> Mutation:
    """A hole before an event is not noticed."""
    return instead(Place, "follows", lambda self, event: True)


def the_newest_producer_decides() -> Mutation:
    """The place with the higher producer includes the other one."""
    return instead(Place, "includes", lambda self, other: self.newest >= other.newest)


def withdrawn_is_kept() -> Mutation:
    """What never counted stays covered."""
    return instead(Place, "withdraw", lambda self, last: self)


def parts_in_any_order() -> Mutation:
    """A cursor with its parts out of order is accepted."""
    real = Place.parse

    def parse(_: type[Place], text: str) -> Place:
        return real(",".join(sorted(text.split(","))))

    return instead(Place, "parse", classmethod(parse))


# The fold


def _judged(change: Callable[[Fold, Batch, Verdict], Verdict]) -> Mutation:
    """The fold decides otherwise about a batch."""
    real = Fold.apply

    def apply(self: Fold, batch: Batch, run_id: str) -> Verdict:
        return change(self, batch, real(self, batch, run_id))

    return instead(Fold, "apply", apply)


def _accepted_if(disposition: Disposition) -> Mutation:
    def change(_: Fold, batch: Batch, verdict: Verdict) -> Verdict:
        if verdict.disposition is disposition:
            return Verdict(Disposition.ACCEPTED, batch.events)
        return verdict

    return _judged(change)


def skip_dedup() -> Mutation:
    """A batch of the current attempt counts each time it arrives."""
    return _accepted_if(Disposition.DUPLICATE)


def ignore_supersession() -> Mutation:
    """Events of an earlier attempt, or of a closed producer, are accepted."""
    return _accepted_if(Disposition.SUPERSEDED)


def marks_not_needed() -> Mutation:
    """Events of a producer without a mark are accepted, although the run has marks."""
    return _accepted_if(Disposition.UNKNOWN)


def run_id_not_checked() -> Mutation:
    """Batches of other runs are accepted."""
    real = Fold.apply
    return instead(Fold, "apply", lambda self, batch, _: real(self, batch, self.run_id))


def hole_not_recorded() -> Mutation:
    """A hole between two batches is not reported."""
    return changed_result(Fold, "apply", lambda verdict: verdict._replace(gap=None))


def marks_close_nothing() -> Mutation:
    """A producer goes on to count when the workflow no longer waits for it."""
    # Private: `open` only shows what is open.
    return instead(Fold, "_close", lambda self, producers: ())


def ends_close() -> Mutation:
    """A producer is closed when its activity ends, and not when the next one is scheduled."""
    real = Fold.ended

    def ended(self: Fold, end: Ended) -> Closing | None:
        closing = real(self, end)
        if closing is not None:
            # Private: nothing else closes a single producer.
            self._close([end.producer])
        return closing

    return instead(Fold, "ended", ended)


def a_number_counts_twice() -> Mutation:
    """A mark with a number that was given before begins its producer again."""
    real = Fold.scheduled

    def scheduled(self: Fold, mark: Scheduled) -> tuple[Closing, ...]:
        self.newest = min(self.newest, mark.producer - 1)
        return real(self, mark)

    return instead(Fold, "scheduled", scheduled)


def unstored_outlives_its_attempt() -> Mutation:
    """After a retry the last stored event is still that of the attempt before."""
    real, kept = Fold.unstored, dict[tuple[Fold, int], EventId]()

    def unstored(self: Fold, producer: int) -> EventId | None:
        found = real(self, producer)
        if found is not None:
            kept[self, producer] = found
        return kept.get((self, producer))

    return instead(Fold, "unstored", unstored)


# Progress


def _described(change: Callable[[RunLiveness | None], RunLiveness | None]) -> Mutation:
    """`progress` gets another liveness."""
    real = Progress.describe

    def describe(self: Progress, buffer: EventBuffer, elapsed: int, liveness: Any = None) -> Any:
        return real(self, buffer, elapsed, change(liveness))

    return instead(Progress, "describe", describe)


def liveness_ignored() -> Mutation:
    """`progress` does not report what the server knows of a dead worker."""
    return _described(lambda liveness: None)


def liveness_is_the_sessions() -> Mutation:
    """All producers get the liveness of the liveliest activity."""
    return _described(lambda liveness: liveness and RunLiveness(liveness.session))


def liveness_forgets_the_tool() -> Mutation:
    """A silent attempt that is alive is reported as one that is starting."""

    def other(liveness: RunLiveness | None) -> RunLiveness | None:
        if liveness is None or liveness.session.ended:
            return liveness
        late = {one: alive._replace(attempt=9) for one, alive in liveness.activities.items()}
        return RunLiveness(Liveness(liveness.session.status, 9), late)

    return _described(other)


def liveness_reopens_the_session() -> Mutation:
    """After the end of the session a liveness check still changes its status."""
    real = Progress.describe

    def describe(self: Progress, *args: Any) -> dict[str, Any]:
        self.closed, closed = None, self.closed
        try:
            return real(self, *args)
        finally:
            self.closed = closed

    return instead(Progress, "describe", describe)


def liveness_outlives_the_question() -> Mutation:
    """The result of one liveness check is shown in all later answers."""
    real, last = Progress.describe, dict[Progress, Any]()

    def describe(self: Progress, buffer: EventBuffer, elapsed: int, liveness: Any = None) -> Any:
        last[self] = liveness or last.get(self)
        return real(self, buffer, elapsed, last[self])

    return instead(Progress, "describe", describe)


def a_retry_is_counted_on() -> Mutation:
    """The counts of a producer go on when it is tried again."""
    real = Progress.observe

    def observe(self: Progress, fold: Fold, verdicts: Sequence[Verdict]) -> None:
        real(self, fold, [verdict._replace(replaces=None) for verdict in verdicts])

    return instead(Progress, "observe", observe)


# The buffer


def _evicts_at(more: int) -> Mutation:
    """The buffer holds `more` events than its limit."""
    real = EventBuffer.take

    def take(self: EventBuffer, item: Recorded) -> tuple[list[Verdict], tuple[Closing, ...]]:
        limits = self.limits
        self.limits = limits._replace(events=limits.events + more)
        try:
            return real(self, item)
        finally:
            self.limits = limits

    return instead(EventBuffer, "take", take)


def evict_one_too_late() -> Mutation:
    """The buffer holds one event more than its limit."""
    return _evicts_at(1)


def evict_one_too_many() -> Mutation:
    """The buffer evicts one event more than it must."""
    return _evicts_at(-1)


def retry_keeps_old_events() -> Mutation:
    """The events of a superseded attempt stay in the buffer."""
    # Private: the fold tells of a retry, and the model in the test relies on the fold too.
    return instead(EventBuffer, "_drop_replaced", lambda self, producer: None)


def superseding_is_a_gap() -> Mutation:
    """Evicted events of a superseded attempt are still reported as missing."""
    # Private, as in `retry_keeps_old_events`.
    real = EventBuffer._drop_replaced

    def drop(self: EventBuffer, producer: int) -> None:
        lost = self._lost.get(producer)
        real(self, producer)
        if lost is not None:
            self._lost[producer] = lost
            insort(self._losers, producer)

    return instead(EventBuffer, "_drop_replaced", drop)


def _reads(change: Callable[[Place, Slice], Slice]) -> Mutation:
    """The buffer answers otherwise."""
    real = EventBuffer.read

    def read(self: EventBuffer, after: Place, max_bytes: int) -> Slice:
        return change(after, real(self, after, max_bytes))

    return instead(EventBuffer, "read", read)


def gap_not_reported() -> Mutation:
    """A reader whose next events were evicted gets the ones after them, and no gap."""
    return _reads(lambda after, part: part._replace(gap=None, start=None))


def empty_page_forgets_the_cursor() -> Mutation:
    """`next` of an empty page is the beginning."""
    return _reads(lambda after, part: part if part.events else part._replace(next=NOWHERE))


def page_skips_an_event() -> Mutation:
    """`next` of a page that ends early is one event too far."""

    def change(_: Place, part: Slice) -> Slice:
        if not part.has_more:
            return part
        return part._replace(next=part.next.withdraw(part.events[-1].id.offset(1)))

    return _reads(change)


def earlier_runs_are_not_missed() -> Mutation:
    """A reader who lacks events of earlier runs is not told."""
    real = EventBuffer.__init__

    def init(self: EventBuffer, *args: Any, **kwargs: Any) -> None:
        real(self, *args, **kwargs | {"continues": False})

    return instead(EventBuffer, "__init__", init)


def a_page_costs_the_whole_buffer() -> Mutation:
    """Every read looks at all events."""

    def since(self: EventBuffer, place: Place) -> Iterator[NumberedEvent]:
        return (event for _, event in self._log if not place.covers(event.id))

    # Private: only the cost of a read differs.
    return instead(EventBuffer, "_since", since)


def page_may_be_of_any_size() -> Mutation:
    """The bounds of `max_bytes` are not checked."""
    return instead(pages, "MAX_PAGE_BYTES", 2**60)


# Batches, events, ids


def _encoded(change: Any) -> Mutation:
    """A batch is encoded with its items changed."""
    real = encode_signal

    def encode(run_id: str, batches: Sequence[Batch]) -> bytes:
        document = msgspec.json.decode(real(run_id, batches))
        for part, batch in zip(document["batches"], batches, strict=True):
            change(part["items"], batch)
        return msgspec.json.encode(document)

    return everywhere(encode_signal, encode)


def _rewritten(change: Callable[[Batch], Sequence[NumberedEvent]]) -> Mutation:
    """Batches are encoded with other events."""
    real = encode_signal

    def encode(run_id: str, batches: Sequence[Batch]) -> bytes:
        return real(run_id, [Batch(tuple(change(batch))) for batch in batches])

    return everywhere(encode_signal, encode)


def _tokens_taken_for_alike(alike: Any) -> Mutation:
    """Tokens of which `alike` is true are merged, and all decoded with the keys of the first."""

    def change(batch: Batch) -> Sequence[NumberedEvent]:
        tokens = list(batch.events)
        for n, (before, event) in enumerate(pairwise(batch.events), 1):
            one, other = tokens[n - 1].decode(), event.decode()
            tokens_both = before.type == event.type == "token" and _is_text(one) and _is_text(other)
            if tokens_both and alike({**one, "content": ""}, {**other, "content": ""}):
                data = msgspec.json.encode({**one, "content": other["content"]})
                tokens[n] = event._replace(data=data)
        return tokens

    return _rewritten(change)


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

    def change(batch: Batch) -> Sequence[NumberedEvent]:
        return [
            event._replace(data=msgspec.json.encode(event.decode()))
            if event.type == "token"
            else event
            for event in batch.events
        ]

    return _rewritten(change)


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
    real = decode_signal

    def decode(document: bytes) -> Published:
        wire = msgspec.json.decode(document)
        for item in (item for part in wire["batches"] for item in part["items"]):
            if "cuts" in item and len(item["tokens"]["content"]) != sum(item["cuts"]):
                item["tokens"]["content"] = item["tokens"]["content"].ljust(sum(item["cuts"]))
                item["cuts"] = [len(item["tokens"]["content"])]
        return real(msgspec.json.encode(wire))

    return everywhere(decode_signal, decode)


def size_limit_off_by_one() -> Mutation:
    """An event one byte over the limit is accepted."""
    return instead(events, "MAX_EVENT_BYTES", events.MAX_EVENT_BYTES + 1)


def ids_with_leading_zeros() -> Mutation:
    """`01.1.1` is accepted as an id."""
    real = EventId.parse

    def parse(_: type[EventId], text: str) -> EventId:
        return real(re.sub(r"(?<![0-9])0+(?=[0-9])", "", text))

    return instead(EventId, "parse", classmethod(parse))


def each_producer_has_a_whole_signal() -> Mutation:
    """The batches of a signal do not share its limits."""
    return instead(Room, "admits", lambda self, event: True)


def records_of_any_size() -> Mutation:
    """A record of the workflow's events is as large as they are."""
    return instead(batches, "_RECORD_ROOM", 2**30)
