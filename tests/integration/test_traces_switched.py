"""Traces that are off, that cannot be, and that are switched between workers."""

import secrets
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from temporalio.client import Client
from temporalio.worker import Replayer, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from kai_flow.stream import StreamPlugin
from kai_flow.stream.run_start import read_start
from kai_flow.temporal.dev_server import DevServer
from kai_flow.traces.temporal import Traces
from kai_flow.worker.service import PASSTHROUGH
from tests.integration.collector import collecting
from tests.integration.command import kai_in
from tests.integration.programs import environment, running
from tests.integration.several import Long, several_worker
from tests.integration.switching import Steps, speak
from tests.integration.test_replay import ALL, HISTORIES, recorded
from tests.integration.tracing import QUESTION, dispatching
from tests.integration.waiting import eventually


@pytest.mark.parametrize("program", ["api", "kai_flow.worker"])
@pytest.mark.parametrize("on", [False, True])
async def test_without_traces_nothing_of_it_is_imported(
    temporal: DevServer, tmp_path: Path, program: str, on: bool
) -> None:
    """OpenTelemetry is imported where it is asked for, and nowhere else."""
    with collecting() as collector:
        environ = environment(
            tmp_path, temporal.address, KAI_BRIDGE_PORT="0", **(collector.environ if on else {})
        )
        errors = tmp_path / "errors"
        async with running(["-X", "importtime", "-m", program], environ, errors) as one_program:
            await one_program.ready()
    assert (" opentelemetry" in errors.read_text()) == on


@pytest.mark.parametrize("on", [False, True])
def test_without_traces_a_command_imports_nothing_of_it(tmp_path: Path, on: bool) -> None:
    """Nor does `kai ask`, whose start is waited for by a person."""
    kai = kai_in(tmp_path / "home")
    exporter = "console" if on else "none"
    asked = kai.run(
        *("ask", "--json", QUESTION), OTEL_TRACES_EXPORTER=exporter, PYTHONPROFILEIMPORTTIME="1"
    )
    assert asked.returncode == 0, asked.stderr
    assert (" opentelemetry" in asked.stderr) == on


async def test_a_missing_extra_is_named(temporal: DevServer, tmp_path: Path) -> None:
    """Who asks for traces without the packages is told what to install, and how to do without."""
    without = (
        "import sys; sys.modules['opentelemetry'] = None; sys.argv = ['api']; "
        "from api.__main__ import main; sys.exit(main())"
    )
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}
    environ = environment(tmp_path, temporal.address, KAI_BRIDGE_PORT="0", **variables)
    errors = tmp_path / "errors"
    async with running(["-c", without], environ, errors) as program:
        await program.process.communicate()
    assert program.process.returncode == 2
    said = errors.read_text()
    assert said.startswith("kai: OTEL_EXPORTER_OTLP_ENDPOINT asks for traces")
    assert "kai-flow[traces]" in said
    assert "OTEL_TRACES_EXPORTER=none" in said


@pytest.mark.parametrize("began_with", [False, True])
async def test_a_session_goes_on_when_traces_are_switched(
    temporal: DevServer,
    client: Client,
    bridge: str,
    session_id: str,
    monkeypatch: pytest.MonkeyPatch,
    began_with: bool,
) -> None:
    """Workers with and without traces take over from each other; each replays what was before."""
    queue = f"traces-{secrets.token_hex(4)}"
    with collecting() as collector:
        async with AsyncExitStack() as stack:
            traced = await stack.enter_async_context(dispatching(temporal, collector, monkeypatch))
            first = traced if began_with else client
            handle = await first.start_workflow("Steps", id=session_id, task_queue=queue)
            ids: list[str] = []
            for number in range(4):
                on = (number % 2 == 0) == began_with
                async with Worker(
                    traced if on else client,
                    task_queue=queue,
                    workflows=[Steps],
                    activities=[speak],
                    plugins=[StreamPlugin(bridge=bridge)],
                    max_cached_workflows=0,  # every workflow task replays all that was before
                ):
                    await handle.signal("say", f"word {number}")

                    async def is_done(expected: int = number + 1) -> bool:
                        return bool(await handle.query("count") == expected)

                    await eventually(is_done)
                    if number == 3:
                        await handle.signal("say", "")
                        *ids, _ = await handle.result()
    assert ids == ["1.1.2", "2.1.2", "3.1.2", "4.1.2"]
    activities = collector.named("RunActivity:speak")
    assert len(activities) == 2
    assert len({span.trace for span in activities}) == (1 if began_with else 2)
    history = await handle.fetch_history()
    for interceptors in ([], [Traces(TracerProvider(shutdown_on_exit=False))]):
        await Replayer(
            workflows=[Steps], plugins=[StreamPlugin()], interceptors=interceptors
        ).replay_workflow(history)


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: file.stem)
async def test_recorded_histories_replay_with_traces(file: Path) -> None:
    """What was recorded without traces replays with them."""
    replayer = Replayer(
        workflows=ALL,
        plugins=[StreamPlugin()],
        interceptors=[Traces(TracerProvider(shutdown_on_exit=False))],
        workflow_runner=SandboxedWorkflowRunner(
            restrictions=SandboxRestrictions.default.with_passthrough_modules(PASSTHROUGH)
        ),
    )
    await replayer.replay_workflow(recorded(file))


def test_the_embedded_server_exports_nothing(tmp_path: Path) -> None:
    """It would read the same variables, and does not start with an exporter that it lacks."""
    kai = kai_in(tmp_path / "home")
    asked = kai.run("ask", "--json", QUESTION, OTEL_TRACES_EXPORTER="console")
    assert asked.returncode == 0, asked.stderr
    assert '"name": "SELECT"' in asked.stderr


async def test_a_stream_goes_on_in_the_next_run_with_traces(
    temporal: DevServer, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both the stream and the trace are carried on in headers, and neither drops the other's."""
    queue = f"traces-{secrets.token_hex(4)}"
    with collecting() as collector:
        async with (
            dispatching(temporal, collector, monkeypatch) as client,
            several_worker(client, queue),
        ):
            handle = await client.start_workflow(
                Long.run, args=[2, ""], id=session_id, task_queue=queue
            )
            await handle.result()
            newest = await client.get_workflow_handle(session_id).describe()
            start = await read_start(client, session_id, newest.run_id)
            assert start.first_run_id == handle.first_execution_run_id
            assert start.continued_from is not None
    runs = collector.named("RunWorkflow:Long")
    assert len(runs) == 3
    assert len({span.trace for span in runs}) == 1
