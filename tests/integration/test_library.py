"""The library under somebody's own workflow, activity and agent, without any of KAI."""

import asyncio
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.worker import Replayer, Worker

from kai_flow.stream.follower import follow
from kai_flow.stream.plugin import StreamPlugin
from kai_flow.stream.reader import EventReader
from tests.integration import reporting, unprepared
from tests.integration.programs import ROOT
from tests.integration.receivers import answer, receiving
from tests.integration.reporting import Elsewhere, Locally, Report, library_worker
from tests.integration.subscriber import read_all, subscribed
from tests.integration.unprepared import Unprepared

ENDS = ("ended", "done")  # what the reader's source adds
WORDS = ["once ", "upon ", "a ", "time "]


@pytest.fixture(scope="module")
async def library(client: Client) -> AsyncIterator[str]:
    """The task queue of such a worker."""
    queue = f"library-{secrets.token_hex(4)}"
    async with library_worker(client, queue):
        yield queue


def test_the_library_imports_nothing_of_kai() -> None:
    """Every module of the library works with temporalio, httpx and msgspec alone.

    Beside it there is only what makes no spans.
    """
    program = """
import importlib, pathlib, sys
for extra in ("litestar", "uvicorn", "uvloop", "httptools", "sqlglot", "cyclopts", "rich",
              "httpx_sse", "cryptography", "asyncpg", "duckdb", "pymysql", "opentelemetry", "api"):
    sys.modules[extra] = None  # as if it were not installed
for path in pathlib.Path("kai_flow/stream").glob("*.py"):
    importlib.import_module(f"kai_flow.stream.{path.stem}")
ours = [name for name in sys.modules if name.startswith("kai_flow.")]
print(sorted(name for name in ours if not name.startswith("kai_flow.stream")))
"""
    said = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "['kai_flow.traces', 'kai_flow.traces.spans']"


async def test_activities_that_follow_one_another_are_one_stream(
    client: Client, library: str, bridge: str, session_id: str
) -> None:
    """Each streaming activity of a workflow is the next producer, and readers see one stream."""
    async with subscribed(f"{bridge}/stream/{session_id}") as live:
        handle = await client.start_workflow(
            Report.run,
            args=[["cats", "dogs", "owls"], f"{bridge}/events/{session_id}"],
            id=session_id,
            task_queue=library,
        )
        done = await live.saw("done")
    assert await handle.result() == done.event["result"] == ["cats", "dogs", "owls"]
    assert live.ids == [*(f"{p}.1.{n}" for p in (1, 2, 3) for n in range(1, 7)), "end"]
    started = [seen.event for seen in live.seen if seen.type == "started"]
    assert started == [
        {
            "type": "started",
            "producer": n,
            "attempt": 1,
            "activity": "write",
            "activity_id": str(n),
            "beside": [],
            "topic": topic,
        }
        for n, topic in enumerate(("cats", "dogs", "owls"), 1)
    ]
    assert (await read_all(f"{bridge}/stream/{session_id}")).seen == live.seen
    middle = live.seen[8].id
    assert (await read_all(f"{bridge}/stream/{session_id}", cursor=middle)).seen == live.seen[9:]


async def test_without_a_callback_the_stream_is_in_the_workflow(
    client: Client, library: str, bridge: str, session_id: str
) -> None:
    """A producer that POSTs nowhere streams all the same, and every reader finds it."""
    handle = await client.start_workflow(
        Report.run, args=[["cats", "dogs"], None], id=session_id, task_queue=library
    )
    seen = [event async for _, event in follow(client, session_id)]
    assert [event.get("content") for event in seen if event["type"] == "token"] == 2 * WORDS
    assert seen[-1] == {"type": "done", "result": ["cats", "dogs"]}
    page = [event async for event in EventReader(client, session_id).events()]
    assert [event.decode() for event in page] == [e for e in seen if e["type"] not in ENDS]
    assert [e for e in seen if e["type"] == "ended"] == [
        {"type": "ended", "producer": producer, "status": "completed"} for producer in (1, 2)
    ]
    assert (await handle.query("progress"))["status"] == "completed"
    over_bridge = [event async for _, event in follow(bridge, session_id)]
    assert over_bridge == seen


async def test_anybodys_receiver_gets_single_events(
    client: Client, library: str, session_id: str
) -> None:
    """A receiver that knows nothing of batches gets one event a POST, with ids beside it."""
    async with receiving() as receiver:
        await client.execute_workflow(
            Report.run, args=[["cats"], receiver.url], id=session_id, task_queue=library
        )
    assert [event["type"] for event in receiver.events] == [
        "started", "section", "token", "token", "token", "token", "done"
    ]  # fmt: skip
    assert [post["id"] for post in receiver.posts] == [f"1.1.{n}" for n in range(1, 8)]
    assert {post["session_id"] for post in receiver.posts} == {session_id}
    assert {post["workflow_id"] for post in receiver.posts} == {session_id}
    assert len({(post["run_id"], post["first_run_id"]) for post in receiver.posts}) == 1


async def test_producers_and_attempts_know_the_age_of_the_session(
    client: Client, library: str, session_id: str
) -> None:
    """A later producer, and a later attempt, say for how long the session has been streaming."""
    topic = f"slow-{secrets.token_hex(4)}"
    reporting.held[topic], broken = asyncio.Event(), f"broken-{secrets.token_hex(4)}"
    async with receiving() as receiver:
        began = time.monotonic()
        handle = await client.start_workflow(
            Report.run, args=[[topic, broken], receiver.url], id=session_id, task_queue=library
        )
        await reporting.reached[topic].wait()
        await asyncio.sleep(1.2)
        reporting.held[topic].set()
        await handle.result()
        took = time.monotonic() - began
    first = {post["id"]: post.get("age") for post in receiver.posts if post["id"].endswith(".1")}
    assert list(first) == ["1.1.1", "2.1.1", "2.2.1"]
    assert first["1.1.1"] is None
    assert 1 <= (first["2.1.1"] or 0) < took
    assert 2 <= (first["2.2.1"] or 0) < took, "the pause before a retry is a second"


async def failure_of(handle: WorkflowHandle[Any, Any]) -> ApplicationError:
    """What made an activity of a workflow fail, and with that the workflow."""
    with pytest.raises(WorkflowFailureError) as failed:
        await handle.result()
    cause = failed.value.cause
    error = cause.cause if isinstance(cause, ActivityError) else cause
    assert isinstance(error, ApplicationError)
    return error


async def test_a_local_activity_does_not_stream(
    client: Client, library: str, session_id: str
) -> None:
    """Temporal records neither its start nor its end in time: the error says how to start it."""
    handle = await client.start_workflow(Locally.run, id=session_id, task_queue=library)
    error = await failure_of(handle)
    assert (error.type, error.non_retryable) == ("NoProducerNumber", True)
    assert "start it with `workflow.execute_activity`" in error.message


@pytest.mark.parametrize(
    ("bare", "says"),
    [
        ("activity", "its own worker has no StreamPlugin"),
        (
            "workflow",
            "give `plugins=[StreamPlugin()]` to the Worker that runs the workflow as well",
        ),
    ],
)
async def test_a_worker_without_the_plugin_does_not_stream(
    client: Client, session_id: str, bare: str, says: str
) -> None:
    """The plugin is needed on both workers: the activity fails at once and names the one."""
    queue, other = f"here-{secrets.token_hex(4)}", f"there-{secrets.token_hex(4)}"
    async with (
        library_worker(client, queue, plugin=bare != "workflow"),
        library_worker(client, other, plugin=bare != "activity"),
    ):
        handle = await client.start_workflow(Elsewhere.run, other, id=session_id, task_queue=queue)
        error = await failure_of(handle)
    assert (error.type, error.non_retryable) == ("NoProducerNumber", True)
    assert says in error.message


async def test_callbacks_go_past_a_proxy(
    client: Client, library: str, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`HTTP_PROXY` is for the web: a callback to localhost is not sent through a proxy."""
    refusing = answer("403 Forbidden")
    async with receiving(refusing) as proxy, receiving() as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        await client.execute_workflow(
            Report.run, args=[["cats"], receiver.url], id=session_id, task_queue=library
        )
    assert proxy.at == []
    assert len(receiver.posts) == 7


async def test_a_workflow_file_needs_no_preparation(client: Client, session_id: str) -> None:
    """With StreamPlugin alone, plain imports of the library work in Temporal's sandbox."""
    queue = f"unprepared-{secrets.token_hex(4)}"
    async with Worker(
        client,
        task_queue=queue,
        workflows=[Unprepared],
        activities=[unprepared.speak],
        plugins=[StreamPlugin()],
    ):
        last = await client.execute_workflow(Unprepared.run, id=session_id, task_queue=queue)
        page = await client.get_workflow_handle(session_id).query("events")
    assert last == ["1.1.2", "2.1.2"]
    assert page["durable"] == "0.1.1,2.1.2"
    history = await client.get_workflow_handle(session_id).fetch_history()
    replayer = Replayer(workflows=[Unprepared], plugins=[StreamPlugin()])
    assert (await replayer.replay_workflow(history)).replay_failure is None


async def test_producers_post_to_the_bridge_of_their_worker(
    client: Client, session_id: str
) -> None:
    """`StreamPlugin(bridge=…)` is all: neither activity nor workflow names a URL."""
    queue = f"bridged-{secrets.token_hex(4)}"
    async with (
        receiving() as receiver,
        Worker(
            client,
            task_queue=queue,
            workflows=[Unprepared],
            activities=[unprepared.speak],
            plugins=[StreamPlugin(bridge=receiver.url)],
        ),
    ):
        await client.execute_workflow(Unprepared.run, id=session_id, task_queue=queue)
    path = httpx.URL(receiver.url).path.rstrip("/")
    assert {head.split(" ", 2)[1] for head in receiver.heads} == {f"{path}/events/{session_id}"}
    assert [post["id"] for post in receiver.posts] == ["1.1.1", "1.1.2", "2.1.1", "2.1.2"]


async def test_a_sandbox_without_the_plugin_names_the_plugin(client: Client) -> None:
    """A worker whose sandbox copies the library does not start, and the error names StreamPlugin.

    Temporal's own error would be about a module that the library needs, and would lead elsewhere.
    """
    with pytest.raises(RuntimeError, match="Failed validating workflow") as refused:
        Worker(client, task_queue="no-plugin", workflows=[Unprepared], activities=[])
    cause = refused.value.__cause__
    assert isinstance(cause, ImportError)
    assert "plugins=[StreamPlugin()]" in str(cause)
