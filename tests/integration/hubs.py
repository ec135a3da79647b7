"""A bridge whose hub a test can look into, behind real sockets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from temporalio.client import Client

from api.server import create_app
from kai_flow.bridge.hub import Hub, running_hub
from kai_flow.connect import connect
from kai_flow.embedded import dev_server
from kai_flow.serving import serving
from kai_flow.settings import Settings


class Bridge(NamedTuple):
    """A bridge in this process."""

    hub: Hub
    url: str

    @property
    def held(self) -> int:
        """Bytes of everything it holds."""
        return sum(holder.held for holder in self.hub._holders())


@asynccontextmanager
async def bridging(
    client: Client, *, signal_interval: float = 0.05, idle_timeout: float = 60
) -> AsyncIterator[Bridge]:
    """A bridge while the block runs."""
    times = {"signal_interval": signal_interval, "idle_timeout": idle_timeout}
    async with (
        running_hub(client, **times) as hub,
        serving(
            create_app(hub, client, Settings(bridge_port=0)),
            "127.0.0.1", 0, what="bridge", setting="-", before_stop=hub.end_streams,
        ) as port,
    ):  # fmt: skip
        yield Bridge(hub, f"http://127.0.0.1:{port}")


async def away() -> Client:
    """A client of a Temporal server that has gone."""
    async with dev_server(stop_seconds=0) as server:
        return await connect(server.address)
