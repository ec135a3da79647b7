"""Signals: batches go into their run or not at all, and every reader finds the same batches."""

import pytest
from temporalio.service import RPCError, RPCStatusCode

from kai_flow.stream.batches import Batch, encode_signal
from kai_flow.stream.ids import EventId
from kai_flow.stream.recorded import Published
from kai_flow.stream.signals import SentSignals, SessionClosed, SignalsRefused, publish
from kai_flow.stream.tail import RunHistory
from tests.property.strategies import run_of
from tests.unit.temporal_stage import LATER, RUN_ID, SESSION, TemporalStage, in_virtual_time

BATCHES = (Batch(run_of(EventId(1, 1, 1), 2)), Batch(run_of(EventId(3, 2, 1), 1)))


@in_virtual_time
async def test_batches_are_signalled_into_their_own_run() -> None:
    """Although there is a newer one, all in one signal, as the document that readers find."""
    stage = TemporalStage()
    stage.begin(LATER)
    await publish(stage.client, SESSION, RUN_ID, BATCHES)
    assert stage.signals == [Published(RUN_ID, BATCHES)]
    assert await RunHistory(stage.client, SESSION, RUN_ID).read() == stage.signals


@in_virtual_time
async def test_a_closed_run_takes_no_batch() -> None:
    """Nor does one that never was; an outage is another thing, and worth another try."""
    stage = TemporalStage()
    with pytest.raises(SessionClosed):
        await publish(stage.client, SESSION, LATER, BATCHES)
    stage.outage()
    with pytest.raises(RPCError):
        await publish(stage.client, SESSION, RUN_ID, BATCHES)
    stage.outage(over=True)
    stage.close()
    with pytest.raises(SessionClosed):
        await publish(stage.client, SESSION, RUN_ID, BATCHES)


@in_virtual_time
async def test_a_final_refusal_is_no_outage() -> None:
    """A run with 10,000 signals takes no more: no sender has to try again."""
    stage = TemporalStage()
    full = "exceeded workflow execution limit for signal events"
    stage.counted.breaks_with = RPCError(full, RPCStatusCode.INVALID_ARGUMENT, b"")
    with pytest.raises(SignalsRefused, match="start a new session") as refused:
        await publish(stage.client, SESSION, RUN_ID, BATCHES)
    assert refused.value.non_retryable


@in_virtual_time
async def test_a_signal_that_failed_is_not_remembered() -> None:
    """During an outage a session holds nothing but the events that wait."""
    stage, sent = TemporalStage(), SentSignals()
    stage.outage()
    with pytest.raises(RPCError):
        await publish(stage.client, SESSION, RUN_ID, BATCHES, sent)
    assert sent.recall(encode_signal(RUN_ID, BATCHES)) is None


def test_only_the_newest_signals_are_remembered() -> None:
    """Signals that are never read back take no memory for ever."""
    sent = SentSignals()
    signals = [Published(RUN_ID, (Batch(run_of(EventId(1, 1, n), 1)),)) for n in range(1, 9)]
    for signal in signals:
        sent.remember(encode_signal(*signal), signal)
    recalled = [sent.recall(encode_signal(*signal)) for signal in signals]
    assert recalled == [None] * 4 + signals[4:]
