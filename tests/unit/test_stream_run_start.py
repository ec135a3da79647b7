"""How a run begins: with a stream of its own, or with one that another run has handed over."""

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import HistoryEvent
from temporalio.service import RPCError

from kai_flow.stream.codec import CodecMissing
from kai_flow.stream.header import Carried, encode_carried
from kai_flow.stream.place import NOWHERE, Place
from kai_flow.stream.run_start import RunStart, header_json, read_start, start_in
from kai_flow.stream.wire_names import STREAM_HEADER
from tests.unit.temporal_stage import LATER, RUN_ID, SESSION, TemporalStage, in_virtual_time

CARRIED = encode_carried(Carried(RUN_ID, "before", 3, 2))


async def start_with(
    header: bytes | None, *, continued: str = "before", original: str = LATER
) -> RunStart:
    """How the run LATER begins, whose first event has this header."""
    event = HistoryEvent()
    started = event.workflow_execution_started_event_attributes
    started.continued_execution_run_id = continued
    started.original_execution_run_id = original
    if header is not None:
        payload = Payload(metadata={"encoding": b"json/plain"}, data=header)
        started.header.fields[STREAM_HEADER].CopyFrom(payload)
    return await start_in(TemporalStage().client, LATER, event)


@in_virtual_time
async def test_a_run_goes_on_where_the_one_before_has_stopped() -> None:
    """Its numbers follow, its readers have what was before, and the incarnation stays."""
    begins = Place.before(4, 2)
    assert await start_with(CARRIED) == RunStart(RUN_ID, begins, "before", False, 3, 2)


@pytest.mark.parametrize(
    ("header", "continued"),
    [
        (None, ""),  # the first run
        (None, "before"),  # a run of a cron schedule
        (CARRIED, "another"),  # a retry has the header that the run before it began with
        (b'{"run_id": 3}', "before"),
        (b"\xff", "before"),
        (b'{"first_run_id":"r","run_id":"before","producer":-1,"spoken":0}', "before"),
    ],
)
@in_virtual_time
async def test_a_run_without_a_valid_header_begins_a_stream(
    header: bytes | None, continued: str
) -> None:
    """The server's word that a run came before it is not enough."""
    assert await start_with(header, continued=continued) == RunStart(LATER)


@in_virtual_time
async def test_a_reset_run_begins_a_stream_that_keeps_its_numbers() -> None:
    """The workflow's code numbers on, because a replay cannot tell that the run was reset."""
    start = await start_with(CARRIED, original=RUN_ID)
    assert start == RunStart(LATER, Place.before(4, 2), None, True, 3, 2)
    assert await start_with(None, original=RUN_ID) == RunStart(LATER, made_by_reset=True)


@in_virtual_time
async def test_the_start_is_read_with_one_call() -> None:
    """However long the history is; a deleted run is not found."""
    stage = TemporalStage()
    stage.continue_as_new(LATER, producer=2)
    stage.counted.calls = 0
    assert (await read_start(stage.client, SESSION, LATER)).continued_from == RUN_ID
    assert stage.counted.calls == 1
    assert (await read_start(stage.client, SESSION, RUN_ID)).begins == NOWHERE
    stage.delete(RUN_ID)
    with pytest.raises(RPCError):
        await read_start(stage.client, SESSION, RUN_ID)


@in_virtual_time
async def test_an_encoded_header_goes_through_the_codec() -> None:
    """Workers encode headers only on request; a plain one is read without the codec."""
    stage = TemporalStage()
    stage.break_codec(ValueError("no key"))
    plain = Payload(metadata={"encoding": b"json/plain"}, data=b"{}")
    assert await header_json(stage.client, plain) == b"{}"
    with pytest.raises(ValueError, match="no key"):
        await header_json(stage.client, Payload(metadata={"encoding": b"binary/secret"}))
    stage.break_codec(None)
    with pytest.raises(CodecMissing, match="binary/secret"):  # and no stream of its own is begun
        await header_json(stage.client, Payload(metadata={"encoding": b"binary/secret"}))
