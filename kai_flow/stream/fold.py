"""The fold: decides which of the events in a history belong to the stream.

The workflow, the bridge and every other reader apply it to all `publish_events` signals of a run,
in the order of the history. It reads no settings, so all of them arrive at the same stream.
"""

from enum import Enum
from typing import NamedTuple

from kai_flow.stream.batches import Batch
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import START, EventId
from kai_flow.stream.wire_names import UNSTORED


class Disposition(Enum):
    """What the fold decided about a batch."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    """All of its events were accepted before."""
    SUPERSEDED = "superseded"
    """A later attempt or producer has replaced the one that it belongs to."""
    OTHER_RUN = "other_run"
    """It is meant for another run of this session id."""


class Gap(NamedTuple):
    """Missing events: all that lie strictly between two ids."""

    after: EventId
    before: EventId | None
    """None when no event after the missing ones is held."""


class Verdict(NamedTuple):
    """The disposition of a batch, and the events that are new (none unless ACCEPTED)."""

    disposition: Disposition
    events: tuple[NumberedEvent, ...] = ()
    gap: Gap | None = None
    """The events that are missing before the accepted ones. A correct sender leaves none."""
    replaces: EventId | None = None
    """The first event of a newer attempt, which replaces its producer's earlier attempts."""


class Fold:
    """The fold of one run. Batches that come again, late, split or merged change nothing."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.position = START  # the last accepted event
        self.unstored = False  # `position` is an `unstored`: no more of its attempt is stored
        self._cuts: dict[int, EventId] = {}  # the `unstored` of each producer that has sent one

    def apply(self, batch: Batch) -> Verdict:
        """Decide about the next batch of the history."""
        if batch.run_id != self.run_id:
            return Verdict(Disposition.OTHER_RUN)
        first, position = batch.first, self.position
        if first.attempt_key < position.attempt_key:
            return Verdict(Disposition.SUPERSEDED)
        same_attempt = first.attempt_key == position.attempt_key
        known = position.seq if same_attempt else 0
        events = batch.events[max(0, known + 1 - first.seq) :]
        if not events:
            return Verdict(Disposition.DUPLICATE)
        gap = Gap(position, events[0].id) if events[0].id.seq > known + 1 else None
        retried = not same_attempt and first.producer == position.producer
        self.position = batch.last
        self.unstored = events[-1].type == UNSTORED
        if retried:
            self._cuts.pop(first.producer, None)
        if self.unstored:
            self._cuts[first.producer] = self.position
        return Verdict(Disposition.ACCEPTED, events, gap, events[0].id if retried else None)

    def unstored_after(self, cursor: EventId) -> bool:
        """Whether `cursor` has all that its attempt stored, and what follows was live only."""
        cut = self._cuts.get(cursor.producer)
        return cut is not None and cut.attempt_key == cursor.attempt_key and cut <= cursor
