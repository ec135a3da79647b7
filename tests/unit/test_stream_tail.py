"""The history of a run: what it records of the stream, in order, once, through every error."""

import asyncio
from datetime import timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue
from temporalio.converter import DataConverter, DefaultPayloadConverter
from temporalio.service import RPCError

from kai_flow.stream.batches import Batch
from kai_flow.stream.codec import CodecMissing
from kai_flow.stream.header import Carried, Refused, encode_header
from kai_flow.stream.ids import EventId
from kai_flow.stream.place import NOWHERE, Place
from kai_flow.stream.recorded import Ended, Published, Recorded, Scheduled, Spoken
from kai_flow.stream.signals import PAGE_TIMEOUT, SentSignals, publish
from kai_flow.stream.tail import SHORT_POLL_TIMEOUT, RunHistory
from tests.property.strategies import run_of
from tests.unit.temporal_stage import LATER, RUN_ID, SESSION, TemporalStage, in_virtual_time

FIRST = EventId(1, 1, 1)
VOICE = EventId(0, 1, 1)


def history_of(stage: TemporalStage, run_id: str = RUN_ID) -> RunHistory:
    """The history of a run, of which nothing has been read."""
    return RunHistory(stage.client, SESSION, run_id)


async def read_all(history: RunHistory) -> list[Recorded]:
    """Everything up to the end of the run."""
    items: list[Recorded] = []
    while not history.ended:
        items += await history.read()
    return items


def published(*events: EventId, run_id: str = RUN_ID) -> Published:
    """A signal with one event of each of these producers."""
    return Published(run_id, tuple(Batch(run_of(event, 1)) for event in events))


@given(page_size=st.integers(1, 12))
@in_virtual_time
async def test_a_history_is_read_in_its_own_order(page_size: int) -> None:
    """Marks, batches, records and ends come as the history has them, on pages of any size."""
    stage = TemporalStage(page_size=page_size)
    stage.speak(run_of(VOICE, 2))
    stage.schedule("a", header=1)
    stage.schedule("b", header=2, beside=[1])
    stage.store([*run_of(FIRST, 1), *run_of(EventId(2, 1, 1), 1)])
    stage.finish("b", "timed_out")
    stage.finish("a", "cancelled")
    stage.close()
    history = history_of(stage)
    assert await read_all(history) == [
        Spoken(Batch(run_of(VOICE, 2))),
        Scheduled(1, "act", "a"),
        Scheduled(2, "act", "b", frozenset({1})),
        published(FIRST, EventId(2, 1, 1)),
        Ended(2, "timed_out"),
        Ended(1, "cancelled"),
    ]
    assert history.closed is not None
    assert history.next_run == ""


@in_virtual_time
async def test_what_is_not_of_the_stream_is_passed_over() -> None:
    """Activities without a number, other memo fields, and values that nobody can read."""
    stage = TemporalStage()
    stage.schedule("silent")
    stage.schedule("refused", header=encode_header(Refused("too_many_beside")))
    stage.schedule("foreign", header=b'{"producer":"one"}')
    for activity in ("silent", "refused", "foreign"):
        stage.finish(activity)
    stage.write_memo(b'"note"', "of the user")
    stage.write_memo(b"null")
    stage.write_signal(b"<html>")
    stage.write_signal()
    stage.close()
    assert await read_all(history_of(stage)) == []


@in_virtual_time
async def test_a_read_waits_for_what_is_stored_next() -> None:
    """A long poll returns as soon as there is something, and not before."""
    stage = TemporalStage()
    history = history_of(stage)
    await history.read()
    reading = asyncio.create_task(history.read())
    await asyncio.sleep(5.0)
    assert not reading.done()
    stage.store(run_of(FIRST, 1))
    assert await reading == [published(FIRST)]


@in_virtual_time
async def test_an_outage_keeps_the_place() -> None:
    """After an error the next read continues with the page that was not read."""
    stage = TemporalStage(page_size=2)
    stage.store(run_of(FIRST, 1))
    history = history_of(stage)
    assert await history.read() == [published(FIRST)]
    stage.store(run_of(FIRST.offset(1), 1))
    stage.outage()
    with pytest.raises(RPCError):
        await history.read()
    stage.outage(over=True)
    stage.close()
    assert await read_all(history) == [published(FIRST.offset(1))]


@in_virtual_time
async def test_a_broken_codec_keeps_the_page() -> None:
    """A page that could not be decoded is decoded again, whole, without another call."""
    stage = TemporalStage()
    stage.schedule("a", header=1)
    stage.finish("a")
    stage.store(run_of(FIRST, 1))
    history = history_of(stage)
    stage.break_codec(ValueError("no key"))
    with pytest.raises(ValueError, match="no key"):
        await history.read()
    calls = stage.counted.calls
    stage.break_codec(None)
    assert await history.read() == [
        Scheduled(1, "act", "a"),
        Ended(1, "completed"),
        published(FIRST),
    ]
    assert stage.counted.calls == calls


@in_virtual_time
async def test_a_signal_that_nobody_can_read_is_left_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whoever may signal can send one: the session goes on, and that is logged once."""
    stage = TemporalStage()
    stage.store(run_of(FIRST, 1))
    for _ in range(2):
        signal = stage.write_signal(b"...").workflow_execution_signaled_event_attributes
        signal.input.payloads[0].metadata["encoding"] = b"binary/encrypted"
    assert await history_of(stage).read() == [published(FIRST)]
    told = [record.getMessage() for record in caplog.records if "codec" in record.message]
    assert len(told) == 1
    assert f"session {SESSION}" in told[0]
    assert "binary/encrypted" in told[0]


@pytest.mark.parametrize("where", ["start", "activity", "result", "voice"])
@in_virtual_time
async def test_what_the_session_itself_has_encrypted_is_not_left_out(where: str) -> None:
    """A program without the codec cannot tell what it lacks, so it reads no further (§8.8)."""
    stage = TemporalStage()
    hidden = Payload(metadata={"encoding": b"binary/encrypted"}, data=b"...")
    stage.schedule("a", header=1)
    stage.speak(run_of(VOICE, 1))
    stage.finish("a")
    start, scheduled, spoken, finished = stage._run.history
    match where:
        case "start":
            start.workflow_execution_started_event_attributes.input.payloads.append(hidden)
        case "activity":
            scheduled.activity_task_scheduled_event_attributes.input.payloads.append(hidden)
        case "result":
            finished.activity_task_completed_event_attributes.result.payloads.append(hidden)
        case _:
            memo = spoken.workflow_properties_modified_event_attributes.upserted_memo.fields
            memo["kai-events"].CopyFrom(hidden)
    history = history_of(stage)
    calls = 0
    for _ in range(2):
        with pytest.raises(CodecMissing, match="binary/encrypted"):
            await history.read()
        calls = calls or stage.counted.calls
    assert stage.counted.calls == calls
    assert not history.ended


@in_virtual_time
async def test_one_payload_with_each_key_is_decoded() -> None:
    """That a client has the codec is found out once for a key, and not for every activity."""
    stage = TemporalStage()
    decoded: list[Payload] = []

    class Counting:
        payload_converter_class = DefaultPayloadConverter

        async def decode(self, payloads: list[Payload], _hints: object = None) -> list[RawValue]:
            decoded.extend(payloads)
            return [RawValue(Payload(metadata={"encoding": b"json/plain"}))]

    for key in (b"1", b"1", b"2"):
        stage.schedule(f"a{len(stage._run.history)}")
        event = stage._run.history[-1].activity_task_scheduled_event_attributes
        hidden = Payload(metadata={"encoding": b"binary/encrypted", "key": key}, data=b"...")
        event.input.payloads.append(hidden)
    stage.counted.data_converter = cast("DataConverter", Counting())
    await history_of(stage).read()
    assert [one.metadata["key"] for one in decoded] == [b"1", b"2"]


@in_virtual_time
async def test_pages_without_news_are_counted() -> None:
    """Transient events, which the server returns again and again, are no news."""
    stage = TemporalStage()
    history = history_of(stage)
    quiet = []
    for _ in range(3):
        await history.read(SHORT_POLL_TIMEOUT)
        quiet.append(history.quiet)
    assert quiet == [0, *range(quiet[1], quiet[1] + 2)]
    stage.store(run_of(FIRST, 1))
    assert await history.read(PAGE_TIMEOUT) == [published(FIRST)]
    assert history.quiet == 0
    assert timedelta(seconds=1) < SHORT_POLL_TIMEOUT, "the server answers 1 s before"


@in_virtual_time
async def test_own_signals_are_not_decoded_again() -> None:
    """What the reader's process has sent comes back as the very batches that it sent, once."""
    stage, sent = TemporalStage(), SentSignals()
    batch = Batch(run_of(FIRST, 3))
    await publish(stage.client, SESSION, RUN_ID, [batch], sent)
    stage.store(run_of(FIRST, 3))  # the same signal again: delivery is at least once
    history = RunHistory(stage.client, SESSION, RUN_ID, sent.recall)
    first, again = await history.read()
    assert isinstance(first, Published)
    assert first.batches[0] is batch
    assert first == again


@in_virtual_time
async def test_a_run_tells_where_its_stream_goes_on() -> None:
    """A continued run begins after all of the runs before, and the fold of it does, too."""
    stage = TemporalStage()
    stage.continue_as_new(LATER, producer=4, spoken=2)
    old, new = history_of(stage), history_of(stage, LATER)
    await read_all(old)
    await new.read()
    assert old.next_run == LATER
    assert old.start is not None
    assert (old.start.first_run_id, old.start.begins) == (RUN_ID, NOWHERE)
    assert new.start is not None
    assert (new.start.first_run_id, new.start.continued_from) == (RUN_ID, RUN_ID)
    assert new.start.begins == new.fold().place == Place.before(5, 2)


@pytest.mark.parametrize(
    ("writer", "continued", "reset"),
    [
        (
            "a run before that",
            RUN_ID,
            False,
        ),  # a retry of the workflow has the header it began with
        (None, RUN_ID, False),  # a cron schedule
        (RUN_ID, RUN_ID, True),
    ],
)
@in_virtual_time
async def test_a_run_that_nobody_handed_the_stream_to_begins_its_own(
    writer: str | None, continued: str, reset: bool
) -> None:
    """Its own id names the incarnation, and no run before it is of its stream."""
    stage = TemporalStage()
    carried = None if writer is None else Carried(RUN_ID, writer, 4, 0)
    stage.begin(LATER, carried, continued=continued, made_by_reset=reset)
    history = history_of(stage, LATER)
    await history.read()
    assert history.start is not None
    assert (history.start.first_run_id, history.start.continued_from) == (LATER, None)
    assert history.start.made_by_reset == reset


@in_virtual_time
async def test_a_long_page_holds_nobody_up() -> None:
    """A server may return a whole history as one page: others go on between its signals."""
    stage = TemporalStage(page_size=100)
    for n in range(5):
        stage.store(run_of(FIRST.offset(n), 1))
    order: list[str] = []

    async def go_on() -> None:
        order.append("other")

    class Converter:
        async def decode(self, *args: Any) -> list[Any]:
            order.append("signal")
            others.append(asyncio.create_task(go_on()))
            return await DataConverter.default.decode(*args)

    others: list[asyncio.Task[None]] = []
    stage.counted.data_converter = cast("DataConverter", Converter())
    await history_of(stage).read()
    assert order == ["signal", "other"] * 5
