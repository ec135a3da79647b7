"""Background tasks: none is lost, none outlives its owner, and cleanup is completed."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.stream.background import BackgroundTasks, to_completion
from tests.unit.virtual import in_virtual_time


@in_virtual_time
async def test_a_broken_task_is_reported_and_the_others_go_on() -> None:
    """The owner gets the exception itself; a task that ended or was cancelled reports nothing."""
    broken: list[BaseException] = []
    tasks, error, ended = BackgroundTasks(broken.append), ValueError("broken"), asyncio.Event()

    async def breaks() -> None:
        raise error

    async def works() -> None:
        await asyncio.sleep(1.0)
        ended.set()

    tasks.spawn(breaks())
    tasks.spawn(works())
    await ended.wait()
    tasks.spawn(asyncio.sleep(60.0))
    await asyncio.sleep(0.1)
    await tasks.stop()
    assert broken == [error]


@given(st.integers(0, 5))
@in_virtual_time
async def test_stopping_waits_for_the_cleanup_of_every_task(count: int) -> None:
    """When `stop` returns, no task is left, however long its cleanup took."""
    cleaned = 0

    async def work() -> None:
        nonlocal cleaned
        try:
            await asyncio.sleep(60.0)
        finally:
            await asyncio.sleep(1.0)
            cleaned += 1

    tasks = BackgroundTasks(lambda error: pytest.fail(str(error)))
    for _ in range(count):
        tasks.spawn(work())
    await asyncio.sleep(0.1)
    await tasks.stop()
    assert cleaned == count
    assert len(asyncio.all_tasks()) == 1


@given(st.integers(0, 4))
@in_virtual_time
async def test_work_is_completed_however_often_the_caller_is_cancelled(times: int) -> None:
    """The result is returned together with the number of cancellations, and none is left over."""

    async def close() -> str:
        await asyncio.sleep(10.0)
        return "closed"

    async def caller() -> tuple[str, int]:
        return await to_completion(close())

    task = asyncio.create_task(caller())
    for _ in range(times):
        await asyncio.sleep(1.0)
        task.cancel()
    assert await task == ("closed", times)


@in_virtual_time
async def test_what_the_work_raises_reaches_the_caller() -> None:
    """An error of the cleanup is not swallowed."""

    async def close() -> None:
        await asyncio.sleep(1.0)
        raise OSError("cannot close")

    with pytest.raises(OSError, match="cannot close"):
        await to_completion(close())
