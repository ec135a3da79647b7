"""What one attempt has said, as everybody must see it: the stream's own events stand among it."""

import json
from typing import Any, Final

UNSTORED: Final = {"type": "unstored"}
_WRAPPING: Final = 11  # bytes that an event costs in a batch beside its own: {"event":},


class Said:
    """The events of one attempt, the first at index 0."""

    def __init__(self, budget: int | None) -> None:
        self.events: list[dict[str, Any]] = []
        self.stored: int | None = None  # how many are stored, once it is known that not all are
        self.failing = False  # `attempt_failed` comes, and perhaps `unstored` before it
        self._left = budget  # bytes that may be stored; None: it cannot be told

    def __len__(self) -> int:
        return len(self.events)

    def say(self, event: dict[str, Any]) -> None:
        """The agent is about to say it."""
        self.events.append(event)

    def numbered(self, seq: int) -> str | None:
        """The newest event was given this number; what is wrong with that."""
        if self.stored is None and seq == len(self.events) + 1:
            self._mark()
        if seq != len(self.events):
            return f"event {len(self.events)} was given the number {seq}"
        return self._spend()

    def fail(self, at: int, error: str) -> None:
        """It breaks after event number `at`: what the producer itself says then."""
        del self.events[at:]
        self.say({"type": "attempt_failed", "error": error})
        self.failing = True

    def at(self, seq: int, event: dict[str, Any]) -> dict[str, Any] | None:
        """What was said under this number; `event` is what somebody holds for it."""
        if self.failing and event == UNSTORED and seq == len(self.events) and self.stored is None:
            self._mark()
        return self.events[seq - 1] if 1 <= seq <= len(self.events) else None

    @property
    def most(self) -> int:
        """The highest number that it can have given."""
        return len(self.events) + (self.failing and self.stored is None)

    def is_stored(self, seq: int) -> bool:
        """Whether that event is more than live."""
        return self.stored is None or seq <= self.stored

    def _mark(self) -> None:
        self.events.insert(-1, UNSTORED)
        self.stored = len(self.events) - 1

    def _spend(self) -> str | None:
        """A plain model of the budget: what the newest event says of it."""
        if self._left is None:
            return None
        data = json.dumps(self.events[-1], separators=(",", ":"), ensure_ascii=False)
        self._left -= len(data.encode()) + _WRAPPING
        full = self._left < 0 and len(self.events) > 1
        if full != (self.stored is not None):
            return f"the store has {self._left} bytes left after event {len(self.events)}"
        if full:
            self._left = None
        return None
