"""The clock of everything outside the pure core: the event loop's, so that tests can control it."""

import asyncio


def now() -> float:
    """Seconds of the running event loop's monotonic clock."""
    return asyncio.get_running_loop().time()
