"""Which messages were seen before: a bounded memory of their ids."""

from collections import OrderedDict
from typing import Final

MAX_REMEMBERED: Final = 100_000  # some 15 MB


class Repetitions:
    """The ids of the last messages, for as long as each of them could be accepted again.

    `seconds` is that time. Times are Unix time.
    """

    def __init__(self, seconds: float, most: int = MAX_REMEMBERED) -> None:
        self._seconds = seconds
        self._most = most
        self._seen: OrderedDict[str, float] = OrderedDict()  # by the time of arrival, oldest first

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._seen)

    def is_new(self, message_id: str, now: float) -> bool:
        """Whether this id is not remembered; from now on it is."""
        while self._seen and self._is_past(now):
            self._seen.popitem(last=False)
        if message_id in self._seen:
            return False
        self._seen[message_id] = now
        return True

    def _is_past(self, now: float) -> bool:
        oldest = next(iter(self._seen.values()))
        return len(self._seen) >= self._most or now - oldest > self._seconds
