"""An event loop in a thread of its own, beside a main thread that waits for a person.

Reading a line with its history and editing keys blocks the thread that does it, and only the main
thread gets Ctrl-C. The stack must go on meanwhile: so it lives in another thread.
"""

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Background(Generic[T]):
    """Holds what `opened` opens, in a loop of its own, while the block runs.

    It is opened and closed by one task of that loop. Ctrl-C interrupts every wait of the main
    thread; a task that was being waited for is then cancelled.
    """

    def __init__(self, opened: Callable[[], AbstractAsyncContextManager[T]]) -> None:
        self._opened = opened
        self._ready: concurrent.futures.Future[T] = concurrent.futures.Future()
        self._started = threading.Event()  # from then on there are a loop and a task
        self._loop: asyncio.AbstractEventLoop
        self._task: asyncio.Task[Any]
        self._leave: asyncio.Event
        self._thread = threading.Thread(target=self._run, name="kai-background")

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        try:
            self.value = self._ready.result()
        except BaseException:  # it has failed, or the user does not want to wait for it
            self._loop.call_soon_threadsafe(self._task.cancel)
            self._thread.join()
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._leave.set)
        self._thread.join()

    def submit(self, work: Coroutine[Any, Any, R]) -> "concurrent.futures.Future[R]":
        """Begin work in the loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call(self, function: Callable[[], object]) -> None:
        """Call a function in the loop soon."""
        self._loop.call_soon_threadsafe(function)

    def _run(self) -> None:
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            self._leave = asyncio.Event()
            self._task = self._loop.create_task(self._hold())
            self._started.set()
            runner.run(self._wait())

    async def _wait(self) -> None:
        await asyncio.wait([self._task])
        # temporalio's core can abort the process when its last call is right before the end
        await asyncio.sleep(0.05)

    async def _hold(self) -> None:
        try:
            async with self._opened() as value:
                self._ready.set_result(value)
                await self._leave.wait()
        except BaseException as wrong:
            if self._ready.done():
                raise
            self._ready.set_exception(wrong)
