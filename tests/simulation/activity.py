"""The activity: what `KaiActivities.chat_streaming` does, with the model of an agent."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from random import Random
from typing import Any, NamedTuple, cast

import httpx
from temporalio import activity
from temporalio.client import Client
from temporalio.service import RPCError

from kai_flow.stream.batches import Batch
from kai_flow.stream.errors import InvalidEvent
from kai_flow.stream.events import NumberedEvent, encode_event
from kai_flow.stream.header import ProducerHeader
from kai_flow.stream.ids import EventId
from kai_flow.stream.place import to_ranges
from kai_flow.stream.producer import EventProducer
from kai_flow.stream.signals import SessionClosed, publish
from tests.simulation.agent import Agent, refused_of, word_of
from tests.simulation.client import TemporalClient
from tests.simulation.execution import Try
from tests.simulation.oracle import Oracle

BASE_URL = "http://bridge/events/"


class Settings(NamedTuple):
    """How the activity is set up."""

    callback: bool
    signal_interval: float
    clumsy: bool = False
    """It is another program's: it signals by itself, some batches twice and some never."""


class Place(NamedTuple):
    """Where an activity runs, and what it is to do there."""

    attempt: Try
    agent: Agent
    settings: Settings
    oracle: Oracle
    client: TemporalClient
    http: httpx.AsyncClient


async def stream(place: Place, steps: AsyncIterator[int]) -> dict[str, Any]:
    """Stream what the agent says; the result."""
    attempt, oracle, settings = place.attempt, place.oracle, place.settings
    run = attempt.run
    # In a run that continues another one, the producer asks the server how much is stored.
    spent = attempt.history_bytes if run.before is None and attempt.marked else None
    said = oracle.listen(run.run_id, attempt.producer, attempt.attempt, spent)
    said.say(_started(attempt))
    async with EventProducer(
        callback_url=BASE_URL + run.workflow_id if settings.callback else None,
        client=cast("Client", place.client),
        http=place.http,
        signal_interval=settings.signal_interval,
        producer=None if attempt.marked else attempt.producer,
        beside=None if attempt.marked else attempt.beside,
    ) as producer:
        oracle.watch(producer)
        _note(place, producer.last_event_id)
        try:
            async with aclosing(cast("Any", steps)):
                async for n in steps:
                    await _say(place, producer, n)
            await producer.settle()
            sent, failed = producer.events_sent, producer.events_failed
            oracle.counted(attempt, sent, failed, callback=settings.callback)
            result = {
                "status": "completed",
                "said": len(said),
                "last_event_id": str(producer.last_event_id),
                "events_sent": sent,
                "events_failed": failed,
            }
            await producer.finish(result)
        except BaseException as error:
            details = activity.cancellation_details()
            leaving = details is not None and details.worker_shutdown
            why = "the worker is shutting down" if leaving else str(error) or type(error).__name__
            said.fail(producer.last_event_id.seq, why)
            raise
    return result


async def _say(place: Place, producer: EventProducer, n: int) -> None:
    attempt, oracle = place.attempt, place.oracle
    refused = refused_of(place.agent, n)
    if refused is not None:
        try:
            await producer.send(refused)
        except InvalidEvent:
            pass
        else:
            oracle.violated(f"an agent may say {refused}")
    word = word_of(place.agent, attempt.producer, attempt.attempt, n)
    oracle.listen(attempt.run.run_id, attempt.producer, attempt.attempt).say(word.shown)
    _note(place, await producer.send(word.given))


def _note(place: Place, event_id: EventId) -> None:
    """The newest event has its id."""
    attempt, oracle = place.attempt, place.oracle
    said = oracle.listen(attempt.run.run_id, *event_id.attempt_key)
    wrong = said.numbered(event_id.seq)
    if wrong is not None or event_id.attempt_key != (attempt.producer, attempt.attempt):
        oracle.violated(f"{event_id} of attempt {attempt.attempt}: {wrong}")
    oracle.said(attempt.run.run_id, event_id)


async def signal_clumsily(place: Place, steps: AsyncIterator[int]) -> dict[str, Any]:
    """The same by another program's sender: it has a hole now and then, and repeats itself."""
    attempt, oracle = place.attempt, place.oracle
    run = attempt.run
    random = Random(f"{run.run_id}/{attempt.attempt}/clumsy")
    said = oracle.listen(run.run_id, attempt.producer, attempt.attempt)
    events: list[NumberedEvent] = []

    def say(event: dict[str, Any]) -> None:
        if len(said) % 3 == 2:
            event = {**event, "weight": 1e15}
        said.say(event)
        place_of = EventId(attempt.producer, attempt.attempt, len(said))
        kind, data = encode_event(event)
        data = data.replace(b"1000000000000000.0", b"1e15")  # as other programs may write it
        events.append(NumberedEvent(place_of, kind, data))
        oracle.said(run.run_id, place_of)

    async def send(batch: list[NumberedEvent]) -> None:
        activity.heartbeat()
        while True:
            try:
                client = cast("Client", place.client)
                return await publish(client, run.workflow_id, run.run_id, [Batch(tuple(batch))])
            except SessionClosed:
                return None
            except RPCError:
                activity.heartbeat()

    say(_started(attempt))
    sent = 0
    async with aclosing(cast("Any", steps)):
        async for n in steps:
            say(word_of(place.agent, attempt.producer, attempt.attempt, n).shown)
            if len(events) - sent >= random.randint(1, 6):
                if random.random() < 0.7:
                    await send(events[max(0, sent - random.choice([0, 0, 3])) :])
                sent = len(events)
    await send(events[-2:])
    return {"status": "completed", "said": len(said), "last_event_id": str(events[-1].id)}


async def think(steps: AsyncIterator[int]) -> dict[str, Any]:
    """An activity that sends no event."""
    async with aclosing(cast("Any", steps)):
        async for _ in steps:
            activity.heartbeat()
    return {"status": "completed", "last_event_id": None}


def _started(attempt: Try) -> dict[str, Any]:
    """What an attempt says first."""
    header = attempt.header
    assert isinstance(header, ProducerHeader)
    return {
        "type": "started",
        "producer": header.producer,
        "attempt": attempt.attempt,
        "activity": attempt.activity.type,
        "activity_id": attempt.activity.id,
        "beside": [
            list(item) if isinstance(item, tuple) else item for item in to_ranges(header.beside)
        ],
    }
