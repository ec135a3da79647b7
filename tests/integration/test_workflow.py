"""`KaiChatWorkflow` on the real server and worker, with an agent that does what the test says."""

import asyncio
import gzip
import json
import secrets
import time
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from httpx._decoders import GZipDecoder
from temporalio.api.common.v1 import Payload
from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowQueryFailedError,
)
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError, CancelledError

from kai_flow.settings import StartError
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.outbox import Outbox
from kai_flow.stream.place import NOWHERE
from kai_flow.stream.reader import EventReader, EventsMissing, read_history
from kai_flow.workflows import KaiChatInput
from tests.agents import scripted
from tests.integration.conftest import Ask, Handle, worker_on
from tests.integration.hubs import held_up, ticking
from tests.integration.log_records import records_of
from tests.integration.receivers import answer, receiving
from tests.integration.stage import Play
from tests.integration.subscriber import read_all, subscribed
from tests.integration.waiting import DEADLINE_SECONDS, eventually, until

STARTED = {
    "type": "started", "producer": 1, "attempt": 1, "activity": "chat_streaming",
    "activity_id": "1", "beside": [],
}  # fmt: skip
ENDED = {"type": "ended", "producer": 1, "status": "completed"}
RESULT_KEYS = {
    "task_id", "status", "final_answer", "sql_queries", "charts", "insights",
    "suggested_questions", "execution_time_ms", "error", "events_sent", "events_failed",
    "last_event_id",
}  # fmt: skip


async def failure_of(handle: Handle, seconds: float = 20) -> Exception:
    """Why the workflow failed: the innermost cause."""
    async with asyncio.timeout(seconds):
        with pytest.raises(WorkflowFailureError) as failed:
            await handle.result()
    cause: BaseException = failed.value
    while cause.__cause__ is not None:
        cause = cause.__cause__
    assert isinstance(cause, Exception)
    return cause


async def at_gate(session_id: str, gate: str = "a") -> None:
    """Wait until the agent stands at the gate."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        await scripted.reached[f"{session_id}/{gate}"].wait()


def open_gate(session_id: str, gate: str = "a") -> None:
    """Let the agent go on."""
    scripted.opened[f"{session_id}/{gate}"].set()


async def stored(client: Client, handle: Handle) -> list[dict[str, Any]]:
    """The session's events from its history."""
    run_id = (await handle.describe()).run_id
    history = await read_history(client, handle.id, run_id)
    return [e.decode() for e in history.read(NOWHERE, 2**40).events]


# What a session is


async def test_a_session_streams_what_its_agent_yields(
    ask: Ask, bridge: str, session_id: str
) -> None:
    """A subscriber sees `started`, every event of the agent, and `done` with the result."""
    handle = await ask({"say": {"type": "thinking", "content": "…"}}, {"tokens": 3, "pause": 0.01})
    reader = await read_all(f"{bridge}/stream/{session_id}")
    result = await handle.result()
    assert [seen.event for seen in reader.seen] == [
        STARTED,
        {"type": "thinking", "content": "…"},
        *({"type": "token", "content": f"t{n} "} for n in range(3)),
        ENDED,
        {"type": "done", "result": result},
    ]
    assert reader.ids == ["1.1.1", "1.1.2", "1.1.3", "1.1.4", "1.1.5", "end"]


async def test_the_result_has_the_documented_form(ask: Ask, session_id: str) -> None:
    """A stream without a `done` of its own completes with its tokens as the answer."""
    result = await (await ask({"tokens": 3})).result()
    assert set(result) == RESULT_KEYS
    assert result["status"] == "completed"
    assert result["final_answer"] == "t0 t1 t2 "
    assert result["error"] is None
    assert (result["events_sent"], result["events_failed"]) == (4, 0)
    assert result["last_event_id"] == "1.1.4"
    assert session_id in result["task_id"]
    assert result["execution_time_ms"] >= 0


async def test_an_agents_own_done_gives_the_result(ask: Ask, bridge: str, session_id: str) -> None:
    """The agent's `done` is not passed on: its result becomes the session's."""
    own = {
        "status": "partial", "final_answer": "42", "sql_queries": [{"sql": "select 1"}],
        "charts": [{"widget_type": "bar"}], "insights": ["i"], "suggested_questions": ["q"],
    }  # fmt: skip
    handle = await ask({"tokens": 1}, {"result": own}, {"tokens": 1})
    result = await handle.result()
    assert {key: result[key] for key in own} == own
    reader = await read_all(f"{bridge}/stream/{session_id}")
    assert reader.types == ["started", "token", "ended", "done"]
    assert reader.seen[-1].event["result"] == result
    assert (await handle.query("progress"))["status"] == "partial"


async def test_the_agent_is_told_its_task(ask: Ask, session_id: str, client: Client) -> None:
    """The task carries the session, the prompt, the connection, the conversation, the attempt."""
    question = KaiChatInput("[]", "koperasi", "talk-7", None)
    handle = await ask()
    await handle.result()
    handle = await client.start_workflow(
        "KaiChatWorkflow", question, id=session_id, task_queue=(await handle.describe()).task_queue
    )
    await handle.result()
    task = scripted.tasks[session_id][-1]
    assert (task.session_id, task.prompt, task.db_connection_id) == (session_id, "[]", "koperasi")
    assert (task.mode, task.context, task.attempt) == ("chat", {"conversation_id": "talk-7"}, 1)


async def test_without_a_callback_only_the_ends_are_streamed(
    ask: Ask, bridge: str, session_id: str, client: Client
) -> None:
    """With no callback URL `execute` runs, and `started` and `done` are the whole stream."""
    handle = await ask({"tokens": 3}, callback_url=None)
    result = await handle.result()
    assert result["final_answer"] == "executed"
    assert (result["events_sent"], result["events_failed"]) == (0, 0)
    assert result["last_event_id"] == "1.1.1"
    assert await stored(client, handle) == [STARTED]
    assert (await read_all(f"{bridge}/stream/{session_id}")).types == ["started", "ended", "done"]


async def test_a_huge_result_is_cut_and_says_so(ask: Ask) -> None:
    """A result over 512 KiB is shortened, marked, and still delivered."""
    result = await (await ask({"huge": 200_000})).result()
    assert 400_000 < len(json.dumps(result, ensure_ascii=False).encode()) <= 512 * 1024
    assert result["truncated"] is True


async def test_odd_events_arrive_mended(ask: Ask, bridge: str, session_id: str) -> None:
    """Surrogates, line breaks, every plane of Unicode and huge events leave the stream whole."""
    contents = ["a\r\nb\u2028c\0", "\U0001f642é\u0000", "\ud800", ""]
    handle = await ask(
        *({"say": {"type": "token", "content": content}} for content in contents),
        {"say": {"type": "blob", "data": "x" * 300_000}},
        {"say": {"type": "custom.thing", "deep": {"ü": [1, None, 1e300]}}},
    )
    reader = await read_all(f"{bridge}/stream/{session_id}")
    mended = [*contents[:2], "\ufffd", ""]
    events = [seen.event for seen in reader.seen[1:-1]]
    assert [event.get("content") for event in events[:4]] == mended
    assert events[4] == {"type": "omitted", "of": "blob", "bytes": 300_025}
    assert events[5] == {"type": "custom.thing", "deep": {"ü": [1, None, 1e300]}}
    result = await handle.result()
    assert (result["status"], result["final_answer"]) == ("completed", "".join(mended))
    assert result["last_event_id"] == "1.1.7"


async def test_an_odd_failure_is_told_mended_and_cut(ask: Ask) -> None:
    """An agent may report a failure of whatever characters and length."""
    text = "\ud800 and \0 and " + "x" * 600_000
    result = await (await ask({"say": {"type": "error", "error": text}})).result()
    assert result["status"] == "failed"
    assert result["error"].startswith("\ufffd and \0 and x")
    assert len(result["error"]) <= 10_000


# Queries


async def test_queries_answer_while_the_session_runs_and_after(
    ask: Ask, session_id: str, bridge: str
) -> None:
    """`progress` and `events` tell of a running session, and the same of the closed one."""
    handle = await ask(
        {"tokens": 2}, {"say": {"type": "tool_start", "tool": "sql", "input": {}}},
        {"gate": "a"},
        {"say": {"type": "tool_end", "tool": "sql", "output": 1}}, {"tokens": 1},
    )  # fmt: skip
    async with subscribed(f"{bridge}/stream/{session_id}") as reader:
        await reader.saw("tool_start")
    await at_gate(session_id)

    async def durable() -> bool:
        return bool((await handle.query("progress"))["events"] == 4)

    await eventually(durable)
    progress = await handle.query("progress")
    assert progress["elapsed_ms"] > 0
    assert progress.pop("elapsed_ms") < 60_000
    assert progress.pop("buffer") | {"bytes": 0} == {
        "first": "1.1.1", "last": "1.1.4", "events": 4, "bytes": 0, "evicted": 0
    }  # fmt: skip
    assert progress == {
        "status": "running", "phase": "using a tool", "producer": 1, "attempt": 1,
        "last_event_id": "1.1.4", "events": 4, "tokens": 2, "current_tool": "sql",
        "answer_tail": "t0 t1 ",
        "producers": [{
            "producer": 1, "activity": "chat_streaming", "attempt": 1, "last_event_id": "1.1.4",
            "events": 4, "status": "running", "phase": "using a tool", "current_tool": "sql",
        }],
    }  # fmt: skip
    running = await handle.query("events", {"after": "1.1.2"})
    assert [item["id"] for item in running["events"]] == ["1.1.3", "1.1.4"]
    assert running["events"][0]["event"] == {"type": "token", "content": "t1 "}
    assert (running["first"], running["last"], running["next"]) == ("1.1.1", "1.1.4", "1.1.4")
    assert (running["has_more"], running["gap"], running["closed"]) == (False, None, False)

    open_gate(session_id)
    await handle.result()
    closed = await handle.query("events", {"after": "1.1.3", "max_bytes": 16384})
    assert [item["id"] for item in closed["events"]] == ["1.1.4", "1.1.5", "1.1.6"]
    assert closed["closed"] is True
    progress = await handle.query("progress")
    assert (progress["status"], progress["phase"]) == ("completed", "closed")
    assert (progress["current_tool"], progress["answer_tail"]) == (None, "t0 t1 t0 ")
    later = await handle.query("progress")
    assert later["elapsed_ms"] == progress["elapsed_ms"], "a closed session does not grow older"


async def test_pages_lead_from_one_to_the_next(ask: Ask, client: Client) -> None:
    """Small pages, each asked for with the last one's `next`, give every event once, in order."""
    texts = [f"{n}" + "x" * 5_000 for n in range(20)]
    handle = await ask(*({"say": {"type": "note", "text": text}} for text in texts))
    await handle.result()
    after, pages, got = None, 0, []
    while True:
        page = await handle.query("events", {"after": after, "max_bytes": 16384})
        got += [item["event"].get("text") for item in page["events"]]
        pages += 1
        after = page["next"]
        if not page["has_more"]:
            break
    assert got == [None, *texts]
    assert pages >= 6
    read = [event async for event in EventReader(client, handle.id).events()]
    assert len(read) == 21


async def test_what_is_no_longer_held_is_not_overlooked(ask: Ask, client: Client) -> None:
    """A plain loop over the events ends in an error that names the range, and how to go on."""
    handle = await ask({"tokens": 2_500})
    await handle.result()
    reader = EventReader(client, handle.id)
    with pytest.raises(EventsMissing, match=r"before 1\.1\.502\..*read_history") as missing:
        await anext(reader.events())
    assert [str(one.before) for one in missing.value.gap.missing] == ["1.1.502"]
    read = [event.id async for event in reader.events(after=missing.value.go_on_after)]
    assert read == [EventId(1, 1, seq) for seq in range(502, 2_502)]
    gap, *held = [item async for item in reader.events_and_gaps()]
    assert gap == missing.value.gap
    assert [item.id for item in held if isinstance(item, NumberedEvent)] == read
    assert [event.id async for event in reader.events(after="1.1.600")] == read[99:]


@pytest.mark.parametrize(
    "argument",
    [
        {"after": "abc"}, {"after": "1.1"}, {"after": 5}, {"max_bytes": 1},
        {"max_bytes": 2**30}, {"max_bytes": "much"}, {"before": "1.1.1"}, "1.1.1", [1], 7,
    ],
)  # fmt: skip
async def test_a_wrong_query_is_refused_in_one_sentence(
    ask: Ask, argument: object, session_id: str
) -> None:
    """An argument that cannot be meant fails the query, not the session."""
    handle = await ask({"gate": "a"})
    await at_gate(session_id)
    with pytest.raises(WorkflowQueryFailedError) as refused:
        await handle.query("events", argument)
    assert "Traceback" not in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1, str(refused.value)
    open_gate(session_id)
    assert (await handle.result())["status"] == "completed"


async def test_queries_without_an_argument_begin_at_the_beginning(ask: Ask) -> None:
    """`events` with no argument, null or `{}` reads from the first event."""
    handle = await ask({"tokens": 1})
    await handle.result()
    pages = [
        await handle.query("events"),
        await handle.query("events", None),
        await handle.query("events", {}),
        await handle.query("events", {"after": None}),
    ]
    assert all(page == pages[0] for page in pages)
    assert [item["id"] for item in pages[0]["events"]] == ["1.1.1", "1.1.2"]


# Signals nobody should have sent


async def test_garbage_signals_break_nothing(ask: Ask, session_id: str, client: Client) -> None:
    """Whatever is signalled, the session goes on, and its stream holds what its agent yielded."""
    handle = await ask({"tokens": 1}, {"gate": "a"}, {"tokens": 1})
    await at_gate(session_id)
    run_id = (await handle.describe()).run_id
    signal = {"v": 1, "run_id": run_id}
    good = {"producer": 1, "attempt": 1, "first": 2, "items": [{"event": {"type": "x"}}]}
    batches: list[Any] = [
        {**good, "items": []}, {**good, "items": [{}]},
        {**good, "items": [{"event": {"no": "type"}}]},
        {**good, "items": [{"tokens": {"type": "token", "content": "ab"}, "cuts": [1, -1, 2]}]},
        {**good, "items": [{"tokens": {"type": "token", "content": "ab"}, "cuts": [5]}]},
        {**good, "first": 0}, {**good, "first": 2**60}, {**good, "producer": "1"},
        {**good, "producer": 0}, {**good, "producer": 2}, 7,
    ]  # fmt: skip
    garbage: list[Any] = [
        None, 5, "text", [], {}, {"v": 1}, signal, {**signal, "batches": []},
        {**signal, "v": 2, "batches": [good]}, {**signal, "batches": [good, good]},
    ]  # fmt: skip
    for argument in [*garbage, *({**signal, "batches": [batch]} for batch in batches)]:
        await handle.signal("publish_events", argument)
    await handle.signal("publish_events")
    await handle.signal("publish_events", args=[1, 2, 3])
    await handle.signal("publish_events", RawValue(Payload(metadata={}, data=b"\xff")))
    await handle.signal("no_such_signal", 1)

    async def all_is_in() -> bool:
        return bool((await handle.query("progress"))["last_event_id"] == "1.1.2")

    await eventually(all_is_in)
    open_gate(session_id)
    result = await handle.result()
    assert result["last_event_id"] == "1.1.3"
    page = await handle.query("events")
    assert [item["event"]["type"] for item in page["events"]] == ["started", "token", "token"]


async def test_signals_meant_for_another_run_are_ignored(
    ask: Ask, session_id: str, client: Client
) -> None:
    """A batch that names another run changes nothing, in whatever workflow it lands."""
    handle = await ask({"tokens": 1}, {"gate": "a"})
    await at_gate(session_id)
    run_id = (await handle.describe()).run_id
    other = run_id[:-1] + ("0" if run_id[-1] != "0" else "1")
    for first in (1, 2, 3):
        batch = {"producer": 1, "attempt": 9, "first": first,
                 "items": [{"event": {"type": "token", "content": "forged"}}]}  # fmt: skip
        forged = {"v": 1, "run_id": other, "batches": [batch]}
        await handle.signal("publish_events", forged)
    open_gate(session_id)
    await handle.result()
    assert [e["type"] for e in await stored(client, handle)] == ["started", "token"]
    assert (await handle.query("progress"))["attempt"] == 1


async def test_a_run_that_continues_as_new_has_not_failed(play: Play) -> None:
    """`progress` of the run that has ended says `running`: the session goes on in the next one."""
    await play.signal([1, 2])
    await play.end(again=True)
    handle = play.client.get_workflow_handle(play.id, run_id=play.run_id)

    async def continued() -> bool:
        description = await handle.describe()
        return description.status == WorkflowExecutionStatus.CONTINUED_AS_NEW

    await eventually(continued)
    progress = await handle.query("progress")
    assert (progress["status"], progress["phase"]) == ("running", "continued")
    assert (await handle.query("events"))["closed"] is True


# Ending badly


async def test_an_agent_that_raises_is_tried_three_times(
    ask: Ask, bridge: str, session_id: str
) -> None:
    """A failing attempt is repeated twice; then the workflow is Failed, and `done` says why."""
    async with subscribed(f"{bridge}/stream/{session_id}") as reader:
        began = time.monotonic()
        handle = await ask({"tokens": 1}, {"raise": "the cable is out"})
        await reader.until(lambda: reader.types.count("attempt_failed") == 2)

        async def retrying() -> bool:
            return bool((await handle.query("progress"))["status"] == "retrying")

        await eventually(retrying)
        assert "the cable is out" in str(await failure_of(handle))
        assert time.monotonic() - began > 2.5, "first retry after 1 s, the second after 2 s"
        done = await reader.saw("done")
    assert [task.attempt for task in scripted.tasks[session_id]] == [1, 2, 3]
    assert reader.types == ["started", "token", "attempt_failed"] * 3 + ["ended", "done"]
    assert [seen.place[:2] for seen in reader.seen[:9:3]] == [(1, 1), (1, 2), (1, 3)]
    assert done.event["status"] == "failed"
    assert "the cable is out" in done.event["error"]
    assert (await handle.query("progress"))["status"] == "failed"
    again = await read_all(f"{bridge}/stream/{session_id}")
    assert again.types == reader.types[-5:], "superseded attempts are not shown again"


async def test_a_retry_replaces_what_the_first_attempt_showed(
    ask: Ask, bridge: str, session_id: str
) -> None:
    """After a retry the stream and the answer are the second attempt's alone."""
    handle = await ask(
        {"tokens": 2}, {"attempt": 1, "do": [{"tokens": 3}, {"raise": "once"}]}, {"tokens": 1}
    )
    result = await handle.result()
    assert result["final_answer"] == "t0 t1 t0 "
    assert result["last_event_id"] == "1.2.4"
    reader = await read_all(f"{bridge}/stream/{session_id}")
    assert reader.ids == ["1.2.1", "1.2.2", "1.2.3", "1.2.4", "end"]
    assert reader.seen[0].event == STARTED | {"attempt": 2}


async def test_an_agent_that_reports_failure_is_not_retried(
    ask: Ask, bridge: str, session_id: str
) -> None:
    """A stream that ends with `error` completes the workflow with the status `failed`."""
    handle = await ask({"tokens": 1}, {"say": {"type": "error", "error": "no such table"}})
    result = await handle.result()
    assert (result["status"], result["error"]) == ("failed", "no such table")
    assert len(scripted.tasks[session_id]) == 1
    reader = await read_all(f"{bridge}/stream/{session_id}")
    assert reader.types == ["started", "token", "error", "ended", "done"]
    assert (await handle.query("progress"))["status"] == "failed"


async def test_what_no_retry_can_mend_fails_at_once(ask: Ask, session_id: str) -> None:
    """A task the agent calls bad fails the workflow with its sentence, after one attempt."""
    failure = await failure_of(await ask({"bad_task": "There is no connection 'x'; make one."}))
    assert isinstance(failure, ApplicationError)
    assert failure.message == "There is no connection 'x'; make one."
    assert failure.non_retryable
    assert len(scripted.tasks[session_id]) == 1


async def test_an_event_that_is_none_fails_the_attempt(ask: Ask, session_id: str) -> None:
    """An agent that yields something without a `type` is told so."""
    failure = await failure_of(await ask({"tokens": 1}, {"say": {"content": "no type"}}))
    assert "type" in str(failure)
    assert len(scripted.tasks[session_id]) == 3


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ([], "input"),
        ([None], "object"),
        (["just text"], "object"),
        ([{}], "prompt"),
        ([{"connection_id": "koperasi"}], "prompt"),
        ([{"prompt": "x"}], "connection_id"),
        ([{"prompt": 5, "connection_id": "koperasi"}], "prompt"),
        ([{"prompt": None, "connection_id": "koperasi"}], "prompt"),
        ([{"prompt": "x", "connection_id": ["koperasi"]}], "connection_id"),
        ([{"prompt": "x", "connection_id": "k", "callback_url": 7}], "callback_url"),
        ([{"prompt": "x", "connection_id": "k", "callback_url": "ftp://x/y"}], "callback_url"),
        ([{"prompt": "x", "connection_id": "k", "callback_url": "localhost:8092"}], "callback_url"),
        ([{"prompt": "x", "connection_id": "k", "callback_url": "http://[::1"}], "callback_url"),
        ([{"prompt": "x", "connection_id": "k", "callback_url": "http://evil.example/e"}],
         "KAI_CALLBACK_ALLOW"),
        ([{"prompt": "x", "connection_id": "k", "callback_url": "http://169.254.169.254/"}],
         "KAI_CALLBACK_ALLOW"),
        ([{"prompt": "x", "connection_id": "k", "callback_url": "http://u:s3cret@localhost/e"}],
         "leave them out"),
        ([{"prompt": "x", "connection_id": "k", "callback_url": "ftp://u:s3cret@localhost/e"}],
         "leave them out"),
        ([{"prompt": "x", "connection_id": "k", "callback_url": "u:s3cret@localhost/e"}],
         "leave them out"),
        ([{"prompt": "x", "connection_id": "k", "callback_url": "http:///u:s3cret@localhost/e"}],
         "leave them out"),
        ([{"prompt": "x", "connection_id": "k", "callback_url": "http://evil.example?to=a@b"}],
         "KAI_CALLBACK_ALLOW"),
    ],
)  # fmt: skip
async def test_wrong_input_fails_at_once_in_one_sentence(
    client: Client,
    queue: str,
    session_id: str,
    question: list[Any],
    says: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A session that cannot be meant is Failed within seconds, and says what is wrong.

    A password in its input is repeated neither in the failure nor in the log.
    """
    handle: Handle = await client.start_workflow(
        "KaiChatWorkflow", args=question, id=session_id, task_queue=queue
    )
    failure = await failure_of(handle, 5)
    assert says in str(failure)
    assert len(str(failure).splitlines()) == 1
    assert scripted.tasks[session_id] == []
    assert "s3cret" not in str(failure) + caplog.text


CHAT = b'{"prompt": "x", "connection_id": "koperasi"}'
DEEP = b"[" * 5_000 + b"]" * 5_000


@pytest.mark.parametrize(
    ("encoding", "values", "says"),
    [
        (b"json/plain", [b'{"prompt": '], "truncated"),
        (b"json/plain", [b""], "truncated"),
        (b"json/plain", [b'{"prompt": "\xff", "connection_id": "k"}'], "input is wrong"),
        (b"json/plain", [CHAT.replace(b'"x"', DEEP)], "prompt"),
        (b"json/plain", [CHAT[:-1] + b', "x": ' + DEEP + b"}"], "nested too deeply"),
        (b"json/plain", [CHAT] * 3, "there are 3 values"),
        (b"json/plain", [b"{", b"{", b"{"], "there are 3 values"),
        (b"made/up", [CHAT], "its encoding is 'made/up'"),
        (b"\xff\n" * 200, [CHAT], "its encoding is"),
        (b"json/protobuf", [CHAT], "its encoding is 'json/protobuf'"),
    ],
)
async def test_input_that_cannot_be_decoded_fails_at_once_in_one_sentence(
    client: Client, queue: str, session_id: str, encoding: bytes, values: list[bytes], says: str
) -> None:
    """Whatever bytes a session is started with, it is Failed within seconds and says why."""
    given = [RawValue(Payload(metadata={"encoding": encoding}, data=data)) for data in values]
    handle: Handle = await client.start_workflow(
        "KaiChatWorkflow", args=given, id=session_id, task_queue=queue
    )
    failure = await failure_of(handle, 5)
    assert says in str(failure)
    assert len(str(failure).splitlines()) == 1
    assert len(str(failure)) < 500
    assert scripted.tasks[session_id] == []


async def test_a_type_of_another_worker_waits_for_it(
    client: Client, queue: str, session_id: str
) -> None:
    """A workflow of another type is not failed, but the failed task names the way to end it."""
    handle: Handle = await client.start_workflow("Other", id=session_id, task_queue=queue)

    async def tried() -> bool:
        events = [event async for event in handle.fetch_history_events()]
        return any(
            f"`temporal workflow terminate --workflow-id {session_id}` ends the session"
            in event.workflow_task_failed_event_attributes.failure.message
            for event in events
        )

    try:
        await eventually(tried)
        assert (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
    finally:
        await handle.terminate()


@pytest.mark.parametrize(
    ("prompt", "connection", "says"),
    [
        ("", "koperasi", "empty"),
        (" \n\t", "koperasi", "empty"),
        ("x" * 1_000_000, "koperasi", "shorter"),
        ("top 5 provinsi", "nowhere", "nowhere"),
        ("top 5 provinsi", "", "connection"),
    ],
)
async def test_the_built_in_analyst_refuses_what_it_cannot_answer(
    client: Client,
    session_id: str,
    prompt: str,
    connection: str,
    says: str,
    tmp_path: Path,
    bridge: str,
) -> None:
    """An empty or huge prompt and an unknown connection end the session clearly, without retry."""
    queue = f"analyst-{secrets.token_hex(4)}"
    question = {
        "prompt": prompt,
        "connection_id": connection,
        "callback_url": f"{bridge}/events/{session_id}",
    }
    async with worker_on(client, queue, agent=None, home=tmp_path):
        handle: Handle = await client.start_workflow(
            "KaiChatWorkflow", question, id=session_id, task_queue=queue
        )
        failure = await failure_of(handle, 10)
    assert says in str(failure).lower()
    assert len(str(failure).splitlines()) == 1
    assert len(str(failure)) < 500
    done = (await read_all(f"{bridge}/stream/{session_id}")).seen[-1]
    assert (done.type, done.event["status"]) == ("done", "failed")


# Cancelling, stopping, beginning again


async def test_cancelling_stops_the_agent_within_five_seconds(
    ask: Ask, bridge: str, session_id: str, client: Client
) -> None:
    """A cancelled session is Canceled, its agent stopped, its events kept, and `done` says so."""
    handle = await ask({"tokens": 3}, {"gate": "a"}, {"tokens": 100})
    await at_gate(session_id)
    async with subscribed(f"{bridge}/stream/{session_id}") as reader, ticking(0.1) as ticks:
        began = time.monotonic()
        await handle.cancel()
        done = await reader.saw("done")
    assert scripted.stopped[session_id] - began < 5 + held_up(ticks, 0.1)
    assert done.event["status"] == "cancelled"
    assert reader.types == ["started", "token", "token", "token", "ended", "done"]
    assert isinstance(await failure_of(handle), CancelledError)
    assert (await handle.describe()).status == WorkflowExecutionStatus.CANCELED
    assert (await handle.query("progress"))["status"] == "cancelled"
    assert len(await stored(client, handle)) == 4
    assert len(scripted.tasks[session_id]) == 1


async def test_a_worker_that_stops_cancels_no_session(
    client: Client,
    ask: Ask,
    bridge: str,
    session_id: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A worker told to stop ends its attempt without a traceback; the next one goes on."""
    monkeypatch.setattr("kai_flow.worker.service.GRACE", timedelta(seconds=0.2))
    queue = f"stopping-{secrets.token_hex(4)}"
    async with worker_on(client, queue):
        handle = await ask(
            {"tokens": 2}, {"attempt": 1, "do": [{"gate": "a"}]}, {"tokens": 1}, task_queue=queue
        )
        await at_gate(session_id)
        began = time.monotonic()
    assert time.monotonic() - began < 20
    assert [record for record in records_of(caplog, session_id) if record.exc_info] == []
    assert (await handle.describe()).status == WorkflowExecutionStatus.RUNNING
    async with worker_on(client, queue):
        result = await handle.result()
        assert result["status"] == "completed"
        assert result["last_event_id"] == "1.2.4"
        reader = await read_all(f"{bridge}/stream/{session_id}")
    assert reader.ids == ["1.2.1", "1.2.2", "1.2.3", "1.2.4", "end"]


async def test_the_same_id_twice_is_a_new_run_without_the_old_events(
    ask: Ask, bridge: str, session_id: str, client: Client
) -> None:
    """A workflow id used again starts a stream of its own, on every copy of it."""
    url = f"{bridge}/stream/{session_id}"
    first = await ask({"tokens": 3})
    await first.result()
    before = await read_all(url)
    second = await ask({"say": {"type": "note", "n": 2}})
    await second.result()
    after = await read_all(url)
    assert [seen.type for seen in after.seen] == ["started", "note", "ended", "done"]
    ids = [{seen.id for seen in reader.seen if seen.id is not None} for reader in (before, after)]
    assert not ids[0] & ids[1]
    assert (await second.query("progress"))["events"] == 2
    assert len(await stored(client, second)) == 2


# Callbacks that do not work

BOMB = gzip.compress(bytes(32 * 2**20), 1)  # 32 MiB in 150 KiB


@pytest.mark.parametrize(
    ("reply", "delivered"),
    [
        pytest.param(answer("200 OK", b"ok"), True, id="plain-200"),
        pytest.param(answer("204 No Content"), True, id="204"),
        pytest.param(answer("200 OK", b"<html>hello</html>", "Content-Type: text/html"), True,
                     id="html"),
        pytest.param(answer("200 OK", b'{"received":5,"durable":[]}'), True, id="garbage-json"),
        pytest.param(answer("200 OK", b'{"received":"1.1.999","durable":"x","bridge":"b"}'), True,
                     id="half-a-bridge"),
        pytest.param(answer("200 OK", BOMB, "Content-Encoding: gzip"), True, id="gzip-bomb"),
        pytest.param(answer("500 Oops", b"<h1>no</h1>"), False, id="500"),
        pytest.param(answer("302 Found", b"", "Location: http://evil.example/"), False, id="302"),
        pytest.param(answer("404 Not Found", b"{}"), False, id="404"),
        pytest.param(answer("410 Gone"), False, id="410"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf", False, id="half-answer"),
        pytest.param(b"not http at all\r\n\r\n", False, id="no-http"),
        pytest.param(None, False, id="hangs"),
        pytest.param("refused", False, id="refused"),
    ],
)  # fmt: skip
async def test_a_session_does_not_depend_on_its_callback(
    ask: Ask,
    client: Client,
    session_id: str,
    bridge: str,
    reply: bytes | str | None,
    delivered: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever the receiver does the session completes, counts truthfully, and stores it all."""
    unpacked: list[int] = []
    unpack = GZipDecoder.decode

    def watched(decoder: GZipDecoder, data: bytes) -> bytes:
        unpacked.append(len(data))
        return unpack(decoder, data)

    monkeypatch.setattr(GZipDecoder, "decode", watched)
    patience = 5 if delivered else 0.2  # what does not come is not to be waited for long
    monkeypatch.setattr("kai_flow.stream.http_posts.POST_TIMEOUT_SECONDS", patience)
    monkeypatch.setattr("kai_flow.stream.sending.SETTLE_SECONDS", 5 * patience)
    async with receiving(None if isinstance(reply, str) else reply) as receiver:
        url = "http://127.0.0.1:1/hook" if reply == "refused" else receiver.url
        handle = await ask({"tokens": 4}, callback_url=url)
        async with asyncio.timeout(60):
            result = await handle.result()
        assert result["status"] == "completed"
        assert result["final_answer"] == "t0 t1 t2 t3 "
        expected = [STARTED, *({"type": "token", "content": f"t{n} "} for n in range(4))]
        if delivered:
            assert (result["events_sent"], result["events_failed"]) == (5, 0)
            assert receiver.events == [*expected, {"type": "done", "result": result}]
            assert all(set(post) >= {"session_id", "event"} for post in receiver.posts)
            assert all("\r\naccept-encoding: identity\r\n" in head for head in receiver.heads)
        else:
            assert (result["events_sent"], result["events_failed"]) == (0, 5)
    assert unpacked == [], "an answer is never decompressed"
    assert await stored(client, handle) == expected
    reader = await read_all(f"{bridge}/stream/{session_id}")
    shown = [*expected, ENDED, {"type": "done", "result": result}]
    assert [seen.event for seen in reader.seen] == shown


@pytest.mark.parametrize("outbox", [4_000, 10])
async def test_a_slow_callback_holds_up_no_session(
    ask: Ask,
    client: Client,
    session_id: str,
    outbox: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A healthy receiver too slow for its agent is waited for only so long; the rest is failed."""
    monkeypatch.setattr("kai_flow.stream.delivery_wait.DELIVERY_SECONDS", 0.8)
    monkeypatch.setattr("kai_flow.stream.producer.Outbox", partial(Outbox, max_events=outbox))
    async with receiving(delay=0.15) as receiver:
        began = time.monotonic()
        handle = await ask({"tokens": 100}, callback_url=receiver.url)
        result = await handle.result()
        took = time.monotonic() - began
        said = [post["id"] for post in receiver.posts]
    assert took < 12, "15 s if each event were waited for"
    assert (result["status"], result["last_event_id"]) == ("completed", "1.1.101")
    assert receiver.events[-1] == {"type": "done", "result": result}
    assert said == list(dict.fromkeys(said))
    assert result["events_sent"] + result["events_failed"] == 101
    # The POST under way when the result was built is in neither the count nor lost.
    assert 1 <= result["events_sent"] <= len(said) - 1 <= result["events_sent"] + 1
    assert len(await stored(client, handle)) == 101


async def test_a_callback_that_comes_back_is_used_again(
    ask: Ask, client: Client, session_id: str, bridge: str
) -> None:
    """A receiver that fails for a while gets everything once it works, and the count says so."""
    async with receiving(answer("503 Busy", b"", "Retry-After: 0")) as receiver:
        handle = await ask({"tokens": 1}, {"gate": "a"}, {"tokens": 2}, callback_url=receiver.url)
        await at_gate(session_id)
        await until(lambda: len(receiver.posts) >= 2)
        failed = len(receiver.posts)
        receiver.reply = answer("200 OK")
        open_gate(session_id)
        result = await handle.result()
        assert [e["type"] for e in receiver.events[failed:]][-3:] == ["token", "token", "done"]
    assert result["events_sent"] + result["events_failed"] == 4
    assert result["events_sent"] >= 2


# The worker


@pytest.mark.parametrize(
    ("agent", "says"),
    [
        ("tests.agents.nowhere:create", "tests.agents.nowhere"),
        ("tests.agents.scripted:nothing", "nothing"),
        ("tests.agents.scripted:tasks", "tasks"),
        ("tests.agents.scripted:Task", "Task"),
        ("json:loads", "loads"),
        ("builtins:dict", "execute"),
    ],
)
async def test_a_wrong_agent_is_refused_at_start(client: Client, agent: str, says: str) -> None:
    """KAI_AGENT that names no usable agent is one sentence, before anything is polled."""
    with pytest.raises(StartError, match=says) as refused:
        async with worker_on(client, "never", agent=agent):
            pass
    assert "KAI_AGENT" in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


async def test_the_worker_says_how_it_is(client: Client, http: httpx.AsyncClient) -> None:
    """`/healthz` and `/readyz` of the worker answer 200 while it polls."""
    async with worker_on(client, f"health-{secrets.token_hex(4)}") as url:
        for path in ("healthz", "readyz"):
            assert (await http.get(f"{url}/{path}")).json() == {"status": "ok"}
        assert (await http.get(f"{url}/elsewhere")).status_code == 404
