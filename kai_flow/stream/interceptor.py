"""Passes the producer number from a workflow to its activity, in a header of the activity call.

`StreamPlugin` adds `StreamInterceptor` to a worker. Without it no activity can stream: if two of
them had the same number, the fold would drop the events of the second as duplicates.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any, Final

import msgspec
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import (
    ActivityInboundInterceptor,
    ActivityOutboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
    StartActivityInput,
    Worker,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

from kai_flow.stream.errors import InvalidUrl, Superseded
from kai_flow.stream.heartbeats import Heartbeats
from kai_flow.stream.progress import Liveness
from kai_flow.stream.threads import reachable
from kai_flow.stream.wire_names import PRODUCER_HEADER

LIVENESS_CHECK: Final = "kai_flow.liveness_check"  # an extern function of the sandbox
CheckLiveness = Callable[[str, str], Liveness | None]
"""From workflow id and run id to the liveness of the run; None when it is unknown."""


class ProducerNumber(msgspec.Struct, frozen=True):
    """The content of the header (§3.3 of the protocol)."""

    producer: int
    first_run_id: str
    """The first run id of the workflow's chain."""
    age: float = 0.0
    """Seconds from the workflow's first producer to this one."""
    history_bytes: int = 0
    """The size of the history by then, without the latest events: so the server reports it."""


appointed: Final[ContextVar[ProducerNumber | None]] = ContextVar("appointed", default=None)
"""In a workflow: the number for the activity that is being started. In an activity: its own."""

heartbeat_throttle: Final[ContextVar[timedelta | None]] = ContextVar("throttle", default=None)
"""In an activity: the longest time for which its worker holds a heartbeat back, if known."""


def own_number() -> ProducerNumber:
    """The number of this activity. Raises ApplicationError when it was given none.

    The error is not retried, because every retry would have the same header.
    """
    number = appointed.get()
    if number is None:
        raise ApplicationError(
            "this activity was given no producer number, so it cannot stream: start it with "
            "`execute_activity` of a WorkflowEventStream, and give `plugins=[StreamPlugin()]` to "
            "the workers of its workflow and of itself",
            type="NoProducerNumber",
            non_retryable=True,
        )
    return number


class StreamInterceptor(Interceptor):
    """Carries the producer number from `WorkflowEventStream` to `EventProducer`.

    `check_liveness` is what the query `progress` asks when events have stopped; without it
    `progress` reports what the last events said. `heartbeat_throttle` is the worker's: its
    producers pass it on in their heartbeats.
    """

    def __init__(
        self,
        *,
        check_liveness: CheckLiveness | None = None,
        heartbeat_throttle: timedelta | None = None,
    ) -> None:
        self.check_liveness = check_liveness
        self.worker: Worker | None = None  # set by the plugin when the worker begins to run
        self._throttle = heartbeat_throttle

    def workflow_interceptor_class(
        self, outside: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor]:
        if self.check_liveness is not None:
            outside.unsafe_extern_functions[LIVENESS_CHECK] = self.check_liveness
        return _Inbound

    def intercept_activity(
        self, following: ActivityInboundInterceptor
    ) -> ActivityInboundInterceptor:
        client = None if self.worker is None else self.worker.client
        return _Activity(following, self._throttle, client)


class _Inbound(WorkflowInboundInterceptor):
    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(_Outbound(outbound))


class _Outbound(WorkflowOutboundInterceptor):
    def start_activity(self, call: StartActivityInput) -> workflow.ActivityHandle[Any]:
        number = appointed.get()
        if number is not None:
            payload = Payload(
                metadata={"encoding": b"json/plain"}, data=msgspec.json.encode(number)
            )
            call.headers = {**call.headers, PRODUCER_HEADER: payload}
        return super().start_activity(call)


class _Activity(ActivityInboundInterceptor):
    def __init__(
        self,
        following: ActivityInboundInterceptor,
        throttle: timedelta | None,
        client: Client | None,
    ) -> None:
        super().__init__(following)
        self._throttle = throttle
        self._client = client

    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        super().init(Heartbeats(outbound))

    async def execute_activity(self, call: ExecuteActivityInput) -> Any:
        header = call.headers.get(PRODUCER_HEADER)
        if header is not None:
            appointed.set(msgspec.json.decode(header.data, type=ProducerNumber))
        heartbeat_throttle.set(self._throttle)
        with _as_failures():
            async with reachable(call, self._client):
                return await super().execute_activity(call)


@contextmanager
def _as_failures() -> Iterator[None]:
    """Raise errors that no retry helps against as failures that Temporal does not retry."""
    try:
        yield
    except InvalidUrl as error:
        raise ApplicationError(str(error), type="InvalidUrl", non_retryable=True) from error
    except Superseded as error:
        # The cause is what a user did, or an outage. It is no bug, and the producer has logged it:
        # "benign" keeps the SDK from logging a traceback.
        raise ApplicationError(
            str(error),
            type=type(error).__name__,
            non_retryable=True,
            category=ApplicationErrorCategory.BENIGN,
        ) from None
