"""Tasks that run beside an agent, and work that has to be completed although it is cancelled."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class BackgroundTasks:
    """Tasks of one owner. `broke` is called with the exception of a task that raised one.

    Each task is referenced here until it has ended: the event loop itself keeps only a weak
    reference, so that a task which nothing else refers to might vanish.
    """

    def __init__(self, broke: Callable[[BaseException], None]) -> None:
        self._broke = broke
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` in a task of its own."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._reap)

    async def stop(self) -> None:
        """Cancel all tasks, and wait until they have ended."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _reap(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._broke(error)


async def to_completion(work: Coroutine[Any, Any, T]) -> tuple[T, int]:
    """The result of `work`, and how often the calling task was cancelled meanwhile.

    The cancellations do not reach `work`. The caller has to act on them afterwards.
    """
    task = asyncio.create_task(work)
    cancellations = 0
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            cancellations += 1
    return task.result(), cancellations
