"""What a bridge holds is bounded, whatever is thrown at it, and looking after it never stops."""

import asyncio
import json
import time
import uuid
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from kai_flow.bridge import channel, hub, memory_budget
from kai_flow.bridge.channel import Channel
from kai_flow.bridge.session import Session
from kai_flow.bridge.subscription import subscribe
from kai_flow.stream.fold import Fold
from kai_flow.stream.recorded import Scheduled
from kai_flow.stream.run import Run
from tests.integration.hubs import Bridge, away, bridging, ticking, widest
from tests.integration.stage import Play, token
from tests.integration.subscriber import read_all, subscribed
from tests.integration.waiting import until

BLOB = {"type": "blob", "data": "x" * 20_000}


@pytest.fixture
async def absent() -> Client:
    """A client of a Temporal server that has gone."""
    return await away()


def post_of(session_id: str, run_id: str, events: dict[int, Any], base: int = 1) -> dict[str, Any]:
    """A body in batch form of events by number, for a session that need not exist."""
    return {
        "session_id": session_id,
        "workflow_id": session_id,
        "run_id": run_id,
        "base": f"1.1.{base}",
        "events": [{"id": f"1.1.{n}", "event": event} for n, event in events.items()],
    }


async def send(http: httpx.AsyncClient, bridge: Bridge, body: dict[str, Any]) -> httpx.Response:
    """POST it where it belongs."""
    return await http.post(f"{bridge.url}/events/{body['session_id']}", json=body)


def shown_before(bridge: Bridge, session_id: str, run_id: str) -> None:
    """A session that Temporal has shown to this bridge, before it went away."""
    run = Run(run_id, run_id)
    session = bridge.hub._take_over(bridge.hub._channel(session_id), run)
    session.log.begin(Fold(run_id))
    session.log.absorb(Scheduled(1, "act", "1"))


def on(play: Play, bridge: Bridge) -> Play:
    """The same stage, played to that bridge."""
    return Play(play.client, play.handle, bridge.url)


# The clock


async def test_stopping_sessions_hold_nobody_up(
    absent: Client, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While sessions are forgotten that cannot be flushed, other readers keep their heartbeats."""
    monkeypatch.setattr("kai_flow.bridge.subscription.HEARTBEAT_SECONDS", 0.2)
    monkeypatch.setattr(hub, "TICK_SECONDS", 0.1)
    monkeypatch.setattr(hub, "FIND_SECONDS", 0.1)
    monkeypatch.setattr(channel, "FORGET_SECONDS", 0.3)
    async with bridging(absent) as bridge:
        for n in range(4):
            run_id = str(uuid.uuid4())
            shown_before(bridge, f"idle-{n}", run_id)
            body = post_of(f"idle-{n}", run_id, {1: token(1)})
            assert (await send(http, bridge, body)).status_code == 200
        beats: list[float] = []

        async def listen() -> None:  # there is nothing but heartbeats
            async for _ in subscribe(bridge.hub, "steady", None, None):
                beats.append(time.monotonic())  # noqa: PERF401  it is looked at meanwhile

        async with ticking(0.2) as ticks:
            listening = asyncio.create_task(listen())
            async with subscribed(f"{bridge.url}/stream/unknown"):
                await until(lambda: set(bridge.hub._channels) == {"steady", "unknown"})
            await until(lambda: len(beats) > 12)  # the stops under way take 2 s
            listening.cancel()
        assert widest(beats) < widest(ticks) + 1


async def test_a_tick_that_breaks_is_not_the_last(
    play: Play,
    http: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever goes wrong in looking after the sessions is logged; it goes on, and stop flushes."""
    ticks = 0

    def broken(_channel: Channel, _moment: float) -> bool:
        nonlocal ticks
        ticks += 1
        raise LookupError("a mistake of ours")

    monkeypatch.setattr(Channel, "idle", broken)
    monkeypatch.setattr(hub, "TICK_SECONDS", 0.05)
    async with bridging(play.client, signal_interval=30) as bridge:
        assert (await on(play, bridge).post(http, [1])).status_code == 200
        await until(lambda: ticks >= 1)  # the second event waits for the interval
        assert (await on(play, bridge).post(http, [2, 3])).status_code == 200
        await until(lambda: ticks >= 3)
    assert "looking after the sessions broke" in caplog.text
    assert (await play.handle.query("progress"))["last_event_id"] == "1.1.3"


# Runs


async def test_a_claim_replaces_nothing_while_temporal_is_silent(
    absent: Client, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two runs that POST under one id during an outage the one that was shown stays, alone."""
    monkeypatch.setattr(hub, "FIND_SECONDS", 0.05)
    real, other = str(uuid.uuid4()), str(uuid.uuid4())
    async with bridging(absent) as bridge:
        shown_before(bridge, "s", real)
        await send(http, bridge, post_of("s", real, {1: token(1)}))
        async with subscribed(f"{bridge.url}/stream/s") as reader:
            for n in range(2, 12):
                refused = await send(http, bridge, post_of("s", other, {1: token(1)}))
                assert refused.status_code == 503
                assert refused.headers["retry-after"] == "1"
                answer = await send(http, bridge, post_of("s", real, {n: token(n)}))
                assert answer.json()["received"] == f"1.1.{n}"
            await reader.until(lambda: len(reader.seen) == 11)
        assert len(bridge.hub._channels["s"].sessions) == 1


async def test_an_invented_run_takes_no_room(
    client: Client, http: httpx.AsyncClient, session_id: str
) -> None:
    """However many runs are claimed of ids that have no workflow, nothing is held of them."""
    async with bridging(client) as bridge:
        for n in range(12):
            body = post_of(f"{session_id}-{n % 3}", str(uuid.uuid4()), {1: token(1)})
            assert (await send(http, bridge, body)).status_code == 503
        assert not bridge.hub._channels


async def test_what_anybody_may_invent_leaves_room_for_readers(
    client: Client,
    play: Play,
    http: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sessions by hand are few: readers and real sessions get in."""
    monkeypatch.setattr(hub, "MAX_STRAY_CHANNELS", 3)
    async with bridging(client) as bridge:
        by_hand = [{"session_id": f"{play.id}-{n}", "event": BLOB} for n in range(5)]
        statuses = [(await send(http, bridge, body)).status_code for body in by_hand]
        assert statuses == [200, 200, 200, 503, 503]
        async with subscribed(f"{bridge.url}/stream/{play.id}-4") as reader:
            assert reader.statuses == [200]
            assert (await send(http, bridge, by_hand[4])).status_code == 200
            await reader.saw("blob")
        assert (await on(play, bridge).post(http, [1])).status_code == 200


async def test_a_former_session_is_taken_up_again(
    absent: Client, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that turns out to be the newest after all goes on with what was held of it."""
    monkeypatch.setattr(hub, "FIND_SECONDS", 0.05)
    runs = [Run(str(uuid.uuid4()), str(uuid.uuid4())) for _ in range(2)]
    async with bridging(absent) as bridge:
        place = bridge.hub._channel("s")
        first = bridge.hub._take_over(place, runs[0])
        assert bridge.hub._take_over(place, runs[1]) is not first
        assert bridge.hub._take_over(place, runs[0]) is first
        assert [session.run for session in place.sessions] == [runs[1], runs[0]]


async def test_more_readers_of_former_runs_than_a_channel_holds(
    absent: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The streams of the oldest runs are ended when there are too many, and of no others."""
    monkeypatch.setattr(hub, "TICK_SECONDS", 0.05)
    monkeypatch.setattr(channel, "MAX_FORMER", 2)
    over: list[int] = []

    async def read(number: int, run: Run) -> None:
        async for _ in subscribe(bridge.hub, "s", None, run):
            pass
        over.append(number)

    async with bridging(absent) as bridge:
        readers = []
        for number in range(5):
            run = Run(str(uuid.uuid4()), str(uuid.uuid4()))
            bridge.hub._take_over(bridge.hub._channel("s"), run)
            readers.append(asyncio.create_task(read(number, run)))
            await asyncio.sleep(0.1)
        await until(lambda: len(over) == 2)
        await asyncio.sleep(0.2)
        assert sorted(over) == [0, 1]
        assert [session.readers for session in bridge.hub._channels["s"].sessions] == [1, 1, 1]
    await asyncio.gather(*readers)


async def test_a_former_session_goes_with_its_last_reader(
    play: Play, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is held of a run that was followed by another is let go when nobody reads it."""
    monkeypatch.setattr(hub, "TICK_SECONDS", 0.05)
    async with bridging(play.client) as bridge:
        place, again = on(play, bridge), None
        assert (await place.post(http, [1, 2])).status_code == 200
        [former] = bridge.hub._channels[play.id].sessions
        async with subscribed(place.stream_url, reconnect=False) as reader:
            await play.handle.terminate()
            queue = (await play.handle.describe()).task_queue
            handle = await play.client.start_workflow("Stage", id=play.id, task_queue=queue)
            again = on(Play(play.client, handle, bridge.url), bridge)
            await again.post(http, [1])
            await reader.saw("done")
        async with subscribed(again.stream_url) as reader:
            await reader.until(lambda: reader.seen)
            await until(lambda: former not in bridge.hub._channels[play.id].sessions)
            assert len(bridge.hub._channels[play.id].sessions) == 1
        await until(lambda: all(task.done() for task in former._tasks.values()))


# Bytes


async def test_what_was_read_back_is_counted_and_let_go(
    play: Play, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The frames of a closed session are part of what is held, and none is left when it must go."""
    for n in (1, 2, 3):
        body = play.body([]) | {"events": [{"id": f"1.1.{n}", "event": BLOB}]}
        assert (await http.post(play.events_url, json=body)).status_code == 200
    await play.post(http, [], events=[{"id": "1.1.4", "event": {"type": "done"}}])
    await play.end(result="over")
    await play.handle.result()
    async with bridging(play.client) as bridge:
        assert (await read_all(on(play, bridge).stream_url)).ids[-1] == "end"
        assert bridge.held > 3 * len(BLOB["data"]), "their frames"
        bridge.hub._memory.make_room()
        assert bridge.held > 0, "there is room for it"
        monkeypatch.setattr(memory_budget, "MAX_BYTES", 1)
        bridge.hub._memory.make_room()
        assert bridge.held == 0
        assert (await read_all(on(play, bridge).stream_url)).ids[-1] == "end"


async def test_durable_events_make_room(
    play: Play, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bridge that is full lets go of what is durable, takes in on, and readers lack nothing."""
    monkeypatch.setattr(memory_budget, "MAX_BYTES", 100_000)
    monkeypatch.setattr(memory_budget, "RECOUNT_SECONDS", 0)
    await play.act()
    async with bridging(play.client) as bridge:
        place = on(play, bridge)
        for n in range(1, 13):
            event = {"id": f"1.1.{n}", "event": BLOB}
            answer = await place.post(http, [], events=[event])
            while answer.status_code == 429:
                assert answer.headers["retry-after"] == "1"
                await asyncio.sleep(0.05)
                answer = await place.post(http, [], events=[event])
            assert answer.json()["received"] == f"1.1.{n}"
            assert bridge.held <= 100_000
        await place.post(http, [], events=[{"id": "1.1.13", "event": {"type": "done"}}])
        await play.end(result="over")
        assert (await read_all(place.stream_url)).ids == [
            *(f"1.1.{n}" for n in range(1, 13)),
            "end",
        ]


async def test_what_cannot_be_made_durable_fills_a_bridge_up_to_its_limit(
    absent: Client, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the limit events are 429, of whatever session; probes are answered as ever."""
    monkeypatch.setattr(memory_budget, "MAX_BYTES", 300_000)
    monkeypatch.setattr(hub, "FIND_SECONDS", 0.05)
    statuses, runs = [], [str(uuid.uuid4()) for _ in range(10)]
    async with bridging(absent) as bridge:
        for n, run in enumerate(runs):
            shown_before(bridge, f"s{n}", run)
            answer = await send(http, bridge, post_of(f"s{n}", run, {1: BLOB}))
            statuses.append(answer.status_code)
        assert statuses == [200] * 7 + [429] * 3
        refused = await send(http, bridge, post_of("s0", runs[0], {2: BLOB}))
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "1"
        assert refused.headers["content-type"] == "application/problem+json"
        assert 200_000 < bridge.held <= 300_000
        assert (await send(http, bridge, post_of("s0", runs[0], {}))).status_code == 200
        by_hand = {"session_id": "hand", "event": BLOB}
        assert (await send(http, bridge, by_hand)).status_code == 429


async def test_events_made_by_hand_make_room_for_others(
    client: Client, http: httpx.AsyncClient, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are counted, and since nothing keeps them they are let go of, the oldest first."""
    monkeypatch.setattr(memory_budget, "MAX_BYTES", 100_000)
    monkeypatch.setattr(memory_budget, "RECOUNT_SECONDS", 0)
    async with bridging(client) as bridge:
        for n in range(20):
            by_hand = {"session_id": f"{session_id}-{n}", "event": BLOB}
            assert (await send(http, bridge, by_hand)).status_code == 200
            assert bridge.held <= 100_000
        held = [n for n in range(20) if bridge.hub._channels[f"{session_id}-{n}"].held]
        assert held
        assert held == list(range(held[0], 20))


async def test_events_by_hand_are_few_and_small_in_a_room(
    bridge: str, http: httpx.AsyncClient, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what nobody has read yet a hundred are kept, and a MiB, the last ones."""
    monkeypatch.setattr(channel, "KEPT_HAND_MADE_BYTES", 50_000)
    for n in range(4):
        event = {**BLOB, "n": n}
        answer = await http.post(
            f"{bridge}/events/{session_id}", json={"session_id": session_id, "event": event}
        )
        assert answer.status_code == 200
    async with subscribed(f"{bridge}/stream/{session_id}") as reader:
        await reader.until(lambda: len(reader.seen) == 2)
        assert [seen.event["n"] for seen in reader.seen] == [2, 3]


# Sessions


async def test_an_idle_session_is_forgotten_and_found_again(
    play: Play, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without reader and POST a session leaves memory, not before its time; reading works."""
    monkeypatch.setattr(hub, "TICK_SECONDS", 0.05)
    monkeypatch.setattr(channel, "FORGET_SECONDS", 1.0)
    async with bridging(play.client) as bridge:
        place = on(play, bridge)
        await place.post(http, [1, 2])
        await place.post(http, [], events=[{"id": "1.1.3", "event": {"type": "done"}}])
        touched = time.monotonic()
        async with subscribed(place.stream_url) as reader:
            await reader.until(lambda: len(reader.seen) == 2)
            await asyncio.sleep(1.3)
            assert play.id in bridge.hub._channels, "somebody reads it"
            touched = time.monotonic()
        await until(lambda: play.id not in bridge.hub._channels)
        assert time.monotonic() - touched > 0.9
        await play.end()
        assert (await read_all(place.stream_url)).ids == ["1.1.1", "1.1.2", "end"]


async def test_a_bridge_takes_so_many_sessions(
    play: Play, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One session more is refused, POSTed with 503 or read with a time; those that it has go on."""
    monkeypatch.setattr(hub, "MAX_CHANNELS", 2)
    async with bridging(play.client) as bridge:
        for name, status in (("a", 200), ("b", 200), ("c", 503), ("a", 200)):
            answer = await send(http, bridge, {"session_id": name, "event": token(2)})
            assert answer.status_code == status, json.dumps(name)
        answer = await on(play, bridge).post(http, [1])
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert "try again" in answer.json()["detail"]
        answer = await http.get(f"{bridge.url}/stream/c")
        assert answer.status_code == 200, "EventSource would not come again after a 503"
        assert answer.text.startswith("retry: 1000\n: the bridge holds")


def test_every_session_holds_what_it_counts() -> None:
    """The parts that a session lets go of are those that it counts."""
    assert {"log", "stored", "frames"} <= set(Session.held.fget.__code__.co_names)  # type: ignore[attr-defined]
