"""What a body may be, beyond what tests with real connections show."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from kai_flow.stream.callback import MAX_BODY_BYTES
from kai_flow.web import body
from kai_flow.web.body import Bodies
from kai_flow.web.problems import Problem
from tests.unit.virtual import in_virtual_time


async def read(*messages: dict[str, Any], announced: int | None = None) -> bytes:
    """The body that these messages bring; after them comes nothing more."""
    coming: Iterator[dict[str, Any]] = iter(messages)

    async def receive() -> dict[str, Any]:
        for message in coming:
            return {"type": "http.request", **message}
        return await asyncio.Future()

    return await Bodies(asyncio.Event()).read(receive, announced)


async def test_a_body_comes_in_any_pieces() -> None:
    """One message or many, some of them empty: the body is all of them."""
    assert await read({"body": b"ab"}) == b"ab"
    assert await read({}) == b""
    pieces = [{"body": b"a"}, {"body": b""}, {"body": b"b"}]
    assert await read(*({**piece, "more_body": True} for piece in pieces), {}) == b"ab"


@pytest.mark.parametrize("pieces", [1, 3])
async def test_a_body_that_is_too_large_is_refused(pieces: int) -> None:
    """Also if its head has announced less, or nothing."""
    piece = {"body": bytes(MAX_BODY_BYTES // pieces + 1), "more_body": True}
    with pytest.raises(Problem, match="413"):
        await read(*[piece] * pieces)


async def test_a_body_that_announces_too_much_is_not_read() -> None:
    """The refusal comes before the body."""
    with pytest.raises(Problem, match="413"):
        await read(announced=MAX_BODY_BYTES + 1)


async def test_a_connection_that_breaks_within_a_body_is_a_refusal() -> None:
    """Half a document is never taken for a whole one."""
    with pytest.raises(Problem, match="400"):
        await read({"body": b"a", "more_body": True}, {"type": "http.disconnect"})


@in_virtual_time
async def test_a_stopping_bridge_waits_for_bodies_a_moment_only() -> None:
    """Each body under way is given up soon after the bridge begins to stop, and later ones, too."""
    stopping = asyncio.Event()
    bodies = Bodies(stopping)

    async def receive() -> dict[str, Any]:
        return await asyncio.Future()

    reading = [asyncio.create_task(bodies.read(receive, None)) for _ in range(3)]
    await asyncio.sleep(1)
    stopping.set()
    began = asyncio.get_running_loop().time()
    for one in (*reading, asyncio.create_task(bodies.read(receive, None))):
        with pytest.raises(Problem, match="503"):
            await one
    took = asyncio.get_running_loop().time() - began
    assert took < 3 * body.STOPPING_BODY_SECONDS
