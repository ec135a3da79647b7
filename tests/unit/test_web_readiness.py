"""Why a bridge is not ready."""

from typing import Any
from unittest.mock import AsyncMock, Mock

from temporalio.service import RPCError, RPCStatusCode

from kai_flow.runtime.readiness import detail_of, listed
from kai_flow.stream.codec import CodecMissing
from kai_flow.web.readiness import why_not_ready
from tests.property.strategies import run_of
from tests.unit.test_bridge_hub import FIRST, hub_on
from tests.unit.virtual import SESSION, Stage, in_virtual_time, post_of


def answering() -> Any:
    """A client whose Temporal answers."""
    client = Mock()
    client.service_client.check_health = AsyncMock(return_value=True)
    return client


@in_virtual_time
async def test_every_reason_is_told() -> None:
    """Temporal, the end of the bridge, its memory and its codec: each has its name and remedy."""
    stage, client = Stage(), answering()
    stage.schedule("a", header=1)
    async with hub_on(stage) as hub:
        assert await why_not_ready(hub, client) == []
        await hub.receive(post_of(run_of(FIRST, 1)))
        session = hub._channels[SESSION].session
        assert session is not None
        session.tail.missing = CodecMissing(b"encrypted")
        hub._memory.full = True
        hub.end_streams()
        client.service_client.check_health.side_effect = RPCError(
            "refused", RPCStatusCode.UNAVAILABLE, b""
        )
        found = await why_not_ready(hub, client)
    names = [reason.reason for reason in found]
    assert names == ["stopping", "temporal_unreachable", "memory_full", "codec_missing"]
    assert "KAI_DATA_CONVERTER" in found[-1].detail
    assert detail_of(found).count("; ") >= 3
    assert listed(found)[1]["detail"] == "Temporal does not answer: refused"
