"""How the thread of an activity reaches the event loop of its worker.

A `def` activity runs in a thread, and an `async def` activity may start threads: agent frameworks
run plain functions so. A producer's tasks run in the worker's event loop, whatever the activity is.
The interceptor leaves a `WorkerLoop` in a context variable, which Temporal's SDK, `to_thread` and
the frameworks copy into their threads. Through it a thread runs coroutines in the loop, in the
context of the activity. The context of the thread itself would not do: its `activity.heartbeat`
waits for the event loop, and would block that very loop.
"""

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.worker import ExecuteActivityInput

from kai_flow.stream.background import to_completion

T = TypeVar("T")

CANCELLATION_SECONDS: Final = 0.2  # a thread that waits for the loop looks for a cancellation


class WorkerLoop:
    """The event loop of the worker, for the threads of one activity.

    To be made in the loop, in the context in which coroutines of the activity are to run.
    `is_thread`: the activity itself is a thread, in which Temporal raises when it is cancelled.
    """

    def __init__(self, client: Client | None, *, is_thread: bool = True) -> None:
        self.client: Final = client
        """The worker's client, if it is known; the SDK gives a thread none."""
        self._is_thread = is_thread
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()  # that of the loop
        self._context = contextvars.copy_context()
        self._calls: set[_Call[Any]] = set()  # under way
        self._at_end: list[Callable[[], Awaitable[None]]] | None = []  # None: it has ended

    def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The result of a coroutine that runs in the event loop.

        Temporal cancels the thread of a `def` activity by raising an exception in it. That cancels
        the coroutine too. In the threads of an `async def` activity nobody raises, so this does.
        """
        if not self._is_thread:
            if self._activity_is_cancelled():
                raise CancelledError("Cancelled")
            return self._result(self._start(work), self._activity_is_cancelled)
        call = self._start(work)
        try:
            while not self._is_done(call):
                pass
        except BaseException:
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(call.cancel)
            raise
        return call.done.result()

    def run_to_end(
        self, work: Callable[[], Coroutine[Any, Any, T]], *, cancelled: Callable[[], bool]
    ) -> T:
        """The same for a thread in which Temporal does not raise now: `cancelled` tells instead.

        The coroutine is cancelled once, and completes its cleanup before this returns.
        """
        return self._result(self._start(work, completes=True), cancelled)

    def _result(self, call: "_Call[T]", cancelled: Callable[[], bool]) -> T:
        told = False
        while not self._is_done(call):
            if not told and cancelled():
                told = True
                self._loop.call_soon_threadsafe(call.cancel)
        return call.done.result()

    def is_here(self) -> bool:
        """Whether the code that asks runs in the event loop itself."""
        return threading.get_ident() == self._thread

    def _activity_is_cancelled(self) -> bool:
        # A context can be entered once at a time, and several threads may ask: hence a copy.
        return self._context.copy().run(activity.is_cancelled)

    def _start(
        self, work: Callable[[], Coroutine[Any, Any, T]], *, completes: bool = False
    ) -> "_Call[T]":
        if self.is_here():
            raise RuntimeError("this is for threads: it would block the event loop of the worker")
        call = _Call(work, self._calls.discard, completes=completes)
        self._loop.call_soon_threadsafe(self._begin, call, context=self._context.copy())
        return call

    def _is_done(self, call: "_Call[Any]") -> bool:
        """Wait a little, so that an exception raised in this thread is not held up for longer."""
        if self._loop.is_closed():
            raise RuntimeError("the event loop of the worker is closed: the worker has ended")
        return bool(wait([call.done], CANCELLATION_SECONDS).done)

    # In the event loop

    def _begin(self, call: "_Call[Any]") -> None:
        if self._at_end is None:
            # The thread has outlived its activity, at whose end everything was closed.
            call.done.set_exception(CancelledError("the activity has ended"))
        else:
            self._calls.add(call)
            call.start()

    async def at_end(self, close: Callable[[], Awaitable[None]]) -> None:
        """Call `close` when the activity has ended, or at once if it has.

        An exception that Temporal raises in the thread may come before the thread enters a block,
        so that it never leaves that block. And the threads of an `async def` activity may outlive
        it: when it is cancelled, it does not wait for them.
        """
        if self._at_end is None:
            await close()
        else:
            self._at_end.append(close)

    async def end(self) -> None:
        """The activity has ended. Threads that it has left behind can do nothing more."""
        left, self._at_end = self._at_end or (), None
        tasks = [task for call in self._calls if (task := call.at_end()) is not None]
        if tasks:
            await asyncio.wait(tasks)
        for close in left:
            await close()


class _Call(Generic[T]):
    """A coroutine that a thread waits for."""

    def __init__(
        self,
        work: Callable[[], Coroutine[Any, Any, T]],
        ended: Callable[["_Call[Any]"], None],
        *,
        completes: bool,
    ) -> None:
        self.done: Future[T] = Future()
        self._work = work
        self._ended = ended  # called in the event loop
        self._completes = completes  # also when the activity ends
        self._task: asyncio.Task[T] | None = None  # from `start` on

    # In the event loop

    def start(self) -> None:
        self._task = asyncio.create_task(self._work())
        self._task.add_done_callback(self._report)

    def cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def at_end(self) -> asyncio.Task[T] | None:
        """The activity ends: the task that has to end before."""
        if not self._completes:
            self.cancel()
        return self._task

    def _report(self, task: asyncio.Task[T]) -> None:
        self._ended(self)
        if task.cancelled():
            self.done.set_exception(CancelledError("Cancelled"))
        elif (error := task.exception()) is not None:
            self.done.set_exception(error)
        else:
            self.done.set_result(task.result())


@dataclass(frozen=True)
class _Elsewhere:
    """A function that runs in another process, to which it is sent with this wrapper."""

    function: Callable[..., Any]

    def __call__(self, *arguments: Any) -> Any:
        _place.set(self)
        return self.function(*arguments)


_place: Final[ContextVar[WorkerLoop | _Elsewhere | None]] = ContextVar("place", default=None)
"""How to reach the event loop from the activity. None: it was not set up, as without a plugin."""


@asynccontextmanager
async def reachable(call: ExecuteActivityInput, client: Client | None) -> AsyncIterator[None]:
    """The event loop can be reached from the threads of this activity, unless it is a process."""
    if call.executor is None or isinstance(call.executor, ThreadPoolExecutor):
        loop = WorkerLoop(client, is_thread=call.executor is not None)
        _place.set(loop)
        try:
            yield
        finally:
            _, cancellations = await to_completion(loop.end())
            if cancellations:
                raise asyncio.CancelledError
    else:
        call.fn = _Elsewhere(call.fn)
        yield


def require_this_process() -> None:
    """Raise ApplicationError if the activity runs in another process."""
    if isinstance(_place.get(), _Elsewhere):
        raise _wrong(
            "EventProducer does not work in a process pool, because the worker's connection to "
            "Temporal is in another process: give the Worker a ThreadPoolExecutor as its "
            "`activity_executor`"
        )


def require_event_loop() -> None:
    """Raise ApplicationError unless this code runs in the event loop of its worker."""
    place = _place.get()
    if isinstance(place, WorkerLoop) and not place.is_here():
        raise _wrong(
            "`async with EventProducer(…)` is for the event loop of the worker: in a thread, and "
            "so in a `def` activity, write `with EventProducer(…)`"
        )


def loop_of_thread() -> WorkerLoop:
    """What the thread of an activity needs. Raises ApplicationError in the event loop itself."""
    place = _place.get()
    if isinstance(place, WorkerLoop) and not place.is_here():
        return place
    raise _wrong(
        "`with EventProducer(…)` is for threads: in the event loop, and so in an `async def` "
        "activity, write `async with EventProducer(…)`"
    )


def _wrong(why: str) -> ApplicationError:
    """An error that is not retried: the code would be the same."""
    return ApplicationError(why, type="WrongProducerForm", non_retryable=True)
