"""The proof on the real thing: everything is killed and every link broken, and nothing is lost."""

import random
import time
from pathlib import Path

import pytest

from tests.chaos.faults import plan, play
from tests.chaos.world import living

SEED = 1
SESSIONS = 3


@pytest.mark.timeout(300)
async def test_nothing_is_lost(tmp_path: Path) -> None:
    """Through kills, one by one and in pairs, and each fault of each link, all get all, once."""
    began = time.monotonic()
    async with living(tmp_path, SEED, chats=SESSIONS) as world:
        await play(world, plan(random.Random(SEED), brief=True))
    print(dict(world.figures), f"{time.monotonic() - began:.1f} s")
