"""The liveness check: from a query's thread, briefly, and never in the way."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import cast

import pytest
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker

from kai_flow.stream import liveness_check
from kai_flow.stream.liveness_check import LivenessCheck
from kai_flow.stream.progress import Liveness, RunLiveness

WORKER = cast("Worker", SimpleNamespace(client=None))
RUNNING = RunLiveness(Liveness("running", 1))
SESSIONS = 100
Observe = Callable[[], Awaitable[RunLiveness | None]]


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """As many threads as there are sessions."""
    with ThreadPoolExecutor(SESSIONS) as threads:
        yield threads


class Server:
    """What a server is asked; `answer` is what comes of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: Observe) -> None:
        self.asked: list[str] = []
        self.at_once = 0  # questions that are being answered
        self.most_at_once = 0
        self.answer = answer
        monkeypatch.setattr(liveness_check, "observe", self.observe)

    async def observe(self, _client: object, session_id: str, _run_id: str) -> RunLiveness | None:
        """Stands for `liveness.observe`."""
        self.asked.append(session_id)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self.answer()
        finally:
            self.at_once -= 1


async def _says() -> RunLiveness | None:
    return RUNNING


async def _hangs() -> RunLiveness | None:
    await asyncio.Event().wait()
    return RUNNING


async def _fails() -> RunLiveness | None:
    raise RPCError("no connection", RPCStatusCode.UNAVAILABLE, b"")


@pytest.fixture
async def check() -> LivenessCheck:
    """That of a worker in this event loop."""
    check = LivenessCheck()
    check.begin(WORKER)
    return check


@pytest.mark.parametrize(("answer", "liveness"), [(_says, RUNNING), (_hangs, None), (_fails, None)])
async def test_queries_that_follow_one_another_ask_once(
    check: LivenessCheck,
    answer: Observe,
    liveness: RunLiveness | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server that does not answer is waited for once: several waits would fail the workflow."""
    server = Server(monkeypatch, answer)
    monkeypatch.setattr(liveness_check, "LIVENESS_CHECK_SECONDS", 0.2)
    monkeypatch.setattr(liveness_check, "REMEMBER_SECONDS", 60)
    for _ in range(3):
        assert await asyncio.to_thread(check, "a", "run") == liveness
    assert await asyncio.to_thread(check, "b", "run") == liveness
    assert server.asked == ["a", "b"]


async def test_a_hanging_server_blocks_one_thread(
    check: LivenessCheck, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 100 sessions that are polled at once, 99 are answered while the server is silent (§5.1).

    When it answers at last, it is asked about the others as well, one after another, and their next
    queries find the answers.
    """
    opened = asyncio.Event()

    async def answer() -> RunLiveness | None:
        await opened.wait()
        return RUNNING

    server = Server(monkeypatch, answer)
    for limit in ("LIVENESS_CHECK_SECONDS", "REMEMBER_SECONDS", "STALE_SECONDS"):
        monkeypatch.setattr(liveness_check, limit, 60)
    together = threading.Barrier(SESSIONS)

    def query(session: str) -> RunLiveness | None:
        together.wait()
        return check(session, "run")

    names = [f"session-{number}" for number in range(SESSIONS)]
    queries = [asyncio.wrap_future(threads.submit(query, name)) for name in names]
    waiting = set(queries)
    while len(waiting) > 1:
        answered, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        assert {query.result() for query in answered} == {None}
    opened.set()
    assert await waiting.pop() == RUNNING
    if check._asking is not None:
        await check._asking
    assert sorted(server.asked) == sorted(names)
    assert server.most_at_once == 1
    known = await asyncio.gather(*(asyncio.to_thread(check, name, "run") for name in names))
    assert all(liveness == RUNNING for liveness in known)


async def test_what_is_known_is_used_while_the_server_is_silent(
    check: LivenessCheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that is too old to be taken without asking is better than none, for a while."""
    server = Server(monkeypatch, _says)
    monkeypatch.setattr(liveness_check, "REMEMBER_SECONDS", 0)
    assert await asyncio.to_thread(check, "a", "run") == RUNNING
    server.answer = _fails
    assert await asyncio.to_thread(check, "a", "run") == RUNNING
    monkeypatch.setattr(liveness_check, "STALE_SECONDS", 0)
    assert await asyncio.to_thread(check, "a", "run") is None
    assert server.asked == ["a", "a", "a"]


async def test_a_server_that_fails_is_not_asked_in_advance(
    check: LivenessCheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Questions that no thread waits for are dropped: a slow server gets no more of them."""
    monkeypatch.setattr(liveness_check, "LIVENESS_CHECK_SECONDS", 0.1)
    server = Server(monkeypatch, _hangs)
    for name in "abc":
        assert check(name, "run") is None  # in the event loop's thread: never waits
    await asyncio.sleep(0)  # the event loop now begins to ask
    assert check._asking is not None
    await check._asking
    assert server.asked == ["a"]


async def test_nobody_is_asked_while_the_worker_does_not_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before it begins and after it has stopped, the liveness is unknown."""
    server = Server(monkeypatch, _says)
    check = LivenessCheck()
    assert await asyncio.to_thread(check, "a", "run") is None
    check.begin(WORKER)
    check.end()
    assert await asyncio.to_thread(check, "a", "run") is None
    assert server.asked == []
