"""The shells' clock: the event loop's, so that a test can turn it."""

import asyncio


def now() -> float:
    """Seconds of the running event loop's monotonic clock."""
    return asyncio.get_running_loop().time()
