"""`kai chat` and `kai ask --conversation`, run as a person runs them."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from kai_flow.cli import main
from kai_flow.runtime.locks import held_elsewhere
from kai_flow.runtime.ports import free_port
from tests.children import bound
from tests.integration.command import Kai, kai_in
from tests.integration.typist import Typist, typist

CHAT = (sys.executable, "-m", "kai_flow.cli", "chat")

# Tells in which conversation it was asked what, asks back, or counts until it is interrupted.
AGENT = """
import asyncio

class Talker:
    async def execute(self, task):
        return {"final_answer": "x"}

    async def stream_execute(self, task):
        if task.prompt == "which?":
            yield {
                "type": "clarify",
                "question": "Do you mean city or year?",
                "choices": [
                    {"label": "by city", "prompt": "total by city"},
                    {"label": "by year", "prompt": "total by year"},
                ],
            }
            result = {"status": "needs_clarification", "final_answer": "Do you mean …?"}
            yield {"type": "done", "result": result}
        elif task.prompt == "fail":
            yield {"type": "error", "error": "no such thing"}
        else:
            yield {"type": "token", "content": f"{task.conversation_id} was asked {task.prompt!r}"}
            for number in range(1_000 if task.prompt == "count" else 0):
                yield {"type": "token", "content": f" {number}"}
                await asyncio.sleep(0.05)

def create():
    return Talker()
"""


# Reads one line, and a signal comes between the prompt and readline's wait for a key: `raise` is
# called by readline itself, and runs no Python code that would handle the signal.
INTERRUPTED = """
import ctypes, functools, pathlib, readline, sys
from kai_flow.cli.typed import Typed, interruptible
typed = Typed(pathlib.Path(sys.argv[1]))
send = functools.partial(ctypes.CDLL(None)["raise"], int(sys.argv[2]))
with interruptible():
    readline.set_pre_input_hook(send)
    try:
        typed.read("name> ")
    except KeyboardInterrupt:
        sys.exit("interrupted")
"""


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kai]:
    """A stack that runs, with the talking agent."""
    kai = talking(kai_in(tmp_path_factory.mktemp("up") / "home"))
    with kai.up(TEMPORAL_ADDRESS=f"localhost:{free_port()}"):
        yield kai


def talking(kai: Kai) -> Kai:
    """The command with the talking agent."""
    (kai.home.parent / "agents" / "talking.py").write_text(AGENT)
    kai.environ["KAI_AGENT"] = "talking:create"
    return kai


def chat(kai: Kai, *arguments: str) -> AbstractContextManager[Typist]:
    """Somebody at `kai chat`."""
    return typist([*CHAT, *arguments], kai.environ)


def test_a_chat_from_the_first_question_to_the_last(up: Kai) -> None:
    """Questions share a conversation until /new; a number answers what was asked back."""
    with chat(up, "--conversation", "monday") as person:
        person.sees("conversation monday about koperasi")
        person.sees("koperasi> ")
        person.type("how many?\r")
        person.sees("monday was asked 'how many?'")
        person.sees("✔ completed")
        person.sees("koperasi> ")
        person.type("which?\r")
        shown = person.sees("? needs_clarification")
        assert "Do you mean city or year?\n  1. by city (total by city)\n  2. by year" in shown
        assert "…?" not in shown
        person.type("3\r")
        person.sees("type a number from 1 to 2, or a whole question")
        person.type("2\r")
        person.sees("monday was asked 'total by year'")
        person.sees("koperasi> ")
        person.type("/new\r")
        new = person.sees("koperasi> ").split("conversation ")[1].split()[0]
        person.type("\x1b[A\x1b[A\x1b[A\x1b[A\r")  # the arrow up: /new, 2, 3, which?
        person.sees("? needs_clarification")
        person.type("/monthly review\r")
        person.sees(f"{new} was asked '/monthly review'")
        person.sees("koperasi> ")
        person.type("\x04")
        assert person.leaves() == 0


def test_the_next_chat_remembers_what_was_typed(up: Kai) -> None:
    """The arrow up brings back the lines of earlier chats, which only their owner can read."""
    for typed, shown in (("/hlep", "did you mean /help?"), ("\x1b[A\x1b[A", "no command /hlep")):
        with chat(up) as person:
            person.sees("koperasi> ")
            person.type(f"{typed}\r")
            person.sees(shown)
            person.sees("koperasi> ")
            person.type("/help\r")
            person.sees("/quit  leave")
            person.sees("koperasi> ")
            person.type("\x04")
            assert person.leaves() == 0
    assert stat.S_IMODE((up.home / "chat_history").stat().st_mode) == 0o600


def test_ctrl_c_cancels_the_answer_and_clears_a_line(up: Kai) -> None:
    """The chat goes on after both; SIGTERM leaves it with the exit code of that signal."""
    with chat(up) as person:
        person.sees("koperasi> ")
        person.type("count\r")
        person.sees(" 0 1 2")
        person.type("\x03")
        person.sees("is being cancelled")
        person.sees("has ended")
        person.sees("koperasi> ")
        person.type("never mi\x03")
        person.sees("koperasi> ")
        person.type("again\r")
        person.sees("was asked 'again'")
        person.sees("koperasi> ")
        person.process.send_signal(signal.SIGTERM)
        assert person.leaves() == 143


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 1), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_before_the_first_key_is_not_lost(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    """A signal that comes after the prompt is shown, and before readline waits, has its effect."""
    command = [sys.executable, "-c", INTERRUPTED, str(tmp_path / "history"), str(int(number))]
    with typist(command, dict(os.environ)) as person:
        person.sees("name> ")
        assert person.leaves() == code


def test_a_chat_brings_its_own_stack_and_takes_it_away(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Without `kai up` it starts one of its own; lines of a pipe are questions, and end it."""
    kai = talking(kai_in(tmp_path_factory.mktemp("own") / "home"))
    with chat(kai) as person:
        person.sees("for this chat (kept in")
        person.sees("koperasi> ")
        person.type("hello\r")
        person.sees("was asked 'hello'")
        person.sees("koperasi> ")
        person.type("\x04")
        assert person.leaves() == 0
    assert not held_elsewhere(kai.home / "temporal.lock")


def test_a_pipe_is_a_list_of_questions(up: Kai) -> None:
    """Each line is asked in the same conversation; one without an answer gives exit code 1."""
    for lines, code in (("one\n\ntwo", 0), ("fail\none\n", 1)):
        done = subprocess.run(
            bound([*CHAT, "--conversation", "piped"]),
            input=lines,
            check=False,
            env=up.environ,
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert (done.returncode, done.stderr) == (code, ""), done.stdout
        for line in filter(None, lines.split("\n")):
            assert line == "fail" or f"piped was asked '{line}'" in done.stdout
        assert "koperasi>" not in done.stdout


def test_a_question_belongs_to_the_conversation_that_it_names(up: Kai) -> None:
    """`kai ask --conversation` passes the id on; without it there is none."""
    for given, name in ((["--conversation", "monday"], "monday"), ([], None)):
        done = up.run("ask", "how many?", "--json", *given)
        tokens = [
            event["content"]
            for event in (json.loads(line)["event"] for line in done.stdout.splitlines())
            if event["type"] == "token"
        ]
        assert tokens == [f"{name} was asked 'how many?'"]


def test_asking_back_is_no_answer(up: Kai) -> None:
    """`kai ask` shows the choices with the whole questions to ask, and ends with exit code 1."""
    done = up.run("ask", "which?")
    assert done.returncode == 1
    assert "  2. by year (total by year)" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["chat", "--conversation", "a\nb"], "--conversation 'a\\u21b5b' is refused"),
        (["ask", "x", "--conversation", " "], "1 to 200 printable characters"),
        (["chat", "-c", ""], "--connection is empty"),
        (["chat", "why?"], "unexpected argument 'why?'"),
    ],
)
def test_a_mistake_is_one_sentence(
    arguments: list[str],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    own_logging: None,
) -> None:
    """What cannot start says why in one sentence, with exit code 2, before anything is started."""
    for name in [name for name in os.environ if name.startswith("KAI_")]:
        monkeypatch.delenv(name)
    with pytest.raises(SystemExit) as end:
        main(arguments)
    output, errors = capfd.readouterr()
    assert (end.value.code, output, errors.count("\n")) == (2, "", 1)
    assert says in errors
