"""The stream in the code of a workflow."""

import msgspec
import pytest

from kai_flow.stream.batches import decode_record
from kai_flow.stream.buffer import Limits
from kai_flow.stream.errors import InvalidQuery
from kai_flow.stream.workflow import WorkflowEventStream
from tests.property.strategies import run_of
from tests.unit.own_workflow import FIRST, Workflow, install, place


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Workflow:
    """The first run of a workflow."""
    return install(monkeypatch)


def test_without_the_plugin_there_is_no_stream_object(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names it."""
    place(monkeypatch)
    with pytest.raises(RuntimeError, match=r"give `plugins=\[StreamPlugin\(\)\]`"):
        WorkflowEventStream()


def test_published_events_are_recorded_and_held_at_once(here: Workflow) -> None:
    """One record for each call, numbered on."""
    stream = WorkflowEventStream()
    stream.publish({"type": "a"}, {"type": "b"})
    WorkflowEventStream().publish({"type": "c"})
    stream.publish()
    assert here.events == ["0.1.1", "0.1.2", "0.1.3"]
    records = [decode_record(memo.payload.data) for memo in here.memos]
    assert [[str(event.id) for event in record.events] for record in records] == [
        ["0.1.1", "0.1.2"],
        ["0.1.3"],
    ]
    assert {memo.payload.metadata["encoding"] for memo in here.memos} == {b"json/plain"}


def test_events_are_answered_page_by_page(here: Workflow) -> None:
    """Within the limits of the buffer; an argument that is none fails the query."""
    stream = WorkflowEventStream(Limits(events=2))
    here.signal(run_of(FIRST, 3))
    page = msgspec.json.decode(stream.events().payload.data)
    assert [one["id"] for one in page["events"]] == ["1.1.2", "1.1.3"]
    assert [one["before"] for one in page["gap"]["missing"]] == ["1.1.2"]
    assert not page["closed"]
    stream.close("completed")
    assert msgspec.json.decode(stream.events({"after": "1.1.3"}).payload.data)["closed"]
    for wrong in ({"before": "1.1.1"}, {"max_bytes": 1}, {"after": 7}):
        with pytest.raises(InvalidQuery):
            stream.events(wrong)
    assert stream.progress()["events"] == 3
