"""Chaos for longer: `python -m tests.chaos [--rounds N] [--seed S] [--sessions N]`.

Each round is a new stack and one plan: `kill -9` of each program and of all pairs, one before the
other and the other way round, each fault of each link, and the server away for 3 s and for 30 s, in
an order that the seed decides. A failure names the seed of
its round; `--rounds 1 --seed` with it plays the same plan again, and its folder is kept.
"""

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.chaos.faults import kill, plan, play
from tests.chaos.world import living


async def play_round(folder: Path, seed: int, sessions: int) -> None:
    """One stack, one plan."""
    rng = random.Random(seed)
    steps = plan(rng)
    steps.insert(rng.randrange(len(steps) + 1), (kill("server", 30.0),))
    began = time.monotonic()
    async with living(folder, seed, sessions) as world:
        await play(world, steps)
        counted = ", ".join(f"{number} {what}" for what, number in world.figures.items())
    print(f"seed {seed}: all is well; {counted}; {time.monotonic() - began:.0f} s", flush=True)


def main(arguments: list[str]) -> int:
    """0 when nothing was lost."""
    parser = argparse.ArgumentParser(prog="just chaos")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--sessions", type=int, default=4, help="at once")
    asked = parser.parse_args(arguments)
    for seed in range(asked.seed, asked.seed + asked.rounds):
        print(f"seed {seed}", flush=True)
        folder = Path(tempfile.mkdtemp(prefix=f"chaos-{seed}-"))
        try:
            asyncio.run(play_round(folder, seed, asked.sessions))
        except Exception:  # noqa: BLE001  (whatever it was, it has to be said with its seed)
            traceback.print_exc()
            print(f"FAILED: just chaos --rounds 1 --seed {seed}; logs: {folder}", file=sys.stderr)
            return 1
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
