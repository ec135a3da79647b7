"""A crowd: other sessions of a bridge, which share its budget of signals with the one looked at.

Of them nothing matters but that they have something to signal, again and again.
"""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Final

from kai_flow.bridge.signal_turns import SignalTurns
from kai_flow.stream.notifier import wait_for

SIGNAL_SECONDS: Final = 0.01  # what one signal takes
HURRIED: Final = 0.2  # share of those that are in a hurry


class Other:
    """One of them, which signals whenever it may."""

    def __init__(self, turns: SignalTurns, random: Random, sending: Callable[[], None]) -> None:
        self._turns, self._random, self._sending = turns, random, sending
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Its turn has come."""
        self._woken.set()

    async def signal(self) -> None:
        """Again and again."""
        while True:
            hurried = self._random.random() < HURRIED
            while not self._turns.has_come(self, hurried=hurried):
                self._woken.clear()
                await wait_for(self._woken)
            self._sending()
            await asyncio.sleep(SIGNAL_SECONDS)
            self._turns.leave(self)
            await asyncio.sleep(self._random.uniform(0.0, 0.5))
