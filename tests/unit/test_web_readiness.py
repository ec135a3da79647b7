"""Why a bridge is not ready, or soon will not be."""

from typing import Any
from unittest.mock import AsyncMock, Mock

from temporalio.service import RPCError, RPCStatusCode

from kai_flow.access.issuer_keys import KeysState
from kai_flow.runtime.readiness import detail_of, listed
from kai_flow.stream.codec import CodecMissing
from kai_flow.web.access import Open
from kai_flow.web.readiness import readiness_of
from tests.property.strategies import run_of
from tests.unit.test_bridge_hub import FIRST, hub_on
from tests.unit.virtual import SESSION, Stage, in_virtual_time, post_of


class Keys(Open):
    """Access with the keys of an issuer."""

    def __init__(self, state: KeysState | None) -> None:
        self._state = state

    async def keys_state(self, _seconds: float) -> KeysState | None:
        """As it was given."""
        return self._state


def answering() -> Any:
    """A client whose Temporal answers."""
    client = Mock()
    client.service_client.check_health = AsyncMock(return_value=True)
    return client


@in_virtual_time
async def test_every_reason_is_told() -> None:
    """Temporal, the end of the bridge, keys, memory and codec: each has its name and remedy."""
    stage, client = Stage(), answering()
    stage.schedule("a", header=1)
    async with hub_on(stage) as hub:
        assert await readiness_of(hub, client, Keys(None)) == ([], [])
        gone = Keys(KeysState(False, "status 500", 0.0))
        await hub.receive(post_of(run_of(FIRST, 1)))
        session = hub._channels[SESSION].session
        assert session is not None
        session.tail.missing = CodecMissing(b"encrypted")
        hub._memory.full = True
        hub.end_streams()
        client.service_client.check_health.side_effect = RPCError(
            "refused", RPCStatusCode.UNAVAILABLE, b""
        )
        found, warnings = await readiness_of(hub, client, gone)
    names = [reason.reason for reason in found]
    assert names == [
        "stopping",
        "temporal_unreachable",
        "token_keys_unreachable",
        "memory_full",
        "codec_missing",
    ]
    assert warnings == []
    assert "KAI_DATA_CONVERTER" in found[-1].detail
    assert detail_of(found).count("; ") >= 3
    assert listed(found)[1]["detail"] == "Temporal does not answer: refused"


@in_virtual_time
async def test_kept_keys_are_a_warning() -> None:
    """While the last ones count the bridge is ready, and says for how long they do."""
    async with hub_on(Stage()) as hub:
        kept = Keys(KeysState(True, "status 500", 1_799.0))
        reasons, [warning] = await readiness_of(hub, answering(), kept)
        assert reasons == []
        assert warning.reason == "token_keys_unreachable"
        assert warning.detail.endswith("cannot be fetched: status 500; those kept count for 29 min")
        fine = Keys(KeysState(True, None, 3_000.0))
        assert await readiness_of(hub, answering(), fine) == ([], [])
