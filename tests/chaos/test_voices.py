"""Many producers at once, events of the workflow, and new runs: nothing is lost of them either."""

import time
from pathlib import Path

import pytest

from tests.chaos.faults import kill, play, turn, wrong
from tests.chaos.world import living

SEED = 1
STEPS = [
    (
        wrong("posts", "lone-a", 1.0),
        wrong("streams", "reset", 0.5),
        wrong("signals", "cut", 0.5),
    ),
    (turn("a+worker", 0.1, "break"),),
    (kill("server+reader", 3.0), wrong("posts", "hang", 3.3)),
    (turn("b+a", 0.2, "drain"),),
]


@pytest.mark.timeout(300)
async def test_nothing_of_many_voices_is_lost(tmp_path: Path) -> None:
    """8 activities at once and 4 readers: all get all, through kills, faults, and new runs."""
    began = time.monotonic()
    async with living(tmp_path, SEED, choirs=1) as world:
        await play(world, STEPS)
        assert world.figures["runs"] == 3
        assert world.figures["retried"] > 0
    print(dict(world.figures), f"{time.monotonic() - began:.1f} s")
