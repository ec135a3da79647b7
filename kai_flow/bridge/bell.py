"""A bell: wakes everybody who waits for it, whoever and however many they are."""

import asyncio


class Bell:
    """One event, replaced each time it rings: a waiter that is cancelled disturbs no other."""

    def __init__(self) -> None:
        self.next = asyncio.Event()  # set at the next ring; take it *before* looking at the state

    def ring(self) -> None:
        """Wake all who wait now."""
        self.next.set()
        self.next = asyncio.Event()


async def wait_for(event: asyncio.Event, seconds: float | None = None) -> None:
    """Return when `event` is set, or after `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
