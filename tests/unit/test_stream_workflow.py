"""The workflow's side alone: numbers, the voice, what goes on in the next run, and its queries."""

import asyncio
from collections.abc import Awaitable, Callable
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
from temporalio.workflow import ContinueAsNewError, ReadOnlyContextError

from kai_flow.stream import run_stream, workflow_interceptor
from kai_flow.stream import workflow as module
from kai_flow.stream.batches import Batch, decode_record, encode_signal
from kai_flow.stream.buffer import Limits
from kai_flow.stream.errors import InvalidEvent, InvalidQuery
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.header import (
    Carried,
    ProducerHeader,
    Refused,
    decode_carried,
    decode_header,
    encode_carried,
)
from kai_flow.stream.ids import EventId
from kai_flow.stream.progress import Liveness, RunLiveness
from kai_flow.stream.run_stream import LIVENESS_CHECK, REFUSALS_EVERY
from kai_flow.stream.wire_names import (
    EVENTS,
    PRODUCER_HEADER,
    PROGRESS,
    PUBLISH_EVENTS,
    STREAM_HEADER,
    VOICE_MEMO,
)
from kai_flow.stream.workflow import WorkflowEventStream
from kai_flow.stream.workflow_interceptor import WorkflowInterceptor
from tests.property.strategies import OTHER_RUN, RUN, run_of

FIRST = EventId(1, 1, 1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
AGAIN = ContinueAsNewError.__new__(ContinueAsNewError)


class Handle:
    """An activity that ends when the test says so."""

    _seq = 7

    def __init__(self) -> None:
        self._callbacks: list[Callable[[Any], None]] = []

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        """Called when it ends."""
        self._callbacks.append(callback)

    def end(self) -> None:
        """It ends, however that may be."""
        for callback in self._callbacks:
            callback(self)


class Workflow:
    """What `temporalio.workflow` offers to a stream, with a clock and a task that the test sets."""

    ReadOnlyContextError = ReadOnlyContextError
    ContinueAsNewError = ContinueAsNewError

    def __init__(self, run_id: str = RUN, carried: Carried | None = None, **info: Any) -> None:
        self.time = LONG_AGO
        self.task = 3  # the length of the history by the task that runs
        self.read_only = False
        self.warnings: list[str] = []
        self.signals: dict[str | None, Any] = {}
        self.queries: dict[str | None, Any] = {}
        self.functions: dict[str, Any] = {}
        self.memos: list[RawValue] = []
        self.calls: list[Any] = []  # of activities and of continue-as-new, as they were made
        headers = {} if carried is None else {STREAM_HEADER: Payload(data=encode_carried(carried))}
        self._info = SimpleNamespace(
            run_id=run_id,
            original_execution_run_id=run_id,
            continued_run_id=None,
            headers=headers,
            workflow_id="session-1",
            start_time=LONG_AGO,
            get_current_history_size=lambda: 1_893,
            get_current_history_length=lambda: self.task,
        )
        vars(self._info).update(info)
        self.logger = SimpleNamespace(
            warning=lambda line, *values: self.warnings.append(line % values)
        )
        self.unsafe = SimpleNamespace(
            sandbox_unrestricted=nullcontext, is_read_only=lambda: self.read_only
        )
        self.set_signal_handler = self.signals.__setitem__
        self.get_signal_handler = self.signals.get
        self.set_query_handler = self.queries.__setitem__
        self.get_query_handler = self.queries.get
        self.inbound: Any = None

    def info(self) -> Any:
        """Of the run."""
        return self._info

    def now(self) -> datetime:
        """The workflow's clock, which stands still in a workflow task."""
        return self.time

    def extern_functions(self) -> dict[str, Any]:
        """What may be called outside."""
        return self.functions

    def upsert_memo(self, updates: dict[str, RawValue]) -> None:
        """A command."""
        assert list(updates) == [VOICE_MEMO]
        self.memos.extend(updates.values())

    def _start(self, call: Any) -> Handle:
        if call.activity == "refused":
            raise ValueError("an activity needs a timeout")
        self.calls.append(call)
        return Handle()

    def _continue(self, call: Any) -> None:
        self.calls.append(call)
        raise AGAIN

    def begin(self, run: Callable[[], Awaitable[Any]] | None = None) -> None:
        """The SDK makes the interceptor; `run` is the workflow's code."""
        following = SimpleNamespace(
            init=lambda outbound: setattr(self, "outbound", outbound),
            execute_workflow=lambda _call: (run or asyncio.Event().wait)(),
        )
        self.outbound: Any = None
        self.inbound = WorkflowInterceptor(following)  # type: ignore[arg-type]
        sdk = SimpleNamespace(
            info=self.info, start_activity=self._start, continue_as_new=self._continue
        )
        self.inbound.init(sdk)

    def start(self, activity: str = "chat", activity_id: str | None = None) -> Handle:
        """The workflow's code starts an activity."""
        call = SimpleNamespace(activity=activity, activity_id=activity_id, headers={"own": "kept"})
        handle: Handle = self.outbound.start_activity(call)
        return handle

    @property
    def header(self) -> ProducerHeader | Refused:
        """The header of the activity that was started last."""
        headers = self.calls[-1].headers
        assert headers["own"] == "kept"
        return decode_header(headers[PRODUCER_HEADER].data)

    def signal(self, *batches: tuple[NumberedEvent, ...], run_id: str = RUN) -> None:
        """Batches arrive in a signal."""
        self.deliver(encode_signal(run_id, [Batch(events) for events in batches]))

    def deliver(self, *values: bytes) -> None:
        """A signal with these values arrives."""
        payloads = [Payload(metadata={"encoding": b"json/plain"}, data=value) for value in values]
        self.signals[PUBLISH_EVENTS](*(RawValue(payload) for payload in payloads))

    @property
    def progress(self) -> dict[str, Any]:
        """The answer of the query."""
        answer: dict[str, Any] = self.queries[PROGRESS]()
        return answer

    @property
    def events(self) -> list[str]:
        """The ids of all events that the query answers."""
        page = msgspec.json.decode(self.queries[EVENTS]().payload.data)
        return [one["id"] for one in page["events"]]


Begin = Callable[..., Workflow]


def install(patching: pytest.MonkeyPatch, **options: Any) -> Workflow:
    """A workflow of a worker with the interceptor."""
    made = Workflow(**options)
    for place in (module, run_stream, workflow_interceptor):
        patching.setattr(place, "workflow", made)
    made.begin()
    return made


@pytest.fixture
def begin(monkeypatch: pytest.MonkeyPatch) -> Begin:
    """Begins a run."""
    return lambda **options: install(monkeypatch, **options)


@pytest.fixture
def here(begin: Begin) -> Workflow:
    """The first run of a workflow."""
    return begin()


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
    made = Workflow()
    for place in (module, run_stream, workflow_interceptor):
        monkeypatch.setattr(place, "workflow", made)
    made.signals[PUBLISH_EVENTS] = theirs = object()
    made.begin()
    made.start()
    assert made.header == Refused("own_signal")
    assert made.signals == {PUBLISH_EVENTS: theirs}
    with pytest.raises(RuntimeError, match="'publish_events' of its own"):
        WorkflowEventStream()


def test_without_the_plugin_there_is_no_stream_object(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names it."""
    monkeypatch.setattr(module, "workflow", Workflow())
    with pytest.raises(RuntimeError, match=r"give `plugins=\[StreamPlugin\(\)\]`"):
        WorkflowEventStream()


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
        assert carried == Carried(RUN, RUN, producer=1, spoken=1, age=60.0)


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
    begin: Begin, info: dict[str, Any], first_run_id: str, number: int
) -> None:
    """And with the numbers, also after a reset; every other run begins anew."""
    carried = Carried(RUN, OTHER_RUN, producer=4, spoken=9, age=30.0)
    run = begin(run_id=NEXT, carried=carried, **{"original_execution_run_id": NEXT, **info})
    run.time += timedelta(seconds=5)
    run.start()
    assert isinstance(run.header, ProducerHeader)
    assert (run.header.first_run_id, run.header.producer) == (first_run_id, number)
    assert run.header.age == (35.0 if number == 5 else 0.0)
    WorkflowEventStream().publish({"type": "a"})
    assert run.events == [f"0.1.{10 if number == 5 else 1}"]


def test_a_header_that_cannot_be_read_begins_anew(begin: Begin) -> None:
    """As one of another program would."""
    run = begin(headers={STREAM_HEADER: Payload(data=b"<html>")}, continued_run_id=OTHER_RUN)
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
    here.signal(run_of(FIRST, 1), run_of(EventId(2, 1, 1), 1))
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


def test_queries_of_the_workflows_own_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stream registers only those that the workflow does not have."""
    made = Workflow()
    for place in (module, run_stream, workflow_interceptor):
        monkeypatch.setattr(place, "workflow", made)
    made.queries[PROGRESS] = theirs = object()
    made.begin()
    assert made.queries[PROGRESS] is theirs
    assert EVENTS in made.queries
