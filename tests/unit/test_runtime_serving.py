"""Servers of one process share uvicorn's log, and with it one limit on its lines."""

import logging
from contextlib import AsyncExitStack
from typing import Any

from kai_flow.runtime.log_limiter import LimitedLines
from kai_flow.runtime.serving import serving


async def app(_scope: Any, _receive: Any, _send: Any) -> None:
    """An app that is asked nothing."""


def limits() -> int:
    """How many limits a line of uvicorn's has to pass."""
    filters = logging.getLogger("uvicorn.error").filters
    return sum(isinstance(one, LimitedLines) for one in filters)


async def test_a_line_is_limited_once_however_many_servers_run() -> None:
    """The limit is there as long as any server runs, and it is one: no line is counted twice."""
    before = limits()
    async with AsyncExitStack() as first:
        await first.enter_async_context(serving(app, "127.0.0.1", 0, what="first", setting="-"))
        async with serving(app, "127.0.0.1", 0, what="second", setting="-"):
            assert limits() == max(before, 1)
        assert limits() == max(before, 1)
    assert limits() == before
