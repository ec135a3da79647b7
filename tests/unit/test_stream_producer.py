"""The producer alone: what an agent may count on, beside a simulated server and a virtual clock."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import ActivityEnvironment

from kai_flow.stream import producer as module
from kai_flow.stream import sending, storage
from kai_flow.stream.callback import ProducerPost, decode_post, encode_answer
from kai_flow.stream.clock import now
from kai_flow.stream.delivery import Delivery
from kai_flow.stream.errors import Finished, InvalidEvent, SessionEnded
from kai_flow.stream.ids import EventId
from kai_flow.stream.outbox import MAX_EVENTS
from kai_flow.stream.producer import EventProducer
from kai_flow.stream.signals import SignalsRefused
from kai_flow.stream.wire_names import RESERVED
from tests.numbered import number_activity
from tests.unit.virtual import RUN_ID, SESSION, Stage, in_virtual_time

TOKEN = {"type": "token", "content": "a"}

Agent = Callable[[EventProducer], Awaitable[Any]]


class Activity:
    """One attempt of a streaming activity whose agent is a function of the test."""

    def __init__(self, stage: Stage, **options: Any) -> None:
        self.stage = stage
        self.heartbeats: list[tuple[Any, ...]] = []
        self._options = options
        self._environment = ActivityEnvironment()
        info = self._environment.info
        self._environment.info = replace(info, workflow_id=SESSION, workflow_run_id=RUN_ID)
        self._environment.on_heartbeat = lambda *details: self.heartbeats.append(details)

    async def run(self, agent: Agent) -> Any:
        """What the agent returns, once the producer has left its block."""

        async def work() -> Any:
            number_activity(1, RUN_ID)
            options = {"client": self.stage.client, **self._options}
            async with EventProducer(**options) as producer:
                return await agent(producer)

        return await copy_context().run(asyncio.create_task, self._environment.run(work))

    @property
    def stored(self) -> list[dict[str, Any]]:
        """The events that the workflow has accepted."""
        return [json.loads(event.data) for event in self.stage.stored]


@given(st.integers(0, 30))
@in_virtual_time
async def test_all_events_are_durable_when_the_block_is_left(count: int) -> None:
    """`started` first, then what the agent sent, in order; nothing of the producer is left."""
    activity = Activity(Stage(), started={"agent": "test"})

    async def agent(producer: EventProducer) -> EventId:
        for number in range(count):
            sent = await producer.send({**TOKEN, "content": str(number)})
            assert sent == EventId(1, 1, number + 2)
        return producer.last_event_id

    assert await activity.run(agent) == EventId(1, 1, count + 1)
    started, *tokens = activity.stored
    assert started == {
        "type": "started",
        "producer": 1,
        "attempt": 1,
        "activity": "unknown",
        "activity_id": "test",
        "beside": [],
        "agent": "test",
    }
    assert [token["content"] for token in tokens] == [str(number) for number in range(count)]
    left = [task for task in asyncio.all_tasks() if "EventProducer" in repr(task)]
    assert left == []


@in_virtual_time
async def test_heartbeats_come_every_second_however_many_events_there_are() -> None:
    """The first at once, and each with the position of its moment (§6.14)."""
    activity = Activity(Stage())

    async def agent(producer: EventProducer) -> None:
        for _ in range(100):
            await producer.send(TOKEN)
            await asyncio.sleep(0.025)

    await activity.run(agent)
    positions = [detail["kai_flow_producer"] for (detail,) in activity.heartbeats]
    assert [position.split(",")[0] for position in positions] == [
        "event 1.1.2", "event 1.1.41", "event 1.1.81",
    ]  # fmt: skip


@in_virtual_time
async def test_an_outage_holds_the_end_up_and_not_the_agent() -> None:
    """The agent works on while Temporal is away; the block is left when all is durable."""
    stage = Stage()
    activity, worked = Activity(stage), asyncio.Event()

    async def agent(producer: EventProducer) -> None:
        stage.outage()
        for _ in range(100):
            await producer.send(TOKEN)
        worked.set()

    running = asyncio.create_task(activity.run(agent))
    await asyncio.wait_for(worked.wait(), 1.0)
    await asyncio.sleep(60.0)
    assert not running.done()
    stage.outage(over=True)
    await running
    assert len(activity.stored) == 101


@in_virtual_time
async def test_a_full_outbox_holds_the_agent_up() -> None:
    """`send` waits for room, and goes on as soon as something is durable."""
    stage = Stage()
    activity = Activity(stage)
    sent = 0

    async def agent(producer: EventProducer) -> None:
        nonlocal sent
        stage.outage()
        for _ in range(MAX_EVENTS + 10):
            await producer.send(TOKEN)
            sent += 1

    running = asyncio.create_task(activity.run(agent))
    await asyncio.sleep(30.0)
    assert sent == MAX_EVENTS - 1, "`started` is one of them"
    stage.outage(over=True)
    await running
    assert stage.buffer.fold.place.position(1) == EventId(1, 1, MAX_EVENTS + 11)


@pytest.mark.parametrize("last", ["settle", "finish"])
@in_virtual_time
async def test_nothing_follows_the_end(last: str) -> None:
    """After `settle` or `finish` an event is refused, and so is a second result."""
    activity = Activity(Stage())

    async def agent(producer: EventProducer) -> None:
        await (producer.settle() if last == "settle" else producer.finish({}))
        with pytest.raises(Finished):
            await producer.send(TOKEN)
        if last == "finish":
            with pytest.raises(Finished):
                await producer.finish({})

    await activity.run(agent)
    assert len(activity.stored) == 1


@pytest.mark.parametrize(
    "event", [{"type": kind} for kind in sorted(RESERVED)] + [{}, {"type": ""}]
)
@in_virtual_time
async def test_what_is_no_agents_event_takes_no_number(event: dict[str, Any]) -> None:
    """The stream's own types and what has no type are refused, and the agent may go on."""
    activity = Activity(Stage())

    async def agent(producer: EventProducer) -> EventId:
        with pytest.raises(InvalidEvent):
            await producer.send(event)
        return await producer.send(TOKEN)

    assert await activity.run(agent) == EventId(1, 1, 2)


def test_started_has_fields_of_its_own() -> None:
    """They cannot be replaced by others of the same name."""
    for name in ("type", "producer", "attempt"):
        with pytest.raises(InvalidEvent):
            EventProducer(started={name: 1})


@in_virtual_time
async def test_a_broken_agent_is_reported() -> None:
    """`attempt_failed` is the last event, with the start of the error's text; the error passes."""
    activity = Activity(Stage())

    async def agent(producer: EventProducer) -> None:
        await producer.send(TOKEN)
        raise ValueError("x" * 5_000)

    with pytest.raises(ValueError, match="xxx"):
        await activity.run(agent)
    assert activity.stored[-1] == {"type": "attempt_failed", "error": "x" * 1_000}


@in_virtual_time
async def test_a_broken_agent_does_not_wait_for_an_outage() -> None:
    """Its error leaves the block within LEAVE_SECONDS."""
    stage = Stage()

    async def agent(_: EventProducer) -> None:
        stage.outage()
        raise ValueError("broken")

    began = now()
    with pytest.raises(ValueError, match="broken"):
        await Activity(stage).run(agent)
    assert now() - began <= module.LEAVE_SECONDS + 0.1


@in_virtual_time
async def test_the_end_of_the_session_stops_the_agent() -> None:
    """The agent is cancelled wherever it is, and the block raises how the session ended."""
    stage = Stage()
    stopped = False

    async def agent(producer: EventProducer) -> None:
        nonlocal stopped
        stage.close()
        await producer.send(TOKEN)
        try:
            await asyncio.sleep(3_600.0)
        finally:
            stopped = True

    with pytest.raises(SessionEnded, match="the session has ended"):
        await Activity(stage).run(agent)
    assert stopped


@in_virtual_time
async def test_a_final_refusal_of_signals_fails_the_attempt() -> None:
    """Nothing more can be stored: the agent is stopped, and the error says so."""
    stage = Stage()

    async def agent(producer: EventProducer) -> None:
        stage.counted.breaks_with = RPCError("limit", RPCStatusCode.INVALID_ARGUMENT, b"")
        await producer.send(TOKEN)
        await asyncio.sleep(3_600.0)

    with pytest.raises(SignalsRefused):
        await Activity(stage).run(agent)


@in_virtual_time
async def test_a_mistake_of_ours_fails_the_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task of the producer that breaks stops the agent, whose events nobody would see."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("a mistake")

    async def agent(_: EventProducer) -> None:
        monkeypatch.setattr(Delivery, "next_signal", broken)
        await asyncio.sleep(3_600.0)

    with pytest.raises(ZeroDivisionError):
        await Activity(Stage()).run(agent)


@in_virtual_time
async def test_a_bridge_gets_the_events_and_signals_them() -> None:
    """The producer POSTs, counts each event once, and signals nothing beside a bridge that does."""
    stage = Stage()
    posts: list[ProducerPost] = []

    def bridge(request: httpx.Request) -> httpx.Response:
        post = decode_post(request.content)
        assert isinstance(post, ProducerPost)
        posts.append(post)
        if post.events:
            stage.store(post.events)
        last = post.events[-1].id if post.events else post.base.offset(-1)
        body = encode_answer(last, last, "05c82dad795370b3")
        return httpx.Response(200, stream=httpx.ByteStream(body))

    http = httpx.AsyncClient(transport=httpx.MockTransport(bridge))
    activity = Activity(stage, http=http, callback_url="http://bridge.example/events/session-1")

    async def agent(producer: EventProducer) -> tuple[int, int]:
        for _ in range(20):
            await producer.send(TOKEN)
        await producer.settle()
        counts = producer.events_sent, producer.events_failed
        await producer.finish({"answer": 42})
        return counts

    assert await activity.run(agent) == (21, 0)
    assert len(activity.stored) == 21
    assert stage.signals == []
    assert [post.done for post in posts].count(True) == 1
    assert posts[-1].done
    assert not http.is_closed, "it was given to the producer"


@in_virtual_time
async def test_without_a_number_nothing_is_sent() -> None:
    """An activity of a worker without the plugin fails before the first event."""
    stage = Stage()

    async def work() -> None:
        async with EventProducer(client=stage.client):
            raise AssertionError

    with pytest.raises(ApplicationError, match="its own worker has no StreamPlugin"):
        await copy_context().run(asyncio.create_task, ActivityEnvironment().run(work))
    assert stage.counted.calls == 0


@in_virtual_time
async def test_what_is_sent_while_others_finish_is_refused() -> None:
    """An event that waits for room when all was said gets no number."""
    stage = Stage()
    refused = asyncio.Event()

    async def agent(producer: EventProducer) -> None:
        outbox = producer._sending.outbox
        outbox.held.max_events = len(outbox)

        async def late() -> None:
            with pytest.raises(Finished):
                await producer.send(TOKEN)
            refused.set()

        stage.outage()
        task = asyncio.create_task(late())
        await asyncio.sleep(0.1)
        await producer.settle()
        stage.outage(over=True)
        await task

    await Activity(stage).run(agent)
    assert refused.is_set()


@in_virtual_time
async def test_the_size_of_the_history_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """§6.15: after each 256 KiB stored; what others have stored since ends the store earlier."""
    monkeypatch.setattr(storage, "READ_AGAIN_BYTES", 1_000)
    stage = Stage()
    sizes = [2_000, 2_000, storage.MAX_STORED_BYTES + 1]
    asked: list[int] = []

    async def history_size(*_: object) -> int | None:
        asked.append(len(asked))
        return sizes[min(len(asked), len(sizes)) - 1]

    monkeypatch.setattr(sending, "history_size", history_size)
    activity = Activity(stage)

    async def agent(producer: EventProducer) -> None:
        for _ in range(100):
            await producer.send(TOKEN)
            await asyncio.sleep(1.0)

    await activity.run(agent)
    types = [event["type"] for event in activity.stored]
    assert types[-1] == "unstored"
    assert len(asked) == 3
    assert 3_000 <= sum(len(event.data) + 11 for event in stage.stored) <= 3_200
