"""The schedules of CI: so many from each of three seeds on."""

from typing import Final

SEEDS: Final = (0, 100_000, 200_000)
SCHEDULES: Final = 167

FOUND_BY: Final = {
    "trim on received": 1,
    "no wait and no drain": 3,
    "a lower received is not heeded": 3,
    "a 410 is ignored": 200_000,
    "it never signals itself": 100_004,
    "the outbox takes everything": 14,
    "an unknown signal counts as stored": 200_033,
    "signals are not pinned to the run": 200_147,
    "the fold skips dedup": 100_004,
    "the fold knows no supersession": 100_015,
    "what was evicted is not missed": 2,
    "base is ignored": 200_002,
    "a live event is shown past a hole": 3,
    "a claim is shown before it is durable": 200_006,
    "every replica signals": 100_005,
    "an unknown signal of the bridge counts as stored": 100_014,
    "the next of an empty page counts as durable": 200_132,
    "the bell is taken after the look": 200_019,
    "a cursor of another run is believed": 200_002,
    "nobody follows the history": 3,
    "an older POST takes a session over": 200_018,
}
"""Which of them found a mutant when last looked for: tried first, to be quick."""
