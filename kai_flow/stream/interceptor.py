"""`StreamInterceptor`: both sides of the way from a workflow to the producers in its activities."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from temporalio.worker import (
    ActivityInboundInterceptor,
    Interceptor,
    Worker,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from kai_flow.stream.activity_interceptor import ActivityInterceptor
from kai_flow.stream.progress import RunLiveness
from kai_flow.stream.run_stream import LIVENESS_CHECK
from kai_flow.stream.workflow_interceptor import WorkflowInterceptor

if TYPE_CHECKING:
    from kai_flow.stream.signing import SigningKeys

CheckLiveness = Callable[[str, str], RunLiveness | None]
"""From workflow id and run id to the liveness of the run; None when it is unknown."""


class StreamInterceptor(Interceptor):
    """Gives workflows their streams, and activities their numbers. `StreamPlugin` adds it.

    `check_liveness` is what the query `progress` asks when events have stopped; without it
    `progress` reports what the last events said. `heartbeat_throttle` is the worker's: its
    producers pass it on in their heartbeats. `bridge` is the base URL to which they POST when they
    are given no callback URL, and `keys` sign their POSTs.
    """

    def __init__(
        self,
        *,
        check_liveness: CheckLiveness | None = None,
        heartbeat_throttle: timedelta | None = None,
        bridge: str | None = None,
        keys: "SigningKeys | None" = None,
    ) -> None:
        self.check_liveness = check_liveness
        self.worker: Worker | None = None  # set by the plugin when the worker begins to run
        self._throttle = heartbeat_throttle
        self._bridge = bridge
        self._keys = keys

    def workflow_interceptor_class(
        self, outside: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor]:
        if self.check_liveness is not None:
            outside.unsafe_extern_functions[LIVENESS_CHECK] = self.check_liveness
        return WorkflowInterceptor

    def intercept_activity(
        self, following: ActivityInboundInterceptor
    ) -> ActivityInboundInterceptor:
        client = None if self.worker is None else self.worker.client
        return ActivityInterceptor(following, self._throttle, self._bridge, self._keys, client)
