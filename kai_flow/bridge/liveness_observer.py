"""Observes whether a worker is alive, while a session that is read has no new event."""

import asyncio
import logging
from collections.abc import Callable

from temporalio.service import RPCError

from kai_flow.bridge.shared import Scope
from kai_flow.runtime.log_limiter import LogLimiter
from kai_flow.stream.liveness import liveness_to_show, observe
from kai_flow.stream.log_fields import about
from kai_flow.stream.progress import LIVENESS_SECONDS, Liveness

log = logging.getLogger(__name__)


class LivenessObserver:
    """The liveness of one session, as its readers are shown it (§7.5).

    A check takes time, and an event may arrive meanwhile. The event is the later information, so a
    check counts only if the log's place is still the same afterwards.
    """

    def __init__(
        self, scope: Scope, *, run_id: Callable[[], str], wanted: Callable[[], bool]
    ) -> None:
        self.liveness: Liveness | None = None  # what readers are shown; None: nothing
        self._client = scope.shared.client
        self._session_id = scope.session_id
        self._run_id = run_id  # of the present run
        self._log = scope.log
        self._notifier = scope.notifier
        self._wanted = wanted  # the session is open and has readers
        self._limiter = LogLimiter()

    def event_shown(self) -> None:
        """A new event is shown, which is better information than any liveness."""
        self.liveness = None

    async def run(self) -> None:
        """Check every LIVENESS_SECONDS without an event, as long as that is wanted."""
        while True:
            shown = self._log.place
            await asyncio.sleep(LIVENESS_SECONDS)
            if not self._wanted():
                break
            seen = None
            if self._log.place == shown:
                try:
                    seen = await observe(self._client, self._session_id, self._run_id())
                except RPCError as error:
                    if self._limiter.due("no answer") is not None:
                        text = "session %s: its liveness is unknown: %s"
                        log.info(
                            text, self._session_id, error.message,
                            extra=about("liveness_unknown", self._session_id),
                        )  # fmt: skip
                    continue
            session = None if seen is None else seen.session
            unchanged = self._log.place == shown
            liveness = liveness_to_show(session, self.liveness) if unchanged else None
            if liveness != self.liveness:
                self.liveness = liveness
                self._notifier.notify()
        self.liveness = None
