"""The watcher of a session: waits for the close of its workflow, the only source of `done`."""

import logging
from collections.abc import Callable
from typing import Final

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from kai_flow.runtime.log_limiter import LogLimiter
from kai_flow.stream.backoff import Backoff
from kai_flow.stream.outcome import Outcome, wait_for_outcome
from kai_flow.stream.supervised import retried

log = logging.getLogger(__name__)

PAUSE_SECONDS: Final = 1.0  # after a failed call to Temporal
MAX_PAUSE_SECONDS: Final = 10.0  # the longest such pause


class Watcher:
    """Waits for one close, through every outage of Temporal, and then calls `closed` once.

    `closed` is given None when a reset has closed the run. It is not called when Temporal has no
    such run: then there is no end to report.
    """

    def __init__(
        self,
        client: Client,
        session_id: str,
        run_id: str,
        *,
        closed: Callable[[Outcome | None], None],
    ) -> None:
        self._client = client
        self._session_id = session_id
        self._run_id = run_id
        self._closed = closed
        self._limiter = LogLimiter()

    async def run(self) -> None:
        """Wait for the close."""
        try:
            outcome = await retried(
                lambda: wait_for_outcome(self._client, self._session_id, self._run_id),
                Backoff(PAUSE_SECONDS, MAX_PAUSE_SECONDS),
                on=RPCError,
                failed=self._failed,
            )
        except RPCError:
            log.warning("session %s has no run %s", self._session_id, self._run_id)
        else:
            self._closed(outcome)

    def _failed(self, error: RPCError, _pause: float) -> None:
        """Log an outage, and try again; end the tries when there is no such run."""
        if error.status == RPCStatusCode.NOT_FOUND:
            raise error
        if self._limiter.due("outage") is not None:
            log.info("session %s: waiting for Temporal: %s", self._session_id, error.message)
