"""`StreamPlugin`: all that a worker needs to stream, as `Worker(…, plugins=[StreamPlugin()])`."""

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Final, NoReturn

from temporalio.client import WorkflowHistory
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
from kai_flow.stream.liveness_check import LivenessCheck

HEARTBEAT_THROTTLE: Final = timedelta(seconds=2)  # by default a cancellation takes up to 45 s

# Without this, the sandbox would import these modules again for every workflow. It refuses some of
# their imports, and a second copy of `interceptor` would have a context variable of its own, in
# which the interceptor would not find the producer number.
PASSED_THROUGH: Final = ("kai_flow.stream", "msgspec")

_FOR_WORKERS: Final = (
    "StreamPlugin belongs to the Worker, not to the Client: `Worker(…, plugins=[StreamPlugin()])`"
)


class StreamPlugin(Plugin):
    """Sets a worker up for workflows and activities that stream. It is for workers, not clients.

    - Activities get their producer number (`StreamInterceptor`).
    - A workflow's file imports the library like any other: Temporal's sandbox passes it through.
    - The query `progress` asks the server whether an attempt is alive when events have stopped.
    - The worker holds heartbeats back for `heartbeat_throttle` at most (by default 2 s), so that a
      cancellation reaches an agent within 5 s, and a worker that was killed is noticed.
    """

    def __init__(self, heartbeat_throttle: timedelta = HEARTBEAT_THROTTLE) -> None:
        if not isinstance(heartbeat_throttle, timedelta):
            raise TypeError(
                "heartbeat_throttle must be a timedelta, for example "
                f"StreamPlugin(timedelta(seconds=10)), not {heartbeat_throttle!r}"
            )
        self._throttle = heartbeat_throttle

    # The SDK calls these two on each plugin of a client. Without them the error would be that they
    # do not exist, which does not tell where the plugin belongs.
    def configure_client(self, _config: object) -> NoReturn:
        """Refuse to be a plugin of a client."""
        raise TypeError(_FOR_WORKERS)

    def connect_service_client(self, _config: object, _following: object) -> NoReturn:
        """Refuse to be a plugin of a client."""
        raise TypeError(_FOR_WORKERS)

    def configure_worker(self, config: WorkerConfig) -> WorkerConfig:
        """Called by the SDK; see temporalio.worker.Plugin."""
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
        """Called by the SDK; see temporalio.worker.Plugin."""
        used = worker.config(active_config=True).get("interceptors", ())
        ours = [one for one in used if isinstance(one, StreamInterceptor)]
        checks = [
            one.check_liveness for one in ours if isinstance(one.check_liveness, LivenessCheck)
        ]
        for one in ours:
            one.worker = worker
        for check in checks:
            check.begin(worker)
        try:
            await following(worker)
        finally:
            for check in checks:
                check.end()

    def configure_replayer(self, config: ReplayerConfig) -> ReplayerConfig:
        """Called by the SDK; see temporalio.worker.Plugin."""
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
        """Called by the SDK; see temporalio.worker.Plugin."""
        return following(replayer, histories)


def _passing_through(runner: WorkflowRunner) -> WorkflowRunner:
    """`runner` with the library passed through its sandbox; a runner without sandbox unchanged."""
    if not isinstance(runner, SandboxedWorkflowRunner):
        return runner
    restrictions = runner.restrictions.with_passthrough_modules(*PASSED_THROUGH)
    return dataclasses.replace(runner, restrictions=restrictions)
