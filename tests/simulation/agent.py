"""The model of an agent: what it says, and when; the same in each attempt but for what it says."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from tests.simulation.weather import Link
from tests.simulation.words import LARGE, ODD, REFUSED, Word


class Agent(NamedTuple):
    """What an agent says, and how."""

    events: int
    pause: float
    """Seconds between bursts, at most."""
    burst: int
    """Events said without a pause."""
    padding: int
    """Bytes added to every tenth event."""
    breaks: tuple[tuple[int, int], ...] = ()
    """(attempt, after how many events) where it raises."""
    stop_seconds: float = 0.0
    """Seconds that it takes to clean up after itself."""
    words: str = "plain"
    """`plain`; `odd`: JSON cannot say all of it, or a line or a token not as it is; `large`."""


class AgentBroke(Exception):
    """The agent raised."""


def word_of(agent: Agent, producer: int, attempt: int, n: int) -> Word:
    """The n-th event of an attempt, and how it must be shown."""
    content = f"{producer}/{attempt}/{n} "
    if agent.padding and n % 10 == 0:
        content += "x" * agent.padding
    event: dict[str, Any] = {"type": "tool_end" if n % 7 == 0 else "token", "content": content}
    if agent.words == "odd" and n % 4:
        return ODD[(n + 5 * attempt) % len(ODD)]
    if agent.words == "large" and n % 3 == 0:
        return LARGE[n // 3 % len(LARGE)](content)
    return Word(event, event)


def refused_of(agent: Agent, n: int) -> Any:
    """What it tries to say before its n-th event, and may not; None: nothing."""
    return REFUSED[n // 5 % len(REFUSED)] if agent.words == "odd" and n % 5 == 0 else None


async def script(agent: Agent, attempt: int, link: Link) -> AsyncIterator[int]:
    """When it says its events: their numbers, each in its time."""
    breaks = dict(agent.breaks)
    said = 0
    try:
        while said < agent.events:
            await asyncio.sleep(link.random.uniform(0.0, agent.pause))
            for _ in range(min(link.random.randint(1, agent.burst), agent.events - said)):
                if said == breaks.get(attempt):
                    raise AgentBroke(f"after {said} events")
                said += 1
                yield said
    finally:
        await asyncio.sleep(agent.stop_seconds)
