"""The workflow's side alone: producer numbers, waiting for the last events, and its two queries."""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue
from temporalio.workflow import ContinueAsNewError

from kai_flow.stream import workflow as module
from kai_flow.stream.batches import Batch, encode_batch
from kai_flow.stream.buffer import Limits
from kai_flow.stream.errors import InvalidQuery
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.interceptor import LIVENESS_CHECK, ProducerNumber, appointed
from kai_flow.stream.progress import Liveness
from kai_flow.stream.wire_names import EVENTS, PROGRESS, PUBLISH_EVENTS, UNSTORED
from kai_flow.stream.workflow import REFUSALS_EVERY, WorkflowEventStream
from tests.property.strategies import OTHER_RUN, RUN, run_of

FIRST = EventId(1, 1, 1)
MARK = NumberedEvent(EventId(1, 1, 3), UNSTORED, b'{"type":"unstored"}')
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Sandbox:
    """What `temporalio.workflow` offers to the stream, with a clock that the test sets."""

    def __init__(self, run_id: str = RUN) -> None:
        self.time = LONG_AGO
        self.started: list[ProducerNumber | None] = []  # what each activity was given
        self.activity_ends = asyncio.Event()
        self.warnings: list[str] = []
        self.signals: dict[str, Callable[..., None]] = {}
        self.queries: dict[str, Callable[..., Any]] = {}
        self.functions: dict[str, Any] = {}
        self._info = SimpleNamespace(
            first_execution_run_id=run_id,
            run_id=run_id,
            workflow_id="session-1",
            start_time=LONG_AGO,
            get_current_history_size=lambda: 1_893,
        )
        self.logger = SimpleNamespace(
            warning=lambda line, *values: self.warnings.append(line % values)
        )
        self.unsafe = SimpleNamespace(sandbox_unrestricted=nullcontext)
        self.set_signal_handler = self.signals.__setitem__
        self.set_query_handler = self.queries.__setitem__

    def info(self) -> Any:
        """Of the run."""
        return self._info

    def now(self) -> datetime:
        """The workflow's clock, which stands still in a workflow task."""
        return self.time

    def extern_functions(self) -> dict[str, Any]:
        """What may be called outside."""
        return self.functions

    def start_activity(self, _name: str) -> asyncio.Task[bool]:
        """An activity that ends when the test says so."""
        self.started.append(appointed.get())
        return asyncio.create_task(self.activity_ends.wait())

    async def wait_condition(self, holds: Callable[[], bool], *, timeout: timedelta) -> None:
        """What is not there yet does not come in time."""
        if not holds():
            raise TimeoutError(str(timeout))


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The place in which the stream of a test runs."""
    made = Sandbox()
    monkeypatch.setattr(module, "workflow", made)
    return made


def signal(sandbox: Sandbox, events: tuple[NumberedEvent, ...], run_id: str = RUN) -> None:
    """A batch arrives."""
    deliver(sandbox, encode_batch(Batch(run_id, events)))


def deliver(sandbox: Sandbox, *values: bytes) -> None:
    """A signal with these values arrives."""
    payloads = [Payload(metadata={"encoding": b"json/plain"}, data=value) for value in values]
    sandbox.signals[PUBLISH_EVENTS](*(RawValue(payload) for payload in payloads))


def progress(sandbox: Sandbox) -> dict[str, Any]:
    """The answer of the query."""
    answer: dict[str, Any] = sandbox.queries[PROGRESS]()
    return answer


async def test_producers_are_numbered_one_after_the_other(sandbox: Sandbox) -> None:
    """Each activity gets the next number, the age of the stream and the size of the history."""
    stream = WorkflowEventStream()
    for number, age in ((1, 0.0), (2, 90.0)):
        running = asyncio.create_task(stream.execute_activity("chat"))
        await asyncio.sleep(0)
        assert sandbox.started[-1] == ProducerNumber(number, RUN, age, 1_893)
        with pytest.raises(RuntimeError, match=r"already running.*: await it"):
            await stream.execute_activity("chat")
        sandbox.activity_ends.set()
        await running
        sandbox.activity_ends.clear()
        sandbox.time += timedelta(seconds=90)
    assert appointed.get() is None


@pytest.mark.parametrize(
    ("arrived", "last", "reached"),
    [
        (run_of(FIRST, 3), "1.1.3", True),
        (run_of(FIRST, 2), "1.1.3", False),
        (run_of(FIRST, 3), "1.2.1", False),  # of the attempt before
        ((), None, True),
        ((), "1.1.1", False),
        ((*run_of(FIRST, 2), MARK), "1.1.9", True),  # the rest is live only
    ],
)  # fmt: skip
async def test_the_last_events_are_waited_for(
    sandbox: Sandbox, arrived: tuple[NumberedEvent, ...], last: str | None, reached: bool
) -> None:
    """Until they came, or all of them that are stored; one that never comes is a warning."""
    stream = WorkflowEventStream()
    if arrived:
        signal(sandbox, arrived)
    assert await stream.drain(last) == reached
    assert sandbox.warnings == ([] if reached else [f"the stream ends before {last}"])


@pytest.mark.parametrize("last", [FIRST, list(FIRST)])
async def test_the_last_event_may_be_given_as_numbers(
    sandbox: Sandbox, last: EventId | list[int]
) -> None:
    """Without `str()`, an id comes back from an activity as a list: `drain` reads it as well."""
    stream = WorkflowEventStream()
    assert not await stream.drain(last)
    assert sandbox.warnings == ["the stream ends before 1.1.1"]
    signal(sandbox, run_of(FIRST, 1))
    assert await stream.drain(last)


async def test_after_a_reset_the_batches_of_the_old_run_decide(sandbox: Sandbox) -> None:
    """They do not enter the buffer, but `drain` decides by them as the old run did."""
    stream = WorkflowEventStream()
    signal(sandbox, run_of(FIRST, 3), OTHER_RUN)
    assert await stream.drain("1.1.3")
    assert progress(sandbox)["events"] == 0


@pytest.mark.parametrize("first", [EventId(1, 1, 2), EventId(7, 1, 1)])
async def test_junk_of_another_session_decides_nothing(sandbox: Sandbox, first: EventId) -> None:
    """A run counts from the first event of an attempt on, of a producer that was started."""
    stream = WorkflowEventStream()
    signal(sandbox, run_of(first, 5), OTHER_RUN)
    assert not await stream.drain(str(first.offset(4)))


@given(st.lists(st.sampled_from([b"<html>", b"{}", None]), min_size=1, max_size=40))
def test_a_refused_signal_changes_nothing(bodies: list[bytes | None]) -> None:
    """Whatever it carries, also no value or two: one line in REFUSALS_EVERY says how many."""
    with pytest.MonkeyPatch.context() as patching:
        sandbox = Sandbox()
        patching.setattr(module, "workflow", sandbox)
        WorkflowEventStream()
        for number, body in enumerate(bodies):
            if body is None:
                deliver(sandbox, *([b"{}", b"{}"] if number % 2 else []))
            else:
                deliver(sandbox, body)
        assert len(sandbox.warnings) == 1
        sandbox.time += REFUSALS_EVERY
        deliver(sandbox, b"<html>")
        assert f"({len(bodies)} since the last line)" in sandbox.warnings[-1]
        assert progress(sandbox)["status"] == "waiting"


@pytest.mark.parametrize(
    ("error", "status", "phase"),
    [
        (None, "completed", "closed"),
        (ValueError(), "failed", "closed"),
        (asyncio.CancelledError(), "cancelled", "closed"),
        (ContinueAsNewError.__new__(ContinueAsNewError), "running", "continued"),
        (GeneratorExit(), "running", "answering"),  # a worker that stops has ended nothing
    ],
)
def test_progress_tells_how_the_workflow_ended(
    sandbox: Sandbox, error: BaseException | None, status: str, phase: str
) -> None:
    """The block around `run` notes how it was left, and passes every error on."""
    stream = WorkflowEventStream()
    signal(sandbox, (NumberedEvent(FIRST, "token", b'{"type":"token","content":"a"}'),))

    def run() -> None:
        with stream.session():
            if error is not None:
                raise error

    if error is None:
        run()
    else:
        with pytest.raises(type(error)):
            run()
    answer = progress(sandbox)
    assert (answer["status"], answer["phase"]) == (status, phase)


async def test_the_server_is_asked_only_while_a_silent_activity_runs(sandbox: Sandbox) -> None:
    """Its answer replaces the status; a session that has ended, or speaks, needs none."""
    asked: list[tuple[str, str]] = []

    def check(session_id: str, run_id: str) -> Liveness:
        asked.append((session_id, run_id))
        return Liveness("retrying", 2)

    sandbox.functions[LIVENESS_CHECK] = check
    stream = WorkflowEventStream()
    assert progress(sandbox)["status"] == "waiting", "no streaming activity runs"
    running = asyncio.create_task(stream.execute_activity("chat"))
    await asyncio.sleep(0)
    assert progress(sandbox)["status"] == "retrying"
    assert asked[-1] == ("session-1", RUN)
    sandbox.time = datetime.now(UTC)
    signal(sandbox, run_of(FIRST, 1))
    asked.clear()
    assert progress(sandbox)["status"] == "running"
    stream.close("partial")
    assert progress(sandbox)["status"] == "partial"
    assert asked == []
    sandbox.activity_ends.set()
    await running


def test_events_are_answered_page_by_page(sandbox: Sandbox) -> None:
    """Within the limits of the buffer; an argument that is none fails the query."""
    stream = WorkflowEventStream(Limits(events=2))
    signal(sandbox, run_of(FIRST, 3))
    answer = sandbox.queries[EVENTS]
    page = msgspec.json.decode(answer().payload.data)
    assert [one["id"] for one in page["events"]] == ["1.1.2", "1.1.3"]
    assert (page["gap"], page["closed"]) == ({"after": None, "before": "1.1.2"}, False)
    stream.close("completed")
    assert msgspec.json.decode(answer({"after": "1.1.3"}).payload.data)["closed"]
    for wrong in ({"before": "1.1.1"}, {"max_bytes": 1}, {"after": 7}):
        with pytest.raises(InvalidQuery):
            answer(wrong)
