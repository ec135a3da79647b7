"""What a worker needs to stream, as one Temporal plugin: `Worker(…, plugins=[StreamPlugin()])`."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import CancelledError
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Final

from temporalio.client import Client, WorkflowHistory
from temporalio.service import RPCError
from temporalio.worker import (
    Plugin,
    Replayer,
    ReplayerConfig,
    Worker,
    WorkerConfig,
    WorkflowReplayResult,
)

from kai_flow.stream.interceptor import StreamInterceptor
from kai_flow.stream.progress import Pulse
from kai_flow.stream.pulse import feel

log = logging.getLogger(__name__)

HEARTBEAT_THROTTLE: Final = timedelta(seconds=2)  # the SDK's hears of a cancellation after 45 s
LOOK_SECONDS: Final = 1.0  # the SDK gives a workflow up that blocks for 2 s


class StreamPlugin(Plugin):
    """Sets a worker up for workflows and activities that stream.

    - activities learn which producer they are (`StreamInterceptor`);
    - the query `progress` asks the server whether an attempt is alive, when events have stopped;
    - heartbeats are passed on every `heartbeat_throttle` (by default 2 s), so that a cancellation
      reaches an agent within 5 s and a dead worker is noticed.
    """

    def __init__(self, heartbeat_throttle: timedelta = HEARTBEAT_THROTTLE) -> None:
        self._throttle = heartbeat_throttle
        self._loop: asyncio.AbstractEventLoop | None = None  # once a worker runs

    def configure_worker(self, config: WorkerConfig) -> WorkerConfig:
        """As described by the SDK."""
        client = config["client"]

        def look(session_id: str, run_id: str) -> Pulse | None:
            return self._look(client, session_id, run_id)

        interceptor = StreamInterceptor(look=look, heartbeat_throttle=self._throttle)
        config["interceptors"] = [*config.get("interceptors", ()), interceptor]
        config["max_heartbeat_throttle_interval"] = self._throttle
        config["default_heartbeat_throttle_interval"] = self._throttle
        return config

    def _look(self, client: Client, session_id: str, run_id: str) -> Pulse | None:
        """For queries, in a thread of the workflow worker: blocks for LOOK_SECONDS at most."""
        if self._loop is None:
            return None
        feeling = asyncio.run_coroutine_threadsafe(feel(client, session_id, run_id), self._loop)
        try:
            return feeling.result(LOOK_SECONDS)
        except (RPCError, TimeoutError, CancelledError) as error:
            feeling.cancel()
            log.info("session %s: no pulse: %r", session_id, error)
            return None

    async def run_worker(
        self, worker: Worker, following: Callable[[Worker], Awaitable[None]]
    ) -> None:
        """As described by the SDK."""
        self._loop = asyncio.get_running_loop()
        await following(worker)

    def configure_replayer(self, config: ReplayerConfig) -> ReplayerConfig:
        """As described by the SDK."""
        config["interceptors"] = [*config.get("interceptors", ()), StreamInterceptor()]
        return config

    def run_replayer(
        self,
        replayer: Replayer,
        histories: AsyncIterator[WorkflowHistory],
        following: Callable[
            [Replayer, AsyncIterator[WorkflowHistory]],
            AbstractAsyncContextManager[AsyncIterator[WorkflowReplayResult]],
        ],
    ) -> AbstractAsyncContextManager[AsyncIterator[WorkflowReplayResult]]:
        """As described by the SDK."""
        return following(replayer, histories)
