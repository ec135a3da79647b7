"""Looks up the newest run of a session id in Temporal: once for all who ask at the same time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, TypeVar

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from kai_flow.bridge.counts import BridgeCounts
from kai_flow.bridge.errors import SHUTTING_DOWN, Unreachable
from kai_flow.runtime.log_limiter import LogLimiter
from kai_flow.stream.backoff import Backoff
from kai_flow.stream.log_fields import about
from kai_flow.stream.run import Run, find_run, queue_of

T = TypeVar("T")

log = logging.getLogger(__name__)

FIRST_LOOKUP_SECONDS: Final = 1.0  # before a lookup is repeated
LAST_LOOKUP_SECONDS: Final = 10.0  # the longest pause between two lookups


class Lookups:
    """The lookups that are under way, by session id.

    `found` is called with each run that a lookup finds, before the next lookup of the same session
    id can begin. So runs are found in the order in which Temporal had them. But a caller that has
    waited for a lookup may be resumed only after the next one has ended. To not bring an older run
    back, it must check what `found` has done since, and not rely on its own result.
    """

    def __init__(
        self, client: Client, found: Callable[[str, Run], None], counts: BridgeCounts
    ) -> None:
        self._client = client
        self._found = found
        self._counts = counts
        self._under_way: dict[str, asyncio.Task[Run | Unreachable | None]] = {}
        self._queues: dict[str, asyncio.Task[str | Unreachable | None]] = {}  # looked up as well
        self._limiter = LogLimiter()

    async def newest(self, session_id: str) -> Run | None:
        """The newest run of a session id; None when there is none. Raises Unreachable."""
        return await _shared(self._under_way, session_id, self._look_up)

    async def is_on(self, session_id: str, queue: str) -> bool:
        """Whether its newest run is on this task queue; False: or there is none.

        Temporal is asked once either way, and learns of no run. Raises Unreachable.
        """
        return await _shared(self._queues, session_id, self._look_up_queue) == queue

    async def newest_for(self, session_id: str, run_id: str) -> Run | None:
        """`newest`, by a lookup that began after this call, unless an earlier one has that run.

        A lookup that was already under way may be older than the caller's run.
        """
        shared = session_id in self._under_way
        run = await self.newest(session_id)
        if shared and (run is None or run.run_id != run_id):
            run = await self.newest(session_id)
        return run

    async def stop(self) -> None:
        """End the lookups under way, as if Temporal did not answer."""
        under_way = [*self._under_way.values(), *self._queues.values()]
        for lookup in under_way:
            lookup.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    async def _look_up(self, session_id: str) -> Run | Unreachable | None:
        run = await self._asked(session_id, find_run(self._client, session_id))
        if isinstance(run, Run):
            self._found(session_id, run)
        return run

    async def _look_up_queue(self, session_id: str) -> str | Unreachable | None:
        return await self._asked(session_id, queue_of(self._client, session_id))

    async def _asked(self, session_id: str, answer: Awaitable[T]) -> T | Unreachable | None:
        """What Temporal answers; None: it has no such session."""
        try:
            return await answer
        except asyncio.CancelledError:  # by `stop`; whoever waits for the lookup is not cancelled
            return Unreachable(SHUTTING_DOWN)
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return None
            self._counts.failures["lookup"] += 1
            # One line for all session ids: if one cannot be looked up, none can.
            if self._limiter.due("lookup") is not None:
                log.warning(
                    "session %s cannot be looked up: %s",
                    session_id, error.message,
                    extra=about("lookup_failed", session_id),
                )  # fmt: skip
            return Unreachable(f"Temporal does not answer: {error.message}")
        except Exception as error:  # such as a codec's, whose keys may come back
            self._counts.failures["lookup"] += 1
            if self._limiter.due("broken") is not None:
                log.exception(
                    "session %s cannot be looked up", session_id,
                    extra=about("lookup_broke", session_id),
                )  # fmt: skip
            return Unreachable(f"the newest run cannot be read: {error}")


async def _shared(
    under_way: "dict[str, asyncio.Task[T | Unreachable | None]]",
    session_id: str,
    look: Callable[[str], Coroutine[Any, Any, T | Unreachable | None]],
) -> T | None:
    """The result of one lookup for all who ask meanwhile. Raises Unreachable."""
    lookup = under_way.get(session_id)
    if lookup is None:
        lookup = under_way[session_id] = asyncio.create_task(look(session_id))
        lookup.add_done_callback(lambda _: under_way.pop(session_id, None))
    result = await asyncio.shield(lookup)  # others wait for it too
    if isinstance(result, Unreachable):
        raise result
    return result


async def look_up_while(
    wanted: Callable[[], bool],
    look_up: Callable[[], Awaitable[object]],
    pause: Callable[[float], Awaitable[object]],
) -> None:
    """Repeat a lookup after growing pauses for as long as it is wanted, whatever Temporal answers.

    `pause` is given the seconds to wait; it may return earlier.
    """
    backoff = Backoff(FIRST_LOOKUP_SECONDS, LAST_LOOKUP_SECONDS, factor=1.5)
    lookups = 0
    while wanted():
        lookups += 1
        await pause(backoff.pause(lookups))
        if wanted():
            with suppress(Unreachable):
                await look_up()
