"""What the history of a run records of its stream, as plain values.

Every reader takes them in the order of the history, the workflow in the order in which it comes to
them. `Fold` decides what they make of the stream.
"""

from typing import Literal, NamedTuple

from kai_flow.stream.batches import Batch, Published
from kai_flow.stream.ids import EventId

__all__ = ["Closing", "EndStatus", "Ended", "Published", "Recorded", "Scheduled", "Spoken"]

EndStatus = Literal["completed", "failed", "timed_out", "cancelled"]


class Scheduled(NamedTuple):
    """A mark: an activity was scheduled that has a producer number."""

    producer: int
    activity: str
    """The type of the activity."""
    activity_id: str
    """In the workflow itself it is empty unless the workflow's code has chosen it."""
    beside: frozenset[int] = frozenset()
    """The producers that had been scheduled and had not ended."""


class Ended(NamedTuple):
    """The activity of a producer has ended."""

    producer: int
    status: EndStatus


class Spoken(NamedTuple):
    """The workflow itself has published events."""

    batch: Batch


Recorded = Scheduled | Ended | Published | Spoken


class Closing(NamedTuple):
    """How a producer has ended, or why no more events of it count."""

    producer: int
    final: EventId
    """The last event of it that counts; attempt and seq are 0 if there is none."""
    status: EndStatus | None
    """`cancelled` also for a producer that the workflow no longer waits for. None: it is not known,
    because nothing tells which activity the producer is."""
