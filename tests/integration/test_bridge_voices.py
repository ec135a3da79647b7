"""Several producers at once, the workflow's own events, and long lives, over real bridges."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from temporalio.client import Client

from kai_flow.bridge.hub import running_hub
from kai_flow.runtime.ports import free_port
from kai_flow.runtime.serving import serving
from kai_flow.settings import Settings
from kai_flow.temporal.client import connect
from kai_flow.temporal.dev_server import DevServer
from kai_flow.web.app import create_app
from tests.integration.hubs import bridging
from tests.integration.subscriber import Subscriber, read_all, subscribed
from tests.integration.test_counters import Balancer
from tests.integration.tools import open_gates, session, tools_worker


async def has(reader: Subscriber, count: int) -> None:
    """Wait until a reader has so many events with an id."""
    await reader.until(lambda: len(reader.ids) >= count)


def of_producer(reader: Subscriber, producer: int) -> list[str]:
    """The ids that a reader was shown of one producer."""
    return [one for one in reader.ids if one.startswith(f"{producer}.")]


def whole(producer: int, tokens: int) -> list[str]:
    """The ids of a producer that has streamed so many tokens in one attempt."""
    return [f"{producer}.1.{n}" for n in range(1, tokens + 2)]


def check_order(reader: Subscriber, tools: int, tokens: int, runs: int = 1) -> None:
    """Each producer is whole; what was published, and who ended, stands where it has to."""
    for producer in range(1, tools * runs + 1):
        assert of_producer(reader, producer) == whole(producer, tokens)
    first = {p: reader.ids.index(f"{p}.1.1") for p in range(1, tools * runs + 1)}
    for run in range(runs):
        producers = range(run * tools + 1, (run + 1) * tools + 1)
        begins = reader.ids.index(f"0.1.{2 * run + 1}")
        called = reader.ids.index(f"0.1.{2 * run + 2}")
        for producer in producers:
            assert begins < first[producer]
            assert reader.ids.index(f"{producer}.1.{tokens + 1}") < called
            if run:
                assert reader.ids.index(f"0.1.{2 * run}") < first[producer]
    ended = [one.event["producer"] for one in reader.seen if one.type == "ended"]
    assert set(ended) == set(range(1, tools * runs + 1))
    if runs == 1:
        assert len(ended) == tools or len(set(reader.statuses)) > 1 or len(reader.statuses) > 1
    assert "gap" not in reader.types
    assert "superseded" not in reader.types


@asynccontextmanager
async def bridge_at(port: int, temporal: DevServer) -> AsyncIterator[None]:
    """A bridge of its own at this port."""
    own = await connect(temporal.address)
    async with running_hub(
        own, signal_interval=0.25, signals_per_second=50, idle_timeout=60
    ) as hub:
        app = create_app(hub, own, Settings(bridge_port=0))
        async with serving(
            app, "127.0.0.1", port, what="bridge", setting="-", before_stop=hub.end_streams
        ):
            yield


async def test_three_tools_at_once_survive_the_death_of_the_bridge(
    temporal: DevServer, client: Client, session_id: str
) -> None:
    """Four subscribers get everything once and in order, though the bridge goes in the middle."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    stream = f"{url}/stream/{session_id}"
    async with (
        tools_worker(client, url) as queue,
        session(client, queue, session_id, gated=True) as handle,
        AsyncExitStack() as readers,
    ):
        async with bridge_at(port, temporal):
            # A bridge that stops refuses them with 503.
            live = [
                await readers.enter_async_context(subscribed(stream, retries_503=True))
                for _ in range(4)
            ]
            for reader in live:
                await has(reader, 30)
        open_gates(session_id)  # nobody listens
        await asyncio.sleep(0.5)
        async with bridge_at(port, temporal):
            await live[0].until(lambda: "0.1.2" in live[0].ids)
            await handle.signal("end")
            for reader in live:
                await reader.saw("done")
                check_order(reader, 3, 20)
            check_order(await read_all(stream), 3, 20)


async def test_two_bridges_behind_a_balancer_share_concurrent_producers(
    temporal: DevServer, client: Client, session_id: str
) -> None:
    """Each request goes to the other bridge, and each subscriber gets everything in order."""
    async with AsyncExitStack() as stack:
        hubs = []
        for _ in range(2):
            own = await connect(temporal.address)
            hub = running_hub(own, signal_interval=0.25, signals_per_second=50, idle_timeout=60)
            hubs.append((await stack.enter_async_context(hub), own))
        balancer = Balancer([create_app(hub, own, Settings(bridge_port=0)) for hub, own in hubs])

        def end_streams() -> None:
            for hub, _ in hubs:
                hub.end_streams()

        port = await stack.enter_async_context(
            serving(balancer, "127.0.0.1", 0, what="balancer", setting="-", before_stop=end_streams)
        )
        url = f"http://127.0.0.1:{port}"
        queue = await stack.enter_async_context(tools_worker(client, url))
        handle = await stack.enter_async_context(session(client, queue, session_id, tokens=100))
        live = [
            await stack.enter_async_context(subscribed(f"{url}/stream/{session_id}"))
            for _ in range(4)
        ]
        await live[0].until(lambda: "0.1.2" in live[0].ids)
        await handle.signal("end")
        for reader in live:
            await reader.saw("done")
            check_order(reader, 3, 100)


async def test_a_replica_that_gets_no_post_shows_everything(
    client: Client, bridge: str, session_id: str
) -> None:
    """A bridge that only follows the history has all producers and the workflow's own events."""
    async with (
        tools_worker(client, bridge) as queue,
        bridging(client) as other,
        session(client, queue, session_id, gated=True) as handle,
        subscribed(f"{other.url}/stream/{session_id}") as reader,
    ):
        await reader.until(lambda: len(reader.ids) >= 20)
        open_gates(session_id)
        await reader.until(lambda: "0.1.2" in reader.ids)
        await handle.signal("end")
        await reader.saw("done")
        check_order(reader, 3, 20)


async def test_what_the_workflow_publishes_comes_in_order(
    client: Client, bridge: str, session_id: str
) -> None:
    """Events of the workflow reach live subscribers while no activity runs, and late ones too."""
    async with (
        tools_worker(client, bridge) as queue,
        session(client, queue, session_id, tools="a", tokens=1) as handle,
        subscribed(f"{bridge}/stream/{session_id}") as reader,
    ):
        await reader.until(lambda: "0.1.2" in reader.ids)
        before = len(reader.ids)
        for number in range(10):
            await handle.signal("tell", f"n{number}")
            await has(reader, before + number + 1)
        told = [one.event["text"] for one in reader.seen if one.type == "told"]
        assert told == [f"n{number}" for number in range(10)]
        await handle.signal("end")
        await reader.saw("done")
    late = await read_all(f"{bridge}/stream/{session_id}")
    assert late.ids == reader.ids


async def test_a_session_of_many_runs_is_read_across_its_seams(
    client: Client, bridge: str, session_id: str
) -> None:
    """Live, from the beginning by a bridge that begins later, and from the middle of it."""
    async with (
        tools_worker(client, bridge) as queue,
        session(client, queue, session_id, runs=4, tools="ab", tokens=5) as handle,
        subscribed(f"{bridge}/stream/{session_id}") as live,
    ):
        await live.until(lambda: "0.1.8" in live.ids)
        check_order(live, 2, 5, runs=4)
        middle = next(one for one in live.seen if one.own_id == "4.1.3")
        async with bridging(client) as other:
            stream = f"{other.url}/stream/{session_id}"
            async with subscribed(stream) as late, subscribed(stream, cursor=middle.id) as back:
                await late.until(lambda: "0.1.8" in late.ids)
                check_order(late, 2, 5, runs=4)
                await back.until(lambda: "0.1.8" in back.ids)
                await handle.signal("end")
                for reader in (live, late, back):
                    await reader.saw("done")
        seen = live.seen[: live.seen.index(middle) + 1]
        both = [one.own_id for one in [*seen, *back.seen] if one.id]
        assert sorted(set(both)) == sorted(both), "nothing twice"
        assert set(both) == set(live.ids)
        closed = await read_all(f"{bridge}/stream/{session_id}")
        assert set(closed.ids) == set(live.ids)
