"""How a workflow tells its activity which producer it is: one header on the activity call.

Add `StreamInterceptor` to the worker. Without it an activity takes itself for producer 1 and asks
the server for the chain's first run id.
"""

from contextvars import ContextVar
from typing import Any, Final

import msgspec
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
    StartActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

from kai_flow.stream.names import PRODUCER_HEADER


class ProducerNumber(msgspec.Struct, frozen=True):
    """What the header says."""

    producer: int
    first_run_id: str
    age: float = 0.0  # seconds since the first producer began, when this one was called


appointed: Final[ContextVar[ProducerNumber | None]] = ContextVar("appointed", default=None)
"""In a workflow: the producer that the activity being started shall be. In an activity: its own."""


class StreamInterceptor(Interceptor):
    """Carries the producer number from `WorkflowEventStream` to `EventProducer`."""

    def workflow_interceptor_class(
        self, _input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor]:
        return _Inbound

    def intercept_activity(
        self, following: ActivityInboundInterceptor
    ) -> ActivityInboundInterceptor:
        return _Activity(following)


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
    async def execute_activity(self, call: ExecuteActivityInput) -> Any:
        header = call.headers.get(PRODUCER_HEADER)
        if header is not None:
            appointed.set(msgspec.json.decode(header.data, type=ProducerNumber))
        return await super().execute_activity(call)
