"""The clock: that of the running loop, so that a test in virtual time controls all of it."""

import asyncio

import pytest

from kai_flow.stream.clock import now
from tests.unit.virtual import in_virtual_time


@in_virtual_time
async def test_the_clock_is_that_of_the_running_loop() -> None:
    """A pause of an hour in virtual time takes an hour by it."""
    began = now()
    await asyncio.sleep(3_600.0)
    assert 3_600.0 <= now() - began < 3_601.0


def test_without_a_loop_there_is_no_time() -> None:
    """Code that is not asynchronous gets an error, not another clock."""
    with pytest.raises(RuntimeError):
        now()
