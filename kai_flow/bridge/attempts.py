"""Which attempts of a run its Temporal server has begun, whatever POSTs claim."""

import asyncio
import logging
from typing import Final

import msgspec
from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.service import RPCError

from kai_flow.runtime.log_limiter import LogLimiter
from kai_flow.stream.clock import now
from kai_flow.stream.interceptor import ProducerNumber
from kai_flow.stream.run import describe
from kai_flow.stream.signals import RPC_TIMEOUT
from kai_flow.stream.wire_names import PRODUCER_HEADER

log = logging.getLogger(__name__)

ASK_SECONDS: Final = 1.0  # a POST waits so long for Temporal's answer
ASK_AGAIN_SECONDS: Final = 0.25  # between two questions about a session, however many POSTs come


class KnownAttempts:
    """The attempts of one run that its server has begun.

    Anyone who can reach the bridge can POST events of a newer attempt. If these were signalled
    without a check, the real attempt would be told to stop. So every attempt except the very first
    must be under way in Temporal before anything of it is taken.

    POSTs that arrive together share one question, which runs in a task of its own: a POST waits at
    most ASK_SECONDS for it, and the task goes on, because a long history may take longer to read.
    What the task has found out is kept, so the same POST succeeds when it is repeated.
    """

    def __init__(self, client: Client, session_id: str, run_id: str) -> None:
        self._client = client
        self._session_id = session_id
        self._run_id = run_id
        self._known = (1, 1)  # the newest attempt known to be real; earlier ones need no proof
        self._asked_at = now() - ASK_AGAIN_SECONDS
        self._pending: dict[str, int] = {}  # attempt of each pending activity, by activity id
        self._activities: dict[int, str] = {}  # activity id of each producer, from the history
        self._scheduled: set[str] = set()  # activity ids that the part of the history read has
        self._limiter = LogLimiter()
        self._asking: asyncio.Task[None] | None = None

    async def include(self, key: tuple[int, int]) -> bool:
        """Whether Temporal has begun the attempt (producer, attempt) or a later one.

        False means that this is not known yet: the producer will POST again.
        """
        if key <= self._known:
            return True
        idle = self._asking is None or self._asking.done()
        if idle and now() - self._asked_at >= ASK_AGAIN_SECONDS:
            self._asked_at = now()
            self._asking = asyncio.create_task(self._ask(key[0]))
        if self._asking is not None:
            await asyncio.wait([self._asking], timeout=ASK_SECONDS)
        if self._attempt_of(key[0]) >= key[1]:
            self._known = max(self._known, key)  # another POST may have proven more meanwhile
            return True
        if self._limiter.due("held back") is not None:  # one kind of line, whatever is claimed
            log.warning(
                "session %s: events of %d.%d are held back: Temporal has begun no such attempt",
                self._session_id, *key,
            )  # fmt: skip
        return False

    def _attempt_of(self, producer: int) -> int:
        """The attempt that this producer's activity has reached; 0 when no activity is known."""
        if producer == 1:  # may be a sender of another program, which sets no header
            return max(self._pending.values(), default=0)
        return self._pending.get(self._activities.get(producer, ""), 0)

    async def stop(self) -> None:
        """Give up the question under way."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _ask(self, producer: int) -> None:
        """Find out what is under way. A failure is logged, and the next POST asks again."""
        try:
            await self._find_out(producer)
        except RPCError as error:
            if self._limiter.due("no answer") is not None:
                log.info("session %s: its attempts are not known: %s", self._session_id, error)
        except Exception:
            if self._limiter.due("broken") is not None:
                log.exception("session %s: asking for its attempts broke", self._session_id)

    async def _find_out(self, producer: int) -> None:
        description = await describe(self._client, self._session_id, self._run_id)
        pending = description.pending_activities
        self._pending = {activity.activity_id: activity.attempt for activity in pending}
        # The history is read only when it can have something new, not for every producer number
        # that a POST invents.
        if producer == 1 or self._scheduled.issuperset(self._pending):
            return
        handle = self._client.get_workflow_handle(self._session_id, run_id=self._run_id)
        async for event in handle.fetch_history_events(rpc_timeout=RPC_TIMEOUT):
            scheduled = event.activity_task_scheduled_event_attributes
            self._scheduled.add(scheduled.activity_id)
            number = _producer_in(scheduled.header.fields.get(PRODUCER_HEADER))
            if number is not None:
                self._activities[number] = scheduled.activity_id


def _producer_in(header: Payload | None) -> int | None:
    """The producer number in an activity's header; None for a header that we did not write."""
    if header is None:
        return None
    try:
        return msgspec.json.decode(header.data, type=ProducerNumber).producer
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
