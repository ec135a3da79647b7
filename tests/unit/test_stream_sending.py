"""The sending side alone: what the agent waits for, and what is sent at the end.

tests/unit/test_stream_producer.py tests it together with the block around it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import copy_context

import pytest
from temporalio.testing import ActivityEnvironment

from kai_flow.stream import sending as sending_module
from kai_flow.stream.cadence import Cadence
from kai_flow.stream.callback import Origin
from kai_flow.stream.clock import now
from kai_flow.stream.delivery import Delivery
from kai_flow.stream.errors import Finished, Superseded
from kai_flow.stream.events import encode_event
from kai_flow.stream.ids import EventId
from kai_flow.stream.outbox import MAX_EVENTS, Outbox
from kai_flow.stream.producer_counts import ProducerCounts
from kai_flow.stream.sending import Sending
from tests.unit.virtual import RUN_ID, SESSION, Stage, in_virtual_time

NOTE = encode_event({"type": "note"})


class Attempt:
    """The attempt of an activity that only signals."""

    def __init__(self, *, max_events: int = MAX_EVENTS) -> None:
        self.stage = Stage()
        self.ended = asyncio.Event()
        outbox = Outbox(1, 1, max_events=max_events)
        self.sending = Sending(
            Delivery(outbox, Cadence(0.25, now()), callback=False, now=now()),
            outbox,
            self.stage.client,
            Origin(SESSION, RUN_ID, RUN_ID),
            callback=None,
            ended=self.ended.set,
        )

    async def run(self, agent: Callable[[Sending], Awaitable[None]]) -> None:
        """Let the tasks run beside the agent."""

        async def work() -> None:
            self.sending.start()
            try:
                await agent(self.sending)
            finally:
                await self.sending.stop()

        environment = ActivityEnvironment()
        await copy_context().run(asyncio.create_task, environment.run(work))

    @property
    def stored(self) -> list[str]:
        """The types of what the workflow has."""
        return [event.type for event in self.stage.stored]


@in_virtual_time
async def test_events_are_signalled_beside_the_agent() -> None:
    """`drain` returns when the last of them is durable, and none fails without a callback."""
    attempt = Attempt()

    async def agent(sending: Sending) -> None:
        ids = [await sending.send(*NOTE) for _ in range(3)]
        assert ids == [EventId(1, 1, n) for n in (1, 2, 3)]
        sending.end()
        await sending.drain()
        assert attempt.stored == ["note"] * 3
        assert sending.failed == 0
        with pytest.raises(Finished):
            await sending.send(*NOTE)

    await attempt.run(agent)
    assert not attempt.ended.is_set()


@in_virtual_time
async def test_a_full_outbox_lets_the_agent_wait() -> None:
    """Until the events before are durable; then it goes on by itself."""
    attempt = Attempt(max_events=2)

    async def agent(sending: Sending) -> None:
        attempt.stage.outage()
        for _ in range(2):
            await sending.send(*NOTE)
        waiting = asyncio.create_task(sending.send(*NOTE))
        await asyncio.sleep(30.0)
        assert not waiting.done()
        attempt.stage.outage(over=True)
        assert await waiting == EventId(1, 1, 3)

    await attempt.run(agent)


@pytest.mark.parametrize(
    ("why", "last"), [("it broke", ["note", "attempt_failed"]), (None, ["note"])]
)
@in_virtual_time
async def test_a_failed_attempt_says_why_and_is_durable(why: str | None, last: list[str]) -> None:
    """Also after the end of its events was told. Nothing is said of a session that is cancelled."""
    attempt = Attempt()

    async def agent(sending: Sending) -> None:
        await sending.send(*NOTE)
        sending.end()
        await sending.fail(why)

    await attempt.run(agent)
    assert attempt.stored == last


@in_virtual_time
async def test_who_waits_is_told_that_the_attempt_is_over() -> None:
    """The reason is asked for afterwards, once: it costs a question to the server."""
    attempt = Attempt()

    async def agent(sending: Sending) -> None:
        attempt.stage.outage()
        await sending.send(*NOTE)
        waiting = asyncio.create_task(sending.drain())
        await asyncio.sleep(1.0)
        assert not attempt.ended.is_set()
        attempt.stage.close()
        attempt.stage.outage(over=True)
        await attempt.ended.wait()
        assert sending.over
        with pytest.raises(Superseded):
            await waiting
        reason = await sending.reason()
        assert str(reason) == "1.1.1: the session has ended"
        assert await sending.reason() is reason

    await attempt.run(agent)


@in_virtual_time
async def test_a_task_that_breaks_ends_the_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its error is the reason: the agent's events would not be seen."""
    attempt, mistake = Attempt(), ZeroDivisionError("a mistake")

    def broken(*_: object) -> None:
        raise mistake

    async def agent(sending: Sending) -> None:
        monkeypatch.setattr(sending.delivery, "next_signal", broken)
        await sending.send(*NOTE)
        with pytest.raises(Superseded):
            await sending.drain()
        assert attempt.ended.is_set()
        assert await sending.reason() is mistake

    await attempt.run(agent)


@in_virtual_time
async def test_what_is_sent_is_counted_until_it_is_durable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Events, their time until durable, failed signals, and the outbox while the block is open."""
    counts = ProducerCounts()
    monkeypatch.setattr(sending_module, "PRODUCERS", counts)
    attempt = Attempt()

    async def agent(sending: Sending) -> None:
        attempt.stage.outage()
        await sending.send(*NOTE)
        await asyncio.sleep(20)
        assert (counts.open, counts.held) == (1, 1)
        assert counts.lag == pytest.approx(20, abs=0.1)
        assert counts.signals["failed"] >= 1
        attempt.stage.outage(over=True)
        sending.end()
        await sending.drain()
        assert counts.lag == 0

    await attempt.run(agent)
    assert (counts.open, counts.events, counts.signals["sent"]) == (0, 1, 1)
    assert counts.durable_seconds.count == 1
    assert counts.durable_seconds.sum >= 20
