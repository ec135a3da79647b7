"""The stream of one run: what it takes over, records, accepts and answers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload
from temporalio.workflow import ReadOnlyContextError

from kai_flow.stream.errors import InvalidEvent
from kai_flow.stream.header import (
    Carried,
    ProducerHeader,
)
from kai_flow.stream.ids import EventId
from kai_flow.stream.progress import Liveness, RunLiveness
from kai_flow.stream.run_stream import LIVENESS_CHECK, REFUSALS_EVERY
from kai_flow.stream.wire_names import (
    EVENTS,
    PROGRESS,
    STREAM_HEADER,
)
from kai_flow.stream.workflow import WorkflowEventStream
from tests.property.strategies import OTHER_RUN, RUN, numbered, run_of
from tests.unit.own_workflow import FIRST, Workflow, install, place


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Workflow:
    """The first run of a workflow."""
    return install(monkeypatch)


def test_a_mark_counts_behind_all_signals_of_its_workflow_task(here: Workflow) -> None:
    """As in the history, so that the workflow accepts what every other reader accepts."""
    first = here.start()
    here.task = 7
    here.signal(run_of(FIRST, 2))
    first.end()
    here.start()  # by the handler of a signal, for example
    here.signal(run_of(EventId(1, 1, 3), 1))  # handled later in the same task
    assert here.events == ["1.1.1", "1.1.2", "1.1.3"]
    here.task = 11
    here.signal(run_of(EventId(1, 1, 4), 1), run_of(EventId(2, 1, 1), 1))
    assert here.events == ["1.1.1", "1.1.2", "1.1.3", "2.1.1"]


@pytest.mark.parametrize("bad", [{}, "text", None, {"type": "done"}, {"type": "superseded"}])
def test_a_call_with_a_value_that_is_no_event_changes_nothing(here: Workflow, bad: Any) -> None:
    """Also not for the events before it."""
    with pytest.raises(InvalidEvent):
        WorkflowEventStream().publish({"type": "good"}, bad)
    assert (here.events, here.memos) == ([], [])


def test_a_read_only_context_changes_nothing(here: Workflow) -> None:
    """`publish` raises before it takes a number."""
    stream = WorkflowEventStream()
    here.read_only = True
    with pytest.raises(ReadOnlyContextError, match="query handler"):
        stream.publish({"type": "good"})
    here.read_only = False
    assert (here.events, here.memos) == ([], [])


NEXT = "0190b6a2-7e1c-7000-8000-0000aaaaaaaa"


@pytest.mark.parametrize(
    ("info", "first_run_id", "number"),
    [
        ({"continued_run_id": OTHER_RUN}, RUN, 5),
        # A workflow retry: its header is that of the run before the one that it replaces.
        ({"continued_run_id": RUN}, NEXT, 1),
        ({"continued_run_id": None}, NEXT, 1),
        # A reset: the numbers are in the copied history already, the stream is its own.
        (
            {"continued_run_id": OTHER_RUN, "original_execution_run_id": "the run that was reset"},
            NEXT,
            5,
        ),
    ],
)
def test_a_run_goes_on_with_the_stream_of_the_run_that_it_continues(
    monkeypatch: pytest.MonkeyPatch, info: dict[str, Any], first_run_id: str, number: int
) -> None:
    """And with the numbers, also after a reset; every other run begins anew."""
    carried = Carried(RUN, OTHER_RUN, producer=4, spoken=9)
    info = {"original_execution_run_id": NEXT, **info}
    run = install(monkeypatch, run_id=NEXT, carried=carried, **info)
    run.time += timedelta(seconds=5)
    run.start()
    assert isinstance(run.header, ProducerHeader)
    assert (run.header.first_run_id, run.header.producer) == (first_run_id, number)
    assert run.header.age == 0.0  # each run has its own signals to save
    WorkflowEventStream().publish({"type": "a"})
    assert run.events == [f"0.1.{10 if number == 5 else 1}"]


def test_a_header_that_cannot_be_read_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one of another program would."""
    headers = {STREAM_HEADER: Payload(data=b"<html>")}
    run = install(monkeypatch, headers=headers, continued_run_id=OTHER_RUN)
    run.start()
    assert isinstance(run.header, ProducerHeader)
    assert (run.header.first_run_id, run.header.producer) == (RUN, 1)


@given(st.lists(st.sampled_from([b"<html>", b"{}", None]), min_size=1, max_size=40))
def test_a_refused_signal_changes_nothing(bodies: list[bytes | None]) -> None:
    """Whatever it carries, also no value or two: one line in REFUSALS_EVERY says how many."""
    with pytest.MonkeyPatch.context() as patching:
        here = install(patching)
        for number, body in enumerate(bodies):
            if body is None:
                here.deliver(*([b"{}", b"{}"] if number % 2 else []))
            else:
                here.deliver(body)
        assert len(here.warnings) == 1
        here.time += REFUSALS_EVERY
        here.deliver(b"<html>")
        assert f"({len(bodies)} since the last line)" in here.warnings[-1]
        assert here.progress["status"] == "waiting"


def test_the_server_is_asked_only_while_a_session_is_silent(here: Workflow) -> None:
    """Its answer for the newest activity replaces the status; an end, or an event, needs none."""
    asked: list[tuple[str, str]] = []

    def check(session_id: str, run_id: str) -> RunLiveness:
        asked.append((session_id, run_id))
        return RunLiveness(
            Liveness("running", 1), {"7": Liveness("running", 1), "mine": Liveness("retrying", 2)}
        )

    here.functions[LIVENESS_CHECK] = check
    here.start()
    here.start(activity_id="mine")
    here.task += 4
    here.signal(
        numbered(FIRST, [{"type": "started", "activity_id": "7"}]),
        numbered(EventId(2, 1, 1), [{"type": "started", "activity_id": "mine"}]),
    )
    answer = here.progress
    assert asked == [("session-1", RUN)]
    assert [(one["producer"], one["status"]) for one in answer["producers"]] == [
        (1, "running"),
        (2, "retrying"),
    ]
    here.time = datetime.now(UTC)
    here.signal(run_of(EventId(2, 1, 2), 1))
    asked.clear()
    assert [one["status"] for one in here.progress["producers"]] == ["running", "running"]
    WorkflowEventStream().close("partial")
    assert here.progress["status"] == "partial"
    assert asked == []


def test_queries_of_the_workflows_own_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stream registers only those that the workflow does not have."""
    made = place(monkeypatch)
    made.queries[PROGRESS] = theirs = object()
    made.begin()
    assert made.queries[PROGRESS] is theirs
    assert EVENTS in made.queries
