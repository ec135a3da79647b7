"""What a worker's health endpoints say, and why it is not ready."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
from temporalio.service import RPCError, RPCStatusCode

from kai_flow.cli.status import _answer
from kai_flow.runtime.serving import serving
from kai_flow.worker import health
from kai_flow.worker.health import Readiness, health_app


def readiness(home: Path | None = None, *, polls: bool = True) -> tuple[Readiness, AsyncMock]:
    """Of a worker whose Temporal answers, and what answers for it."""
    client: Any = Mock()
    client.service_client.check_health = AsyncMock(return_value=True)
    mine = Readiness(client, home)
    mine.polls = lambda: polls
    return mine, client.service_client.check_health


async def ask(mine: Readiness, path: str) -> tuple[int, bytes, dict[str, Any]]:
    """Status, media type and document of an answer."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await health_app(mine)({"type": "http", "path": path}, AsyncMock(), send)
    head, body = sent
    return head["status"], dict(head["headers"])[b"content-type"], json.loads(body["body"])


async def reasons(mine: Readiness) -> list[str]:
    """The names of the reasons, which the detail has as sentences."""
    status, media_type, document = await ask(mine, "/readyz")
    assert (status, media_type) == (503, b"application/problem+json")
    for reason in document["reasons"]:
        assert reason["detail"] in document["detail"]
    return [reason["reason"] for reason in document["reasons"]]


async def test_a_worker_that_can_work_is_ready(tmp_path: Path) -> None:
    """200 with the same body as ever, also for a home that is not there yet."""
    mine, _ = readiness(tmp_path / "not" / "yet")
    for path in ("/healthz", "/readyz"):
        assert await ask(mine, path) == (200, b"application/json", {"status": "ok"})
    assert (await ask(mine, "/elsewhere"))[0] == 404


async def test_every_reason_is_listed(tmp_path: Path) -> None:
    """Several things may be wrong at once; it still lives."""
    (tmp_path / "file").touch()
    mine, check = readiness(tmp_path / "file" / "home", polls=False)
    check.side_effect = RPCError("connection refused", RPCStatusCode.UNAVAILABLE, b"")
    assert await reasons(mine) == ["not_polling", "temporal_unreachable", "home_unwritable"]
    assert (await ask(mine, "/healthz"))[0] == 200


async def test_a_full_disk_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection could not be stored."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Mock(free=1))
    mine, _ = readiness(tmp_path)
    assert await reasons(mine) == ["home_full"]


async def test_nothing_that_hangs_holds_up_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A silent Temporal and a silent file system are reasons, each after its own limit."""
    short = Mock(total_seconds=lambda: 0.01)
    monkeypatch.setattr(health, "READY_TIMEOUT", short)
    monkeypatch.setattr("kai_flow.temporal.health.READY_TIMEOUT", short)

    async def hang(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    mine, check = readiness(tmp_path)
    check.side_effect = hang
    monkeypatch.setattr(asyncio, "to_thread", hang)
    assert await reasons(mine) == ["temporal_unreachable", "home_unwritable"]


async def test_kai_status_says_why() -> None:
    """It shows the sentences of the document, or the status of an answer that is none."""
    mine, check = readiness(polls=True)
    async with serving(health_app(mine), "127.0.0.1", 0, what="x", setting="-") as port:
        url = f"http://127.0.0.1:{port}"
        assert await _answer(url) == "ready"
        check.side_effect = RPCError("refused", RPCStatusCode.UNAVAILABLE, b"")
        assert await _answer(url) == "not ready: Temporal does not answer: refused"
    assert await _answer(url) == "does not answer"
