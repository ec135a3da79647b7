"""The health endpoints of a worker: `/healthz` (the process runs), `/readyz` (it can work)."""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any, Final

import msgspec
from temporalio.client import Client

from kai_flow.runtime.readiness import Reason, detail_of, listed
from kai_flow.temporal.health import READY_TIMEOUT, outage

LEAST_FREE_BYTES: Final = 16 * 1024 * 1024  # of the disk with the home; its files grow by less

Message = MutableMapping[str, Any]


class Readiness:
    """Whether a worker can work: it polls, Temporal answers, and its home can be written.

    `home` is None for a worker that has no use for one.
    """

    def __init__(self, client: Client, home: Path | None) -> None:
        self.polls: Callable[[], bool] = lambda: False  # set when the worker has begun
        self._client = client
        self._home = home

    async def reasons(self) -> list[Reason]:
        """Why it cannot; empty: it can."""
        found = [await outage(self._client), await self._unwritable()]
        if not self.polls():
            found.insert(0, Reason("not_polling", "the worker starts or stops, and takes no work"))
        return [reason for reason in found if reason is not None]

    async def _unwritable(self) -> Reason | None:
        if self._home is None:
            return None
        looking = asyncio.to_thread(_wrong_with, self._home)  # a file system may hang
        try:
            async with asyncio.timeout(READY_TIMEOUT.total_seconds()):
                return await looking
        except TimeoutError:
            return Reason("home_unwritable", f"the folder {self._home} (KAI_HOME) does not answer")


def _wrong_with(home: Path) -> Reason | None:
    where = home
    while not where.exists() and where != where.parent:
        where = where.parent
    what = f"the folder {home} (KAI_HOME)"
    if not os.access(where, os.W_OK | os.X_OK):
        return Reason("home_unwritable", f"{what} cannot be written: give its user the rights")
    disk = shutil.disk_usage(where)
    if disk.total == 0:  # as of /proc
        detail = f"{what} is on no disk, and cannot be made: set KAI_HOME to another one"
        return Reason("home_unwritable", detail)
    if disk.free < LEAST_FREE_BYTES:
        return Reason("home_full", f"{what} is on a disk that is full: make room")
    return None


def health_app(
    readiness: Readiness,
) -> Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Any
]:
    """Two routes as a plain ASGI app, because the worker needs a web framework for nothing else."""

    async def app(
        scope: Message,
        _receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        if scope["type"] != "http":
            return
        status, document = await _answer(scope["path"], readiness)
        media_type = b"application/json" if status == 200 else b"application/problem+json"
        headers = [(b"content-type", media_type), (b"cache-control", b"no-store")]
        if status == 503:
            headers.append((b"retry-after", b"1"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": msgspec.json.encode(document)})

    return app


async def _answer(path: str, readiness: Readiness) -> tuple[int, Mapping[str, Any]]:
    if path == "/readyz":
        reasons = await readiness.reasons()
        if reasons:
            detail = detail_of(reasons)
            return 503, {"status": 503, "detail": detail, "reasons": listed(reasons)}
    elif path != "/healthz":
        return 404, {"status": 404, "detail": "not found; try /healthz or /readyz"}
    return 200, {"status": "ok"}
