"""The schedules of CI: so many from each of three seeds on."""

from typing import Final

SEEDS: Final = (0, 100_000, 200_000)
SCHEDULES: Final = 167

RARE: Final = (400_824, 417_309, 500_294, 416_948, 200_002, 200_015, 410_414)
"""One schedule each, for what those of the first seed seldom meet.

Two newer attempts that both only claim to be; a bridge that dies with the last live-only event;
a history that reaches past all that a bridge knows of; a bridge that holds events when a forged
`base` moves its window past them; a bridge that lacks events; an outbox that the mark fills; a size
of the history that cannot be read again.
"""

RECORDED: Final = (*range(SEEDS[0], SEEDS[0] + SCHEDULES), *RARE)
"""Those that note which lines of the core they reach, which doubles what they cost."""

UNRECORDED: Final = tuple(first + n for first in SEEDS[1:] for n in range(SCHEDULES))

FOUND_BY: Final = {
    "received counts as durable": 0,
    "no wait and no drain": 3,
    "a lower received is not heeded": 417_309,
    "a 410 is ignored": 0,
    "it never signals itself": 100_000,
    "the outbox takes everything": 200_004,
    "an unknown signal counts as stored": 100_011,
    "signals are not pinned to the run": 77,
    "a plain receiver's answer counts as durable": 23,
    "anybody's 410 stops the agent": 100_015,
    "it never gives a receiver up": 27,
    "a retransmission counts as sent again": 0,
    "a refused event takes a number": 100_000,
    "each attempt may store as much anew": 200_064,
    "nobody is told that the store has ended": 2,
    "what is live only is stored": 200_006,
    "tokens that differ are merged": 100_000,
    "tokens are compared as Python does": 100_000,
    "ready-made JSON is not checked": 100_000,
    "a line ends where Unicode says": 100_000,
    "a batch of another run is folded": 100_017,
    "the fold skips dedup": 0,
    "the fold knows no supersession": 100_002,
    "what was evicted is not missed": 0,
    "base is ignored": 0,
    "base is proof": 0,
    "a live event is shown past a hole": 0,
    "a claim is shown before it is durable": 200_012,
    "the log never shrinks": 100_000,
    "what is not durable is let go": 29,
    "a window takes everything": 100_002,
    "follow forgets its cursor": 200_002,
    "the tail skips by event_id": 200_152,
    "what is nowhere any more is not said": 2,
    "hand-made events are numbered": 200_031,
    "done comes from the producer": 100_004,
    "done comes before the last events": 100_000,
    "whether a read was final is asked later": 200_073,
    "done has the next number": 0,
    "every replica signals": 50,
    "an unknown signal of the bridge counts as stored": 100_009,
    "the next of an empty page counts as durable": 11,
    "the notifier is taken after the state is read": 34,
    "a cursor of another run is believed": 2,
    "nobody follows the history": 63,
    "a follower skips what came before it": 108,
    "progress asks nobody": 0,
    "an older POST takes a session over": 0,
}
"""A schedule that finds each mutant. When one no longer does, the others are tried: look for
another one then with `just simulate --mutant NAME --schedules 500`."""
