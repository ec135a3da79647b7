"""`follow`: what it refuses before it reads anything, from either source."""

import asyncio

import pytest

from kai_flow.stream import InvalidId, InvalidUrl, follow
from tests.unit.virtual import SESSION, Stage, in_virtual_time


@pytest.mark.parametrize("address", ["localhost:8092", "ftp://localhost", "http://", "http://h:x"])
async def test_an_address_that_is_none_is_refused_at_once(address: str) -> None:
    """A URL that can never be reached is an error, and the message shows a valid one."""
    async with asyncio.timeout(60):
        with pytest.raises(InvalidUrl, match="one looks like http://localhost:8092"):
            await anext(follow(address, "s"))


@in_virtual_time
async def test_a_cursor_that_is_none_is_refused_at_once() -> None:
    """Without a request to the bridge or to Temporal."""
    stage = Stage()
    for source in ("http://localhost:8092", stage.client):
        with pytest.raises(InvalidId):
            await anext(follow(source, SESSION, after="1.1"))
    assert stage.counted.calls == 0


@in_virtual_time
async def test_a_token_is_for_a_bridge() -> None:
    """A Temporal client has credentials of its own: given both, one would silently not be used."""
    stage = Stage()
    for options in ({"token": "x"}, {"headers": {"X-Site": "a"}}):
        with pytest.raises(ValueError, match="for a bridge"):
            await anext(follow(stage.client, SESSION, **options))
    with pytest.raises(ValueError, match="token must be"):
        await anext(follow("http://localhost:8092", SESSION, token="a b"))
    assert stage.counted.calls == 0
