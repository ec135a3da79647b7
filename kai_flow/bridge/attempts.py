"""Which attempts are real: what Temporal says of them, not what a POST claims."""

import asyncio
import logging
from typing import Final

import msgspec
from temporalio.client import Client
from temporalio.service import RPCError

from kai_flow.runtime.log_limiter import LogLimiter
from kai_flow.stream.clock import now
from kai_flow.stream.interceptor import ProducerNumber
from kai_flow.stream.names import PRODUCER_HEADER
from kai_flow.stream.run import describe
from kai_flow.stream.signals import RPC_TIMEOUT

log = logging.getLogger(__name__)

ASK_SECONDS: Final = 1.0  # for Temporal's answer, while a POST waits
ASK_AGAIN_SECONDS: Final = 0.25  # between two questions, however many POSTs claim whatever


class KnownAttempts:
    """The attempts of one run that its server has begun.

    Whoever can reach the bridge can POST events of a newer attempt, and were they signalled, the
    real one would be told to stop. So an attempt other than the very first must be under way.
    """

    def __init__(self, client: Client, session_id: str, run_id: str) -> None:
        self._client = client
        self._session_id = session_id
        self._run_id = run_id
        self._known = (1, 1)  # (producer, attempt): it and those before it need no proof
        self._asked_at = now() - ASK_AGAIN_SECONDS
        self._pending: dict[str, int] = {}  # attempts under way when last asked, by activity id
        self._activities: dict[int, str] = {}  # activity ids by producer, from the history
        self._seen: set[str] = set()  # activity ids of which the history has been asked
        self._limiter = LogLimiter()
        self._asking: asyncio.Task[None] | None = None

    async def include(self, try_of: tuple[int, int]) -> bool:
        """Whether Temporal knows of the attempt `try_of`, or of a later one; False: not yet."""
        if try_of <= self._known:
            return True
        idle = self._asking is None or self._asking.done()
        if idle and now() - self._asked_at >= ASK_AGAIN_SECONDS:
            self._asked_at = now()
            self._asking = asyncio.create_task(self._ask(try_of[0]))
        if self._asking is not None:  # a long history is read on, beyond what one POST waits
            await asyncio.wait([self._asking], timeout=ASK_SECONDS)
        if self._attempt_of(try_of[0]) >= try_of[1]:
            self._known = try_of
            return True
        if self._limiter.due("held back") is not None:  # whichever are claimed, and however many
            log.warning(
                "session %s: events of %d.%d are held back: Temporal has begun no such attempt",
                self._session_id, *try_of,
            )  # fmt: skip
        return False

    def _attempt_of(self, producer: int) -> int:
        if producer == 1:  # also that of another program's sender, which has no header
            return max(self._pending.values(), default=0)
        return self._pending.get(self._activities.get(producer, ""), 0)

    async def stop(self) -> None:
        """Give up the question under way."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _ask(self, producer: int) -> None:
        try:
            await self._look(producer)
        except (RPCError, msgspec.MsgspecError) as error:  # a header may be another program's
            if self._limiter.due("not known") is not None:
                log.info("session %s: its attempts are not known: %r", self._session_id, error)

    async def _look(self, producer: int) -> None:
        handle = self._client.get_workflow_handle(self._session_id, run_id=self._run_id)
        description = await describe(self._client, self._session_id, self._run_id)
        pending = description.pending_activities
        self._pending = {activity.activity_id: activity.attempt for activity in pending}
        # The history is read when it must say something new, not for whatever producer is claimed.
        if producer == 1 or self._seen.issuperset(self._pending):
            return
        async for event in handle.fetch_history_events(rpc_timeout=RPC_TIMEOUT):
            scheduled = event.activity_task_scheduled_event_attributes
            self._seen.add(scheduled.activity_id)
            header = scheduled.header.fields.get(PRODUCER_HEADER)
            if header is not None:
                number = msgspec.json.decode(header.data, type=ProducerNumber)
                self._activities[number.producer] = scheduled.activity_id
