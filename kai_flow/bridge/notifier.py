"""A notifier: wakes all tasks that wait for it, however many they are."""

import asyncio


class Notifier:
    """One event, replaced each time it is set: a waiter that is cancelled disturbs no other."""

    def __init__(self) -> None:
        self.next = (
            asyncio.Event()
        )  # set by the next `notify`; take it *before* looking at the state

    def notify(self) -> None:
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
