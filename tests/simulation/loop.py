"""Virtual time and processes: an event loop that never sleeps, and tasks that die together.

Waiting advances the clock; nothing ever waits for real. Every task belongs to the process in whose
context it was started, so that a process can be killed at any step with everything it has begun.
"""

import asyncio
import contextvars
import gc
import selectors
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from contextvars import Context
from typing import Any, Final

SPIN_LIMIT: Final = 20_000  # turns of the loop without time passing: a tight loop
TURN_SECONDS: Final = 1e-7  # what a turn of the loop takes: a clock that stood still would be none


class Hang(BaseException):
    """Nothing will ever happen again, or time stands still. No handler of the code may eat it."""


class _Idle(selectors.BaseSelector):
    """Watches no file; being asked to wait, it advances the clock."""

    def __init__(self) -> None:
        self._keys: dict[Any, selectors.SelectorKey] = {}
        self.now = 1_000.0
        self.spins = 0

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        fd = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        self._keys[fd] = key = selectors.SelectorKey(fileobj, fd, events, data)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(fileobj if isinstance(fileobj, int) else fileobj.fileno())

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Hang("nothing will ever happen again")
        self.now += max(0.0, timeout) + TURN_SECONDS
        if timeout > TURN_SECONDS:
            self.spins = 0
        else:
            self.spins += 1
            if self.spins > SPIN_LIMIT:
                raise Hang(f"time stands still at {self.now:.3f}: a tight loop")
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._keys


class Task(asyncio.Task[Any]):
    """A task whose hash is its number, so that sets of tasks have the same order in every run."""

    number = 0

    def __hash__(self) -> int:
        return self.number


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time; it counts its tasks and adopts them into processes."""

    def __init__(self) -> None:
        self._idle = _Idle()
        self._tasks_made = 0
        self._processes: set[Process] = set()  # kept: what waits in one is no garbage
        self.broken: list[str] = []  # what the loop was told of: exceptions nobody took
        super().__init__(self._idle)
        self.set_task_factory(self._make)  # type: ignore[arg-type]  # typeshed lacks `context`
        self.set_exception_handler(self._note)

    def time(self) -> float:
        return self._idle.now

    @staticmethod
    def _make(
        loop: asyncio.AbstractEventLoop,
        work: Coroutine[Any, Any, Any],
        context: Context | None = None,
    ) -> Task:
        assert isinstance(loop, VirtualLoop)
        task = Task(work, loop=loop, context=context)
        loop._tasks_made += 1
        task.number = loop._tasks_made
        # A task with a context of its own is still a task of the process that starts it.
        process = _process.get(None)
        if context is not None:
            process = context.get(_process, process)
        if process is not None:
            loop._processes.add(process)
            process.adopt(task)
        return task

    def _note(self, _loop: asyncio.AbstractEventLoop, told: dict[str, Any]) -> None:
        self.broken.append(f"{told.get('message')}: {told.get('exception')!r}")

    def close_down(self) -> None:
        """End every task that is left, in whatever state it is, and close."""
        gc.collect(0)  # a task that broke is reported when it is let go
        reported = len(self.broken)  # what breaks from here on is no finding
        for _ in range(10):
            tasks = sorted(asyncio.all_tasks(self), key=hash)
            if not tasks:
                break
            for task in tasks:
                task.cancel()
            with suppress(Hang):
                self.run_until_complete(asyncio.wait(tasks, timeout=60.0))
        with suppress(Hang):
            self.run_until_complete(self.shutdown_asyncgens())
        del self.broken[reported:]
        self.close()


_process: contextvars.ContextVar["Process"] = contextvars.ContextVar("process")


class Process:
    """Tasks that live and die together, as in an operating system's process."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self._tasks: dict[Task, None] = {}
        self._context = Context()
        self._context.run(_process.set, self)

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run `work` in this process."""
        return asyncio.get_running_loop().create_task(work, context=self._context.copy())

    def adopt(self, task: Task) -> None:
        """A task was started in this process."""
        self._tasks[task] = None
        task.add_done_callback(self._leave)
        if not self.alive:
            task.cancel()

    def kill(self) -> None:
        """SIGKILL: no link carries anything of it from now on; what it was doing ends."""
        self.alive = False
        for task in list(self._tasks):
            task.cancel()

    def _leave(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(task, None)  # type: ignore[call-overload]


async def forever() -> None:
    """What a dead process waits for."""
    await asyncio.get_running_loop().create_future()


class Flag:
    """Something that changes, and can be waited for."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def change(self) -> None:
        """Wake all who wait."""
        self._next.set()
        self._next = asyncio.Event()

    async def until(self, condition: Callable[[], bool], seconds: float | None = None) -> bool:
        """Wait until `condition` holds; False when it did not within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    await self._next.wait()
        except TimeoutError:
            return False
        return True


def now() -> float:
    """The virtual time."""
    return asyncio.get_running_loop().time()
