"""`kai ask`: one question, its session, and the answer as it comes."""

import asyncio
import contextlib
import os
import re
import secrets
import shlex
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from kai_flow.cli import EXIT_FAILED, EXIT_OK, state, text
from kai_flow.cli.render import Event, console_for, print_words
from kai_flow.cli.showing import JsonLines, Outcome, Screen
from kai_flow.cli.stack import Say, Stack, private_stack
from kai_flow.runtime.locks import prepare_home
from kai_flow.runtime.logs import log_to_stderr
from kai_flow.runtime.shutdown import ShutdownSignals
from kai_flow.settings import Settings, StartError, load_settings
from kai_flow.stream import StreamLostError, follow
from kai_flow.temporal.client import DEFAULT_ADDRESS, connect, same_address, target

QUERY: Final = "temporal workflow query --workflow-id {id} --type progress"

OUTAGE_SECONDS: Final = 60.0  # without an answer from the bridge before giving up
CANCEL_SECONDS: Final = 6.0  # an agent should stop within 5 s after its session is cancelled


@dataclass(frozen=True)
class Question:
    """What the command line says."""

    prompt: str
    connection: str
    session_id: str | None  # None: a new one
    as_json: bool
    plain: bool


@dataclass(frozen=True)
class _Place:
    """A stack on which the session runs."""

    client: Client
    bridge_url: str
    task_queue: str
    temporal: str
    later: str | None  # how to see the session again, with {id} in it; None: it is gone


async def ask(question: Question) -> int:
    """Ask, and print the events until `done`; returns the exit code.

    Raises `StartError` for what goes wrong before the session has started.
    """
    settings = load_settings(os.environ)
    _check(question)
    log_to_stderr(settings.log_level if os.environ.get("KAI_LOG_LEVEL") else None)
    prepare_home(settings.home)
    notes = console_for(plain=question.plain, stderr=True)

    def say(words: str) -> None:
        print_words(notes, words, "dim")

    async with ShutdownSignals() as stop, _place(settings, say) as place:
        stop.started()
        return await _converse(question, place, stop, say)
    if notes.is_terminal:
        notes.print()  # the prompt of the shell goes below the ^C
    return stop.exit_code  # interrupted while it was starting


def _check(question: Question) -> None:
    if not question.prompt.strip():
        raise StartError('the question is empty: write it in quotes, as in `kai ask "…"`')
    if not question.connection.strip():
        raise StartError("--connection is empty: give the alias of a connection, such as koperasi")
    given = question.session_id
    if given is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,199}", given):
        raise StartError(
            f"--session-id {text.line(given, 60)!a} is refused: it must be 1 to 200 letters, "
            "digits or . _ : @ -, and begin with a letter or a digit"
        )


@contextlib.asynccontextmanager
async def _place(settings: Settings, say: Say) -> AsyncIterator[_Place]:
    """The running stack of this home, or one of our own for as long as the block lasts."""
    up = await _running(settings)
    if up is not None:
        # the TEMPORAL_* variables do not apply to an embedded server
        client = await connect(up.temporal if up.embedded else None)
        later = QUERY + _where(client, up.temporal)
        yield _Place(client, up.bridge, up.task_queue, up.temporal, later)
        return
    async with private_stack(settings, say) as own:
        queue = own.settings.task_queue
        yield _Place(own.client, own.bridge_url, queue, own.temporal, _later(own))


async def _running(settings: Settings) -> state.UpState | None:
    """The `kai up` of this home, if one runs.

    Raises `StartError` when the environment names another server, namespace or task queue: a
    session must not silently run in another place than the one that is asked for.
    """
    up = await state.find(settings.home)
    where = target()
    if up is None or (where.port == 0 and not up.embedded):  # 0 asks for an embedded server
        return None
    if where.port and (where.chosen or not up.embedded):
        _require_same("TEMPORAL_ADDRESS", where.address, up.temporal, settings.home)
        _require_same("TEMPORAL_NAMESPACE", where.namespace, up.namespace, settings.home)
    for variable in ("TEMPORAL_TASK_QUEUE", "ORG_ID"):
        if os.environ.get(variable, "").strip():
            _require_same(variable, settings.task_queue, up.task_queue, settings.home)
    return up


def _require_same(variable: str, asked: str, used: str, home: Path) -> None:
    if not (asked == used or same_address(asked, used)):
        raise StartError(
            f"the `kai up` of {home} uses {used}, but {variable} asks for {asked}: change "
            f"{variable}, or set KAI_HOME to another folder"
        )


async def _converse(question: Question, place: _Place, stop: ShutdownSignals, say: Say) -> int:
    """Start the session and follow it until it ends, or until Ctrl-C."""
    # from here on, nothing else writes to standard output
    console = console_for(plain=question.plain)
    began = time.monotonic()
    handle = await _start(question, place)
    show = JsonLines(console) if question.as_json else Screen(console, handle.id)
    reading = asyncio.create_task(_read(place, handle.id, show, say))
    asked = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([reading, asked], return_when=asyncio.FIRST_COMPLETED)
        if not reading.done():
            await _cancel(handle, reading, say)
            return stop.exit_code
        done = reading.result()
    except BrokenPipeError:  # `kai ask … | head`: nothing reads the answer, so cancel the session
        with contextlib.suppress(RPCError, TimeoutError):
            async with asyncio.timeout(CANCEL_SECONDS):
                await handle.cancel()
        raise
    except StreamLostError as lost:
        print(f"kai: {text.line(lost, 500)}; session {handle.id} is still running", file=sys.stderr)
        return EXIT_FAILED
    finally:
        for task in (reading, asked):
            task.cancel()
        await asyncio.gather(reading, asked, return_exceptions=True)
    outcome = Outcome.of(done)
    show.finish(outcome, time.monotonic() - began, place.later)
    return EXIT_OK if outcome.good else EXIT_FAILED


async def _start(question: Question, place: _Place) -> WorkflowHandle[Any, Any]:
    """Start the workflow. Who subscribes later still gets every event."""
    from kai_flow.workflows import WORKFLOW_TYPE, KaiChatInput  # noqa: PLC0415  (heavy)

    session_id = question.session_id or f"kai-{secrets.token_hex(4)}"
    try:
        return await place.client.start_workflow(
            WORKFLOW_TYPE,
            KaiChatInput(
                prompt=question.prompt,
                connection_id=question.connection,
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


async def _read(place: _Place, session_id: str, show: Screen | JsonLines, say: Say) -> Event | None:
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


def _later(own: Stack) -> str | None:
    """How to see a session again after the stack of this question has stopped."""
    if own.server is None:  # the server stays, but the worker that answers queries does not
        return "temporal workflow show --workflow-id {id}" + _where(own.client, own.temporal)
    if own.server.db_file is None:
        return None
    home = os.environ.get("KAI_HOME")
    return f"{f'KAI_HOME={shlex.quote(home)} ' if home else ''}kai up, then {QUERY}"


def _where(client: Client, address: str) -> str:
    """The options with which the `temporal` command finds this server; empty for its defaults."""
    options = "" if same_address(address, DEFAULT_ADDRESS) else f" --address {address}"
    return options + ("" if client.namespace == "default" else f" --namespace {client.namespace}")
