"""Finding batches in a history: what the workflow refuses, everybody else refuses as well."""

from types import SimpleNamespace
from typing import Any, cast

from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import HistoryEvent
from temporalio.converter import DataConverter

from kai_flow.stream.batches import Batch, encode_batch
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.signals import batch_in

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
