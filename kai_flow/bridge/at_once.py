"""Answers at once what can be answered at once, and begins nothing of the rest.

A list of documents has one answer (§6.16 of the protocol). If one document had to wait for
Temporal, all others would wait with it. So it is cancelled, and its sender POSTs it alone.
"""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def at_once(works: Iterable[Coroutine[Any, Any, T]]) -> list[T | None]:
    """The results of those that wait for nothing; None for the others, which are cancelled.

    They begin in this order, each in a task of its own, as if each had come in a request of its
    own. What is cancelled must not have changed anything before it waits.
    """
    tasks = [asyncio.create_task(work) for work in works]
    await asyncio.sleep(0)  # each task runs until it waits
    waiting = [task for task in tasks if not task.done()]
    for task in waiting:
        task.cancel()
    if waiting:
        await asyncio.wait(waiting)
    return [None if task in waiting else task.result() for task in tasks]
