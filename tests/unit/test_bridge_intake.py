"""The intake of POSTs: what each is answered, and what it changes."""

import asyncio

import pytest

from kai_flow.bridge.publisher import FLUSH_SECONDS
from kai_flow.stream.attempt_window import Full, Stale, Taken
from kai_flow.stream.clock import now
from kai_flow.stream.ids import EventId
from tests.property.strategies import run_of
from tests.unit.virtual import Stage, in_virtual_time, post_of

FIRST = EventId(1, 1, 1)


@in_virtual_time
async def test_a_final_post_is_answered_once_all_is_durable() -> None:
    """Its answer says so; when Temporal is away it comes after FLUSH_SECONDS all the same."""
    stage = Stage()
    session = stage.session()
    final = post_of(run_of(FIRST, 3), done=True)
    assert await session.receive(final) == Taken(FIRST.offset(2), FIRST.offset(2), news=False)
    stage.outage()
    began = now()
    late = await session.receive(post_of(run_of(FIRST.offset(3), 1), done=True))
    assert isinstance(late, Taken)
    assert (late.received, late.durable) == (FIRST.offset(3), FIRST.offset(2))
    assert FLUSH_SECONDS <= now() - began < FLUSH_SECONDS + 0.1


@in_virtual_time
async def test_an_attempt_that_nobody_began_changes_nothing() -> None:
    """Nothing of its POST is taken, and the answer asks for it again."""
    stage = Stage()
    session = stage.session()
    forged = EventId(1, 7, 1)
    answer = await session.receive(post_of(run_of(forged, 2)))
    assert answer == Taken(forged.offset(-1), forged.offset(-1), held=False)
    assert session.log.current is None


@in_virtual_time
async def test_a_full_history_is_the_producers_to_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the run stores all it may, new events are refused, and probes and live ones are not."""
    monkeypatch.setattr("kai_flow.bridge.storage_limit.BESIDE_BYTES", 100)
    monkeypatch.setattr("kai_flow.bridge.storage_limit.MAX_STORED_BYTES", 0)
    stage = Stage()
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
    session = stage.session()
    stage.close()
    assert await session.receive(post_of(run_of(FIRST, 1), done=True)) == Stale()


@in_virtual_time
async def test_a_claim_of_a_post_is_taken_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """A `base` or `stored` that nothing else proves moves the log, and leaves one line each."""
    session = Stage().session()
    await session.receive(post_of(run_of(FIRST, 1)))
    with caplog.at_level("INFO", "kai_flow.bridge.intake"):
        for base in (50, 60):
            answer = await session.receive(post_of((), base=FIRST._replace(seq=base)))
            assert isinstance(answer, Taken)
            assert answer.received == FIRST._replace(seq=base - 1)
        for stored in (61, 62):
            place = FIRST._replace(seq=60)
            await session.receive(post_of((), base=place, stored=FIRST._replace(seq=stored)))
    kinds = {record.msg for record in caplog.records}
    assert len(kinds) == len(caplog.records) == 2
