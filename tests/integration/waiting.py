"""Waiting for what happens on the other side of a socket or in another process."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

PAUSE_SECONDS: Final = 0.02
# Only there to fail with a word of what was waited for, before pytest ends the test after 120 s.
DEADLINE_SECONDS: Final = 60.0

T = TypeVar("T")


async def eventually(look: Callable[[], Awaitable[T]], seconds: float = DEADLINE_SECONDS) -> T:
    """What `look` gives as soon as that is true."""
    deadline = time.monotonic() + seconds
    while not (found := await look()):
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        await asyncio.sleep(PAUSE_SECONDS)
    return found


async def until(holds: Callable[[], object], seconds: float = DEADLINE_SECONDS) -> None:
    """Wait until `holds()`."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        await asyncio.sleep(PAUSE_SECONDS)
