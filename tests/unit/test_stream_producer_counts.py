"""What the producers of a process count."""

import asyncio

import pytest

from kai_flow.stream.outbox import Outbox
from kai_flow.stream.producer_counts import ProducerCounts, Watch
from tests.unit.temporal_stage import in_virtual_time


def sent(outbox: Outbox, watch: Watch, count: int = 1) -> None:
    """The agent sends events."""
    for _ in range(count):
        watch.sent(outbox.append("e", b'{"type":"e"}').id)


@in_virtual_time
async def test_an_outbox_is_counted_while_its_producer_is_open() -> None:
    """Events, bytes and age of all outboxes, until the producer is closed with what it holds."""
    counts = ProducerCounts()
    outbox = Outbox(1, 1)
    watch = Watch(outbox, counts)
    watch.begin()
    sent(outbox, watch, 3)
    await asyncio.sleep(7)
    assert (counts.open, counts.events, counts.held, counts.held_bytes) == (1, 3, 3, 36)
    assert counts.lag == pytest.approx(7)
    watch.end()
    assert (counts.open, counts.held, counts.lag) == (0, 0, 0.0)


@in_virtual_time
async def test_what_is_durable_is_timed_once() -> None:
    """A look after an acknowledgement takes the samples up to it, and another one none."""
    counts = ProducerCounts()
    outbox = Outbox(1, 1)
    watch = Watch(outbox, counts)
    watch.begin()
    sent(outbox, watch)
    await asyncio.sleep(2)
    sent(outbox, watch)
    outbox.acknowledge(outbox.last.offset(-1))
    for _ in range(2):
        watch.look()
        assert counts.durable_seconds.count == 1
        assert counts.durable_seconds.sum == pytest.approx(2)
        assert counts.lag == 0.0
    await asyncio.sleep(1)
    assert counts.lag == pytest.approx(1)
    outbox.acknowledge(outbox.last)
    watch.look()
    assert (counts.durable_seconds.count, counts.lag) == (2, 0.0)
