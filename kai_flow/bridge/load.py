"""What a bridge holds at present: counted when it is asked for, and never kept."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from kai_flow.bridge.channel import Channel
from kai_flow.bridge.session import Session
from kai_flow.bridge.shared import Shared


class Load:
    """The load of one bridge. Asking costs some microseconds for each session."""

    def __init__(self, channels: Callable[[], Iterable[Channel]], shared: Shared) -> None:
        self._channels = channels
        self._shared = shared

    def waiting(self) -> int:
        """How many events wait to become durable."""
        return sum(session.log.received.waiting for session in self._sessions())

    def lag(self) -> float:
        """For how many seconds the oldest of these has been waiting."""
        return max((session.lag for session in self._sessions()), default=0.0)

    def signals_waiting(self) -> int:
        """How many sessions wait for their turn to signal."""
        return self._shared.turns.waiting

    def long_polls(self) -> int:
        """How many long polls are open."""
        return self._shared.polls.open

    def readers(self) -> dict[str, int]:
        """How many readers there are: `live`, and `behind`."""
        broadcasts = [one.broadcast for one in self._sessions() if one.broadcast is not None]
        live = sum(map(len, broadcasts))
        return {"live": live, "behind": sum(one.readers for one in self._channels()) - live}

    def sessions(self) -> Counter[str]:
        """How many sessions are held, by their state; `without_workflow`: none is known."""
        states = Counter(session.state.value for session in self._sessions())
        states["without_workflow"] = sum(not one.sessions for one in self._channels())
        return states

    def held_bytes(self) -> int:
        """Bytes of memory that all events held take."""
        by_hand = sum(channel.held for channel in self._channels())
        return by_hand + sum(session.held for session in self._sessions())

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
