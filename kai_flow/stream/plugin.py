"""What a worker needs to stream, as one Temporal plugin: `Worker(…, plugins=[StreamPlugin()])`."""

import asyncio
import dataclasses
import logging
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import CancelledError
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Final

from temporalio.client import WorkflowHistory
from temporalio.service import RPCError
from temporalio.worker import (
    Plugin,
    Replayer,
    ReplayerConfig,
    Worker,
    WorkerConfig,
    WorkflowReplayResult,
    WorkflowRunner,
)
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from kai_flow.stream.interceptor import StreamInterceptor
from kai_flow.stream.liveness import observe
from kai_flow.stream.progress import Liveness

log = logging.getLogger(__name__)

HEARTBEAT_THROTTLE: Final = timedelta(seconds=2)  # by default a cancellation takes up to 45 s
LIVENESS_CHECK_SECONDS: Final = 1.0  # the SDK gives a workflow up that blocks for 2 s
REMEMBER_SECONDS: Final = 1.0  # several queries may come at once, and block only once

# The sandbox would import them anew for every workflow. It refuses some of what they import, and a
# second copy of `interceptor` has a variable of its own, in which nobody looks for the number.
PASSED_THROUGH: Final = ("kai_flow.stream", "msgspec")


class LivenessCheck:
    """Asks the server whether anybody works at a session, out of a query of one worker.

    Queries run in threads of the worker, in which nothing can be awaited.
    """

    def __init__(self) -> None:
        self._worker: Worker | None = None  # while it runs
        self._loop: asyncio.AbstractEventLoop | None = None  # and where
        self._thread = 0
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str], tuple[float, Liveness | None]] = {}  # when, and what

    def begin(self, worker: Worker) -> None:
        """The worker begins to run, here."""
        self._worker, self._loop = worker, asyncio.get_running_loop()
        self._thread = threading.get_ident()

    def end(self) -> None:
        """It has stopped."""
        self._worker = self._loop = None

    def __call__(self, session_id: str, run_id: str) -> Liveness | None:
        """The liveness of a session, at most REMEMBER_SECONDS old; None when it is unknown.

        Blocks the calling thread for LIVENESS_CHECK_SECONDS at most.
        """
        key, since = (session_id, run_id), time.monotonic() - REMEMBER_SECONDS
        with self._lock:
            self._seen = {one: seen for one, seen in self._seen.items() if seen[0] > since}
            if key in self._seen:
                return self._seen[key][1]
        liveness = self._ask(session_id, run_id)
        with self._lock:
            self._seen[key] = time.monotonic(), liveness
        return liveness

    def _ask(self, session_id: str, run_id: str) -> Liveness | None:
        worker, loop = self._worker, self._loop
        # In the SDK's debug mode workflows run in the loop's own thread, which must not wait.
        if worker is None or loop is None or threading.get_ident() == self._thread:
            return None
        observing = asyncio.run_coroutine_threadsafe(
            observe(worker.client, session_id, run_id), loop
        )
        try:
            return observing.result(LIVENESS_CHECK_SECONDS)
        except (RPCError, TimeoutError, CancelledError) as error:
            observing.cancel()
            log.info("session %s: its liveness is unknown: %r", session_id, error)
            return None


class StreamPlugin(Plugin):
    """Sets a worker up for workflows and activities that stream. It is for workers, not clients.

    - activities learn which producer they are (`StreamInterceptor`);
    - a workflow's file imports the library like any other: Temporal's sandbox lets it through;
    - the query `progress` asks the server whether an attempt is alive, when events have stopped;
    - heartbeats are passed on every `heartbeat_throttle` (by default 2 s), so that a cancellation
      reaches an agent within 5 s and a dead worker is noticed.
    """

    def __init__(self, heartbeat_throttle: timedelta = HEARTBEAT_THROTTLE) -> None:
        self._throttle = heartbeat_throttle

    def configure_worker(self, config: WorkerConfig) -> WorkerConfig:
        """As described by the SDK."""
        interceptor = StreamInterceptor(
            check_liveness=LivenessCheck(), heartbeat_throttle=self._throttle
        )
        config["interceptors"] = [*config.get("interceptors", ()), interceptor]
        config["workflow_runner"] = _passing_through(config["workflow_runner"])
        config["max_heartbeat_throttle_interval"] = self._throttle
        config["default_heartbeat_throttle_interval"] = self._throttle
        return config

    async def run_worker(
        self, worker: Worker, following: Callable[[Worker], Awaitable[None]]
    ) -> None:
        """As described by the SDK."""
        used = worker.config(active_config=True).get("interceptors", ())
        ours = [one for one in used if isinstance(one, StreamInterceptor)]
        checks = [
            one.check_liveness for one in ours if isinstance(one.check_liveness, LivenessCheck)
        ]
        for check in checks:
            check.begin(worker)
        try:
            await following(worker)
        finally:
            for check in checks:
                check.end()

    def configure_replayer(self, config: ReplayerConfig) -> ReplayerConfig:
        """As described by the SDK."""
        config["interceptors"] = [*config.get("interceptors", ()), StreamInterceptor()]
        config["workflow_runner"] = _passing_through(config["workflow_runner"])
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


def _passing_through(runner: WorkflowRunner) -> WorkflowRunner:
    """The sandbox with the library let through; another runner as it is."""
    if not isinstance(runner, SandboxedWorkflowRunner):
        return runner
    restrictions = runner.restrictions.with_passthrough_modules(*PASSED_THROUGH)
    return dataclasses.replace(runner, restrictions=restrictions)
