"""What docs/how-to/connect-to-temporal.md permits each program: enough, and no more."""

import json
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from temporalio.client import Client, WorkflowFailureError
from temporalio.service import RPCError, RPCStatusCode

from kai_flow.settings import Settings
from kai_flow.stream.follower import follow
from kai_flow.temporal.client import connect
from kai_flow.temporal.dev_server import DevServer
from kai_flow.temporal.target import NoTemporal
from kai_flow.web.server import running_bridge
from tests.docs.pages import blocks_of
from tests.integration.conftest import Ask, Handle, worker_on
from tests.integration.subscriber import read_all, subscribed
from tests.integration.temporal_front import TemporalFront, temporal_front

PAGE: Final = Path(__file__).parents[2] / "docs/how-to/connect-to-temporal.md"
WHO: Final = ("worker", "bridge", "caller")
OPEN: Final = ("GetSystemInfo", "Check")  # Temporal's authorizer asks nobody for these
NOBODY: Final = "http://127.0.0.1:1/events/x"  # a callback that is never answered


def table() -> dict[str, dict[str, str]]:
    """For each program: what it may call, and whether it always does."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (\w+) \| (\w+) \|", PAGE.read_text(), re.MULTILINE)
    return {
        who: {call: how for call, *hows in rows if (how := hows[column]) != "no"}
        for column, who in enumerate(WHO)
    }


@dataclass(frozen=True)
class Stack:
    """Worker, bridges and caller, each with its own permissions."""

    fronts: dict[str, TemporalFront]
    caller: Client
    bridges: list[str]
    health: str
    queue: str

    async def begin(self, session_id: str, *steps: dict[str, Any], url: str = "") -> Handle:
        """Start a session, with the first bridge."""
        ask = {
            "prompt": json.dumps(steps),
            "connection_id": "none",
            "callback_url": url or f"{self.bridges[0]}/events/{session_id}",
        }
        return await self.caller.start_workflow(
            "KaiChatWorkflow", ask, id=session_id, task_queue=self.queue, result_type=dict
        )


@asynccontextmanager
async def standing(temporal: DevServer, folder: Path) -> AsyncIterator[Stack]:
    """All of it, on this server."""
    may, queue = table(), f"least-{secrets.token_hex(4)}"
    async with AsyncExitStack() as parts:
        fronts = {
            who: await parts.enter_async_context(
                temporal_front(folder / who, temporal.address, allowed=may[who])
            )
            for who in WHO
        }
        clients = {who: await connect(front.address) for who, front in fronts.items()}
        bridges = [
            await parts.enter_async_context(
                running_bridge(Settings(bridge_port=0), clients["bridge"])
            )
            for _ in range(2)
        ]
        health = await parts.enter_async_context(worker_on(clients["worker"], queue))
        yield Stack(fronts, clients["caller"], bridges, health, queue)


async def failing(handle: Handle) -> None:
    """Wait for its failure."""
    with pytest.raises(WorkflowFailureError):
        await handle.result()


async def use(stack: Stack, session_id: str, http: httpx.AsyncClient) -> None:
    """Sessions that stream, end, fail, are cancelled, are read late and asked how they are."""
    first, second = stack.bridges
    streamed = await stack.begin(f"{session_id}-a", {"tokens": 5})
    assert (await read_all(f"{first}/stream/{session_id}-a")).types[-1] == "done"
    assert (await read_all(f"{second}/stream/{session_id}-a")).types[-1] == "done"
    assert (await streamed.query("progress"))["status"] == "completed"
    seen = [event["type"] async for _, event in follow(stack.caller, f"{session_id}-a")]
    assert seen == ["started", *["token"] * 5, "ended", "done"]

    direct = await stack.begin(f"{session_id}-b", {"tokens": 5}, url=NOBODY)
    await direct.result()
    assert (await read_all(f"{first}/stream/{session_id}-b")).types[-1] == "done"

    await failing(await stack.begin(f"{session_id}-c", {"bad_task": "no"}))

    waiting = await stack.begin(f"{session_id}-d", {"tokens": 200}, {"gate": "a"})
    async with subscribed(f"{first}/stream/{session_id}-d") as reader:
        await reader.until(lambda: len(reader.seen) > 200)
        async with subscribed(f"{second}/stream/{session_id}-d") as late:
            await late.until(lambda: len(late.seen) > 200)
        await waiting.cancel()
        await failing(waiting)
    for url in (first, stack.health):
        assert (await http.get(f"{url}/readyz")).status_code == 200


async def test_the_documented_permissions_are_enough_and_needed(
    temporal: DevServer, session_id: str, tmp_path: Path, http: httpx.AsyncClient
) -> None:
    """Nothing else is called, and what the page says is always called is called."""
    async with standing(temporal, tmp_path) as stack:
        await use(stack, session_id, http)
    # a poll is logged when it has ended
    for who, calls in table().items():
        front = stack.fronts[who]
        assert front.refused == [], who
        assert {call for call, how in calls.items() if how == "yes"} - set(front.calls) == set()
        assert set(front.calls) <= set(calls)


def test_the_table_says_what_each_call_needs() -> None:
    """Every row has an access, and only what workers, bridges and callers write needs `write`."""
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([\w, ]+) \|$", PAGE.read_text(), re.MULTILINE)
    assert len(rows) == len({call for calls in table().values() for call in calls})
    for call, access in rows:
        reads = call.startswith(("Describe", "Get", "List", "Query"))
        assert access == (
            "cluster, always allowed" if call in OPEN else "read" if reads else "write"
        )


async def test_the_configuration_of_the_page_lets_a_bridge_do_its_part(
    temporal: DevServer, client: Client, ask: Ask, session_id: str, tmp_path: Path
) -> None:
    """And nothing else: it starts no workflow."""
    [locations] = [one.text for one in blocks_of(PAGE) if one.language == "nginx"]
    async with temporal_front(tmp_path / "nginx", temporal.address, locations=locations) as front:
        own = await connect(front.address)
        async with running_bridge(Settings(bridge_port=0), own) as url:
            handle = await ask({"tokens": 5}, callback_url=f"{url}/events/{session_id}")
            assert (await read_all(f"{url}/stream/{session_id}")).types[-1] == "done"
            assert (await handle.result())["events_failed"] == 0
            assert front.refused == []
        with pytest.raises(RPCError) as refused:
            await own.start_workflow("KaiChatWorkflow", id=f"{session_id}-2", task_queue="any")
        assert refused.value.status is RPCStatusCode.PERMISSION_DENIED


async def test_who_may_not_even_see_the_namespace_is_told_so(
    temporal: DevServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the credentials of another namespace: at the start, in one sentence."""
    allowed = [call for call in table()["worker"] if call != "DescribeNamespace"]
    async with temporal_front(tmp_path / "nginx", temporal.address, allowed=allowed) as front:
        monkeypatch.setenv("TEMPORAL_ADDRESS", front.address)
        monkeypatch.setenv("TEMPORAL_NAMESPACE", "of-others")
        with pytest.raises(NoTemporal, match="let this client into the namespace 'of-others'"):
            await connect()
    assert front.refused == ["DescribeNamespace"]
