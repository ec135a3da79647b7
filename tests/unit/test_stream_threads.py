"""A thread reaches the event loop of its worker, and stops waiting when it is told to."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from typing import Any

import pytest
from temporalio.bridge.runtime import Runtime
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ExecuteActivityInput

from kai_flow.stream.threads import WorkerLoop, loop_of_thread, reachable, require_event_loop

mark: ContextVar[str] = ContextVar("mark", default="")


class Hanging:
    """A coroutine that ends only when it is cancelled, and then cleans up."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.cleaning = asyncio.Event()  # the cleanup may end
        self.cleaned = threading.Event()

    async def work(self) -> None:
        """Hang."""
        self.began.set()
        try:
            await asyncio.Event().wait()
        finally:
            await self.cleaning.wait()
            self.cleaned.set()


async def test_a_coroutine_runs_in_the_loop_and_in_the_context_of_the_activity() -> None:
    """Whatever the thread has in its own context, and whatever comes of the coroutine."""

    async def look() -> tuple[str, int]:
        return mark.get(), threading.get_ident()

    async def fail() -> None:
        raise KeyError("a mistake")

    def in_thread(loop: WorkerLoop) -> None:
        mark.set("the thread's")
        assert loop.run(look) == ("the activity's", here)
        assert loop.run_to_end(look, cancelled=lambda: False) == ("the activity's", here)
        with pytest.raises(KeyError, match="a mistake"):
            loop.run(fail)

    here = threading.get_ident()
    mark.set("the activity's")
    await asyncio.to_thread(in_thread, WorkerLoop(None))


async def test_an_exception_raised_in_the_thread_ends_its_wait() -> None:
    """Temporal stops a thread so; what the thread waited for is cancelled, and not waited for."""
    hanging, loop = Hanging(), WorkerLoop(None)
    ident: list[int] = []

    def in_thread() -> None:
        ident.append(threading.get_ident())
        with pytest.raises(CancelledError):
            loop.run(hanging.work)

    waiting = asyncio.create_task(asyncio.to_thread(in_thread))
    await asyncio.to_thread(hanging.began.wait)
    Runtime._raise_in_thread(ident[0], CancelledError)
    await waiting
    assert not hanging.cleaned.is_set()
    hanging.cleaning.set()
    await asyncio.to_thread(hanging.cleaned.wait)


async def test_a_shielded_thread_waits_for_the_cleanup() -> None:
    """A cancellation cancels what the thread waits for, once, and its cleanup is completed."""
    hanging, loop, cancelled = Hanging(), WorkerLoop(None), threading.Event()

    def in_thread() -> None:
        with pytest.raises(CancelledError):
            loop.run_to_end(hanging.work, cancelled=cancelled.is_set)
        assert hanging.cleaned.is_set()

    waiting = asyncio.create_task(asyncio.to_thread(in_thread))
    await asyncio.to_thread(hanging.began.wait)
    cancelled.set()
    hanging.cleaning.set()
    await waiting


async def test_the_event_loop_does_not_wait_for_itself() -> None:
    """A coroutine that uses what is for threads gets an error, instead of a worker that hangs."""

    async def nothing() -> None:
        pass

    with pytest.raises(RuntimeError, match="for threads"):
        WorkerLoop(None).run(nothing)


async def test_a_thread_does_not_wait_for_a_loop_that_is_closed() -> None:
    """A worker that is gone leaves no thread behind that would keep its process alive."""

    async def make() -> WorkerLoop:
        return WorkerLoop(None)

    loop = await asyncio.to_thread(asyncio.run, make())
    with pytest.raises(RuntimeError, match="closed"):
        loop.run(make)


async def test_what_a_thread_leaves_open_is_closed_with_its_activity() -> None:
    """An exception that Temporal raises may come before the thread has entered its block."""
    closed: list[str] = []
    loops: list[WorkerLoop] = []

    def leave(name: str) -> Callable[[], Coroutine[Any, Any, None]]:
        async def close() -> None:
            closed.append(name)

        return lambda: loops[0].at_end(close)

    def in_thread() -> None:
        loops.append(loop_of_thread())
        loops[0].run(leave("in time"))

    async def execute(call: ExecuteActivityInput) -> None:
        async with reachable(call, None):
            context = copy_context()
            await asyncio.get_running_loop().run_in_executor(threads, context.run, in_thread)
            assert closed == []

    with ThreadPoolExecutor(1) as threads:
        call = ExecuteActivityInput(fn=in_thread, args=[], executor=threads, headers={})
        await asyncio.create_task(execute(call))
    assert closed == ["in time"]
    await leave("late")()
    assert closed == ["in time", "late"]


def in_the_loop(activity: Callable[..., Any]) -> ExecuteActivityInput:
    """The call of an `async def` activity."""
    return ExecuteActivityInput(fn=activity, args=[], executor=None, headers={})


async def test_a_thread_of_an_async_activity_is_cancelled_with_it() -> None:
    """Temporal raises nothing in such a thread: what it does next raises, and so does its wait."""
    hanging, environment = Hanging(), ActivityEnvironment()

    def in_thread() -> None:
        loop = loop_of_thread()
        with pytest.raises(CancelledError):
            loop.run(hanging.work)
        assert hanging.cleaned.is_set()
        hanging.began.clear()
        with pytest.raises(CancelledError):
            loop.run(hanging.work)
        assert not hanging.began.is_set()

    async def execute() -> None:
        async with reachable(in_the_loop(execute), None):
            thread = asyncio.create_task(asyncio.to_thread(in_thread))
            with pytest.raises(asyncio.CancelledError):
                await asyncio.shield(thread)
            hanging.cleaning.set()
            await thread

    attempt = asyncio.create_task(environment.run(execute))
    await asyncio.to_thread(hanging.began.wait)
    environment.cancel()
    await attempt


async def test_a_thread_that_outlives_its_activity_does_nothing_more() -> None:
    """What it waits for is cancelled, and nothing begins that nobody would close."""
    hanging, ended = Hanging(), threading.Event()
    hanging.cleaning.set()

    def in_thread() -> None:
        loop = loop_of_thread()
        with pytest.raises(CancelledError):
            loop.run(hanging.work)
        ended.wait()
        with pytest.raises(CancelledError, match="the activity has ended"):
            loop.run(hanging.work)

    async def execute() -> asyncio.Task[None]:
        async with reachable(in_the_loop(execute), None):
            thread = asyncio.create_task(asyncio.to_thread(in_thread))
            await asyncio.to_thread(hanging.began.wait)
        return thread

    thread = await ActivityEnvironment().run(execute)
    ended.set()
    await thread


async def test_an_activity_that_is_cancelled_at_its_end_closes_everything() -> None:
    """No producer is left behind, and the cancellation counts all the same."""
    closing, closed, may_close = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def close() -> None:
        closing.set()
        await may_close.wait()
        closed.set()

    def in_thread() -> None:
        loop = loop_of_thread()
        loop.run(lambda: loop.at_end(close))

    async def execute() -> None:
        async with reachable(in_the_loop(execute), None):
            await asyncio.to_thread(in_thread)

    attempt = asyncio.create_task(ActivityEnvironment().run(execute))
    await closing.wait()
    attempt.cancel()
    await asyncio.sleep(0)
    may_close.set()
    with pytest.raises(asyncio.CancelledError):
        await attempt
    assert closed.is_set()


async def test_the_loop_and_its_threads_need_different_forms() -> None:
    """In an `async def` activity, each form is refused where the other one belongs."""

    async def execute() -> None:
        async with reachable(in_the_loop(execute), None):
            require_event_loop()
            with pytest.raises(ApplicationError, match="write `async with EventProducer"):
                loop_of_thread()
            with pytest.raises(ApplicationError, match="write `with EventProducer"):
                await asyncio.to_thread(require_event_loop)
            await asyncio.to_thread(loop_of_thread)

    await asyncio.create_task(execute())
