"""Finds out which producers the activities of a run without marks are (§4.4 of the protocol).

A workflow in another language numbers its activities itself, and its history does not show how. But
`started` names the activity of its producer.
"""

import logging
from collections.abc import Iterator

from kai_flow.stream.fold import mark_of
from kai_flow.stream.log_fields import about
from kai_flow.stream.recorded import Published

log = logging.getLogger(__name__)


class UnmarkedActivities:
    """The activities under way, until the run has a mark."""

    def __init__(self) -> None:
        self._scheduled: dict[str, int] = {}  # scheduling event's ids, by activity id
        self._numbered: dict[int, str] = {}  # activity ids, by producer

    def scheduled(self, event_id: int, activity_id: str) -> None:
        """An activity without a mark was scheduled."""
        self._scheduled[activity_id] = event_id

    def ended(self, event_id: int) -> None:
        """The activity that this event scheduled has ended."""
        if event_id and event_id in self._scheduled.values():
            self._scheduled = {a: by for a, by in self._scheduled.items() if by != event_id}

    def numbered_by(self, published: Published) -> Iterator[tuple[int, int]]:
        """The activities that this signal tells of: each one's scheduling event, and its producer.

        Logs a number that two activities have: the events of the second are taken for repetitions.
        """
        for batch in published.batches:
            producer, activity_id = batch.first.producer, mark_of(batch.events[0]).activity_id
            if activity_id not in self._scheduled:
                continue
            yield self._scheduled[activity_id], producer
            first = self._numbered.setdefault(producer, activity_id)
            if first != activity_id:
                log.warning(
                    "run %s: the activities %r and %r have the same producer number, %d: what the "
                    "second one sends is dropped",
                    published.run_id, first, activity_id, producer,
                    extra=about("same_producer_number"),
                )  # fmt: skip
