"""Reads the history of a run page by page: what it records of the stream, in order."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHandle, WorkflowHistoryEventFilterType

from kai_flow.stream import history_event
from kai_flow.stream.codec import require_codec
from kai_flow.stream.fold import Fold
from kai_flow.stream.log_fields import about
from kai_flow.stream.place import NOWHERE
from kai_flow.stream.recorded import Ended, Published, Recorded, Scheduled
from kai_flow.stream.run_start import RunStart, start_in
from kai_flow.stream.signals import LONG_POLL_TIMEOUT
from kai_flow.stream.unmarked import UnmarkedActivities

log = logging.getLogger(__name__)

# The server ends a long poll 1 s before the timeout of the call. So with this timeout it answers
# after 0.1 s that there is nothing new.
SHORT_POLL_TIMEOUT: Final = timedelta(seconds=1.1)

# A page token covers what the history contained when it was issued. So one page without news only
# means that all of that has been read; so many in a row mean the end of the history.
QUIET_PAGES: Final = 2

Recall = Callable[[bytes], Published | None]
"""The batches of a signal, by its document, if the caller has them: SentSignals.recall."""


class RunHistory:
    """Reads one run's history from its beginning on, without a worker.

    It keeps the server's page token, so that reading can pause, and can continue after any error.
    The `event_id` of a history event is no cursor: a page may have transient events, which real
    events replace later under the same ids.
    """

    def __init__(
        self, client: Client, session_id: str, run_id: str, recall: Recall = lambda _: None
    ) -> None:
        self.run_id: Final = run_id
        self.start: RunStart | None = None  # known after the first page that was read
        self.closed: HistoryEvent | None = None  # the event that closed the run
        self.ended = False  # the run has closed and all of it has been read
        self.quiet = 0  # pages in a row without anything new
        self.activities = 0  # how many the run has scheduled, with or without a mark
        self._client = client
        self._session_id = session_id
        self._recall = recall
        self._token: bytes | None = None  # of the next page; None: the first page
        self._page: Sequence[HistoryEvent] | None = None  # fetched and not decoded yet
        self._ids: list[int] = []  # event ids of the last page
        self._warned = False  # that some signal cannot be read
        self._decoded: dict[str, bytes] = {}  # metadata of the last payload that could be read
        self._numbers: dict[int, int] = {}  # producers under way, by their scheduling event's id
        self._marked = False  # the run has a mark
        self._unmarked = UnmarkedActivities()

    @property
    def next_run(self) -> str:
        """The run that the server started when this one closed; empty: none, or not read yet.

        Its own start tells whether it goes on with the stream.
        """
        return "" if self.closed is None else history_event.next_run(self.closed)

    def fold(self) -> Fold:
        """A new fold for what the run records. Needs `start`, so read the first page before."""
        return Fold(self.run_id, NOWHERE if self.start is None else self.start.begins)

    async def read(self, timeout: timedelta = LONG_POLL_TIMEOUT) -> list[Recorded]:
        """What the next page records, for which the server waits until `timeout` at most.

        Often that is nothing: most history events do not concern the stream. Raises RPCError,
        CodecMissing, or what the client's payload codec raises; the next call reads the same page
        then.
        """
        if self._page is None:
            await self._fetch(timeout)
        page = self._page or ()
        items = []
        for event in page:
            if (item := await self._readable(event)) is not None:
                items.append(item)
                await asyncio.sleep(0)  # a page may be the whole history, and a signal takes 20 ms
        self._page = None
        for event in page:  # only now, because a page may have to be read again
            scheduled_by = history_event.ended_activity(event)
            self._numbers.pop(scheduled_by, None)
            self._unmarked.ended(scheduled_by)
            self.activities += event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
        ids = [event.event_id for event in page]
        # The server returns transient events again and again, until real ones replace them.
        self.quiet = self.quiet + 1 if ids in ([], self._ids) else 0
        self._ids = ids
        self.ended = self._token is None
        return items

    async def _readable(self, event: HistoryEvent) -> Recorded | None:
        """What an event records; nothing for a signal that cannot be read.

        That is logged once for a run. What the session's own worker has stored must be readable.
        """
        sample = history_event.sample_of(event)
        if sample is not None and (metadata := dict(sample.metadata)) != self._decoded:
            # One with the same key is enough: decoding each would take time.
            await require_codec(self._client, sample)
            self._decoded = metadata
        try:
            return await self._item(event)
        except history_event.Unreadable as error:
            if not self._warned:
                self._warned = True
                log.warning(
                    "session %s: a signal was left out, because its encoding is %s: give its "
                    "sender the payload codec that the session's workers have",
                    self._session_id, error,
                    extra=about("codec_missing", self._session_id),
                )  # fmt: skip
            return None

    async def _item(self, event: HistoryEvent) -> Recorded | None:
        match event.event_type:
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
                self.start = await start_in(self._client, self.run_id, event)
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
                published = await history_event.published_in(self._client, event, self._recall)
                if published and published.run_id == self.run_id and not self._marked:
                    self._numbers.update(self._unmarked.numbered_by(published))
                return published
            case EventType.EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED:
                return await history_event.spoken_in(self._client, event)
            case EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
                return await self._mark(event)
            case kind if kind in history_event.CLOSES:
                self.closed = event
            case _:
                return self._end(event)
        return None

    async def _mark(self, event: HistoryEvent) -> Scheduled | None:
        mark = await history_event.scheduled_in(self._client, event)
        if mark is not None:
            self._marked = True
            self._numbers[event.event_id] = mark.producer
        elif not self._marked:
            scheduled = event.activity_task_scheduled_event_attributes
            self._unmarked.scheduled(event.event_id, scheduled.activity_id)
        return mark

    def _end(self, event: HistoryEvent) -> Ended | None:
        producer = self._numbers.get(history_event.ended_activity(event))
        status = history_event.ENDS.get(event.event_type)
        return None if producer is None or status is None else Ended(producer, status)

    async def _fetch(self, timeout: timedelta) -> None:
        handle: WorkflowHandle[Any, Any] = self._client.get_workflow_handle(
            self._session_id, run_id=self.run_id
        )
        pages = handle.fetch_history_events(
            next_page_token=self._token,
            wait_new_event=True,
            event_filter_type=WorkflowHistoryEventFilterType.ALL_EVENT,
            rpc_timeout=timeout,
        )
        await pages.fetch_next_page()
        self._page, self._token = pages.current_page, pages.next_page_token
