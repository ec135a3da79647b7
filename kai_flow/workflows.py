"""`KaiChatWorkflow`: one question, one session.

The code here is deterministic: it is replayed from histories that older versions recorded.
"""

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    import msgspec

    from kai_flow.settings import Settings, load_settings
    from kai_flow.stream.buffer import Limits
    from kai_flow.stream.workflow import WorkflowEventStream

    # Read once for the process, outside the sandbox. No command but a timeout depends on it, and
    # replay does not compare timeouts.
    SETTINGS: Settings = load_settings(os.environ)

START_TO_CLOSE = timedelta(minutes=15)
RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=3)


@dataclass
class KaiChatInput:
    """The question. `callback_url` is where events are POSTed; without it none are streamed."""

    prompt: str
    connection_id: str
    conversation_id: str | None = None
    callback_url: str | None = None


@workflow.defn
class KaiChatWorkflow:
    """Runs the analyst in an activity and remembers its stream."""

    # What does not fit KaiChatInput arrives as it is: an argument that cannot be decoded would
    # fail the workflow task again and again, and nobody would be told.
    @workflow.init
    def __init__(self, _chat: KaiChatInput | Any = None) -> None:
        self.stream = WorkflowEventStream(Limits(SETTINGS.buffer_events, SETTINGS.buffer_bytes))

    @workflow.run
    async def run(self, chat: KaiChatInput | Any = None) -> dict[str, Any]:
        """The session's result, as in the protocol document."""
        with self.stream.session():
            asked = _check(chat)
            result: dict[str, Any] = await self.stream.execute_activity(
                "chat_streaming",
                args=[asked.prompt, asked.connection_id, asked.conversation_id, asked.callback_url],
                start_to_close_timeout=START_TO_CLOSE,
                heartbeat_timeout=timedelta(seconds=SETTINGS.heartbeat_timeout),
                retry_policy=RETRY,
                cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            )
            await self.stream.drain(result.get("last_event_id"))
            self.stream.close(result["status"])
        return result


def _check(chat: object) -> KaiChatInput:
    if isinstance(chat, KaiChatInput):
        return chat
    try:
        return msgspec.convert(chat, KaiChatInput)
    except msgspec.ValidationError as error:
        raise ApplicationError(
            f"the workflow's input is wrong: {error}; it is one object like "
            '{"prompt": "…", "connection_id": "…", "callback_url": null}',
            type="BadInput",
            non_retryable=True,
        ) from None
