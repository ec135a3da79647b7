"""The schedules of CI: so many from each of three seeds on."""

from typing import Final

SEEDS: Final = (0, 100_000, 200_000)
SCHEDULES: Final = 167

RARE: Final = (
    400_044,
    400_064,
    400_096,
    400_122,
    400_164,
    640_702,
    1_436,
    3_451,
    12_300,
    466,
    8_350,
    9_398,
    12_752,
    100_140,
    100_142,
    100_007,
)
"""What those of the first seed seldom or never meet.

One asks the workflow for what never was; two read it from before a continue-as-new; one gets
answers of another program; one has a bridge that lacks events, one a producer that posts after the
mark of a later one, one two newer attempts that both only claim to be; two have readers that cross
runs in another order than their bridge; in one more producers wait than one signal has batches for;
one cannot read the size of a history again, one does not know how its attempts are, and in one a
forged `base` moves a window past events that wait. Of the last three, one has a batch of an
activity that was closed, one a reader that has discarded what counts, and one a reader who has just
got what it lacked when it comes to an entry that it has.
"""

RECORDED: Final = (*range(SEEDS[0], SEEDS[0] + SCHEDULES), *RARE)
"""Those that note which lines of the core they reach, which doubles what they cost."""

UNRECORDED: Final = tuple(first + n for first in SEEDS[1:] for n in range(SCHEDULES))

FOUND_BY: Final = {
    "received counts as durable": 0,
    "a lower received is not heeded": 417_309,
    "a 410 is ignored": 600_054,
    "it never signals itself": 100_000,
    "each producer has the whole pace": 600_103,
    "the outbox takes everything": 200_004,
    "an unknown signal counts as stored": 100_011,
    "signals are not pinned to the run": 600_060,
    "the pace is not added": 389,
    "a plain receiver's answer counts as durable": 23,
    "anybody's 410 stops the agent": 36,
    "it never gives a receiver up": 27,
    "a retransmission counts as sent again": 0,
    "a refused event takes a number": 100_000,
    "each attempt may store as much anew": 600_047,
    "nobody is told that the store has ended": 2,
    "what is live only is stored": 600_018,
    "replies of a list are mixed up": 6,
    "tokens that differ are merged": 100_000,
    "tokens are compared as Python does": 100_000,
    "ready-made JSON is not checked": 100_000,
    "a line ends where Unicode says": 600_175,
    "all activities are number 1": 9,
    "nobody is beside anybody": 17,
    "what has ended is still beside": 9,
    "a retry changes beside": 600_095,
    "marks close nothing": 4,
    "started closes": 703_799,
    "the end of an activity closes it": 600_175,
    "the end of the run closes nothing": 600_066,
    "a POST is proof of its attempt": 600_074,
    "a batch of another run is folded": 100_017,
    "the fold skips dedup": 0,
    "the fold knows no supersession": 601_443,
    "what was evicted is not missed": 0,
    "the voice is lost in a replay": 600_023,
    "the voice is not in the buffer": 600_023,
    "the voice comes behind the activity": 600_000,
    "numbers begin again": 600_008,
    "the voice begins again": 600_217,
    "the header of a retry is believed": 600_008,
    "the tail stops at the seam": 600_008,
    "a reader skips runs": 600_217,
    "producers of earlier runs are forgotten": 600_948,
    "base is ignored": 600_088,
    "base is proof": 0,
    "a live event is shown past a hole": 600_029,
    "a bridge signals past a hole": 600_088,
    "a bridge acknowledges what it has not": 600_000,
    "the log never closes a producer": 600_145,
    "the log never shrinks": 600_002,
    "what left the log is not read back": 600_002,
    "what came before the log is not read back": 600_000,
    "what is not durable is let go": 29,
    "a window takes everything": 600_135,
    "a bridge signals what is live only": 600_047,
    "cursors forget who has not begun": 600_003,
    "cursors forget the workflow": 600_007,
    "cursors list everybody for ever": 600_698,
    "a reader is taken to have everything": 600_000,
    "the end of a producer is not told": 600_000,
    "nothing is taken back": 600_066,
    "what is nowhere any more is not said": 2,
    "a hole is not noticed": 600_047,
    "follow forgets its cursor": 600_064,
    "the tail skips by event_id": 200_152,
    "hand-made events are numbered": 200_031,
    "done comes from the producer": 100_004,
    "done comes before the last events": 100_000,
    "done has the next number": 0,
    "a fallen reader loses an entry": 2,
    "a fallen reader gets all again": 0,
    "closed readers stay live": 2,
    "every replica signals": 600_935,
    "an unknown signal of the bridge counts as stored": 600_045,
    "a cursor of another run is believed": 2,
    "nobody follows the history": 63,
    "progress asks nobody": 0,
    "the budget is ignored": 254,
    "the pace is not told": 389,
    "an older POST takes a session over": 600_003,
}
"""A schedule that finds each mutant. When one no longer does, the others are tried: look for
another one then with `just simulate --mutant NAME --schedules 500`."""
