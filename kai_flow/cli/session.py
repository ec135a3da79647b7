"""A session of `kai ask` or `kai chat`: shown until it ends, cancelled by Ctrl-C."""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from temporalio.client import WorkflowHandle
from temporalio.service import RPCError

from kai_flow.cli import text
from kai_flow.cli.begin import Session
from kai_flow.cli.own_token import may_read, own_tokens
from kai_flow.cli.place import Place
from kai_flow.cli.render import Event
from kai_flow.cli.showing import JsonLines, Outcome, Screen
from kai_flow.cli.stack import Say
from kai_flow.cli.stuck import doing
from kai_flow.stream import Followed, StreamLostError, follow

OUTAGE_SECONDS: Final = 60.0  # without an answer from the bridge before giving up
CANCEL_SECONDS: Final = 6.0  # an agent should stop within 5 s after its session is cancelled


async def converse(
    session: Session,
    place: Place,
    show: Callable[[str], Screen | JsonLines],
    interrupted: Callable[[], Coroutine[Any, Any, object]],
    say: Say,
) -> Outcome | None:
    """Show the session until it ends; None when it was interrupted.

    `interrupted` returns when it is to be cancelled. `show` makes the screen for a session id;
    nothing else writes to standard output meanwhile.
    """
    handle = session.handle
    screen = show(handle.id)
    reading = asyncio.create_task(_read(place, handle.id, screen, say))
    stop = asyncio.create_task(interrupted())
    try:
        await asyncio.wait([reading, stop], return_when=asyncio.FIRST_COMPLETED)
        if not reading.done():
            await _cancel(handle, reading, place, say)
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
    screen.finish(outcome, time.monotonic() - session.began, place.later)
    return outcome


async def _read(place: Place, session_id: str, show: Screen | JsonLines, say: Say) -> Event | None:
    """Show every event; returns `done`, or None when the stream has ended without it."""
    stream = _follow(place, session_id, lambda: say("the stream is interrupted: reconnecting"))
    async with contextlib.aclosing(stream) as events:
        async for event_id, event in events:
            show.event(event_id, event)
            if event.get("type") == "done":
                return event
    return None


def _follow(
    place: Place, session_id: str, on_outage: Callable[[], None]
) -> AsyncGenerator[Followed, None]:
    """The events of a session: from the bridge, unless somebody else makes its tokens."""
    if not may_read(place.settings):
        return follow(place.client, session_id)
    return follow(
        place.bridge_url,
        session_id,
        give_up_after=OUTAGE_SECONDS,
        on_outage=on_outage,
        token=own_tokens(place.settings, session_id),
    )


async def _cancel(
    handle: WorkflowHandle[Any, Any],
    reading: "asyncio.Task[Event | None]",
    place: Place,
    say: Say,
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
    say(f"session {handle.id} has ended" if reading.done() else await _not_ended(handle, place))


async def _not_ended(handle: WorkflowHandle[Any, Any], place: Place) -> str:
    """What keeps a session that was cancelled from ending, and how to end it all the same."""
    soon = f"session {handle.id} will end soon"
    try:
        async with asyncio.timeout(CANCEL_SECONDS):
            found = (await handle.describe()).raw_description
    except (RPCError, TimeoutError):
        return soon
    now = doing(found, datetime.now(UTC), timedelta(minutes=1))
    if now is None:
        return f"session {handle.id} has ended"
    reasons = {
        "no worker": f"no worker takes it from the task queue {place.task_queue}",
        "failing": "its workflow fails, as `kai sessions --stuck` tells",
    }
    if now.state not in reasons:
        return soon
    return (
        f"session {handle.id} does not end: {reasons[now.state]}. To end it without a worker: "
        f"temporal workflow terminate --workflow-id {handle.id}{place.options}"
    )
