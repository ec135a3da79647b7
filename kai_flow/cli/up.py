"""`kai up`: the whole stack in the foreground, one for each home."""

import asyncio
import os
import shlex
from pathlib import Path

from rich.console import Console
from rich.text import Text

from kai_flow.cli import EXIT_FAILED, EXIT_OK, state
from kai_flow.cli.consoles import console_for, print_words
from kai_flow.cli.parts import print_parts
from kai_flow.cli.stack import Stack, UiWish, database, standing_stack
from kai_flow.runtime.certificates import require_certificates
from kai_flow.runtime.locks import FileLock, prepare_home
from kai_flow.runtime.logs import log_to_stderr, warn_of_unknown_settings
from kai_flow.runtime.shutdown import ShutdownSignals
from kai_flow.settings import Settings, StartError, load_settings
from kai_flow.traces.program import traces

EXAMPLE = 'kai ask "Show the top 5 provinces by average founding capital of cooperatives"'


async def up(*, ui: bool, ui_port: int | None) -> int:
    """Run until a signal comes; returns the exit code. Raises `StartError` when it cannot start."""
    settings = load_settings(os.environ)
    if ui_port is not None and not 0 <= ui_port <= 65_535:
        raise StartError(f"--ui-port {ui_port} is refused: it must be from 0 (any) to 65535")
    log_to_stderr(settings.log_level, settings.log_format)
    warn_of_unknown_settings(os.environ)
    require_certificates()
    prepare_home(settings.home)
    notes = console_for(plain=False, stderr=True)
    with FileLock(state.lock_path(settings.home)) as lock:
        if not lock.try_acquire():
            raise _already_up(settings.home, lock)
        state.forget(settings.home)
        async with ShutdownSignals() as stop:
            try:
                return await _serve(
                    settings, UiWish(ui or ui_port is not None, ui_port), stop, notes
                )
            finally:
                state.forget(settings.home)
        if notes.is_terminal:
            notes.print()  # the prompt of the shell goes below the ^C
        return stop.exit_code  # told to stop while it was starting


async def _serve(settings: Settings, ui: UiWish, stop: ShutdownSignals, notes: Console) -> int:
    async with (
        traces(settings, "kai"),
        standing_stack(settings, ui, lambda words: _note(notes, words)) as stack,
    ):
        stop.started()
        _announce(stack)
        state.write(settings.home, _state(stack))
        waits = [asyncio.create_task(stop.wait())]
        if stack.server is not None:
            waits.append(asyncio.create_task(stack.server.ended()))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if stop.signal is None:
            log = database(settings.home).with_suffix(".log")
            _note(notes, f"kai: the embedded Temporal server has stopped unexpectedly: see {log}")
            return EXIT_FAILED
        _note(notes, "\nstopping" if notes.is_terminal else "stopping")  # below the ^C
    return EXIT_OK


def _already_up(home: Path, lock: FileLock) -> StartError:
    known = state.read(home)
    where = f", bridge {known.bridge}, Temporal {known.temporal}" if known else ""
    return StartError(
        f"`kai up` is already running for {home} (process {lock.holder()}{where}): use it with "
        "`kai ask`, stop it with Ctrl-C, or set KAI_HOME to another folder"
    )


def _state(stack: Stack) -> state.UpState:
    return state.UpState(
        pid=os.getpid(),
        temporal=stack.temporal,
        namespace=stack.client.namespace,
        embedded=stack.server is not None,
        task_queue=stack.settings.task_queue,
        bridge=stack.bridge_url,
        health=stack.health_url,
        ui=stack.server.ui_url if stack.server else None,
        data_converter=stack.settings.data_converter,
    )


def _announce(stack: Stack) -> None:
    rows = [
        ("Temporal", stack.temporal, _kept(stack)),
        ("bridge", stack.settings.bridge_url or stack.bridge_url, "GET /stream/{session_id}"),
        ("worker", f"{stack.health_url}/readyz", f"task queue {stack.settings.task_queue}"),
    ]
    if stack.server is not None and stack.server.ui_url is not None:
        rows.insert(1, ("UI", stack.server.ui_url, ""))
    console = console_for(plain=False)
    console.print(Text("KAI is up; Ctrl-C stops it.", style="bold"))
    print_parts(console, rows)
    home = os.environ.get("KAI_HOME")
    prefix = f"KAI_HOME={shlex.quote(home)} " if home else ""
    console.print(Text(f"Ask:  {prefix}{EXAMPLE}"), soft_wrap=True)


def _kept(stack: Stack) -> str:
    if stack.server is None:
        return f"started elsewhere, namespace {stack.client.namespace}"
    return f"embedded, kept in {stack.server.db_file}"


def _note(notes: Console, words: str) -> None:
    print_words(notes, words, "dim")
