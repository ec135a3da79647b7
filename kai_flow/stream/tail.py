"""Follows the history of a run: every event that becomes durable, in order, without a worker."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHandle, WorkflowHistoryEventFilterType

from kai_flow.stream.batches import Batch
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.fold import Fold
from kai_flow.stream.signals import LONG_POLL_TIMEOUT, batch_in

# The server ends a long poll 1 s before the timeout of the call. So with this timeout it answers
# after 0.1 s that there is nothing new.
SHORT_POLL_TIMEOUT: Final = timedelta(seconds=1.1)


class HistoryPages:
    """Reads one run's history page by page, from its beginning on.

    It keeps the server's page token, so that reading can pause and continue. The `event_id` of a
    history event is no cursor: a page may have transient events, which real events replace later
    under the same ids.
    """

    def __init__(self, client: Client, session_id: str, run_id: str) -> None:
        self.ended = False  # the run has closed and all of it has been read
        self.quiet = 0  # pages in a row without anything new
        self._client = client
        self._session_id = session_id
        self._run_id = run_id
        self._token: bytes | None = None  # of the next page; None: the first page
        self._page: Sequence[HistoryEvent] | None = None  # fetched and not decoded yet
        self._ids: list[int] = []  # event ids of the last page

    async def skip(self) -> None:
        """Skip everything that is in the history by now. Raises RPCError."""
        await self._fetch(SHORT_POLL_TIMEOUT, WorkflowHistoryEventFilterType.CLOSE_EVENT)
        self._page = None
        self.ended = self._token is None

    async def read(self, timeout: timedelta) -> list[Batch]:
        """The batches of the next page, for which the server waits until `timeout` at most.

        Often there are none: most history events carry no batch. Raises RPCError, or what the
        client's payload codec raises; the next call reads the same page then.
        """
        if self._page is None:
            await self._fetch(timeout, WorkflowHistoryEventFilterType.ALL_EVENT)
        batches = []
        for event in self._page or ():
            batch = await batch_in(self._client, event)
            if batch is not None:
                batches.append(batch)
        ids = [event.event_id for event in self._page or ()]
        # The server returns transient events again and again, until real ones replace them.
        self.quiet = self.quiet + 1 if ids in ([], self._ids) else 0
        self._page, self._ids = None, ids
        self.ended = self._token is None
        return batches

    async def _fetch(self, timeout: timedelta, what: WorkflowHistoryEventFilterType) -> None:
        handle: WorkflowHandle[Any, Any] = self._client.get_workflow_handle(
            self._session_id, run_id=self._run_id
        )
        pages = handle.fetch_history_events(
            next_page_token=self._token,
            wait_new_event=True,
            event_filter_type=what,
            rpc_timeout=timeout,
        )
        await pages.fetch_next_page()
        self._page, self._token = pages.current_page, pages.next_page_token


class HistoryTail:
    """The accepted events of one run, as they become durable."""

    def __init__(self, client: Client, session_id: str, run_id: str) -> None:
        self.fold = Fold(run_id)
        self._pages = HistoryPages(client, session_id, run_id)

    @property
    def ended(self) -> bool:
        """Whether the run has closed and all of it has been read."""
        return self._pages.ended

    async def skip(self) -> None:
        """Skip everything that is in the history by now. Raises RPCError.

        What was skipped has to be read in another way, and *after* this call: what is stored
        between an earlier read and this call would be missing.
        """
        await self._pages.skip()

    async def read(self) -> list[NumberedEvent]:
        """The accepted events of the next page, after a long poll; see HistoryPages.read."""
        accepted: list[NumberedEvent] = []
        for batch in await self._pages.read(LONG_POLL_TIMEOUT):
            accepted += self.fold.apply(batch).events
        return accepted
