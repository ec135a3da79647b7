"""Work that is tried again: until it returns, no more often than agreed, and told in the log."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.stream import supervised as module
from kai_flow.stream.backoff import Backoff
from kai_flow.stream.clock import now
from kai_flow.stream.supervised import retried, supervised
from tests.unit.virtual import in_virtual_time

BACKOFF = Backoff(1.0, 8.0)


class Flaky:
    """Work that raises the errors one after the other, then returns; each call takes its time."""

    def __init__(self, *errors: Exception, seconds: float = 0.0) -> None:
        self.began: list[float] = []  # when each call began
        self._errors = list(errors)
        self._seconds = seconds

    async def __call__(self) -> str:
        self.began.append(now())
        await asyncio.sleep(self._seconds)
        if self._errors:
            raise self._errors.pop(0)
        return "done"


def intervals(flaky: Flaky) -> list[float]:
    """Seconds between the calls."""
    return [round(later - earlier, 3) for earlier, later in pairwise(flaky.began)]


async def tried(work: Callable[[], Awaitable[str]]) -> tuple[str, list[str]]:
    """What the work returned in the end, and the failures that were reported before."""
    reported: list[str] = []

    def failed(error: OSError, pause: float) -> None:
        reported.append(f"{error} {pause:g}")

    return await retried(work, BACKOFF, on=OSError, failed=failed), reported


@given(st.integers(0, 6))
@in_virtual_time
async def test_work_is_repeated_until_it_returns(failures: int) -> None:
    """Its result is returned; each failure is reported with the pause that follows it."""
    work = Flaky(*(OSError(str(number)) for number in range(failures)))
    result, reported = await tried(work)
    pauses = [BACKOFF.pause(count) for count in range(1, failures + 1)]
    assert result == "done"
    assert reported == [f"{number} {pause:g}" for number, pause in enumerate(pauses)]
    assert intervals(work) == pauses


@in_virtual_time
async def test_another_error_ends_the_tries() -> None:
    """What is not to be retried goes to the caller at once, and so does what `failed` raises."""
    with pytest.raises(ValueError, match="not this one"):
        await tried(Flaky(OSError(), ValueError("not this one")))

    def give_up(error: OSError, _pause: float) -> None:
        raise TimeoutError from error

    with pytest.raises(TimeoutError):
        await retried(Flaky(OSError()), BACKOFF, on=OSError, failed=give_up)


@in_virtual_time
async def test_a_failure_after_a_long_run_is_a_first_one() -> None:
    """Work that ran for longer than the longest pause had recovered: the pauses start over."""
    work = Flaky(*[OSError()] * 4, seconds=8.5)
    await tried(work)
    assert intervals(work) == [9.5] * 4


@in_virtual_time
async def test_cancelling_ends_work_and_pause() -> None:
    """A cancelled task stops at once, wherever it is, and does not begin again."""
    for work in (Flaky(seconds=60.0), Flaky(*[OSError()] * 9)):
        task = asyncio.create_task(supervised("task", partial(ignored, work)))
        await asyncio.sleep(0.5)
        task.cancel()
        began = now()
        await asyncio.wait([task])
        assert now() - began < 0.1
        assert len(work.began) == 1


async def ignored(work: Flaky) -> None:
    """The work of a task, which has no result."""
    await work()


@in_virtual_time
async def test_an_error_is_explained_once_in_a_row(caplog: pytest.LogCaptureFixture) -> None:
    """The log names what broke and when it goes on; a traceback comes once for equal errors."""
    work = Flaky(OSError("keys"), OSError("keys"), KeyError("other"), OSError("keys"))
    with caplog.at_level(logging.ERROR, module.__name__):
        await supervised("watcher of session a", partial(ignored, work))
    lines = [(record.getMessage(), record.exc_info is not None) for record in caplog.records]
    broke, again = "the watcher of session a broke", "OSError('keys')"
    assert lines == [
        (f"{broke}; it is restarted in 1 s", True),
        (f"{broke} again: {again}", False),
        (f"{broke}; it is restarted in 4 s", True),
        (f"{broke}; it is restarted in 8 s", True),
    ]
