"""Signals: a batch goes into its run or not at all, and every reader finds the same batches."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import HistoryEvent
from temporalio.converter import DataConverter
from temporalio.service import RPCError, RPCStatusCode

from kai_flow.stream.batches import Batch, encode_batch
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.signals import SessionClosed, SignalsRefused, batch_in, publish
from tests.unit.virtual import RUN_ID, SESSION, Stage, in_virtual_time

BATCH = Batch(
    "0198c0de-0000-7000-8000-00000badc0de", (NumberedEvent(EventId(1, 1, 1), "x", b'{"type":"x"}'),)
)


async def _found(*values: bytes) -> Batch | None:
    event = HistoryEvent()
    signal = event.workflow_execution_signaled_event_attributes
    signal.signal_name = "publish_events"
    for value in values:
        signal.input.payloads.append(Payload(metadata={"encoding": b"json/plain"}, data=value))
    client: Any = SimpleNamespace(data_converter=DataConverter.default)
    return await batch_in(cast("Any", client), event)


async def test_a_signal_carries_one_batch() -> None:
    """The one value of a signal is its batch, exactly as it was sent."""
    assert await _found(encode_batch(BATCH)) == BATCH


async def test_a_signal_without_a_value_or_with_several_is_garbage() -> None:
    """It breaks no reader, and none takes in what the workflow has refused."""
    assert await _found() is None
    assert await _found(encode_batch(BATCH), encode_batch(BATCH)) is None
    assert await _found(b"<html>") is None


@in_virtual_time
async def test_a_batch_is_signalled_into_its_own_run() -> None:
    """Although there is a newer one, and as the very document that readers find."""
    stage = Stage()
    stage.begin("0190b6a2-7e1c-7000-8000-0000deadbeef")
    batch = BATCH._replace(run_id=RUN_ID)
    await publish(stage.client, SESSION, batch)
    assert stage.signals == [batch]
    (signalled,) = stage.server.find(SESSION, RUN_ID).history[1:]
    assert await batch_in(stage.client, signalled) == batch


@in_virtual_time
async def test_a_closed_run_takes_no_batch() -> None:
    """Nor does one that never was; an outage is another thing, and worth another try."""
    stage = Stage()
    with pytest.raises(SessionClosed):
        await publish(stage.client, SESSION, BATCH)
    stage.outage()
    with pytest.raises(RPCError):
        await publish(stage.client, SESSION, BATCH._replace(run_id=RUN_ID))
    stage.outage(over=True)
    stage.close()
    with pytest.raises(SessionClosed):
        await publish(stage.client, SESSION, BATCH._replace(run_id=RUN_ID))


@in_virtual_time
async def test_a_final_refusal_is_no_outage() -> None:
    """A run with 10,000 signals takes no more: no sender has to try again."""
    stage = Stage()
    full = "exceeded workflow execution limit for signal events"
    stage.counted.breaks_with = RPCError(full, RPCStatusCode.INVALID_ARGUMENT, b"")
    with pytest.raises(SignalsRefused, match="start a new session") as refused:
        await publish(stage.client, SESSION, BATCH)
    assert refused.value.non_retryable
