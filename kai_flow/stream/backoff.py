"""Exponential backoff: how long to pause between tries. Pure: chance is an argument."""

from typing import Final, NamedTuple

_MAX_STEPS: Final = 64  # growth stops here, so that no number of failures overflows a float


class Backoff(NamedTuple):
    """Pauses that grow from `first` to `longest` seconds, each `factor` times the one before."""

    first: float
    longest: float
    factor: float = 2.0

    def pause(self, failures: int, jitter: float = 1.0) -> float:
        """Seconds to pause after so many failures in a row: 0 after none, `longest` at most.

        `jitter`, drawn from [0, 1), spreads senders that failed at the same moment: it takes away
        up to half of the pause. Leave it out where there is only one sender.
        """
        if failures < 1:
            return 0.0
        whole = self.first * self.factor ** min(failures - 1, _MAX_STEPS)
        return min(self.longest, whole) * (0.5 + jitter / 2)
