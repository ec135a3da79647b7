"""Reads the body of a POST within a time limit and a memory budget, until the bridge stops."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

from kai_flow.bridge.errors import SHUTTING_DOWN
from kai_flow.stream.callback import MAX_BODY_BYTES
from kai_flow.web.problems import IN_A_SECOND, Problem, problem
from kai_flow.web.request_budget import RequestBudget, Share, expire

BODY_SECONDS: Final = 10.0  # a producer gives a whole POST 3 s
STOPPING_BODY_SECONDS: Final = 0.1  # the body of a producer's POST arrives just after its head
MAX_BODIES_BYTES: Final = 64 * 1024 * 1024  # of all bodies that are being read at the same time

# The rest of the body is not read, so the connection cannot be used again.
_CLOSE: Final = {"Connection": "close"}

Receive = Callable[[], Awaitable[Mapping[str, Any]]]


class Bodies:
    """The bodies that are being received, within one memory budget, until `stopping` is set.

    A sender can leave a body half sent for BODY_SECONDS. When all bodies together are too large,
    those that have taken longest are given up. A producer sends a whole POST in a moment, so
    half-sent bodies cannot keep its POSTs out, however many there are.

    One timeout is all that a body costs: it is rescheduled when the body is given up or the bridge
    stops. A task that reads and one that waits would cost more than the rest of a small POST.
    """

    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping = stopping
        self._budget = RequestBudget()
        self._limits: set[asyncio.Timeout] = set()  # of the bodies that are being read
        self._watch: asyncio.Task[None] | None = None  # from the first body on

    async def read(self, receive: Receive, announced: int | None) -> bytes:
        """One body. Raises the problem that it is too large, too slow, or that the bridge stops.

        `announced` is the size that the head of the request announces, if it does.
        """
        if announced is not None and announced > MAX_BODY_BYTES:
            raise _too_large()
        if self._watch is None:
            self._watch = asyncio.create_task(self._hurry_when_stopping())
        limit = asyncio.timeout(STOPPING_BODY_SECONDS if self._stopping.is_set() else BODY_SECONDS)
        with self._budget.share(give_up=partial(expire, limit)) as share:
            self._limits.add(limit)
            try:
                async with limit:
                    return await self._whole(receive, share)
            except TimeoutError:
                raise self._incomplete(share) from None
            finally:
                self._limits.discard(limit)

    async def _whole(self, receive: Receive, share: Share) -> bytes:
        body = bytearray()
        message = await receive()
        while message["type"] == "http.request":
            chunk: bytes = message.get("body", b"")
            last = not message.get("more_body", False)
            if len(body) + len(chunk) > MAX_BODY_BYTES:
                raise _too_large()
            if last and not body:
                return chunk
            body += chunk
            self._budget.grow(share, len(chunk), MAX_BODIES_BYTES)
            if last:
                return bytes(body)
            message = await receive()
        raise problem(400, "the connection broke within the body; send it again")

    async def _hurry_when_stopping(self) -> None:
        """Shorten the time of every body that is being read, once the bridge stops."""
        await self._stopping.wait()
        for limit in self._limits:
            expire(limit, STOPPING_BODY_SECONDS)

    def _incomplete(self, share: Share) -> Problem:
        if share.given_up:
            detail = "too many requests are incomplete at the moment; send it again in a second"
            return problem(429, detail, headers=IN_A_SECOND | _CLOSE)
        if self._stopping.is_set():
            return problem(503, SHUTTING_DOWN, headers=IN_A_SECOND | _CLOSE)
        detail = f"the whole body did not arrive within {BODY_SECONDS:.0f} s; send it again"
        return problem(408, detail, headers=_CLOSE)


def _too_large() -> Problem:
    # Keep the connection: closing it within the body would reset it, and lose the answer.
    most = MAX_BODY_BYTES // 2**20
    return problem(413, f"the body has more than {most} MiB; send fewer events in one POST")
