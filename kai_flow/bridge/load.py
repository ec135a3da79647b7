"""What a bridge holds at present: counted when it is asked for, and never kept up to date."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from kai_flow.bridge.channel import Channel
from kai_flow.bridge.session import Session
from kai_flow.bridge.shared import Shared

_SLICE: Final = 100  # sessions that are looked at in one turn of the event loop: some 2 ms


@dataclass
class Seen:
    """What one look has found."""

    waiting: int = 0
    """Events that wait to become durable."""
    lag: float = 0.0
    """For how many seconds the oldest of these has been waiting."""
    readers: int = 0
    """Open streams."""
    live: int = 0
    """Those of them that have everything that their session has shown."""
    sessions: Counter[str] = field(default_factory=Counter)
    """Sessions by their state; `without_workflow`: none is known."""
    held_bytes: int = 0
    """Bytes of memory that all events held take."""

    def add(self, channel: Channel) -> None:
        """Count a channel with its sessions."""
        self.readers += channel.readers
        self.held_bytes += channel.held
        if not channel.sessions:
            self.sessions["without_workflow"] += 1
        for session in channel.sessions:
            self.sessions[session.state.value] += 1
            self.held_bytes += session.held
            self.live += 0 if session.broadcast is None else len(session.broadcast)
            if waiting := session.log.received.waiting:
                self.waiting += waiting
                self.lag = max(self.lag, session.lag)


class Load:
    """The load of one bridge."""

    def __init__(self, channels: Callable[[], Iterable[Channel]], shared: Shared) -> None:
        self.seen = Seen()
        """At the last look."""
        self._channels = channels
        self._shared = shared

    async def look(self) -> None:
        """Count everything, in slices: readers of a bridge with many sessions notice nothing."""
        seen = Seen()
        for number, channel in enumerate(list(self._channels()), 1):
            seen.add(channel)
            if number % _SLICE == 0:
                await asyncio.sleep(0)
        self.seen = seen

    def signals_waiting(self) -> int:
        """How many sessions wait for their turn to signal."""
        return self._shared.turns.waiting

    def long_polls(self) -> int:
        """How many long polls are open."""
        return self._shared.polls.open

    def codec_missing(self) -> int:
        """How many sessions cannot be read or signalled without a codec that the client lacks."""
        return sum(session.tail.missing is not None for session in self._sessions())

    @property
    def memory_full(self) -> bool:
        """Whether the last events that were to come in had no room."""
        return self._shared.memory.full

    def _sessions(self) -> Iterator[Session]:
        for channel in self._channels():
            yield from channel.sessions
