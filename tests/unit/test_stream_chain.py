"""The chain of runs: where a reader reads on, and what is missing when runs are deleted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.service import RPCError

from kai_flow.stream.chain import Chain, enter
from kai_flow.stream.gaps import Gap, Missing
from kai_flow.stream.ids import EventId
from kai_flow.stream.place import NOWHERE, Place
from kai_flow.stream.run_start import RunStart
from tests.unit.temporal_stage import LAST, LATER, RUN_ID, SESSION, TemporalStage, in_virtual_time


def three_runs() -> TemporalStage:
    """A session whose runs have two producers and two events of the workflow each."""
    stage = TemporalStage()
    stage.continue_as_new(LATER, producer=2, spoken=2)
    stage.continue_as_new(LAST, producer=4, spoken=4)
    return stage


@pytest.mark.parametrize(
    ("place", "run_id"),
    [
        ("0.0.0", RUN_ID),
        ("0.1.2,2.1.9", RUN_ID),  # whether that was the last event, only the run itself tells
        ("0.1.2,3.1.1", LATER),
        ("0.1.1,3.1.1", RUN_ID),
        ("0.1.2,3.0.0", LATER),
        ("0.1.4,5.0.0", LAST),
        ("0.1.4,6.1.1", LAST),
    ],
)
@in_virtual_time
async def test_a_reader_reads_on_in_the_newest_run_that_it_may(place: str, run_id: str) -> None:
    """That is the newest one before which it has everything."""
    chain = Chain(three_runs().client, SESSION, LAST)
    assert (await chain.find(Place.parse(place))).run_id == run_id


@in_virtual_time
async def test_only_runs_that_are_needed_are_looked_up_and_only_once() -> None:
    """A reader at the end of a chain of fifty runs costs one call."""
    stage = three_runs()
    chain = Chain(stage.client, SESSION, LAST)
    calls = []
    for place in ("0.1.4,5.0.0", "0.1.4,5.0.0", "0.1.2,3.0.0", "0.0.0", "0.1.2,3.0.0"):
        await chain.find(Place.parse(place))
        calls.append(stage.counted.calls)
    assert calls == [1, 1, 2, 3, 3]


@in_virtual_time
async def test_a_deleted_run_is_not_looked_for_again() -> None:
    """The oldest run that is left is read instead; an outage is no deletion."""
    stage = three_runs()
    chain = Chain(stage.client, SESSION, LAST)
    stage.outage()
    with pytest.raises(RPCError):
        await chain.find(NOWHERE)
    stage.outage(over=True)
    stage.delete(RUN_ID)
    assert (await chain.find(NOWHERE)).run_id == LATER
    calls = stage.counted.calls
    assert (await chain.find(NOWHERE)).run_id == LATER
    assert stage.counted.calls == calls


@in_virtual_time
async def test_a_run_that_nobody_handed_the_stream_to_does_not_continue_it() -> None:
    """The stream ends with the run before, whatever the server started next."""
    stage = TemporalStage()
    stage.begin(LATER, continued=RUN_ID, first_run_id=RUN_ID)
    chain = Chain(stage.client, SESSION, RUN_ID)
    link = await chain.find(NOWHERE)
    assert await chain.go_on(link, LATER) is None
    assert await chain.go_on(link, "") is None


@pytest.mark.parametrize(
    ("place", "missing"),
    [
        ("0.0.0", [(None, "0.1.3"), ("1.0.0", "5.0.0")]),
        ("0.1.1", [("0.1.1", "0.1.3"), ("1.0.0", "5.0.0")]),
        ("0.1.2,3.1.7", [("3.1.7", "5.0.0")]),
        ("0.1.2,2.1.4,4.0.0", [("2.1.4", "3.0.0"), ("4.0.0", "5.0.0")]),
        ("0.1.1,5.1.1", [("0.1.1", "0.1.3")]),
    ],
)
def test_a_gap_tells_what_deleted_runs_may_have_had(
    place: str, missing: list[tuple[str | None, str]]
) -> None:
    """By producer, in the order of ids; afterwards the reader has everything before the run."""
    start = RunStart(RUN_ID, Place.before(5, 2), LATER)
    after, gap = enter(Place.parse(place), start)
    expected = tuple(
        Missing(None if first is None else EventId.parse(first), EventId.parse(last))
        for first, last in missing
    )
    assert gap == Gap(expected)
    assert after.includes(start.begins)
    assert after.includes(Place.parse(place))
    assert enter(after, start) == (after, None)


@given(producer=st.integers(0, 5), spoken=st.integers(0, 5))
def test_nothing_is_missing_where_a_stream_begins(producer: int, spoken: int) -> None:
    """A run that a reset made has numbers that go on, and no runs before it."""
    start = RunStart(LATER, Place.before(producer + 1, spoken), None, made_by_reset=True)
    assert enter(NOWHERE, start) == (start.begins, None)
