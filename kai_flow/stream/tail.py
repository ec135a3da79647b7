"""Following a run's history: everything that becomes durable, in order, without any worker."""

from typing import Any

from temporalio.client import Client, WorkflowHandle

from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.fold import Fold
from kai_flow.stream.signals import LONG_POLL_TIMEOUT, batch_in


class HistoryTail:
    """A place in one run's history, from its beginning on.

    It keeps the server's page token, so that it can rest and go on. `event_id` would be no
    cursor: a page can hold transient events whose ids are used again by real ones.
    """

    def __init__(self, client: Client, session_id: str, run_id: str) -> None:
        self._client = client
        self.fold = Fold(run_id)
        handle: WorkflowHandle[Any, Any] = client.get_workflow_handle(session_id, run_id=run_id)
        self._pages = handle.fetch_history_events(
            wait_new_event=True, rpc_timeout=LONG_POLL_TIMEOUT
        )
        self._begun = False

    @property
    def ended(self) -> bool:
        """The run has closed and all of it has been read."""
        return self._begun and self._pages.next_page_token is None

    async def read(self) -> list[NumberedEvent]:
        """The accepted events of the next page; waits for it, up to the server's long poll.

        Often empty: most history events carry no batch. Raises RPCError; the place is kept.
        """
        await self._pages.fetch_next_page()
        self._begun = True
        accepted: list[NumberedEvent] = []
        for event in self._pages.current_page or ():
            batch = await batch_in(self._client, event)
            if batch is not None:
                accepted += self.fold.apply(batch).events
        return accepted
