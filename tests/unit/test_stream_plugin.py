"""The plugin's liveness check: from a query's thread, briefly, and never in the way."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import cast

import pytest
from temporalio.client import Client
from temporalio.client import Plugin as ClientPlugin
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker

from kai_flow.stream import plugin
from kai_flow.stream.plugin import LivenessCheck, StreamPlugin
from kai_flow.stream.progress import Liveness

WORKER = cast("Worker", SimpleNamespace(client=None))
RUNNING = Liveness("running", 1)
Observe = Callable[..., Awaitable[Liveness | None]]


def observing(asked: list[str], come_of_it: Observe) -> Observe:
    """A server that is asked, and what comes of it."""

    async def observe(_client: object, session_id: str, _run_id: str) -> Liveness | None:
        asked.append(session_id)
        return await come_of_it()

    return observe


async def _says() -> Liveness | None:
    return RUNNING


async def _hangs() -> Liveness | None:
    await asyncio.Event().wait()
    return RUNNING


async def _fails() -> Liveness | None:
    raise RPCError("no connection", RPCStatusCode.UNAVAILABLE, b"")


@pytest.mark.parametrize(
    ("come_of_it", "liveness"), [(_says, RUNNING), (_hangs, None), (_fails, None)]
)
async def test_queries_that_come_together_ask_once(
    come_of_it: Observe, liveness: Liveness | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a server that says nothing is waited for once: several waits would fail the workflow."""
    asked: list[str] = []
    monkeypatch.setattr(plugin, "observe", observing(asked, come_of_it))
    monkeypatch.setattr(plugin, "LIVENESS_CHECK_SECONDS", 0.2)
    monkeypatch.setattr(plugin, "REMEMBER_SECONDS", 60)
    check = LivenessCheck()
    check.begin(WORKER)
    for _ in range(3):
        assert await asyncio.to_thread(check, "a", "run") == liveness
    assert await asyncio.to_thread(check, "b", "run") == liveness
    assert asked == ["a", "b"]


async def test_an_answer_is_soon_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a session's worker does can change: the server is asked again."""
    asked: list[str] = []
    monkeypatch.setattr(plugin, "observe", observing(asked, _says))
    monkeypatch.setattr(plugin, "REMEMBER_SECONDS", 0)
    check = LivenessCheck()
    check.begin(WORKER)
    for _ in range(2):
        assert await asyncio.to_thread(check, "a", "run") == RUNNING
    assert asked == ["a", "a"]


async def test_nobody_is_asked_where_that_would_block_the_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither in the thread that would have to ask, nor while the worker does not run."""
    asked: list[str] = []
    monkeypatch.setattr(plugin, "observe", observing(asked, _says))
    monkeypatch.setattr(plugin, "REMEMBER_SECONDS", 0)
    check = LivenessCheck()
    assert await asyncio.to_thread(check, "a", "run") is None
    check.begin(WORKER)
    assert check("a", "run") is None
    check.end()
    assert await asyncio.to_thread(check, "a", "run") is None
    assert asked == []


async def test_a_client_refuses_the_plugin() -> None:
    """The error names the place where the plugin belongs."""
    misplaced = cast("ClientPlugin", StreamPlugin())
    with pytest.raises(TypeError, match=r"belongs to the Worker, .*plugins=\[StreamPlugin\(\)\]"):
        await Client.connect("localhost:7233", lazy=True, plugins=[misplaced])


def test_a_throttle_without_a_unit_is_refused() -> None:
    """A number is refused where it is given, with an example of what to give."""
    with pytest.raises(TypeError, match=r"timedelta\(seconds=10\)"):
        StreamPlugin(10)  # type: ignore[arg-type]
