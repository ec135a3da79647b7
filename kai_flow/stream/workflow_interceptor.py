"""Gives every workflow of a worker its stream, and every activity that it schedules its number.

It adds no command. So a workflow that was started without it replays with it.
"""

from collections.abc import MutableMapping
from typing import Any, NoReturn

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.exceptions import is_cancelled_exception
from temporalio.worker import (
    ContinueAsNewInput,
    ExecuteWorkflowInput,
    HandleSignalInput,
    StartActivityInput,
    WorkflowInboundInterceptor,
    WorkflowOutboundInterceptor,
)

from kai_flow.stream.activity_interceptor import OWN_SIGNAL
from kai_flow.stream.header import Carried, Refused, encode_carried, encode_header
from kai_flow.stream.run_stream import RunStream
from kai_flow.stream.wire_names import PRODUCER_HEADER, PUBLISH_EVENTS, STREAM_HEADER


class WorkflowInterceptor(WorkflowInboundInterceptor):
    """Wraps the whole code of one workflow."""

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        """Called by the SDK before any code of the workflow, also its signal handlers."""
        # `workflow.info()` does not work yet.
        self._stream = RunStream(outbound.info())
        # A workflow with a signal of that name of its own keeps it. Its activities cannot stream.
        streams = workflow.get_signal_handler(PUBLISH_EVENTS) is None
        if streams:
            self._stream.register()
        self._outbound = _Outbound(outbound, self._stream, streams=streams)
        super().init(self._outbound)

    async def execute_workflow(self, call: ExecuteWorkflowInput) -> Any:
        """Called by the SDK: the workflow's `run`."""
        try:
            result = await super().execute_workflow(call)
        except GeneratorExit:  # a stopping worker evicts the workflow, which has not ended
            raise
        except workflow.ContinueAsNewError:
            await self._continue_as_new()
            raise
        except BaseException as error:
            self._stream.close("cancelled" if is_cancelled_exception(error) else "failed")
            raise
        if not self._stream.closed:
            self._stream.close("completed")
        return result

    async def handle_signal(self, call: HandleSignalInput) -> None:
        """Called by the SDK: a signal handler, which may end the run to continue as new."""
        try:
            await super().handle_signal(call)
        except workflow.ContinueAsNewError:
            await self._continue_as_new()
            raise

    async def _continue_as_new(self) -> None:
        # Other tasks of the workflow may go on in this activation, and what they publish then is in
        # this run: the SDK's core puts the end of the run behind all commands of its activation. A
        # condition that holds is awaited until no task can go on. Those that wait for another
        # condition that holds go on together with this one, so once is not enough.
        await workflow.wait_condition(lambda: True)
        before: Carried | None = None
        while before != (before := self._stream.carried()):
            await workflow.wait_condition(lambda: True)
        self._stream.close("running", "continued")
        self._outbound.carry_over()
        # An interceptor of the client is around this one, and may publish when this has ended.
        self._stream.published = self._outbound.carry_over


class _Outbound(WorkflowOutboundInterceptor):
    def __init__(
        self, following: WorkflowOutboundInterceptor, stream: RunStream, *, streams: bool
    ) -> None:
        super().__init__(following)
        self._stream = stream
        self._streams = streams
        # Calls of `continue_as_new`, and the headers that they were passed on with. Both are filled
        # when the workflow's code has ended: it may still publish events in a `finally`.
        self._continuing: list[tuple[ContinueAsNewInput, MutableMapping[str, Payload]]] = []

    def start_activity(self, call: StartActivityInput) -> workflow.ActivityHandle[Any]:
        number = self._stream.next_number() if self._streams else None
        header = self._stream.header(number) if self._streams else Refused(OWN_SIGNAL)
        call.headers = {**call.headers, PRODUCER_HEADER: _json(encode_header(header))}
        handle = super().start_activity(call)
        if number is not None:  # taken only now: the call may have been refused
            producer = number.producer
            self._stream.scheduled(number, call.activity, call.activity_id or "")
            handle.add_done_callback(lambda _: self._stream.ended(producer))
        return handle

    def continue_as_new(self, call: ContinueAsNewInput) -> NoReturn:
        headers = dict(call.headers)
        call.headers = headers
        self._continuing.append((call, headers))
        super().continue_as_new(call)

    def carry_over(self) -> None:
        """The workflow's code has ended to continue as new, and no task of it can go on."""
        carried = _json(encode_carried(self._stream.carried()))
        for call, headers in self._continuing:
            headers[STREAM_HEADER] = carried
            if call.headers is not headers:  # an interceptor behind this one has given it others
                call.headers = {**call.headers, STREAM_HEADER: carried}


def _json(document: bytes) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=document)
