"""What a session costs, counted rather than timed: whoever listens, however many bridges there are.

Several sessions run at once on the real server, behind a balancer that sends each *request* to the
next bridge. Counted are signals, history, POSTs, encodings and calls of Temporal, per session.
"""

import asyncio
import json
import secrets
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from temporalio.client import Client

from kai_flow.bridge.hub import running_hub
from kai_flow.runtime.serving import serving
from kai_flow.settings import Settings
from kai_flow.stream import log_reader, shown_log
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import incarnation_of
from kai_flow.stream.list_form import decode_list
from kai_flow.stream.place import Cursor
from kai_flow.stream.sse import encode_event
from kai_flow.temporal.client import connect
from kai_flow.temporal.dev_server import DevServer
from kai_flow.web.app import create_app
from tests.agents import scripted
from tests.bench import paced
from tests.bench.listening import listen
from tests.integration.conftest import worker_on
from tests.integration.subscriber import subscribed
from tests.integration.tools import session, tools_worker
from tests.integration.waiting import until

RATE = 100  # tokens a second
INTERVAL = 0.25  # seconds between two signals of a young session
ENVELOPE = 260  # bytes of a POST's body beside its events: the ids of session, run and event
CALLS = {
    "signal_workflow_execution",
    "describe_workflow_execution",
    "query_workflow",
    "get_workflow_execution_history",
}


class Balancer:
    """Sends each request of a session to the next app, and writes down what is POSTed."""

    def __init__(self, apps: Sequence[Any]) -> None:
        self._apps = apps
        self._turns: Counter[str] = Counter()
        self.documents: defaultdict[str, list[bytes]] = defaultdict(list)  # by session id
        self.streams: Counter[str] = Counter()  # asked for, by session id

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        session_id = scope["path"].rpartition("/")[2]
        app = self._apps[self._turns[session_id] % len(self._apps)]
        self._turns[session_id] += 1
        if scope["method"] == "POST":
            receive = self._recorded(receive)
        else:
            self.streams[session_id] += 1
        await app(scope, receive, send)

    def _recorded(self, receive: Any) -> Any:
        body = b""

        async def record() -> Any:
            nonlocal body
            message = await receive()
            if message["type"] == "http.request":
                body += message["body"]
                if not message["more_body"]:  # sessions of one worker share POSTs
                    for document in decode_list(body) if body.startswith(b"[") else [body]:
                        session_id = msgspec.json.decode(document)["session_id"]
                        self.documents[session_id].append(document)
            return message

        return record


@dataclass
class Books:
    """What was counted, by session id (encodings: by incarnation)."""

    calls: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    encodings: Counter[str] = field(default_factory=Counter)

    def watch(self, client: Client) -> None:
        """Count what this client asks of Temporal."""
        service: Any = client.service_client
        call = service._rpc_call

        async def counted(rpc: str, req: Any, *args: Any, **options: Any) -> Any:
            for name in ("workflow_execution", "execution"):
                if name in req.DESCRIPTOR.fields_by_name:
                    self.calls[getattr(req, name).workflow_id][rpc] += 1
            return await call(rpc, req, *args, **options)

        service._rpc_call = counted

    def encode(self, event: NumberedEvent, cursor: Cursor) -> bytes:
        """`encode_event`, counted."""
        self.encodings[cursor.incarnation or ""] += 1
        return encode_event(event, cursor)


@dataclass
class Stack:
    """Bridges behind a balancer, and a worker, all of them watched."""

    client: Client
    queue: str
    balancer: Balancer
    port: int
    books: Books


@asynccontextmanager
async def watched_stack(
    temporal: DevServer, client: Client, replicas: int, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stack]:
    """`replicas` bridges behind a balancer, and a worker."""
    books = Books()
    for module in (shown_log, log_reader):
        monkeypatch.setattr(module, "encode_event", books.encode)
    queue = f"counted-{secrets.token_hex(4)}"
    settings = Settings(bridge_port=0)
    async with AsyncExitStack() as stack:
        hubs = []
        for _ in range(replicas):
            own = await connect(temporal.address)
            books.watch(own)
            hub = running_hub(own, signal_interval=INTERVAL, signals_per_second=50, idle_timeout=60)
            hubs.append((await stack.enter_async_context(hub), own))
        balancer = Balancer([create_app(hub, own, settings) for hub, own in hubs])

        def end_streams() -> None:
            for hub, _ in hubs:
                hub.end_streams()

        port = await stack.enter_async_context(
            serving(balancer, "127.0.0.1", 0, what="balancer", setting="-", before_stop=end_streams)
        )
        own = await connect(temporal.address)
        books.watch(own)
        await stack.enter_async_context(worker_on(own, queue, "tests.bench.paced:create"))
        yield Stack(client, queue, balancer, port, books)


@dataclass
class Cost:
    """What one session cost."""

    tokens: int
    seconds: float
    signals: int
    history_events: int
    history_bytes: int
    posts: int  # alone, or as a part of one
    posted_events: int
    posted_bytes: int  # of the documents
    posted_payload: int  # of the events in them
    payload: int  # of all events, each once
    encodings: int
    calls: Counter[str]


async def cost_of(stack: Stack, tokens: int, readers: int) -> Cost:
    """Run one session with so many readers, check what they got, and count."""
    session_id = f"cost-{readers}-{secrets.token_hex(4)}"
    prompt = json.dumps({"tokens": tokens, "rate": RATE, "gate": True})
    url = f"http://127.0.0.1:{stack.port}/events/{session_id}"
    question = {"prompt": prompt, "connection_id": "none", "callback_url": url}
    handle = await stack.client.start_workflow(
        "KaiChatWorkflow", question, id=session_id, task_queue=stack.queue
    )
    await scripted.reached[f"{session_id}/go"].wait()
    streams = [asyncio.create_task(listen(stack.port, session_id)) for _ in range(readers)]
    await until(lambda: stack.balancer.streams[session_id] == readers)
    await asyncio.sleep(1)  # the last of them is let in
    scripted.opened[f"{session_id}/go"].set()
    result = await handle.result()
    assert result["events_sent"] == tokens + 1
    numbers = [f"1.1.{n}" for n in range(1, tokens + 2)]
    for ids in await asyncio.gather(*streams):
        assert ids == [*numbers, "end"]
    info = (await handle.describe()).raw_description.workflow_execution_info
    bodies = stack.balancer.documents[session_id]
    batches = [msgspec.json.decode(body) for body in bodies]
    events = [item for batch in batches for item in batch.get("events") or [batch]]
    events = [item for item in events if item.get("event", {"type": "done"})["type"] != "done"]
    sizes = [(item["id"], len(msgspec.json.encode(item["event"]))) for item in events]
    calls = stack.books.calls[session_id]
    return Cost(
        tokens=tokens,
        seconds=paced.took[session_id],
        signals=calls["signal_workflow_execution"],
        history_events=info.history_length,
        history_bytes=info.history_size_bytes,
        posts=len(bodies),
        posted_events=len(events),
        posted_bytes=sum(map(len, bodies)),
        posted_payload=sum(size for _, size in sizes),
        payload=sum(dict(sizes).values()),
        encodings=stack.books.encodings[incarnation_of(info.first_run_id)],
        calls=calls,
    )


@pytest.mark.parametrize(("replicas", "tokens"), [(1, 1000), (2, 500), (4, 500)])
async def test_a_session_costs_the_same_whoever_listens(
    temporal: DevServer,
    client: Client,
    replicas: int,
    tokens: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Signals, history, POSTs and encodings keep their limits with 0, 1 and 50 subscribers."""
    async with watched_stack(temporal, client, replicas, monkeypatch) as stack:
        costs = await asyncio.gather(*(cost_of(stack, tokens, n) for n in (0, 1, 50)))
    for cost in costs:
        print(replicas, cost)
        check(cost, replicas)


def check(cost: Cost, replicas: int) -> None:
    """The limits of one session, whatever the number of its readers."""
    events = cost.tokens + 1
    # One signal under way, the next 250 ms after its acknowledgement; the beginning and the end go
    # at once, and each bridge is tried once at first.
    assert cost.signals <= cost.seconds / INTERVAL + 2 + 2 * replicas
    # A signal is one event and wakes the workflow, which is three more.
    assert cost.history_events <= 4 * cost.signals + 16
    assert cost.history_bytes <= 60 * cost.tokens + 4_000
    if cost.tokens >= 1_000:
        assert cost.history_events <= 180 * cost.tokens / 1_000
        assert cost.history_bytes <= 60_000 * cost.tokens / 1_000
    # A POST carries what has gathered; one a second asks, one at the end says so.
    assert cost.posts <= replicas * events + cost.seconds + 3
    assert cost.posted_payload <= replicas * cost.payload
    assert cost.posted_bytes <= replicas * (cost.payload + ENVELOPE * (events + cost.seconds + 3))
    # Once on each bridge, whether it is posted there or read from the history.
    assert cost.encodings <= replicas * events
    # Each bridge looks for the run, and then reads its history as it grows: the four events of a
    # signal come with one poll, or with two if it ends one that waits.
    assert cost.calls["describe_workflow_execution"] <= 2 * replicas
    assert cost.calls["query_workflow"] == 0
    polls = cost.calls["get_workflow_execution_history"]
    assert polls <= replicas * (3 * cost.signals + 10)
    assert set(cost.calls) <= CALLS


@pytest.mark.parametrize("tools", [1, 8])
async def test_producers_at_once_share_their_signals(
    temporal: DevServer,
    client: Client,
    session_id: str,
    tools: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A thousand tokens cost about the same, whether one activity streams them or eight at once."""
    async with watched_stack(temporal, client, 1, monkeypatch) as stack:
        url = f"http://127.0.0.1:{stack.port}"
        names = "abcdefgh"[:tools]
        async with (
            tools_worker(client, url) as queue,
            session(client, queue, session_id, tools=names, tokens=1_000 // tools) as handle,
        ):
            began = time.monotonic()
            async with subscribed(f"{url}/stream/{session_id}") as reader:
                await reader.until(lambda: "0.1.2" in reader.ids)
            seconds = time.monotonic() - began
            info = (await handle.describe()).raw_description.workflow_execution_info
            calls = stack.books.calls[session_id]
            signals = calls["signal_workflow_execution"]
            print(tools, signals, info.history_length, info.history_size_bytes, calls)
            # The end of each producer may be one more: what it has sent last is not left waiting.
            assert signals <= seconds / INTERVAL + 3 + tools, "whatever the number of producers"
            assert info.history_length <= 4 * signals + 6 * tools + 20
            assert info.history_size_bytes <= 60_000 + 2_500 * tools
            assert calls["describe_workflow_execution"] <= 2
            assert calls["query_workflow"] == 0
            assert calls["get_workflow_execution_history"] <= 3 * signals + 6 * tools + 20


async def test_a_thousand_events_of_the_workflow_cost_an_event_each(
    temporal: DevServer, client: Client, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each record is one event of the history, and a bridge gets many of them with one poll."""
    async with watched_stack(temporal, client, 1, monkeypatch) as stack:
        url = f"http://127.0.0.1:{stack.port}"
        async with (
            tools_worker(client, url) as queue,
            session(client, queue, session_id, tools="a", tokens=1) as handle,
            subscribed(f"{url}/stream/{session_id}") as reader,
        ):
            await reader.until(lambda: "0.1.2" in reader.ids)
            before = (await handle.describe()).raw_description.workflow_execution_info
            polls = stack.books.calls[session_id]["get_workflow_execution_history"]
            await handle.signal("tell_often", 1_000)
            await reader.until(lambda: "0.1.1002" in reader.ids)
            after = (await handle.describe()).raw_description.workflow_execution_info
            polls = stack.books.calls[session_id]["get_workflow_execution_history"] - polls
            added = after.history_length - before.history_length
            size = after.history_size_bytes - before.history_size_bytes
            print(added, size, polls)
            assert 1_000 <= added <= 1_010
            assert size <= 250_000
            assert polls <= 20
