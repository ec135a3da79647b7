"""`KaiChatWorkflow`: one question, one session.

The code here is deterministic, because histories that older versions recorded are replayed on it.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy, SearchAttributeKey, SearchAttributeUpdate
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    import msgspec

    from kai_flow.settings import Settings, load_settings
    from kai_flow.stream.buffer import Limits
    from kai_flow.stream.workflow import WorkflowEventStream

    # Read once for the process, outside the sandbox. Of the commands, only timeouts depend on it,
    # and replay does not compare timeouts.
    SETTINGS: Settings = load_settings(os.environ)

WORKFLOW_TYPE: Final = "KaiChatWorkflow"
FOUND_BY: Final = "search_attributes"  # of the activity's result
ENCRYPTED: Final = b"binary/encrypted"  # as our codec calls it, and those of Temporal's samples
MAX_SHOWN_CHARS: Final = 40  # of an encoding, in a failure
START_TO_CLOSE = timedelta(minutes=15)
RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=3)


@dataclass
class KaiChatInput:
    """The question. Events are POSTed to `callback_url`; without it, none are streamed."""

    prompt: str
    connection_id: str
    conversation_id: str | None = None
    callback_url: str | None = None


# Dynamic: the SDK then passes the input on as it came. Otherwise an input that it cannot decode
# (not JSON, an unknown encoding, two values) would fail the workflow task again and again, and
# the caller would get no error.
@workflow.defn(dynamic=True)
class KaiChatWorkflow:
    """Runs the agent in an activity."""

    @workflow.init
    def __init__(self, _given: Sequence[RawValue]) -> None:
        self.stream = WorkflowEventStream(Limits(SETTINGS.buffer_events, SETTINGS.buffer_bytes))

    @workflow.run
    async def run(self, given: Sequence[RawValue]) -> dict[str, Any]:
        """The session's result, as in the protocol document."""
        if workflow.info().workflow_type != WORKFLOW_TYPE:
            # What the SDK does for an unknown type: the task is retried, perhaps by another worker
            # that has the type.
            raise NotImplementedError(
                f"this worker has no workflow but {WORKFLOW_TYPE}; if the type "
                f"{workflow.info().workflow_type!r} is a mistake, "
                f"`temporal workflow terminate --workflow-id {workflow.info().workflow_id}` ends "
                "the session"
            )
        asked = read_input(given)
        result: dict[str, Any] = await workflow.execute_activity(
            "chat_streaming",
            args=[asked.prompt, asked.connection_id, asked.conversation_id, asked.callback_url],
            start_to_close_timeout=START_TO_CLOSE,
            heartbeat_timeout=timedelta(seconds=SETTINGS.heartbeat_timeout),
            retry_policy=RETRY,
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        )
        _set_search_attributes(result.pop(FOUND_BY, {}))
        # A session that asks back has done its work; the question is in its result.
        status = result["status"]
        self.stream.close("completed" if status == "needs_clarification" else status)
        return result


def _set_search_attributes(values: Mapping[str, str | int]) -> None:
    """Set those that the activity has found registered, all by one event of the history.

    Once, and at the end: what a session is doing meanwhile the server itself knows best, and an
    attribute that is removed while a session runs would stop it.
    """
    updates: list[SearchAttributeUpdate[Any]] = [
        SearchAttributeKey.for_keyword(name).value_set(value)
        if isinstance(value, str)
        else SearchAttributeKey.for_int(name).value_set(value)
        for name, value in values.items()
    ]
    if updates:
        workflow.upsert_search_attributes(updates)


def read_input(given: Sequence[RawValue]) -> KaiChatInput:
    """The question in a workflow's input; fails the workflow when there is none.

    For an encrypted one it fails the workflow task, which is then retried.
    """
    if len(given) != 1:
        raise _bad_input(f"there are {len(given)} values")
    payload = given[0].payload
    encoding = payload.metadata.get("encoding", b"")
    if encoding == ENCRYPTED:
        raise RuntimeError(
            "the question is encrypted, and this worker has no codec: set KAI_DATA_CONVERTER to "
            "that of the program that asked; the session waits for such a worker"
        )
    if encoding != b"json/plain":
        shown = encoding.decode(errors="replace")[:MAX_SHOWN_CHARS]
        raise _bad_input(f"its encoding is {shown!a}, not 'json/plain'")
    try:
        return msgspec.json.decode(payload.data, type=KaiChatInput)
    except RecursionError:
        raise _bad_input("it is nested too deeply") from None
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise _bad_input(str(error)) from None


def _bad_input(why: str) -> ApplicationError:
    return ApplicationError(
        f"the workflow's input is wrong: {why}; it must be one object like "
        '{"prompt": "…", "connection_id": "…", "callback_url": null}',
        type="BadInput",
        non_retryable=True,
    )
