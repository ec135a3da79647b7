"""Links: how messages fare between two processes, by the weather that is planned for them."""

import asyncio
from random import Random
from typing import Final, NamedTuple

from tests.simulation.loop import now


class Weather(NamedTuple):
    """How likely a message meets what, while it lasts."""

    lose: float = 0.0
    """It never arrives."""
    forget: float = 0.0
    """It arrives and is acted on, but the answer never comes back."""
    repeat: float = 0.0
    """It arrives once more, later."""
    fail: float = 0.0
    """It arrives at something that answers 500."""
    stray: float = 0.0
    """It arrives at something else, which answers in its own way."""
    slow: float = 0.0
    """It is late."""
    seconds: float = 4.0
    """Up to so late."""


FAIR: Final = Weather()


class Link:
    """One direction between two processes; every draw comes from its own seeded source."""

    def __init__(self, name: str, seed: int) -> None:
        self.name = name
        self.random = Random(f"{seed}/{name}")
        self._weather: list[tuple[float, Weather]] = []  # until when, what

    def bring(self, weather: Weather, seconds: float) -> None:
        """The weather of the next `seconds`."""
        self._weather.append((now() + seconds, weather))

    def clear(self) -> None:
        """Fair weather from now on."""
        self._weather.clear()

    @property
    def weather(self) -> Weather:
        """The latest that still lasts."""
        moment = now()
        return next((w for until, w in reversed(self._weather) if until > moment), FAIR)

    def meets(self, chance: float) -> bool:
        """Whether a message meets what has this chance."""
        return chance > 0 and self.random.random() < chance

    async def travel(self) -> None:
        """The way of one message."""
        weather = self.weather
        late = self.meets(weather.slow)
        await asyncio.sleep(
            self.random.uniform(0.05, weather.seconds) if late else self.random.uniform(0.001, 0.01)
        )
