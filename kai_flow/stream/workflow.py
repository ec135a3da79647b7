"""`WorkflowEventStream`: the stream in the code of a workflow."""

import inspect
from collections.abc import Mapping
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue

from kai_flow.stream.buffer import Limits
from kai_flow.stream.progress import Status
from kai_flow.stream.run_stream import RunStream
from kai_flow.stream.wire_names import PUBLISH_EVENTS


class WorkflowEventStream:
    """The stream of the workflow in whose code it is made.

    `StreamPlugin` gives every workflow its stream: it numbers the activities, receives their events
    and answers the queries `progress` and `events`. So a workflow needs an object of this class
    only to publish events of its own, to change the limits of the buffer that queries read, or to
    set the status with which the session closes. Make it anywhere in the workflow's code, as often
    as you like: all objects in one workflow are of the same stream.

    `limits` bound what queries can read; the history keeps everything in any case. They may differ
    between a run and its replay, because no Temporal command depends on them. Without `limits` the
    buffer keeps those that it has.

    A workflow's own query `progress` or `events` replaces the stream's. To offer both, register the
    stream's under another name: `workflow.set_query_handler("stream_progress", stream.progress)`.
    A dynamic query or signal handler gets everything but `progress`, `events` and `publish_events`.

    Raises RuntimeError when the worker of this workflow has no `StreamPlugin`, and when the
    workflow has a signal `publish_events` of its own.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._stream = _stream_here()
        if limits is not None:
            self._stream.limit(limits)

    def publish(self, *events: Mapping[str, Any]) -> None:
        """Publish events of the workflow itself: readers see them as `0.1.1`, `0.1.2` and so on.

        They precede the events of every activity that is scheduled afterwards. All events of one
        call are one record, a command that costs one history event and no workflow task. A call
        with more than 32 KiB of events makes several records, and an event that is larger than that
        by itself is replaced by `omitted`. To add a call to the code of workflows that are running,
        use `workflow.patched`, as for any other command.

        Raises InvalidEvent for what cannot be an event or has a type of the stream's own, and for
        more than 1 MiB of events. Raises `workflow.ReadOnlyContextError` in a query handler or an
        update validator. Nothing is published then.
        """
        self._stream.publish(events)

    def close(self, status: Status) -> None:
        """The workflow's code ends now, and `progress` reports this status.

        Without it `progress` reports `completed`, `failed` or `cancelled`, as the code ended.
        """
        self._stream.close(status)

    def progress(self) -> dict[str, Any]:
        """The answer of the query `progress`. Only for query handlers."""
        return self._stream.answer_progress()

    def events(self, request: dict[str, Any] | None = None) -> RawValue:
        """The answer of the query `events`. Only for query handlers."""
        return self._stream.answer_events(request)


def _stream_here() -> RunStream:
    """The stream that the interceptor has made for this workflow."""
    handler = workflow.get_signal_handler(PUBLISH_EVENTS)
    if handler is None:
        raise RuntimeError(
            "this workflow has no stream, because its worker has no StreamPlugin: give "
            "`plugins=[StreamPlugin()]` to the Worker"
        )
    match getattr(inspect.unwrap(handler), "__self__", None):
        case RunStream() as stream:
            return stream
        case _:
            raise RuntimeError(
                f"this workflow has no stream, because it has a signal {PUBLISH_EVENTS!r} of its "
                "own: rename that signal"
            )
