"""One subscriber of a hub."""

from typing import cast

from temporalio.client import Client

from kai_flow.bridge.hub import Hub
from kai_flow.bridge.subscription import subscribe

NO_TEMPORAL = cast("Client", None)


async def test_a_hub_that_stops_after_admission_ends_the_stream() -> None:
    """The response has begun by then, so the stream ends at once and in order; no error is left."""
    hub = Hub(NO_TEMPORAL, signal_interval=0.25, idle_timeout=300.0)
    hub.admit("session")
    hub.end_streams()
    assert [frames async for frames in subscribe(hub, "session", None, None)] == []
