"""`kai chat`: question after question, each of which may build on the one before."""

import asyncio
import difflib
import os
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from kai_flow.cli import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK
from kai_flow.cli.background import Background
from kai_flow.cli.consoles import console_for, print_words
from kai_flow.cli.place import Place, base_url_of, place_for
from kai_flow.cli.question import Question
from kai_flow.cli.typed import Typed, interruptible
from kai_flow.runtime.certificates import require_certificates
from kai_flow.runtime.locks import prepare_home
from kai_flow.runtime.logs import log_to_stderr
from kai_flow.settings import StartError, load_settings

if TYPE_CHECKING:  # an embedded server starts while Temporal's SDK is imported
    from kai_flow.cli.showing import Outcome

HELP: Final = """\
Ask a question in English or Indonesian. A fragment, such as "and by year?", changes
the question before.
/new   begin a new conversation
/help  show this
/quit  leave; so does Ctrl-D
Ctrl-C cancels the answer that is running. The arrow keys bring back what you typed earlier."""

COMMANDS: Final = ("/new", "/help", "/quit")


def chat(connection: str, conversation_id: str | None, bridge: str | None, *, plain: bool) -> int:
    """Read questions and answer them until the input ends; returns the exit code.

    `bridge` is the base URL of one that runs elsewhere. Raises `StartError` for what goes wrong
    before the first question.
    """
    settings = load_settings(os.environ)
    Question("?", connection, None, conversation_id).check()
    if bridge is not None:
        bridge = base_url_of(bridge)
    level = settings.log_level if os.environ.get("KAI_LOG_LEVEL") else None
    log_to_stderr(level, settings.log_format)
    require_certificates()
    prepare_home(settings.home)
    notes = console_for(plain=plain, stderr=True)

    def say(words: str) -> None:
        print_words(notes, words, "dim")

    typed = Typed(settings.home / "chat_history")
    with interruptible():
        try:
            with Background(lambda: place_for(settings, say, "this chat", bridge)) as stack:
                loop = _Chat(stack, typed, connection, conversation_id or _new_id(), plain=plain)
                return loop.run()
        except KeyboardInterrupt:  # while it starts or stops
            if notes.is_terminal:
                notes.print()  # the prompt of the shell goes below the ^C
            return EXIT_INTERRUPTED


class _Chat:
    """The conversation as it goes on."""

    def __init__(
        self,
        stack: Background[Place],
        typed: Typed,
        connection: str,
        conversation_id: str,
        *,
        plain: bool,
    ) -> None:
        self._stack = stack
        self._typed = typed
        self._connection = connection
        self._conversation_id = conversation_id
        self._plain = plain
        self._console = console_for(plain=plain)
        self._choices: tuple[str, ...] = ()  # what the last answer asked back, as whole questions
        self._failed = False  # whether a question got no answer

    def run(self) -> int:
        """Read and answer until the input ends."""
        self._say(f"conversation {self._conversation_id} about {self._connection}; /help, /quit")
        while True:
            try:
                line = self._typed.read(f"{self._connection}> ").strip()
            except EOFError:
                if self._typed.interactive:
                    print()  # the prompt of the shell goes below ours
                break
            except KeyboardInterrupt:  # clears the line, as in a shell
                print()
                if not self._typed.interactive:
                    return EXIT_INTERRUPTED
                continue
            self._typed.keep()
            if line == "/quit":
                break
            self._act(line)
        return EXIT_FAILED if self._failed and not self._typed.interactive else EXIT_OK

    def _act(self, line: str) -> None:
        """Do what a line says: a command, the number of a choice, or a question."""
        near = difflib.get_close_matches(line, COMMANDS, n=1, cutoff=0.7)
        if line == "/new":
            self._conversation_id, self._choices = _new_id(), ()
            self._say(f"conversation {self._conversation_id}")
        elif line == "/help":
            self._say(HELP)
        elif line.startswith("/") and near:
            self._say(f"there is no command {line}; did you mean {near[0]}?")
        elif line.isdecimal() and self._choices:
            if 1 <= int(line) <= len(self._choices):
                self._ask(self._choices[int(line) - 1])
            else:
                self._say(f"type a number from 1 to {len(self._choices)}, or a whole question")
        elif line:
            self._ask(line)

    def _ask(self, prompt: str) -> None:
        """Show the answer; Ctrl-C cancels it, and a second one does not wait for its end."""
        question = Question(prompt, self._connection, None, self._conversation_id)
        self._choices = ()
        interrupted = asyncio.Event()
        answer = self._stack.submit(self._answer(question, interrupted))
        outcome: Outcome | None = None
        try:
            try:
                outcome = answer.result()
            except KeyboardInterrupt:
                self._stack.call(interrupted.set)
                answer.result()
        except KeyboardInterrupt:
            answer.cancel()
        except StartError as wrong:
            self._say(f"kai: {wrong}")
        self._failed = self._failed or outcome is None or not outcome.good

    async def _answer(self, question: Question, interrupted: asyncio.Event) -> "Outcome | None":
        from kai_flow.cli.begin import begin  # noqa: PLC0415  (it needs Temporal's SDK)
        from kai_flow.cli.session import converse  # noqa: PLC0415  (likewise)
        from kai_flow.cli.showing import Screen  # noqa: PLC0415  (likewise)

        screens: list[Screen] = []

        def screen(session_id: str) -> Screen:
            screens.append(Screen(self._console, session_id, place.task_queue))
            return screens[0]

        place = replace(self._stack.value, later=None)  # what is on the screen is enough
        outcome = await converse(
            await begin(question, place), place, screen, interrupted.wait, self._say
        )
        self._choices = screens[0].choices
        return outcome

    def _say(self, words: str) -> None:
        print_words(self._console, words, "dim")


def _new_id() -> str:
    return f"chat-{secrets.token_hex(4)}"
