"""What can be answered at once is, in order; what would have to wait is given up."""

import asyncio

import pytest

from kai_flow.bridge.at_once import at_once
from kai_flow.stream.clock import now
from tests.unit.virtual import in_virtual_time


@in_virtual_time
async def test_what_waits_is_cancelled_and_holds_nobody_up() -> None:
    """They begin in their order; None stands for the one that would have waited."""
    begun: list[int] = []
    cancelled = asyncio.Event()

    async def work(number: int) -> int:
        begun.append(number)
        if number == 1:
            try:
                await asyncio.sleep(1.0)
            except asyncio.CancelledError:
                cancelled.set()
                raise
        return number

    began = now()
    assert await at_once(work(number) for number in range(3)) == [0, None, 2]
    assert begun == [0, 1, 2]
    assert cancelled.is_set()
    assert now() - began < 0.01


@in_virtual_time
async def test_what_breaks_is_raised() -> None:
    """An error is no answer."""

    async def broken() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await at_once([broken()])


@in_virtual_time
async def test_an_empty_list_has_no_results() -> None:
    """There is nothing to wait for."""
    nothing = await at_once([])
    assert nothing == []
