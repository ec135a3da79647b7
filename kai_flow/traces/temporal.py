"""Spans of what Temporal does: dispatch, workflow and activity, by the interceptor of its SDK.

The SDK has a plugin as well, which is experimental. Its spans of workflows have a duration, but are
exported only when the workflow has ended. The interceptor makes no span while a workflow is
replayed, and changes nothing but headers, so histories replay with it and without it.
"""

from typing import Any

from opentelemetry import trace
from temporalio.client import (
    OutboundInterceptor,
    QueryWorkflowInput,
    SignalWorkflowInput,
)
from temporalio.contrib.opentelemetry import (
    TracingInterceptor,
    TracingWorkflowInboundInterceptor,
)
from temporalio.worker import (
    HandleSignalInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from kai_flow import __version__
from kai_flow.stream.wire_names import PUBLISH_EVENTS
from kai_flow.traces.exporting import SCOPE
from kai_flow.traces.open_telemetry import TRACE_CONTEXT


class Traces(TracingInterceptor):
    """The SDK's interceptor for a client, and for the workers that use it.

    Its headers have a trace context and nothing else: no baggage, which might have any text.
    """

    def __init__(self, provider: trace.TracerProvider) -> None:
        super().__init__(provider.get_tracer(SCOPE, __version__))
        self.text_map_propagator = TRACE_CONTEXT

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002
        """Called by the SDK."""
        return _WithinSpans(super().intercept_client(next), next)

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002
    ) -> type[TracingWorkflowInboundInterceptor]:
        """Called by the SDK."""
        super().workflow_interceptor_class(input)
        return _Workflow


class _Workflow(TracingWorkflowInboundInterceptor):
    def __init__(self, following: WorkflowInboundInterceptor) -> None:
        super().__init__(following)
        self.text_map_propagator = TRACE_CONTEXT

    async def handle_signal(self, input: HandleSignalInput) -> None:  # noqa: A002
        """Called by the SDK. A signal of events has a span only if it was sent within one."""
        if input.signal == PUBLISH_EVENTS and self.header_key not in input.headers:
            await self.next.handle_signal(input)
        else:
            await super().handle_signal(input)


class _WithinSpans(OutboundInterceptor):
    """Signals and queries have spans only within one.

    A bridge sends four signals a second for each session, and reads by queries. Each of them would
    begin a trace of its own.
    """

    def __init__(self, traced: OutboundInterceptor, plain: OutboundInterceptor) -> None:
        super().__init__(traced)
        self._plain = plain

    async def signal_workflow(self, input: SignalWorkflowInput) -> None:  # noqa: A002
        await self._following().signal_workflow(input)

    async def query_workflow(self, input: QueryWorkflowInput) -> Any:  # noqa: A002
        return await self._following().query_workflow(input)

    def _following(self) -> OutboundInterceptor:
        present = trace.get_current_span().get_span_context()
        return self.next if present.is_valid and present.trace_flags.sampled else self._plain
