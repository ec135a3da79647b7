"""Sessions of concurrent activities and many runs, read from a real server without a bridge."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowHandle
from temporalio.common import HeaderCodecBehavior
from temporalio.converter import PayloadCodec
from temporalio.service import RPCError
from temporalio.worker import Worker

from kai_flow.stream import Followed, StreamPlugin, follow, read_history
from kai_flow.stream.batches import Batch
from kai_flow.stream.events import NumberedEvent, encode_event
from kai_flow.stream.ids import EventId
from kai_flow.stream.place import NOWHERE, Cursor
from kai_flow.stream.run import find_run
from kai_flow.stream.signals import SessionClosed, publish
from kai_flow.temporal.codec import EncryptionCodec
from tests.integration.choir import Choir, hum, sing
from tests.integration.waiting import until

PER_RUN = 4  # producers: two sing, one hums, and the last one


class Backwards(PayloadCodec):
    """Turns every payload around, so that nobody can read it without this codec."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [
            Payload(metadata={"encoding": b"binary/backwards"}, data=each.SerializeToString()[::-1])
            for each in payloads
        ]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        assert all(each.metadata["encoding"] == b"binary/backwards" for each in payloads)
        return [Payload.FromString(each.data[::-1]) for each in payloads]


@asynccontextmanager
async def choir(
    client: Client, session_id: str, runs: int
) -> AsyncIterator[WorkflowHandle[Any, Any]]:
    """A running choir, with a worker that does everything."""
    async with Worker(
        client,
        task_queue=session_id,
        workflows=[Choir],
        activities=[sing, hum],
        plugins=[StreamPlugin()],
    ):
        handle = await client.start_workflow(Choir.run, runs, id=session_id, task_queue=session_id)
        yield handle
        with suppress(RPCError):  # it has ended
            await client.get_workflow_handle(session_id).terminate()


async def collect(client: Client, session_id: str, seen: list[Followed], after: str | None) -> None:
    """Follow the session in Temporal to its end."""
    async for one in follow(client, session_id, after=after):
        if one.event["type"] != "status":
            seen.append(one)  # noqa: PERF401  the test looks at them as they come


async def rest_of(client: Client, session_id: str, after: str | None) -> list[Followed]:
    """What a reader with this cursor gets of a session that has ended."""
    seen: list[Followed] = []
    await collect(client, session_id, seen, after)
    return seen


async def hum_a_line(client: Client, session_id: str, producer: int, seq: int) -> None:
    """The activity that hums says something after all."""
    said = {"type": "started" if seq == 1 else "line", "producer": producer, "attempt": 1}
    event = NumberedEvent(EventId(producer, 1, seq), *encode_event(said))
    run = await find_run(client, session_id)
    await publish(client, session_id, run.run_id, [Batch((event,))])


def event_id(one: Followed) -> EventId:
    """The id of an event: the first part of its cursor."""
    return EventId.parse(str(one.id).partition("@")[0].partition(",")[0])


def has_ended(seen: Sequence[Followed], producer: int) -> bool:
    """Whether the reader was told that this producer has ended."""
    return any(status_of(one, producer) for one in seen)


def status_of(one: Followed, producer: int) -> str | None:
    """How this producer has ended, if that is what the event tells."""
    told = one.event["type"] == "ended" and one.event["producer"] == producer
    return str(one.event["status"]) if told else None


async def conduct(client: Client, session_id: str, seen: list[Followed], first: int) -> None:
    """Lead one run, whose first producer is `first`, to its end."""
    await until(lambda: has_ended(seen, first) and has_ended(seen, first + 1))
    await hum_a_line(client, session_id, first + 2, 1)
    await client.get_workflow_handle(session_id).signal(Choir.give_up)
    await until(lambda: any(one.id and event_id(one).producer == first + 3 for one in seen))
    with suppress(SessionClosed, RPCError):  # the run may have ended: it does not count anyway
        await hum_a_line(client, session_id, first + 2, 2)


@pytest.mark.parametrize(
    ("runs", "codec", "headers"),
    [
        (3, None, HeaderCodecBehavior.NO_CODEC),
        (2, Backwards(), HeaderCodecBehavior.NO_CODEC),
        (2, EncryptionCodec([b"k" * 32]), HeaderCodecBehavior.CODEC),
    ],
    ids=["plain", "codec", "encrypted headers"],
)
async def test_a_session_of_many_runs_is_one_stream(
    client: Client,
    session_id: str,
    runs: int,
    codec: PayloadCodec | None,
    headers: HeaderCodecBehavior,
) -> None:
    """Followed live across the seams, read from the beginning, and resumed from any cursor."""
    config = client.config()
    config["data_converter"] = dataclasses.replace(client.data_converter, payload_codec=codec)
    config["header_codec_behavior"] = headers
    client = Client(**config)
    live: list[Followed] = []
    async with choir(client, session_id, runs) as handle, asyncio.TaskGroup() as group:
        reading = group.create_task(collect(client, session_id, live, None))
        for run in range(runs):
            await conduct(client, session_id, live, run * PER_RUN + 1)
        await reading
        assert live[-1].event == {"type": "done", "result": "over"}
        whole = await rest_of(client, session_id, None)
    incarnation = (handle.first_execution_run_id or "")[-8:]
    said = [one for one in live if one.id]
    assert {Cursor.parse(str(one.id)).incarnation for one in said} == {incarnation}
    # The history and the live reading are of the same order, because both are the history's.
    assert whole == live
    ids = [event_id(one) for one in said[:-1]]
    for run in range(runs):
        one, two, hums, last = (run * PER_RUN + n for n in range(1, PER_RUN + 1))
        assert [i for i in ids if i[0] == one] == [EventId(one, 1, n) for n in range(1, 5)]
        assert [i for i in ids if i[:2] == (two, 2)] == [EventId(two, 2, n) for n in range(1, 4)]
        assert [i for i in ids if i[0] == hums] == [EventId(hums, 1, 1)], "the rest never counted"
        assert ids.index(EventId(last, 1, 1)) > ids.index(EventId(two, 2, 3))
        told = {
            p: next(filter(None, (status_of(e, p) for e in live))) for p in (one, two, hums, last)
        }
        assert told == {one: "completed", two: "completed", hums: "cancelled", last: "completed"}
    assert [i for i in ids if i[0] == 0] == [EventId(0, 1, n + 1) for n in range(2 * runs)]
    for number in range(0, len(said), 3):
        rest = await rest_of(client, session_id, said[number].id)
        assert [one for one in rest if one.id] == said[number + 1 :]
    stream = await read_history(client, session_id)
    counted = [i for i in ids if not (i[0] % PER_RUN == 2 and i[1] == 1)]
    assert len(stream) == len(counted)
    assert stream.complete
    assert stream.reaches_past(NOWHERE)
