"""A bridge whose hub a test can look into, behind real sockets."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

from temporalio.client import Client

from kai_flow.bridge.hub import Hub, running_hub
from kai_flow.runtime.serving import serving
from kai_flow.settings import Settings
from kai_flow.temporal.client import connect
from kai_flow.temporal.dev_server import dev_server
from kai_flow.web.app import create_app


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
    client: Client,
    *,
    port: int = 0,
    signal_interval: float = 0.05,
    signals_per_second: float = 50,
    idle_timeout: float = 60,
) -> AsyncIterator[Bridge]:
    """A bridge while the block runs, at this port or any."""
    times = {
        "signal_interval": signal_interval,
        "signals_per_second": signals_per_second,
        "idle_timeout": idle_timeout,
    }
    async with (
        running_hub(client, **times) as hub,
        serving(
            create_app(hub, client, Settings(bridge_port=0)),
            "127.0.0.1", port, what="bridge", setting="-", before_stop=hub.end_streams,
        ) as bound,
    ):  # fmt: skip
        yield Bridge(hub, f"http://127.0.0.1:{bound}")


async def away() -> Client:
    """A client of a Temporal server that has gone."""
    async with dev_server(stop_seconds=0) as server:
        return await connect(server.address)


@asynccontextmanager
async def ticking(seconds: float) -> AsyncIterator[list[float]]:
    """When a coroutine came round that does nothing else: a busy machine holds this one up, too."""
    moments = [time.monotonic()]

    async def tick() -> None:
        while True:
            await asyncio.sleep(seconds)
            moments.append(time.monotonic())

    ticks = asyncio.create_task(tick())
    try:
        yield moments
    finally:
        ticks.cancel()
        with suppress(asyncio.CancelledError):
            await ticks


def held_up(moments: Sequence[float], seconds: float) -> float:
    """By how many seconds the machine has held up a coroutine that came round every `seconds`."""
    gaps = (after - before for before, after in itertools.pairwise(moments))
    return sum(max(0.0, gap - seconds) for gap in gaps)


def widest(moments: Sequence[float]) -> float:
    """The longest time between two that follow one another."""
    return max(after - before for before, after in itertools.pairwise(moments))
