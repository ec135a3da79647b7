"""The tokens of every workload: each says who wrote it, which one it is, and when it was written.

A reader finds in them how long each took, and whether each arrived exactly once.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from typing import Final

# producer, number, time; JSON with or without a space behind the colon
WORD: Final = re.compile(rb'"content": ?"(\d+):(\d+) (\d+\.\d+) "')


async def words(
    count: int, rate: float = 0, *, at: float = 0, producer: int = 1, of: int = 1
) -> AsyncIterator[str]:
    """`count` tokens at `rate` a second (0: as fast as it goes), the first at the time `at`.

    Several producers share the tokens: this one writes its part, numbered from 1.
    """
    await asyncio.sleep(max(0, at - time.time()))
    began = time.monotonic()
    for number, turn in enumerate(range(producer - 1, count, of), 1):
        await asyncio.sleep(max(0, began + turn / rate - time.monotonic()) if rate else 0)
        yield f"{producer}:{number} {time.time():.6f} "
