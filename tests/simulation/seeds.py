"""The schedules of CI: so many from each of three seeds on."""

from typing import Final

SEEDS: Final = (0, 100_000, 200_000)
SCHEDULES: Final = 167
