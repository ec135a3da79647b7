"""`kai ask`: one question, its session, and the answer as it comes."""

import os
from typing import TYPE_CHECKING

from kai_flow.cli import EXIT_FAILED, EXIT_OK
from kai_flow.cli.consoles import console_for, print_words
from kai_flow.cli.place import Place, base_url_of, place_for
from kai_flow.cli.question import Question
from kai_flow.cli.stack import Say
from kai_flow.runtime.certificates import require_certificates
from kai_flow.runtime.imports import imported
from kai_flow.runtime.locks import prepare_home
from kai_flow.runtime.logs import log_to_stderr
from kai_flow.runtime.shutdown import ShutdownSignals
from kai_flow.settings import load_settings

if TYPE_CHECKING:  # imported while the session's worker begins
    from kai_flow.cli.showing import Outcome


async def ask(question: Question, bridge: str | None, *, as_json: bool, plain: bool) -> int:
    """Ask, and print the events until `done`; returns the exit code.

    `bridge` is the base URL of one that runs elsewhere. Raises `StartError` for what goes wrong
    before the session has started.
    """
    settings = load_settings(os.environ)
    question.check()
    if bridge is not None:
        bridge = base_url_of(bridge)
    level = settings.log_level if os.environ.get("KAI_LOG_LEVEL") else None
    log_to_stderr(level, settings.log_format)
    require_certificates()
    prepare_home(settings.home)
    notes = console_for(plain=plain, stderr=True)

    def say(words: str) -> None:
        print_words(notes, words, "dim")

    async with ShutdownSignals() as stop, place_for(settings, say, bridge=bridge) as place:
        stop.started()
        outcome = await _answer(question, place, stop, say, as_json=as_json, plain=plain)
        if outcome is None:
            return stop.exit_code
        return EXIT_OK if outcome.good else EXIT_FAILED
    if notes.is_terminal:
        notes.print()  # the prompt of the shell goes below the ^C
    return stop.exit_code  # interrupted while it was starting


async def _answer(
    question: Question,
    place: Place,
    stop: ShutdownSignals,
    say: Say,
    *,
    as_json: bool,
    plain: bool,
) -> "Outcome | None":
    """Ask, and show the session until it ends; None when it was interrupted."""
    from kai_flow.cli.begin import begin  # noqa: PLC0415  (it needs Temporal's SDK)

    session = await begin(question, place)
    await imported("kai_flow.cli.session")
    from kai_flow.cli.session import converse  # noqa: PLC0415  (while the worker begins)
    from kai_flow.cli.showing import JsonLines, Screen  # noqa: PLC0415  (likewise)

    queue = place.task_queue

    def screen(session_id: str) -> Screen | JsonLines:
        console = console_for(plain=plain)
        return JsonLines(console) if as_json else Screen(console, session_id, queue)

    return await converse(session, place, screen, stop.wait, say)
