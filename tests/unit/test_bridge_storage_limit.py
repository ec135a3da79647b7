"""The bound on what a bridge stores: kept whatever is signalled, and asked for seldom."""

import pytest
from temporalio.service import RPCError

from kai_flow.bridge.storage_limit import ASK_BYTES, BESIDE_BYTES, StorageLimit
from kai_flow.stream.run import Run
from kai_flow.stream.storage import MAX_STORED_BYTES
from tests.unit.virtual import RUN_ID, SESSION, Stage, in_virtual_time

LIMIT = MAX_STORED_BYTES + BESIDE_BYTES
BATCH = ASK_BYTES // 16


def storage_of(stage: Stage, history_bytes: int) -> StorageLimit:
    """What is known of the session when its history has so many bytes."""
    return StorageLimit(stage.client, SESSION, Run(RUN_ID, RUN_ID, history_bytes=history_bytes))


@in_virtual_time
async def test_the_server_is_asked_once_for_many_batches() -> None:
    """Up to ASK_BYTES are signalled between two questions for the size of the history."""
    stage = Stage()
    storage = storage_of(stage, 0)
    for _ in range(3 * ASK_BYTES // BATCH):
        assert await storage.admits(BATCH)
    assert stage.counted.descriptions == 2


@in_virtual_time
async def test_the_server_s_figure_replaces_our_own_count() -> None:
    """A batch that was signalled again and never arrived does not count for ever."""
    stage = Stage()
    storage = storage_of(stage, LIMIT - ASK_BYTES - BATCH)
    assert await storage.admits(ASK_BYTES)
    assert await storage.admits(2 * BATCH), "the server says that the history is small"
    assert not storage.full


@in_virtual_time
async def test_a_full_history_takes_nothing_more(caplog: pytest.LogCaptureFixture) -> None:
    """The batch that would exceed the bound is refused, and the log says what should have been."""
    storage = storage_of(Stage(), LIMIT - BATCH)
    assert await storage.admits(BATCH)
    assert not storage.full
    assert not await storage.admits(1)
    assert storage.full
    assert "unstored" in caplog.text


@in_virtual_time
async def test_a_batch_counts_only_when_it_is_admitted() -> None:
    """When the server does not answer, nothing is admitted, and the next question is asked anew."""
    stage = Stage()
    storage = storage_of(stage, 0)
    assert await storage.admits(ASK_BYTES)
    stage.server.up = False
    with pytest.raises(RPCError):
        await storage.admits(BATCH)
    stage.server.up = True
    assert await storage.admits(BATCH)
    assert stage.counted.descriptions == 2
    assert not storage.full
