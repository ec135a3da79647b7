"""A notifier: wakes all tasks that wait for it, however many there are."""

import asyncio


class Notifier:
    """One event, replaced each time it is set, so that waiters never have to reset it.

    A task takes `next` *before* it reads the state that it waits for. If the state changes between
    the reading and the waiting, that very event has been set, and the wait returns at once.
    """

    def __init__(self) -> None:
        self.next = asyncio.Event()  # set by the next `notify`

    def notify(self) -> None:
        """Wake all tasks that wait now."""
        self.next.set()
        self.next = asyncio.Event()


async def wait_for(event: asyncio.Event, seconds: float | None = None) -> None:
    """Return when `event` is set, or after `seconds`."""
    if seconds is None:
        await event.wait()
        return
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
