"""Around the code of a workflow: numbers of its activities, its end, and its next run."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from temporalio.workflow import ContinueAsNewError

from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.header import (
    Carried,
    ProducerHeader,
    Refused,
    decode_carried,
)
from kai_flow.stream.wire_names import (
    PUBLISH_EVENTS,
    STREAM_HEADER,
)
from kai_flow.stream.workflow import WorkflowEventStream
from tests.property.strategies import RUN
from tests.unit.own_workflow import AGAIN, FIRST, Workflow, install, place


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Workflow:
    """The first run of a workflow."""
    return install(monkeypatch)


def test_activities_are_numbered_beside_those_under_way(here: Workflow) -> None:
    """With the age of the session and the size of the history; a refused call takes no number."""
    first = here.start()
    assert here.header == ProducerHeader(1, frozenset(), RUN, 0.0, 1_893)
    here.time += timedelta(seconds=90)
    with pytest.raises(ValueError, match="timeout"):
        here.start("refused")
    here.start()
    assert here.header == ProducerHeader(2, frozenset({1}), RUN, 90.0, 1_893)
    first.end()
    here.start()
    assert here.header == ProducerHeader(3, frozenset({2}), RUN, 90.0, 1_893)


def test_too_many_at_once_get_no_number(here: Workflow) -> None:
    """The activity is started all the same, and is beside nobody."""
    handles = [here.start() for _ in range(127)]
    for handle in handles[1::2]:
        handle.end()
    here.start()
    assert here.header == Refused("too_many_beside")
    handles[2].end()
    here.start()
    assert isinstance(here.header, ProducerHeader)
    assert here.header.producer == 128
    assert here.header.beside == frozenset(range(1, 128, 2)) - {3}


def test_a_workflow_with_a_signal_of_that_name_has_no_stream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It keeps its signal and its activities; a stream object says why there is none."""
    made = place(monkeypatch)
    made.signals[PUBLISH_EVENTS] = theirs = object()
    made.begin()
    made.start()
    assert made.header == Refused("own_signal")
    assert made.signals == {PUBLISH_EVENTS: theirs}
    with pytest.raises(RuntimeError, match="'publish_events' of its own"):
        WorkflowEventStream()


def outcome(here: Workflow, error: BaseException | None) -> dict[str, Any]:
    """The progress when the workflow's code has ended so."""

    async def run() -> str:
        if error is not None:
            raise error
        return "result"

    here.inbound.next.execute_workflow = lambda _call: run()
    call: Any = SimpleNamespace()
    step = here.inbound.execute_workflow(call)
    with pytest.raises(StopIteration if error is None else type(error)) as ended:
        step.send(None)
    assert error is None or ended.value is error
    return here.progress


@pytest.mark.parametrize(
    ("error", "status", "phase"),
    [
        (None, "completed", "closed"),
        (ValueError(), "failed", "closed"),
        (asyncio.CancelledError(), "cancelled", "closed"),
        (AGAIN, "running", "continued"),
        (GeneratorExit(), "running", "answering"),  # a worker that stops has ended nothing
    ],
)
def test_progress_tells_how_the_workflow_ended(
    here: Workflow, error: BaseException | None, status: str, phase: str
) -> None:
    """The interceptor notes how the code ended, and passes every error on."""
    here.signal((NumberedEvent(FIRST, "token", b'{"type":"token","content":"a"}'),))
    answer = outcome(here, error)
    assert (answer["status"], answer["phase"]) == (status, phase)


@pytest.mark.parametrize(("error", "status"), [(None, "partial"), (ValueError(), "failed")])
def test_a_workflow_may_say_how_it_ends(
    here: Workflow, error: BaseException | None, status: str
) -> None:
    """Its own status stays, unless its code fails afterwards."""
    WorkflowEventStream().close("partial")
    assert outcome(here, error)["status"] == status


def test_the_next_run_goes_on_with_what_was_published_at_the_very_end(here: Workflow) -> None:
    """The headers of every call are filled when the code has ended, not when it is called."""
    here.start()
    here.time += timedelta(seconds=60)
    for _ in range(2):
        with pytest.raises(ContinueAsNewError):
            here.outbound.continue_as_new(SimpleNamespace(headers={"own": "kept"}))
    WorkflowEventStream().publish({"type": "bye"})
    outcome(here, AGAIN)
    for call in here.calls[1:]:
        assert call.headers["own"] == "kept"
        carried = decode_carried(call.headers[STREAM_HEADER].data)
        assert carried == Carried(RUN, RUN, producer=1, spoken=1)
