"""Starts a session. What shows it is imported while its worker begins (`kai_flow.cli.session`)."""

import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from temporalio.client import WorkflowHandle
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from kai_flow.cli import text
from kai_flow.cli.own_token import require_reach
from kai_flow.cli.place import Place
from kai_flow.cli.question import Question, is_session_id
from kai_flow.settings import StartError
from kai_flow.workflows import WORKFLOW_TYPE, KaiChatInput


@dataclass(frozen=True)
class Session:
    """A session that was started."""

    handle: WorkflowHandle[Any, Any]
    began: float  # monotonic


async def begin(question: Question, place: Place) -> Session:
    """Start the workflow. Who subscribes later still gets every event.

    Raises `StartError` when it is not started, also because the bridge would not show it to us.
    """
    began = time.monotonic()
    session_id = question.session_id or _new_id(question.conversation_id)
    if place.asks_for_tokens:
        require_reach(place.settings, session_id, place.task_queue)
    try:
        handle = await place.client.start_workflow(
            WORKFLOW_TYPE,
            KaiChatInput(
                prompt=question.prompt,
                connection_id=question.connection,
                conversation_id=question.conversation_id,
                callback_url=f"{place.bridge_url}/events/{quote(session_id, safe='')}",
            ),
            id=session_id,
            task_queue=place.task_queue,
            # A worker of this process gets the first task with the answer. A server that has just
            # been started can be slow to pass a task on, and then loses it for 10 s.
            request_eager_start=True,
        )
    except WorkflowAlreadyStartedError:
        raise StartError(
            f"session {session_id} is already running: choose another --session-id, or look at it "
            f"with `temporal workflow query --workflow-id {session_id} --type progress`"
        ) from None
    except RPCError as wrong:
        raise StartError(
            f"Temporal at {place.temporal} refused to start the session "
            f"({text.line(wrong.message, 300)}): try again, or shorten the question"
        ) from None
    return Session(handle, began)


def _new_id(conversation_id: str | None) -> str:
    """A new session id; in a conversation it begins with the conversation's, as tokens expect."""
    named = conversation_id is not None and is_session_id(conversation_id)
    return f"{conversation_id}.{secrets.token_hex(4)}" if named else f"kai-{secrets.token_hex(4)}"
