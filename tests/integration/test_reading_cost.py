"""What reading costs Temporal: bytes of history, counted, however often somebody comes back."""

from typing import Any

import pytest
from temporalio.client import Client

from kai_flow.bridge import readback
from kai_flow.stream.batches import Batch
from kai_flow.stream.events import NumberedEvent, encode_event
from kai_flow.stream.ids import EventId
from kai_flow.stream.signals import publish
from kai_flow.temporal.client import connect
from kai_flow.temporal.dev_server import DevServer
from tests.integration.hubs import Bridge, bridging
from tests.integration.stage import Play
from tests.integration.subscriber import subscribed
from tests.integration.waiting import until

SIGNALS, EVENTS, PADDING = 40, 4, 5_000  # 800 KB, twice what the workflow's buffer holds


class Meter:
    """Bytes of history that a client was sent."""

    def __init__(self, client: Client) -> None:
        self.bytes = 0
        service: Any = client.service_client
        call = service._rpc_call

        async def metered(rpc: str, *args: Any, **options: Any) -> Any:
            answer = await call(rpc, *args, **options)
            if rpc == "get_workflow_execution_history":
                self.bytes += answer.ByteSize()
            return answer

        service._rpc_call = metered


@pytest.fixture
async def metered(temporal: DevServer) -> tuple[Client, Meter]:
    """A client for a bridge, and what it is sent."""
    own = await connect(temporal.address)
    return own, Meter(own)


async def say(play: Play, first: int, count: int, padding: int = 0) -> None:
    """Make events durable without any bridge."""
    data = {"type": "blob", "data": "x" * padding}
    events = (NumberedEvent(EventId(1, 1, first + n), *encode_event(data)) for n in range(count))
    await publish(play.client, play.id, play.run_id, [Batch(tuple(events))])


async def say_much(play: Play) -> int:
    """A long session so far; its last number."""
    for n in range(SIGNALS):
        await say(play, n * EVENTS + 1, EVENTS, PADDING)
    return SIGNALS * EVENTS


async def test_coming_back_downloads_nothing_again(
    play: Play, metered: tuple[Client, Meter]
) -> None:
    """The tail reads the history once; who comes back costs what is new, not all once more."""
    client, meter = metered
    last = await say_much(play)
    async with bridging(client) as bridge:
        for number in range(last, last + 10, 2):
            await come_and_go(play, bridge, number)
    assert meter.bytes < 1.2 * SIGNALS * EVENTS * PADDING


async def come_and_go(play: Play, bridge: Bridge, last: int) -> None:
    """Come with a cursor, see one event more, and leave before the next."""
    url, cursor = f"{bridge.url}/stream/{play.id}", f"1.1.{last}@{play.incarnation}"
    async with subscribed(url, cursor=cursor, reconnect=False) as reader:
        await say(play, last + 1, 1)
        await reader.until(lambda: reader.ids == [f"1.1.{last + 1}"])
    (stream,) = bridge.hub._channels[play.id].sessions
    await until(lambda: not stream.readers)
    await say(play, last + 2, 1)


async def test_a_history_is_read_once_by_who_is_far_behind(
    play: Play, metered: tuple[Client, Meter], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader from the beginning goes through a history in many pages, and downloads it once."""
    monkeypatch.setattr(readback, "DEFAULT_PAGE_BYTES", 2 * PADDING)
    client, meter = metered
    last = await say_much(play)
    async with bridging(client) as bridge:
        url = Play(client, play.handle, bridge.url).stream_url
        async with subscribed(url, reconnect=False) as reader:
            await reader.until(lambda: len(reader.ids) == last)
            await play.end(result=None)
            await reader.saw("done")
        assert reader.ids == [f"1.1.{n}" for n in range(1, last + 1)] + ["end"]
    assert meter.bytes < 1.5 * SIGNALS * EVENTS * PADDING
