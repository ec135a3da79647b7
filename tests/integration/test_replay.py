"""Sessions that older versions began are carried on by this one: recorded histories replay."""

import hashlib
import json
from collections import Counter
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory
from temporalio.converter import DataConverter
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from kai_flow.stream.buffer import EventBuffer, Limits
from kai_flow.stream.fold import Disposition, Fold
from kai_flow.stream.header import ProducerHeader, decode_header
from kai_flow.stream.plugin import StreamPlugin
from kai_flow.stream.recorded import Published, Recorded, Scheduled
from kai_flow.stream.tail import RunHistory
from kai_flow.stream.wire_names import PRODUCER_HEADER
from kai_flow.temporal.search_attributes import TYPES
from kai_flow.worker.service import PASSTHROUGH
from kai_flow.workflows import KaiChatWorkflow
from tests.integration.record_histories import CHECKSUMS, FOLDER, KINDS, MANY, OTHERS
from tests.integration.reporting import Report
from tests.integration.several import WORKFLOWS
from tests.integration.unstreamed import Doubled, Unstreamed

ALL = [KaiChatWorkflow, Report, Unstreamed, Doubled, *WORKFLOWS]
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


async def items_in(history: WorkflowHistory) -> list[Recorded]:
    """What the history records of a stream, in order."""
    client: Any = SimpleNamespace(data_converter=DataConverter.default)
    reading = RunHistory(client, history.workflow_id, run_of(history))
    items = [await reading._item(event) for event in history.events]
    return [item for item in items if item is not None]


async def signals_in(history: WorkflowHistory) -> list[Published]:
    """The signals with batches, in order; what is none is left out."""
    return [item for item in await items_in(history) if isinstance(item, Published)]


async def verdicts_of(history: WorkflowHistory, fold: Fold) -> Counter[Disposition]:
    """What a fold decides about the batches of a history."""
    items = await items_in(history)
    return Counter(verdict.disposition for item in items for verdict in fold.take(item)[0])


def headers_in(history: WorkflowHistory) -> list[ProducerHeader | None]:
    """The numbers of all activities that were scheduled; None: of one without a header."""
    found: list[ProducerHeader | None] = []
    for event in history.events:
        if event.HasField("activity_task_scheduled_event_attributes"):
            fields = event.activity_task_scheduled_event_attributes.header.fields
            header = (
                decode_header(fields[PRODUCER_HEADER].data) if PRODUCER_HEADER in fields else None
            )
            assert header is None or isinstance(header, ProducerHeader)
            found.append(header)
    return found


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
    assert {file.stem for file in HISTORIES} == {*KINDS, *OTHERS}
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
    await replayer(*ALL).replay_workflow(recorded(file))


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
        await replayer(*ALL).replay_workflow(history)


async def test_a_changed_workflow_would_be_noticed() -> None:
    """The replay fails for code that issues other commands."""
    with pytest.raises(workflow.NondeterminismError):
        await replayer(Changed).replay_workflow(recorded(FOLDER / "plain.json"))


def test_a_history_without_numbers_has_no_trace_of_the_plugin() -> None:
    """`without-plugin` was recorded by a worker that had none, and yet it replays with it."""
    history = recorded(FOLDER / "without-plugin.json")
    numbers = headers_in(history)
    assert len(numbers) > 5
    assert set(numbers) == {None}
    assert b"kai-" not in b"".join(event.SerializeToString() for event in history.events)


def test_a_workflow_whose_worker_gets_the_plugin_goes_on_with_numbers() -> None:
    """In `plugin-added` the later activities have numbers that count the earlier ones as well."""
    numbers = headers_in(recorded(FOLDER / "plugin-added.json"))
    first = next(index for index, number in enumerate(numbers) if number is not None)
    assert first >= 6
    later = numbers[first:]
    assert [number and number.producer for number in later] == list(
        range(first + 1, len(numbers) + 1)
    )


@pytest.mark.parametrize("kind", sorted({*KINDS} - {"refused", "failed", "cancelled"}))
async def test_a_recorded_stream_ends_where_its_result_says(kind: str) -> None:
    """The fold of what is recorded is whole, and its last event is the result's."""
    history = recorded(FOLDER / f"{kind}.json")
    buffer = EventBuffer(run_of(history), Limits(10_000, 2**24))
    for item in await items_in(history):
        buffer.take(item)
    completed = history.events[-1].workflow_execution_completed_event_attributes
    result = json.loads(completed.result.payloads[0].data)
    assert str(buffer.last) == result["last_event_id"]
    assert buffer.last is not None
    assert len(buffer) == buffer.last.seq
    assert buffer.evicted == 0


async def test_every_batch_of_duplicates_came_twice() -> None:
    """In `duplicates` each batch was signalled twice, and the fold takes each in once."""
    history = recorded(FOLDER / "duplicates.json")
    signals = await signals_in(history)
    assert len(signals) > 5
    assert set(Counter(signals).values()) == {2}
    verdicts = await verdicts_of(history, Fold(run_of(history)))
    assert verdicts[Disposition.ACCEPTED] == verdicts[Disposition.DUPLICATE] == len(signals) / 2


async def test_many_signals_are_many() -> None:
    """`many-signals` holds at least 600 accepted batches, in a file that is no burden."""
    file = FOLDER / "many-signals.json"
    history = recorded(file)
    verdicts = await verdicts_of(history, Fold(run_of(history)))
    assert verdicts[Disposition.ACCEPTED] >= MANY >= 600
    assert file.stat().st_size < 1_500_000


async def test_a_reset_run_ignores_the_batches_of_the_old_one() -> None:
    """The new run's history keeps the old run's batches, and its fold takes in none of them."""
    history = recorded(FOLDER / "reset.json")
    started = history.events[0].workflow_execution_started_event_attributes
    old_run, new_run = started.original_execution_run_id, run_of(history)
    assert new_run != old_run
    fold = Fold(new_run)
    dispositions: dict[str, set[Disposition]] = {old_run: set(), new_run: set()}
    for item in await items_in(history):
        for verdict in fold.take(item)[0]:
            assert isinstance(item, Published)
            dispositions[item.run_id].add(verdict.disposition)
    assert dispositions == {old_run: {Disposition.OTHER_RUN}, new_run: {Disposition.ACCEPTED}}
    reset_at = next(
        number
        for number, event in enumerate(history.events)
        if event.workflow_task_failed_event_attributes.new_run_id
    )
    signal_at = [
        number
        for number, event in enumerate(history.events)
        if old_run in str(event.workflow_execution_signaled_event_attributes.input)
    ]
    assert min(signal_at) < reset_at < max(signal_at), "some are kept, and some applied again"


async def test_a_run_that_is_reset_during_its_second_activity_streams_that_one() -> None:
    """What the first activity said belongs to the old run; the new run's fold has the second's."""
    history = recorded(FOLDER / "reset-second-activity.json")
    fold = Fold(run_of(history))
    items = await items_in(history)
    streamed = [
        event for item in items for verdict in fold.take(item)[0] for event in verdict.events
    ]
    assert [str(event.id) for event in streamed] == [f"2.1.{n}" for n in range(1, 7)]
    assert streamed[0].decode()["topic"] == "dogs"
    others = [one for one in await signals_in(history) if one.run_id != fold.run_id]
    assert {batch.first.producer for one in others for batch in one.batches} == {1, 2}


@pytest.mark.parametrize("kind", ["abandoned", "try-cancelled"])
async def test_a_history_has_late_batches_of_an_activity_that_was_left(kind: str) -> None:
    """The mark of the next activity closes it, and the batch behind that is superseded."""
    history = recorded(FOLDER / f"{kind}.json")
    verdicts = await verdicts_of(history, Fold(run_of(history)))
    assert verdicts[Disposition.SUPERSEDED] >= 1


@pytest.mark.parametrize(("kind", "producer"), [("continued", 3), ("reset-continued", 2)])
async def test_a_run_that_continues_another_goes_on_with_its_numbers(
    kind: str, producer: int
) -> None:
    """Also when it was reset."""
    history = recorded(FOLDER / f"{kind}.json")
    marks = [item for item in await items_in(history) if isinstance(item, Scheduled)]
    assert marks[0].producer == producer


def test_search_attributes_are_set_by_one_event_where_they_are_registered() -> None:
    """In `search-attributes` the activity has found them, and nothing is set elsewhere."""
    upserts = {
        file.stem: [
            event.upsert_workflow_search_attributes_event_attributes.search_attributes
            for event in recorded(file).events
            if event.event_type == EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES
        ]
        for file in HISTORIES
    }
    [found] = upserts.pop("search-attributes")
    assert found.indexed_fields.keys() == TYPES.keys()
    others = [one for ones in upserts.values() for one in ones]  # of patches, by the SDK itself
    assert not any(one.indexed_fields.keys() & TYPES.keys() for one in others)


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
