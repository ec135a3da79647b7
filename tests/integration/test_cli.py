"""The command `kai`, run as a user runs it: its own processes, a home of its own, any free port."""

import asyncio
import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import httpx
import psutil
import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError

from kai_flow import __version__
from kai_flow.cli import main
from kai_flow.runtime.locks import held_elsewhere
from kai_flow.runtime.ports import free_port
from kai_flow.temporal.client import connect
from kai_flow.temporal.dev_server import dev_server
from tests.children import bound
from tests.integration.command import Kai, kai_in
from tests.integration.programs import running

# what only the extras bring
OPTIONAL = ("cryptography", "cyclopts", "httptools", "litestar", "rich", "sqlglot", "uvicorn")

QUESTION = "Tampilkan top 5 provinsi dengan rata-rata modal awal koperasi tertinggi"


@pytest.fixture
def kai(tmp_path: Path, own_logging: None) -> Kai:
    """The command with a fresh home."""
    return kai_in(tmp_path / "home")


@pytest.fixture(scope="module")
def counting_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kai]:
    """A stack that runs, with the counting agent, for all tests that only use one."""
    kai = kai_in(tmp_path_factory.mktemp("up") / "home")
    kai.environ["KAI_AGENT"] = "counting:create"
    with kai.up(TEMPORAL_ADDRESS=f"localhost:{free_port()}"):
        yield kai


def listens(url: str) -> bool:
    """Whether something accepts connections at the host and port of the URL."""
    host, _, port = url.rsplit("//", maxsplit=1)[-1].partition(":")
    with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
        return True
    return False


def is_of_another_home(url: str, home: Path) -> bool:
    """Whether a program of another test listens at the port: it may get one that is free again."""
    port = int(url.rpartition(":")[2].partition("/")[0])
    owners = {
        each.pid
        for each in psutil.net_connections("tcp")
        if each.status == psutil.CONN_LISTEN and tuple(each.laddr)[1:2] == (port,)
    }
    homes = {psutil.Process(pid).environ().get("KAI_HOME") for pid in owners if pid}
    return bool(homes) and str(home) not in homes


def wait_for(word: str, process: "subprocess.Popen[str]") -> bool:
    """Whether the process prints the word, read up to there."""
    assert process.stdout is not None
    output = ""
    while word not in output and (more := process.stdout.read(1)):
        output += more
    return word in output


def events_of(output: str) -> list[dict[str, Any]]:
    """The events of a `--json` output."""
    return [json.loads(line)["event"] for line in output.splitlines()]


def gone(family: list[psutil.Process]) -> bool:
    """Whether all the processes end before long."""
    _, alive = psutil.wait_procs(family, timeout=30)
    return not alive


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 0), (signal.SIGKILL, -9)]
)
def test_up_leaves_nothing(kai: Kai, number: int, code: int) -> None:
    """Whatever signal ends `kai up`, all its processes, ports and locks are gone soon."""
    with kai.up("--ui") as process:
        state = kai.state()
        family = psutil.Process(process.pid).children(recursive=True)
        places = [state[key] for key in ("temporal", "ui", "bridge", "health")]
        assert len(family) == 2
        assert all(listens(place) for place in places)
        assert held_elsewhere(kai.home / "up.lock")

        began = time.monotonic()
        process.send_signal(number)
        output, errors = process.communicate(timeout=60)
        assert process.returncode == code
        assert time.monotonic() - began < 15, "2 s on an idle machine"
        assert "Traceback" not in errors
        assert all(place in output for place in places)
    assert gone(family)
    assert not any(listens(place) for place in places if not is_of_another_home(place, kai.home))
    assert not held_elsewhere(kai.home / "up.lock")
    assert not held_elsewhere(kai.home / "temporal.lock")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_up_that_is_stopped_while_it_starts(kai: Kai, number: int, code: int) -> None:
    """Before it is ready, the exit code of `kai up` is that of the signal, without a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        process = kai.start("up", TEMPORAL_ADDRESS=f"127.0.0.1:{port}")
        silent.settimeout(60)
        with silent.accept()[0]:  # it looks whether a Temporal server listens there
            process.send_signal(number)
            output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (code, "", "")


@pytest.mark.parametrize("command", ["worker", "up"])
def test_a_home_that_cannot_be_made_is_refused(counting_up: Kai, kai: Kai, command: str) -> None:
    """Neither a worker nor a stack starts, and none calls it a full disk."""
    temporal = counting_up.state()["temporal"]
    done = kai.run(command, KAI_HOME="/proc/kai", TEMPORAL_ADDRESS=temporal)
    assert (done.returncode, done.stdout) == (2, "")
    assert "the folder /proc/kai cannot be created" in done.stderr
    assert "set KAI_HOME to another one" in done.stderr


@pytest.mark.parametrize("module", ["json", "asyncio", "kai_flow.settings", "temporalio.client"])
@pytest.mark.parametrize("program", ["kai_flow.web", "kai_flow.worker", "api"])
def test_ctrl_c_while_a_program_is_imported(kai: Kai, program: str, module: str) -> None:
    """Ctrl-C ends it with 130 and without a traceback, however early it comes."""
    command = bound([sys.executable, "-X", "importtime", "-m", program])
    environ = kai.environ | {"TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environ) as process:
        assert process.stderr is not None
        assert any(line.rstrip().endswith(f" {module}") for line in process.stderr)
        process.send_signal(signal.SIGINT)
        errors = process.stderr.read()
    assert process.returncode == 130
    assert "Traceback" not in errors


def test_ctrl_c_while_a_command_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends a command with 130 even while its modules are imported."""

    def interrupted(name: str, *_: object) -> None:
        if name == "kai_flow.cli.usage":
            raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "kai_flow.cli.usage", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Mock(find_spec=interrupted), *sys.meta_path])
    with pytest.raises(SystemExit) as end:
        main(["status"])
    assert end.value.code == 130


def test_a_second_up_is_refused(counting_up: Kai) -> None:
    """A second `kai up` of the same home says that one runs, and where, and disturbs nothing."""
    state = counting_up.state()
    second = counting_up.run("up")
    assert second.returncode == 2
    assert second.stderr.count("\n") == 1
    assert f"process {state['pid']}" in second.stderr
    assert state["bridge"] in second.stderr
    assert counting_up.state() == state
    status = counting_up.run("status")
    assert (status.returncode, status.stdout.count("ready")) == (0, 2), status.stdout


def test_status_without_a_stack_says_how_to_start_one(kai: Kai) -> None:
    """Nothing runs for a fresh home: exit code 1, and the command that changes it."""
    done = kai.run("status")
    assert done.returncode == 1
    assert "start it with `kai up`" in done.stdout


def test_ask_shows_the_whole_answer_without_anything_running(kai: Kai) -> None:
    """On an empty home one command answers: steps, SQL, table, text, and a summary."""
    done = kai.run("ask", QUESTION)
    assert done.returncode == 0, done.stderr
    for part in ("▸ ", "✓ ", "SELECT", "✔ completed", " events", " s · session kai-"):
        assert part in done.stdout
    assert "\x1b" not in done.stdout
    assert "Traceback" not in done.stderr


def test_two_asks_at_once_do_not_collide(kai: Kai) -> None:
    """Two questions at the same time on one home both get their answer, and nothing stays."""
    both = [kai.start("ask", QUESTION, "--json") for _ in range(2)]
    outputs = [process.communicate(timeout=100) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    for output, _ in outputs:
        events = events_of(output)
        assert events[0]["type"] == "started"
        assert events[-1]["type"] == "done"
        assert events[-1]["result"]["status"] == "completed"
    said = " ".join(errors for _, errors in outputs)
    assert "kept in" in said
    assert "in memory" in said
    assert not held_elsewhere(kai.home / "temporal.lock")


def test_ask_uses_the_stack_that_runs(counting_up: Kai) -> None:
    """With a `kai up` the session runs there, and all of it is streamed in order."""
    done = counting_up.run("ask", "5", "--json", "--session-id", "there")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    tokens = [line["event"]["content"] for line in lines if line["event"]["type"] == "token"]
    assert "".join(tokens) == "0 1 2 3 4 "
    ids = [line["id"] for line in lines[:-1] if line["id"] is not None]
    sequence = [int(event_id.partition("@")[0].split(".")[2]) for event_id in ids]
    assert sequence == list(range(1, len(sequence) + 1))
    assert done.stderr == ""


def test_a_session_id_can_be_used_again(counting_up: Kai) -> None:
    """The second session of the same name shows its own events and none of the first."""
    first = counting_up.run("ask", "3", "--json", "-s", "again")
    second = counting_up.run("ask", "2", "--json", "-s", "again")
    assert (first.returncode, second.returncode) == (0, 0), second.stderr
    tokens = [e["content"] for e in events_of(second.stdout) if e["type"] == "token"]
    assert "".join(tokens) == "0 1 "


def test_a_session_that_runs_is_not_started_again(counting_up: Kai) -> None:
    """An id that is in use is refused in one sentence."""
    with counting_up.asking("2000", "-s", "busy") as first:  # it counts longer than `kai ask` takes
        assert wait_for("0 1 ", first)
        second = counting_up.run("ask", "1", "-s", "busy")
        assert second.returncode == 2
        assert "busy is already running" in second.stderr
        assert second.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"TEMPORAL_ADDRESS": "127.0.0.1:1"}, "127.0.0.1:1: change TEMPORAL_ADDRESS"),
        ({"TEMPORAL_TASK_QUEUE": "mine"}, "mine: change TEMPORAL_TASK_QUEUE"),
        ({"ORG_ID": "acme"}, "change ORG_ID"),
    ],
)
def test_ask_goes_nowhere_else_than_it_is_told(
    counting_up: Kai, environ: dict[str, str], named: str
) -> None:
    """A Temporal or queue other than the running stack's is refused, not replaced in silence."""
    done = counting_up.run("ask", "3", **environ)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert named in done.stderr
    assert "set KAI_HOME to another folder" in done.stderr


def test_ask_takes_the_address_of_the_stack_that_runs(counting_up: Kai) -> None:
    """The running stack's own address and queue may be named, by any name of this machine."""
    state = counting_up.state()
    port = state["temporal"].rpartition(":")[2]
    done = counting_up.run(
        "ask", "3", TEMPORAL_ADDRESS=f"localhost:{port}", TEMPORAL_TASK_QUEUE=state["task_queue"]
    )
    assert done.returncode == 0, done.stderr


def test_ask_goes_into_no_other_namespace(counting_up: Kai) -> None:
    """Who names the running stack's address and another namespace is refused, with the remedy."""
    address = counting_up.state()["temporal"]
    done = counting_up.run("ask", "3", TEMPORAL_ADDRESS=address, TEMPORAL_NAMESPACE="other")
    assert done.returncode == 2
    assert "uses default, but TEMPORAL_NAMESPACE asks for other: change" in done.stderr


def test_ask_encrypts_as_the_stack_does(counting_up: Kai) -> None:
    """Whoever asks with another data converter is refused: the question would be in clear."""
    key = "MTEx" * 10 + "MTE="
    converter = "kai_flow.temporal.codec:encrypted"
    done = counting_up.run("ask", "3", KAI_DATA_CONVERTER=converter, KAI_CODEC_KEYS=key)
    assert done.returncode == 2
    assert f"uses none, but KAI_DATA_CONVERTER asks for {converter}: change" in done.stderr


def test_up_says_which_port_it_got(kai: Kai) -> None:
    """The port of a bridge with another public URL is told, also when the system chose it."""
    with kai.up(KAI_BRIDGE_URL="http://kai.example:9") as process:
        family = psutil.Process(process.pid)
        ports = {s.laddr.port for s in family.net_connections("inet") if s.status == "LISTEN"}
        assert process.stderr is not None
        line = process.stderr.readline()
        assert "the bridge listens on 127.0.0.1, port " in line
        assert int(line.split()[-1]) in ports
        assert kai.state()["bridge"] == "http://kai.example:9"


SECURED = {"KAI_TOKEN_KEYS": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}


def test_ask_gets_in_where_it_knows_the_key(kai: Kai) -> None:
    """On a `kai up` that asks for tokens; with the key of another one it says why it does not."""
    with kai.up(KAI_AGENT="counting:create", **SECURED):
        done = kai.run("ask", "3", "--plain", **SECURED)
        assert done.returncode == 0, done.stderr
        assert "0 1 2" in done.stdout
        url = f"{kai.state()['bridge']}/stream/s1"
        assert httpx.get(url, trust_env=False).status_code == 401
        made = kai.run("token", "s1", **SECURED)
        answer = httpx.get(
            f"{url}?wait=false",
            headers={"Authorization": f"Bearer {made.stdout.strip()}"},
            trust_env=False,
        )
        assert answer.status_code == 404
        other = {"KAI_TOKEN_KEYS": "AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}
        refused = kai.run("ask", "3", "--plain", **other)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert "this bridge does not accept the token" in refused.stderr
        assert "has made its token with KAI_TOKEN_KEYS" in refused.stderr


def test_ask_reads_from_temporal_where_others_make_the_tokens(kai: Kai) -> None:
    """With the URL of an issuer alone, it reads what is durable."""
    issuer = {"KAI_TOKEN_JWKS_URL": "http://127.0.0.1:9/keys"}
    done = kai.run("ask", "3", "--plain", KAI_AGENT="counting:create", **issuer)
    assert done.returncode == 0, done.stderr
    assert "0 1 2" in done.stdout


@pytest.mark.parametrize(
    ("command", "extras"),
    [
        ("kai_flow.cli bridge", "bridge,kai"),
        ("kai_flow.worker", "bridge,kai"),
        ("api", "bridge"),
    ],
)
def test_a_base_installation_names_the_extra(kai: Kai, command: str, extras: str) -> None:
    """A program without the packages of its extras says in one sentence what to install."""
    module, *arguments = command.split()
    program = (
        "import runpy, sys\n"
        f"sys.modules.update(dict.fromkeys({OPTIONAL!r}))\n"  # as if they were not installed
        f"sys.argv = {['kai', *arguments]!r}\n"
        f"runpy.run_module({module!r}, run_name='__main__', alter_sys=True)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=kai.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert f"install kai-flow[{extras}] from where you installed" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["bridge", "worker"])
@pytest.mark.parametrize(
    "command", [("-m", "kai_flow.cli", "{}"), ("-m", "{}")], ids=["kai", "module"]
)
async def test_a_part_runs_alone(
    kai: Kai, tmp_path: Path, name: str, command: tuple[str, ...]
) -> None:
    """`kai bridge` and `kai worker` run one part, like its module, until they are told to stop."""
    module = {"bridge": "kai_flow.web", "worker": "kai_flow.worker"}[name]
    arguments = [part.format(name if "kai_flow.cli" in command else module) for part in command]
    async with dev_server(stop_seconds=0) as server:
        environ = kai.environ | {
            "TEMPORAL_ADDRESS": server.address,
            "KAI_BRIDGE_PORT": "0",
            "KAI_HEALTH_PORT": "0",
        }
        async with running(arguments, environ, tmp_path / "log") as program:
            assert listens(await program.ready())
            program.process.terminate()
            async with asyncio.timeout(60):
                assert await program.process.wait() == 0
    assert "Traceback" not in (tmp_path / "log").read_text()


async def test_a_history_names_the_version_that_worked(counting_up: Kai) -> None:
    """The worker's build id is its version. The SDK's own reads the files of all loaded modules."""
    assert counting_up.run("ask", "1", "-s", "built").returncode == 0
    client = await connect(counting_up.state()["temporal"])
    history = await client.get_workflow_handle("built").fetch_history()
    completed = [event.workflow_task_completed_event_attributes for event in history.events]
    builds = {each.worker_version.build_id for each in completed}
    assert builds - {""} == {f"kai-flow-{__version__}"}


async def test_ctrl_c_cancels_the_session(counting_up: Kai) -> None:
    """Interrupting `kai ask` stops the agent, says so, and ends with 130."""
    with counting_up.asking("2000", "-s", "interrupted") as process:
        assert await asyncio.to_thread(wait_for, "1 2 ", process)
        process.send_signal(signal.SIGINT)
        _, errors = await asyncio.to_thread(process.communicate, timeout=60)
        assert process.returncode == 130
    assert "session interrupted is being cancelled" in errors
    assert "session interrupted has ended" in errors
    assert "Traceback" not in errors
    client = await connect(counting_up.state()["temporal"])
    described = await client.get_workflow_handle("interrupted").describe()
    assert described.status is WorkflowExecutionStatus.CANCELED


async def test_ctrl_c_without_a_worker_says_how_to_end_the_session(
    counting_up: Kai, kai: Kai
) -> None:
    """Nobody is there to cancel it: the line names the queue and the command, which does end it."""
    temporal = counting_up.state()["temporal"]
    elsewhere = {"TEMPORAL_ADDRESS": temporal, "TEMPORAL_TASK_QUEUE": "nobodys"}
    bridge = counting_up.state()["bridge"]
    with kai.asking("3", "-s", "waits", "--bridge", bridge, **elsewhere) as process:
        assert await asyncio.to_thread(wait_for, "on the task queue nobodys", process)
        process.send_signal(signal.SIGINT)
        _, errors = await asyncio.to_thread(process.communicate, timeout=60)
    assert process.returncode == 130
    assert "session waits does not end: no worker takes it from the task queue nobodys" in errors
    command = f"temporal workflow terminate --workflow-id waits --address {temporal}"
    assert errors.rstrip().endswith(command)
    client = await connect(temporal)
    await client.get_workflow_handle("waits").terminate()


async def test_a_temporal_that_listens_is_used(kai: Kai) -> None:
    """A server of somebody else is used, said so, and left running; it passes on no first task."""
    async with dev_server(stop_seconds=0) as server:
        environ = {"TEMPORAL_ADDRESS": server.address, "KAI_AGENT": "counting:create"}
        done = await asyncio.to_thread(kai.run, "ask", "2", "-s", "eager", **environ)
        assert done.returncode == 0, done.stderr
        assert f"using the Temporal server at {server.address}" in done.stderr
        assert "To use those that run there: --bridge URL" in " ".join(done.stderr.split())
        assert not (kai.home / "temporal.db").exists()
        client = await connect(server.address)
        history = await client.get_workflow_handle("eager").fetch_history()
        started = history.events[0].workflow_execution_started_event_attributes
        assert started.eager_execution_accepted


def test_a_killed_ask_leaves_nothing(kai: Kai) -> None:
    """After a SIGKILL in the middle of an answer no process or lock of `kai ask` is left."""
    with kai.asking("2000", KAI_AGENT="counting:create") as process:
        assert wait_for("1 2 ", process)
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) == 2
    assert gone(family)
    assert not held_elsewhere(kai.home / "temporal.lock")


async def test_a_reader_that_leaves_ends_the_session(counting_up: Kai) -> None:
    """`kai ask … | head` ends as soon as nobody reads, quietly, and cancels its session."""
    with counting_up.asking("2000", "-s", "unread") as process:
        assert await asyncio.to_thread(wait_for, "1", process)
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert await asyncio.to_thread(process.stderr.read) == ""
        assert await asyncio.to_thread(process.wait, 60) == 141
    client = await connect(counting_up.state()["temporal"])
    async with asyncio.timeout(60):
        with pytest.raises(WorkflowFailureError):
            await client.get_workflow_handle("unread").result()


def test_up_stops_soon_in_the_middle_of_a_session(kai: Kai) -> None:
    """A session that runs does not keep `kai up` from stopping within seconds."""
    with kai.up(KAI_AGENT="counting:create") as process, kai.asking("2000") as asking:
        assert wait_for("1 2 ", asking)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0
        assert "Traceback" not in errors
        assert time.monotonic() - began < 15, "the session would go on for 100 s"


def test_an_unknown_connection_fails_the_session(kai: Kai) -> None:
    """A connection that does not exist is one sentence and exit code 1."""
    done = kai.run("ask", QUESTION, "--connection", "nowhere")
    assert done.returncode == 1
    assert "nowhere" in done.stdout
    assert "✘ failed" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "environ", "says"),
    [
        (["ask", " "], {}, "the question is empty"),
        (["ask", "x", "--session-id", "a/b"], {}, "--session-id 'a/b' is refused"),
        (["ask", "x", "--colour"], {}, "--colour"),
        (["fly"], {}, "fly"),
        (["up", "--ui-port", "70000"], {}, "from 0 (any) to 65535"),
        (["ask", "x"], {"KAI_SIGNAL_INTERVAL": "250"}, "KAI_SIGNAL_INTERVAL='250' is refused"),
        (["up"], {"KAI_BRIDGE_HOST": "0.0.0.0"}, "KAI_BRIDGE_HOST='0.0.0.0' is refused"),
        (["ask", "x"], {"KAI_HOME": "/dev/null/kai"}, "set KAI_HOME to another"),
        (["ask", "x"], {"KAI_AGENT": "no.such.module:f"}, "no.such.module"),
        (["ask", "x"], {"KAI_DATA_CONVERTER": "no.such.module:f"}, "no.such.module"),
        (["up"], {"KAI_CODEC_KEYS": "MTEx" * 10 + "MTE="}, "nothing would be encrypted"),
        (["codec-server"], {"KAI_DATA_CONVERTER": "no.such.module:f"}, "no.such.module"),
        (["ask", "x"], {"TEMPORAL_ADDRESS": "127.0.0.1:1"}, "no Temporal server at 127.0.0.1:1"),
        (["ask", "x"], {"TEMPORAL_ADDRESS": "here"}, "TEMPORAL_ADDRESS='here' is refused"),
        (["up"], {"TEMPORAL_ADDRESS": "http://localhost:1"}, "it must be host:port"),
        (["ask", "x"], {"TEMPORAL_PROFILE": "nowhere"}, "Profile 'nowhere' not found"),
        (["up"], {"TEMPORAL_ADDRESS": "kai.invalid:7233"}, "no Temporal server at kai.invalid"),
    ],
)
def test_a_mistake_is_one_sentence(
    kai: Kai,
    arguments: list[str],
    environ: dict[str, str],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """What cannot start says why in one sentence on standard error, with exit code 2."""
    for name, value in (kai.environ | environ).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as end:  # in this process: a second of imports saved each
        main(arguments)
    output, errors = capfd.readouterr()
    sentence = errors.splitlines()[-1]
    assert end.value.code == 2
    assert sentence.startswith("kai: ")
    assert says in sentence
    assert "Traceback" not in errors
    assert output == ""


@pytest.mark.parametrize("setting", ["KAI_BRIDGE_PORT", "KAI_HEALTH_PORT", "TEMPORAL_ADDRESS"])
def test_a_port_in_use_names_its_setting(
    kai: Kai, setting: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A taken port is refused with its number and the setting that changes it."""
    monkeypatch.setattr("kai_flow.temporal.client.ATTEMPT_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        value = f"127.0.0.1:{port}" if setting == "TEMPORAL_ADDRESS" else port
        for name, given in (kai.environ | {setting: value}).items():
            monkeypatch.setenv(name, given)
        with pytest.raises(SystemExit) as end:
            main(["up"])
    errors = capfd.readouterr().err
    assert end.value.code == 2
    assert port in errors
    assert setting in errors
    assert "Traceback" not in errors
    assert not held_elsewhere(kai.home / "up.lock")


@pytest.mark.parametrize("command", ["ask", "chat", "connection", "schema", "up"])
def test_a_command_begins_with_few_imports(command: str) -> None:
    """A command starts a server before it imports the rest, and reads the store without it."""
    program = (
        f"import sys, kai_flow.cli.app, kai_flow.cli.{command}; "
        "print([m for m in ('temporalio', 'httpx', 'litestar', 'sqlglot') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"


def test_ask_imports_only_what_it_needs(counting_up: Kai) -> None:
    """Where a stack runs, `kai ask` imports no part of one, and no agent."""
    done = counting_up.run("ask", "1", PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "kai_flow.cli.showing" in imported
    parts = ("kai_flow.analyst", "kai_flow.bridge", "kai_flow.web", "kai_flow.worker")
    heavy = ("duckdb", "litestar", "pydantic", "sqlglot", "temporalio.worker", "uvicorn")
    assert not imported & {*parts, *heavy}


def test_a_bridge_imports_no_pydantic() -> None:
    """A bridge starts without pydantic, which Litestar would import wherever it is installed."""
    program = (
        "import sys; from unittest.mock import Mock; from kai_flow.settings import Settings; "
        "from kai_flow.web.app import create_app; create_app(Mock(), Mock(), Settings()); "
        "print([m for m in ('litestar.plugins.pydantic', 'pydantic.main') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"


def test_ctrl_c_while_a_stack_is_imported(kai: Kai) -> None:
    """`kai ask` that is interrupted while its parts are imported ends with 130, and all of them."""
    with kai.asking("2") as process:
        assert process.stderr is not None
        assert "starting Temporal" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (130, "", "")
    assert not held_elsewhere(kai.home / "temporal.lock")


def test_help_and_version_are_quick() -> None:
    """`--help` and `--version` work without importing what only running commands need."""
    program = (
        "import sys; from kai_flow.cli.app import app; "
        "print([m for m in ('temporalio', 'litestar', 'sqlglot') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"
    command = [sys.executable, "-m", "kai_flow.cli"]
    assert "kai ask" in subprocess.check_output([*command, "ask", "--help"], text=True)
    assert subprocess.check_output([*command, "--version"], text=True).strip()[0].isdigit()
