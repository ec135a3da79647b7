"""A session of `kai ask` or `kai chat`: started, shown until it ends, cancelled by Ctrl-C."""

import asyncio
import contextlib
import re
import secrets
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from temporalio.client import WorkflowHandle
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from kai_flow.cli import text
from kai_flow.cli.place import Place
from kai_flow.cli.render import Event
from kai_flow.cli.showing import JsonLines, Outcome, Screen
from kai_flow.cli.stack import Say
from kai_flow.connections.turns import BadConversation, check_conversation
from kai_flow.settings import StartError
from kai_flow.stream import StreamLostError, follow

OUTAGE_SECONDS: Final = 60.0  # without an answer from the bridge before giving up
CANCEL_SECONDS: Final = 6.0  # an agent should stop within 5 s after its session is cancelled


@dataclass(frozen=True)
class Question:
    """What is asked, and where it belongs."""

    prompt: str
    connection: str
    session_id: str | None = None  # None: a new one
    conversation_id: str | None = None  # None: it stands alone

    def check(self) -> None:
        """`StartError` for what no session can be started with."""
        if not self.prompt.strip():
            raise StartError('the question is empty: write it in quotes, as in `kai ask "…"`')
        if not self.connection.strip():
            raise StartError(
                "--connection is empty: give the alias of a connection, such as koperasi"
            )
        given = self.session_id
        if given is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,199}", given):
            raise StartError(
                f"--session-id {text.line(given, 60)!a} is refused: it must be 1 to 200 letters, "
                "digits or . _ : @ -, and begin with a letter or a digit"
            )
        try:
            if self.conversation_id is not None:
                check_conversation(self.conversation_id)
        except BadConversation as wrong:
            shown = text.line(self.conversation_id, 60)
            raise StartError(f"--conversation {shown!a} is refused: {wrong}") from None


async def converse(
    question: Question,
    place: Place,
    show: Callable[[str], Screen | JsonLines],
    interrupted: Callable[[], Coroutine[Any, Any, object]],
    say: Say,
) -> Outcome | None:
    """Start the session and show it until it ends; None when it was interrupted.

    `interrupted` returns when it is to be cancelled. `show` makes the screen for a session id;
    nothing else writes to standard output meanwhile.
    """
    began = time.monotonic()
    handle = await _start(question, place)
    screen = show(handle.id)
    reading = asyncio.create_task(_read(place, handle.id, screen, say))
    stop = asyncio.create_task(interrupted())
    try:
        await asyncio.wait([reading, stop], return_when=asyncio.FIRST_COMPLETED)
        if not reading.done():
            await _cancel(handle, reading, say)
            return None
        outcome = Outcome.of(reading.result())
    except BrokenPipeError:  # `kai ask … | head`: nothing reads the answer, so cancel the session
        with contextlib.suppress(RPCError, TimeoutError):
            async with asyncio.timeout(CANCEL_SECONDS):
                await handle.cancel()
        raise
    except StreamLostError as lost:
        print(f"kai: {text.line(lost, 500)}; session {handle.id} is still running", file=sys.stderr)
        return Outcome("lost", text.line(lost, 500), "")
    finally:
        for task in (reading, stop):
            task.cancel()
        await asyncio.gather(reading, stop, return_exceptions=True)
    screen.finish(outcome, time.monotonic() - began, place.later)
    return outcome


async def _start(question: Question, place: Place) -> WorkflowHandle[Any, Any]:
    """Start the workflow. Who subscribes later still gets every event."""
    from kai_flow.workflows import WORKFLOW_TYPE, KaiChatInput  # noqa: PLC0415  (heavy)

    session_id = question.session_id or f"kai-{secrets.token_hex(4)}"
    try:
        return await place.client.start_workflow(
            WORKFLOW_TYPE,
            KaiChatInput(
                prompt=question.prompt,
                connection_id=question.connection,
                conversation_id=question.conversation_id,
                callback_url=f"{place.bridge_url}/events/{quote(session_id, safe='')}",
            ),
            id=session_id,
            task_queue=place.task_queue,
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


async def _read(place: Place, session_id: str, show: Screen | JsonLines, say: Say) -> Event | None:
    """Show every event; returns `done`, or None when the stream has ended without it."""
    stream = follow(
        place.bridge_url,
        session_id,
        give_up_after=OUTAGE_SECONDS,
        on_outage=lambda: say("the stream is interrupted: reconnecting"),
    )
    async with contextlib.aclosing(stream) as events:
        async for event_id, event in events:
            show.event(event_id, event)
            if event.get("type") == "done":
                return event
    return None


async def _cancel(
    handle: WorkflowHandle[Any, Any], reading: "asyncio.Task[Event | None]", say: Say
) -> None:
    """Cancel the session, and give its agent time to stop."""
    try:
        async with asyncio.timeout(CANCEL_SECONDS):  # the SDK would retry for longer
            await handle.cancel()
    except (RPCError, TimeoutError):
        say(f"\ninterrupted: session {handle.id} could not be cancelled: no answer from Temporal")
        return
    say(f"\ninterrupted: session {handle.id} is being cancelled")
    await asyncio.wait([reading], timeout=CANCEL_SECONDS)
    say(f"session {handle.id} {'has ended' if reading.done() else 'will end soon'}")
