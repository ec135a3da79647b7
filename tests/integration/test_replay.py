"""Sessions that older versions began are carried on by this one: recorded histories replay."""

import hashlib
import json
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from kai_flow.stream.batches import Batch, decode_batch
from kai_flow.stream.buffer import EventBuffer, Limits
from kai_flow.stream.errors import InvalidBatch
from kai_flow.stream.fold import Disposition, Fold
from kai_flow.stream.plugin import StreamPlugin
from kai_flow.worker.service import PASSTHROUGH
from kai_flow.workflows import KaiChatWorkflow
from tests.integration.record_histories import CHECKSUMS, FOLDER, KINDS, MANY, REPORTS
from tests.integration.reporting import Report

HISTORIES = sorted(FOLDER.glob("*.json"))
CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"


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


def run_of(history: WorkflowHistory) -> str:
    """The run whose history this is; after a reset it is named only where the reset is."""
    run_id = history.events[0].workflow_execution_started_event_attributes.original_execution_run_id
    for event in history.events:
        run_id = event.workflow_task_failed_event_attributes.new_run_id or run_id
    return run_id


def batches_in(history: WorkflowHistory) -> list[Batch]:
    """The batches signalled, in order; what is none is left out."""
    batches = []
    for event in history.events:
        for payload in event.workflow_execution_signaled_event_attributes.input.payloads:
            with suppress(InvalidBatch):
                batches.append(decode_batch(payload.data))
    return batches


def replayer(*workflows: type) -> Replayer:
    """A replayer that is set up as the worker is."""
    return Replayer(
        workflows=list(workflows),
        plugins=[StreamPlugin()],
        workflow_runner=SandboxedWorkflowRunner(
            restrictions=SandboxRestrictions.default.with_passthrough_modules(PASSTHROUGH)
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
    await replayer(KaiChatWorkflow, Report).replay_workflow(recorded(file))


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: file.stem)
async def test_a_session_replays_whichever_run_it_is_taken_for(file: Path) -> None:
    """A reset run has an id for its worker and another for the Replayer: it decides the same."""
    history = recorded(file)
    started = history.events[0].workflow_execution_started_event_attributes
    runs = (
        run_of(history),
        started.original_execution_run_id,
        "01977777-0000-7000-8000-000000000000",
    )
    assert len(set(runs)) == 2 + file.stem.startswith("reset")
    for run_id in runs:
        started.original_execution_run_id = run_id
        await replayer(KaiChatWorkflow, Report).replay_workflow(history)


async def test_a_changed_workflow_would_be_noticed() -> None:
    """The replay fails for code that issues other commands."""
    with pytest.raises(workflow.NondeterminismError):
        await replayer(Changed).replay_workflow(recorded(FOLDER / "plain.json"))


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"refused", "failed", "cancelled", *REPORTS}))
def test_a_recorded_stream_ends_where_its_result_says(kind: str) -> None:
    """The fold of the recorded signals is whole, and its last event is the result's."""
    history = recorded(FOLDER / f"{kind}.json")
    buffer = EventBuffer(run_of(history), Limits(10_000, 2**24))
    for batch in batches_in(history):
        buffer.apply(batch)
    completed = history.events[-1].workflow_execution_completed_event_attributes
    result = json.loads(completed.result.payloads[0].data)
    assert str(buffer.last) == result["last_event_id"]
    assert buffer.last is not None
    assert len(buffer) == buffer.last.seq
    assert buffer.lost == (0, 0, 0)


def test_every_batch_of_duplicates_came_twice() -> None:
    """In `duplicates` each batch was signalled twice, and the fold takes each in once."""
    history = recorded(FOLDER / "duplicates.json")
    batches = batches_in(history)
    assert len(batches) > 5
    assert set(Counter(batches).values()) == {2}
    fold = Fold(run_of(history))
    dispositions = Counter(fold.apply(batch).disposition for batch in batches)
    assert (
        dispositions[Disposition.ACCEPTED]
        == dispositions[Disposition.DUPLICATE]
        == len(batches) / 2
    )


def test_many_signals_are_many() -> None:
    """`many-signals` holds at least 600 accepted batches, in a file that is no burden."""
    file = FOLDER / "many-signals.json"
    history = recorded(file)
    fold = Fold(run_of(history))
    dispositions = Counter(fold.apply(batch).disposition for batch in batches_in(history))
    assert dispositions[Disposition.ACCEPTED] >= MANY >= 600
    assert file.stat().st_size < 1_500_000


def test_a_reset_run_ignores_the_batches_of_the_old_one() -> None:
    """The new run's history keeps the old run's batches, and its fold takes in none of them."""
    history = recorded(FOLDER / "reset.json")
    old_run = history.events[
        0
    ].workflow_execution_started_event_attributes.original_execution_run_id
    new_run = run_of(history)
    assert new_run != old_run
    fold = Fold(new_run)
    dispositions: dict[str, set[Disposition]] = {old_run: set(), new_run: set()}
    for batch in batches_in(history):
        dispositions[batch.run_id].add(fold.apply(batch).disposition)
    assert dispositions == {old_run: {Disposition.OTHER_RUN}, new_run: {Disposition.ACCEPTED}}
    reset_at = next(
        number
        for number, event in enumerate(history.events)
        if event.workflow_task_failed_event_attributes.new_run_id
    )
    for part in (history.events[:reset_at], history.events[reset_at:]):  # kept, and applied again
        assert old_run in {batch.run_id for batch in batches_in(WorkflowHistory("part", part))}


def test_a_run_that_is_reset_during_its_second_activity_streams_that_one() -> None:
    """What the first activity said belongs to the old run; the new run's fold has the second's."""
    history = recorded(FOLDER / "reset-second-activity.json")
    fold = Fold(run_of(history))
    streamed = [event for batch in batches_in(history) for event in fold.apply(batch).events]
    assert [str(event.id) for event in streamed] == [f"2.1.{n}" for n in range(1, 7)]
    assert streamed[0].decode()["topic"] == "dogs"
    others = [batch for batch in batches_in(history) if batch.run_id != fold.run_id]
    assert {batch.first.producer for batch in others} == {1, 2}


def test_no_history_is_recorded_anew_in_silence() -> None:
    """The committed histories are those of checksums.txt, and the CHANGELOG knows that list."""
    lines = [line.split() for line in CHECKSUMS.read_text().splitlines()]
    known = {name: digest for digest, name in lines}
    found = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in HISTORIES}
    differing = sorted(name for name, _ in known.items() ^ found.items())
    assert not differing, (
        f"{', '.join(dict.fromkeys(differing))}: recorded anew? Then record it in CHANGELOG.md and "
        "update checksums.txt: (cd tests/histories && LC_ALL=C sha256sum *.json > checksums.txt)"
    )
    digest = hashlib.sha256(CHECKSUMS.read_bytes()).hexdigest()[:12]
    assert f"`{digest}`" in CHANGELOG.read_text(), (
        f"checksums.txt has changed: say in CHANGELOG.md which histories were recorded anew, and "
        f"why, in a line that names the list as `{digest}`"
    )


def _values_of(name: str, value: Any) -> list[Any]:
    if isinstance(value, list):
        return [found for item in value for found in _values_of(name, item)]
    if not isinstance(value, dict):
        return []
    own = [value[name]] if name in value else []
    return own + [found for item in value.values() for found in _values_of(name, item)]
