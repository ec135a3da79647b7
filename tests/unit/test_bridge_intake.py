"""The intake of POSTs: what each is answered, and what it changes."""

import asyncio

import pytest
from temporalio.converter import DataConverter

from kai_flow.bridge.attempts import ASK_SECONDS
from kai_flow.bridge.errors import NoCodec, WrongNumber
from kai_flow.bridge.publisher import FLUSH_SECONDS
from kai_flow.stream.attempt_window import Full, Stale, Taken
from kai_flow.stream.clock import now
from kai_flow.stream.errors import InvalidId
from kai_flow.stream.events import NumberedEvent, encode_event
from kai_flow.stream.ids import EventId
from kai_flow.temporal.codec import EncryptionCodec
from tests.property.strategies import run_of
from tests.unit.virtual import Stage, in_virtual_time, post_of

FIRST = EventId(1, 1, 1)
SECOND = EventId(2, 1, 1)


def nothing_of(place: EventId) -> Taken:
    """The answer to a POST of which nothing was taken."""
    return Taken(place.offset(-1), place.offset(-1), held=False)


@in_virtual_time
async def test_a_final_post_is_answered_once_all_is_durable() -> None:
    """Its answer says so; when Temporal is away it comes after FLUSH_SECONDS all the same."""
    stage = Stage()
    stage.schedule("a", header=1)
    session = stage.session()
    final = await session.receive(post_of(run_of(FIRST, 3), done=True))
    assert isinstance(final, Taken)
    assert (final.received, final.durable) == (FIRST.offset(2), FIRST.offset(2))
    stage.outage()
    began = now()
    late = await session.receive(post_of(run_of(FIRST.offset(3), 1), done=True))
    assert isinstance(late, Taken)
    assert (late.received, late.durable) == (FIRST.offset(3), FIRST.offset(2))
    assert FLUSH_SECONDS <= now() - began < FLUSH_SECONDS + 0.1


@in_virtual_time
async def test_without_the_codec_nothing_is_taken() -> None:
    """A POST is refused at once, so nothing of the session is signalled in clear (§8.8)."""
    stage = Stage()
    stage.schedule("a", header=1)
    stage.hide_input()
    session = stage.session()
    began = now()
    for _ in range(2):
        with pytest.raises(NoCodec, match=r"'binary/encrypted'.*signals by itself"):
            await session.receive(post_of(run_of(FIRST, 3)))
    assert now() - began < 0.5
    await asyncio.sleep(60)
    assert stage.signals == []


@in_virtual_time
async def test_a_producer_may_say_that_it_has_a_codec() -> None:
    """Where nothing has an input, only it can tell; a bridge that has a codec takes it."""
    stage = Stage()
    stage.schedule("a", header=1)
    session = stage.session()
    with pytest.raises(NoCodec, match=r"its producer has a payload codec.*signals by itself"):
        await session.receive(post_of(run_of(FIRST, 3), codec=True))
    await asyncio.sleep(60)
    assert stage.signals == []
    other = Stage()
    other.schedule("a", header=1)
    other.counted.data_converter = DataConverter(payload_codec=EncryptionCodec([b"k" * 32]))
    answer = await other.session().receive(post_of(run_of(FIRST, 3), codec=True))
    assert isinstance(answer, Taken)


@in_virtual_time
async def test_what_was_taken_before_the_codec_is_not_signalled_after_it() -> None:
    """Workers may get a codec while a session runs: from then on the bridge signals no more."""
    stage = Stage()
    stage.schedule("a", header=1)
    session = stage.session()
    await session.receive(post_of(run_of(FIRST, 3)))
    await asyncio.sleep(1)
    signals = len(stage.signals)
    stage.schedule("b", header=2, beside=[1])
    stage.hide_input()
    await asyncio.sleep(1)
    with pytest.raises(NoCodec):
        await session.receive(post_of(run_of(FIRST.offset(3), 3)))
    stage.hide_input(hidden=False)
    await asyncio.sleep(30)
    assert isinstance(await session.receive(post_of(run_of(FIRST.offset(3), 3))), Taken)
    await asyncio.sleep(1)
    assert len(stage.signals) == signals + 1


@in_virtual_time
async def test_a_final_post_is_answered_once_another_bridge_has_signalled() -> None:
    """What it waits for comes from the history, and there is nothing new to show."""
    stage = Stage()
    stage.schedule("a", header=1)
    session = stage.session()
    events = run_of(FIRST, 3)
    began = now()
    final = post_of(events, signaller="another", done=True)
    answering = asyncio.create_task(session.receive(final))
    await asyncio.sleep(0.5)
    stage.store(events)
    answer = await answering
    assert isinstance(answer, Taken)
    assert answer.durable == FIRST.offset(2)
    assert now() - began < 1


@in_virtual_time
async def test_an_attempt_that_nobody_began_changes_nothing() -> None:
    """Nothing of its POST is taken, and the answer asks for it again."""
    stage = Stage()
    stage.schedule("a", header=1)
    session = stage.session()
    forged = EventId(1, 7, 1)
    assert await session.receive(post_of(run_of(forged, 2))) == nothing_of(forged)
    assert session.log.received.window(forged) is None
    stage.retry("a", 7)
    await asyncio.sleep(1)
    assert await session.receive(post_of(run_of(forged, 2))) != nothing_of(forged)


@in_virtual_time
async def test_a_producer_that_nobody_scheduled_is_asked_for_once() -> None:
    """Nothing of it is taken, and however often it comes back, the history is looked at once."""
    stage = Stage()
    stage.schedule("a", header=1)
    session = stage.session()
    assert await session.receive(post_of(run_of(SECOND, 1))) == nothing_of(SECOND)
    calls = stage.counted.calls
    for _ in range(20):
        assert await session.receive(post_of(run_of(SECOND, 1))) == nothing_of(SECOND)
    assert stage.counted.calls - calls <= 1
    stage.schedule("b", header=2)
    await asyncio.sleep(1)
    answer = await session.receive(post_of(run_of(SECOND, 1)))
    assert isinstance(answer, Taken)
    assert answer.received == SECOND


@in_virtual_time
async def test_without_marks_a_run_has_no_more_producers_than_activities() -> None:
    """Higher numbers are invented: nothing of them is taken, so they close no real producer."""
    stage = Stage()
    stage.schedule("a")
    stage.schedule("b")
    session = stage.session()
    await session.receive(post_of(run_of(FIRST, 1)))
    for producer in (3, 4, 1_000_000):
        invented = EventId(producer, 1, 1)
        assert await session.receive(post_of(run_of(invented, 1))) == nothing_of(invented)
        assert session.log.received.window(invented) is None
    assert await session.receive(post_of(run_of(SECOND, 1))) != nothing_of(SECOND)


@in_virtual_time
async def test_a_new_producer_waits_for_no_pause_of_the_tail() -> None:
    """Its first POST is taken as soon as Temporal has answered, and not asked for again."""
    stage = Stage()
    session = stage.session()
    session.attend()
    await asyncio.sleep(1)
    for producer in range(1, 6):
        stage.schedule(str(producer), header=producer, beside=range(1, producer))
        first = EventId(producer, 1, 1)
        began = now()
        answer = await session.receive(post_of(run_of(first, 1)))
        assert isinstance(answer, Taken)
        assert answer.received == first
        assert now() - began < 0.05
        stage.store(run_of(first, 1))
        await asyncio.sleep(0.01)
    await session.stop()


@in_virtual_time
async def test_a_producer_waits_a_second_for_temporal() -> None:
    """While Temporal is silent, nothing of a producer that it has not shown is taken."""
    stage = Stage()
    session = stage.session()
    stage.outage()
    began = now()
    assert await session.receive(post_of(run_of(FIRST, 1))) == nothing_of(FIRST)
    assert now() - began < ASK_SECONDS + 0.1


@in_virtual_time
async def test_a_producer_whose_activity_has_ended_is_told_to_stop() -> None:
    """What still talks after its end, or after the workflow has gone on, gets a 410."""
    stage = Stage()
    stage.schedule("a", header=1)
    stage.schedule("b", header=2, beside=[1])
    session = stage.session()
    assert isinstance(await session.receive(post_of(run_of(FIRST, 1))), Taken)
    stage.finish("a", "timed_out", producer=1)
    await asyncio.sleep(1)
    assert await session.receive(post_of(run_of(FIRST, 2))) == Stale()
    stage.schedule("c", header=3)
    await asyncio.sleep(1)
    assert await session.receive(post_of(run_of(SECOND, 2))) == Stale()


@in_virtual_time
async def test_a_full_history_is_the_producers_to_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the run stores all it may, new events are refused, and probes and live ones are not."""
    monkeypatch.setattr("kai_flow.bridge.storage_limit.BESIDE_BYTES", 100)
    monkeypatch.setattr("kai_flow.bridge.storage_limit.MAX_STORED_BYTES", 0)
    stage = Stage()
    stage.schedule("a", header=1)
    session = stage.session()
    await session.receive(post_of(run_of(FIRST, 1, padding=200)))
    await asyncio.sleep(1)
    assert await session.receive(post_of(run_of(FIRST, 2))) == Full(stored=True)
    assert isinstance(await session.receive(post_of((), base=FIRST)), Taken)
    live = post_of(run_of(FIRST.offset(1), 1), base=FIRST, stored=FIRST)
    assert isinstance(await session.receive(live), Taken)


@in_virtual_time
async def test_a_final_post_is_told_of_a_close_that_came_meanwhile() -> None:
    """When the run ends while a final POST waits, its answer is that of a repeated POST."""
    stage = Stage()
    stage.schedule("a", header=1)
    session = stage.session()
    await session.receive(post_of((), base=FIRST))
    stage.close()
    assert await session.receive(post_of(run_of(FIRST, 1), done=True)) == Stale()


@in_virtual_time
async def test_a_claim_of_a_post_is_taken_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """A `base` or `stored` that nothing else proves moves the log, and leaves one line each."""
    stage = Stage()
    stage.schedule("a", header=1)
    session = stage.session()
    await session.receive(post_of(run_of(FIRST, 1)))
    with caplog.at_level("INFO", "kai_flow.bridge.intake"):
        for base in (50, 60):
            answer = await session.receive(post_of((), base=FIRST._replace(seq=base)))
            assert isinstance(answer, Taken)
        for stored in (61, 62):
            place = FIRST._replace(seq=60)
            await session.receive(post_of((), base=place, stored=FIRST._replace(seq=stored)))
    kinds = {record.msg for record in caplog.records}
    assert len(kinds) == len(caplog.records) == 2


def started(producer: int, **fields: object) -> NumberedEvent:
    """The first event of a producer, with these fields."""
    return NumberedEvent(EventId(producer, 1, 1), *encode_event({"type": "started", **fields}))


@pytest.mark.parametrize("header", [1, None])
@in_virtual_time
async def test_a_second_activity_with_the_same_number_is_refused(header: int | None) -> None:
    """Its events would be taken for those of the first one; the sentence names both."""
    stage = Stage()
    stage.schedule("a", header=header)
    session = stage.session()
    first = [started(1, activity_id="a")]
    assert await session.receive(post_of(first)) != nothing_of(FIRST)
    stage.store(first)
    await asyncio.sleep(1)
    why = "producer 1 of this session is the activity 'a', not 'b'"
    with pytest.raises(WrongNumber, match=why):
        await session.receive(post_of([started(1, activity_id="b")]))
    assert await session.receive(post_of(first)) != nothing_of(FIRST)


@in_virtual_time
async def test_a_list_that_cannot_be_is_refused() -> None:
    """Nobody runs beside itself, or was scheduled before itself; nothing of the POST is taken."""
    stage = Stage()
    stage.schedule("a")
    session = stage.session()
    for beside in ([1], [2], [0]):
        with pytest.raises(InvalidId, match="beside producer 1 are lower numbers from 1"):
            await session.receive(post_of([started(1, beside=beside)]))
    assert session.log.received.window(FIRST) is None
