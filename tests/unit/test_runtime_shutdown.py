"""Acting on the signals of a program that handles them itself."""

import asyncio
import signal
from collections.abc import Iterator
from types import FrameType

import pytest

from kai_flow.runtime.shutdown import before_shutdown


@pytest.fixture
def program() -> Iterator[list[int]]:
    """The signals that the program around has handled; it handles SIGTERM alone."""
    received: list[int] = []

    def handle(number: int, _: FrameType | None) -> None:
        received.append(number)

    before = signal.signal(signal.SIGTERM, handle)
    ignored = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield received
    signal.signal(signal.SIGTERM, before)
    signal.signal(signal.SIGINT, ignored)


async def test_both_act_on_a_signal(program: list[int]) -> None:
    """A signal calls the function in the loop, and the program's own handler too."""
    asked = asyncio.Event()
    theirs = signal.getsignal(signal.SIGTERM)
    with before_shutdown(asked.set):
        signal.raise_signal(signal.SIGTERM)
        await asked.wait()
    assert program == [signal.SIGTERM]
    assert signal.getsignal(signal.SIGTERM) is theirs


async def test_a_signal_that_nobody_handles_stays_so(program: list[int]) -> None:
    """An ignored signal is still ignored."""
    with before_shutdown(lambda: None):
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


async def test_a_handler_set_later_is_kept(program: list[int]) -> None:
    """Leaving the block does not undo what the program has set since."""
    with before_shutdown(lambda: None):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


async def test_outside_of_the_main_thread_nothing_is_handled(program: list[int]) -> None:
    """A test client runs an app in a thread of its own, where Python allows no handlers."""

    async def entered() -> bool:
        with before_shutdown(lambda: None):
            return signal.getsignal(signal.SIGTERM) is theirs

    theirs = signal.getsignal(signal.SIGTERM)
    assert await asyncio.to_thread(asyncio.run, entered())
