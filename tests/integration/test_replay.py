"""Sessions that older versions began are carried on by this one: recorded histories replay."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from kai_flow.stream.batches import decode_batch
from kai_flow.stream.buffer import EventBuffer, Limits
from kai_flow.stream.errors import InvalidBatch
from kai_flow.stream.interceptor import StreamInterceptor
from kai_flow.worker import PASSTHROUGH
from kai_flow.workflows import KaiChatWorkflow
from tests.integration.record_histories import FOLDER, KINDS

HISTORIES = sorted(FOLDER.glob("*.json"))


@workflow.defn(name="KaiChatWorkflow", sandboxed=False)
class Changed:
    """What somebody might make of it: one command more."""

    @workflow.run
    async def run(self, _chat: Any) -> None:
        """Do something else than was recorded."""
        await workflow.sleep(timedelta(seconds=1))


def recorded(file: Path) -> WorkflowHistory:
    """The history in a file."""
    return WorkflowHistory.from_json(f"recorded-{file.stem}", file.read_text())


def replayer(*workflows: type) -> Replayer:
    """A replayer that is set up as the worker is."""
    return Replayer(
        workflows=list(workflows),
        interceptors=[StreamInterceptor()],
        workflow_runner=SandboxedWorkflowRunner(
            restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSTHROUGH)
        ),
    )


def test_every_kind_of_session_is_recorded() -> None:
    """There is one history of each kind the recorder knows, without the recorder's machine."""
    assert {file.stem for file in HISTORIES} == set(KINDS)
    for file in HISTORIES:
        text = file.read_text()
        history = json.loads(text)
        assert set(_values_of("identity", history)) == {"recorded"}
        queues = {name.partition("@")[2] for name in _values_of("name", history) if "@" in name}
        assert all(name.startswith("recorded-") for name in queues)
        assert "/work/" not in text
        assert "site-packages" not in text


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: file.stem)
async def test_a_recorded_session_replays(file: Path) -> None:
    """The workflow's code makes of a recorded history just the commands that are in it."""
    await replayer(KaiChatWorkflow).replay_workflow(recorded(file))


async def test_a_changed_workflow_would_be_noticed() -> None:
    """The replay fails for code that issues other commands."""
    with pytest.raises(workflow.NondeterminismError):
        await replayer(Changed).replay_workflow(recorded(FOLDER / "plain.json"))


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"refused", "failed", "cancelled"}))
def test_a_recorded_stream_ends_where_its_result_says(kind: str) -> None:
    """The fold of the recorded signals is whole, and its last event is the result's."""
    history = recorded(FOLDER / f"{kind}.json")
    started = history.events[0].workflow_execution_started_event_attributes
    buffer = EventBuffer(started.original_execution_run_id, Limits(10_000, 2**24))
    for event in history.events:
        for payload in event.workflow_execution_signaled_event_attributes.input.payloads:
            try:
                buffer.apply(decode_batch(payload.data))
            except InvalidBatch:
                assert kind == "disturbed"
    completed = history.events[-1].workflow_execution_completed_event_attributes
    result = json.loads(completed.result.payloads[0].data)
    assert str(buffer.last) == result["last_event_id"]
    assert buffer.last is not None
    assert len(buffer) == buffer.last.seq
    assert buffer.lost == (0, 0, 0)


def _values_of(name: str, value: Any) -> list[Any]:
    if isinstance(value, list):
        return [found for item in value for found in _values_of(name, item)]
    if not isinstance(value, dict):
        return []
    own = [value[name]] if name in value else []
    return own + [found for item in value.values() for found in _values_of(name, item)]
