"""Activities without marks: how they end is known from the `started` of their producers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.stream.batches import Batch
from kai_flow.stream.events import NumberedEvent, encode_event
from kai_flow.stream.ids import EventId
from kai_flow.stream.recorded import Ended, Recorded
from kai_flow.stream.signals import publish
from kai_flow.stream.tail import RunHistory
from tests.unit.temporal_stage import RUN_ID, SESSION, TemporalStage, in_virtual_time

FIRST = EventId(1, 1, 1)


async def ends_in(stage: TemporalStage) -> list[Recorded]:
    """The ends of producers in the history of the run, which has closed."""
    history, items = RunHistory(stage.client, SESSION, RUN_ID), list[Recorded]()
    while not history.ended:
        items += await history.read()
    return [item for item in items if isinstance(item, Ended)]


@given(page_size=st.integers(1, 12))
@in_virtual_time
async def test_without_marks_started_tells_which_activity_a_producer_is(page_size: int) -> None:
    """So the ends of activities are known of which a workflow without the plugin makes no mark."""
    stage = TemporalStage(page_size=page_size)
    for activity in ("silent", "a", "b"):
        stage.schedule(activity)
    first = [
        NumberedEvent(EventId(number, 1, 1), *encode_event({"type": "started", **fields}))
        for number, fields in ((1, {"activity_id": "a"}), (2, {"activity_id": "b", "beside": [1]}))
    ]
    stage.store(first[:1])
    stage.store(first[1:])
    stage.finish("silent")
    stage.finish("b", "failed")
    stage.finish("a")
    stage.close()
    assert await ends_in(stage) == [Ended(2, "failed"), Ended(1, "completed")]


@in_virtual_time
async def test_a_number_of_two_activities_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """In the log of who reads the history, because the events of the second one are dropped."""
    stage = TemporalStage()
    for activity in ("a", "b"):
        stage.schedule(activity)
        data = encode_event({"type": "started", "activity_id": activity})
        await publish(stage.client, SESSION, RUN_ID, [Batch((NumberedEvent(FIRST, *data),))])
        stage.finish(activity)
    stage.close()
    assert await ends_in(stage) == [Ended(1, "completed")] * 2
    (record,) = caplog.records
    assert "the activities 'a' and 'b' have the same producer number, 1" in record.getMessage()


@in_virtual_time
async def test_with_marks_started_tells_nothing_of_activities() -> None:
    """A forged `started` ends nobody."""
    stage = TemporalStage()
    stage.schedule("unmarked")
    stage.schedule("a", header=1)
    forged = encode_event({"type": "started", "activity_id": "unmarked"})
    stage.store([NumberedEvent(FIRST, *forged)])
    stage.finish("unmarked")
    stage.close()
    assert await ends_in(stage) == []
