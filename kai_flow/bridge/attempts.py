"""Which attempts of a run's activities its Temporal server has begun, whatever POSTs claim."""

import asyncio
import logging
from typing import Final

from temporalio.client import Client
from temporalio.service import RPCError

from kai_flow.runtime.log_limiter import LogLimiter
from kai_flow.stream.clock import now
from kai_flow.stream.log_fields import about
from kai_flow.stream.run import describe

log = logging.getLogger(__name__)

ASK_SECONDS: Final = 1.0  # a POST waits so long for Temporal's answer
ASK_AGAIN_SECONDS: Final = 0.25  # between two questions about a session, however many POSTs come


class KnownAttempts:
    """The attempts of one run's activities that its server has begun.

    Anyone who can reach the bridge can POST events of a newer attempt. If these were signalled
    without a check, the real attempt would be told to stop. The history does not show an attempt
    before it has ended, but the description of the run does.

    POSTs that arrive together share one question, which runs in a task of its own: a POST waits at
    most ASK_SECONDS for it, and the task goes on. What the task has found out is kept, so the same
    POST succeeds when it is repeated.
    """

    def __init__(self, client: Client, session_id: str, run_id: str) -> None:
        self._client = client
        self._session_id = session_id
        self._run_id = run_id
        self._known: dict[int, int] = {}  # the newest attempt known to be real, by producer
        self._asked_at = now() - ASK_AGAIN_SECONDS
        self._pending: dict[str, int] = {}  # attempt of each pending activity, by activity id
        self._limiter = LogLimiter()
        self._asking: asyncio.Task[None] | None = None

    async def include(self, key: tuple[int, int], activity_id: str | None) -> bool:
        """Whether Temporal has begun the attempt (producer, attempt) or a later one.

        `activity_id` is the producer's; None: the run has no marks, so any activity may be meant.
        False means that this is not known yet: the producer will POST again.
        """
        producer, attempt = key
        if attempt <= self._known.get(producer, 0):
            return True
        idle = self._asking is None or self._asking.done()
        if idle and now() - self._asked_at >= ASK_AGAIN_SECONDS:
            self._asked_at = now()
            self._asking = asyncio.create_task(self._ask())
        if self._asking is not None:
            await asyncio.wait([self._asking], timeout=ASK_SECONDS)
        if activity_id is None:
            begun = max(self._pending.values(), default=0)
        else:
            begun = self._pending.get(activity_id, 0)
        if begun < attempt:
            return False
        self._known[producer] = max(begun, self._known.get(producer, 0))
        return True

    def retire(self) -> None:
        """Give up the question under way."""
        if self._asking is not None:
            self._asking.cancel()

    async def _ask(self) -> None:
        """Find out what is under way. A failure is logged, and the next POST asks again."""
        try:
            description = await describe(self._client, self._session_id, self._run_id)
        except RPCError as error:
            if self._limiter.due("no answer") is not None:
                log.info(
                    "session %s: its attempts are not known: %s",
                    self._session_id,
                    error,
                    extra=about("attempts_unknown", self._session_id),
                )
        except Exception:
            if self._limiter.due("broken") is not None:
                log.exception(
                    "session %s: asking for its attempts broke",
                    self._session_id,
                    extra=about("attempts_broke", self._session_id),
                )
        else:
            pending = description.pending_activities
            self._pending = {activity.activity_id: activity.attempt for activity in pending}
