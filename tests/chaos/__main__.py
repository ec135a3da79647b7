"""Break a real stack in every way, while sessions run on it: `just chaos`.

Each round starts a new stack and plays one plan. The plan kills each program, and all pairs of
programs in both orders, with SIGKILL, also while sessions continue as new. It causes each fault on
each link, and stops the server for 3 s and for 30 s. The seed decides the order. In the end every
reader must have had every event. A failure prints the seed of its round and keeps the round's
folder; --rounds 1 with that seed plays the same plan again.
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


async def play_round(folder: Path, seed: int, chats: int, choirs: int) -> None:
    """Start one stack, and play one plan on it."""
    rng = random.Random(seed)
    steps = plan(rng, choirs=choirs > 0)
    steps.insert(rng.randrange(len(steps) + 1), (kill("server", 30.0),))
    began = time.monotonic()
    async with living(folder, seed, chats=chats, choirs=choirs) as world:
        await play(world, steps)
        counted = ", ".join(f"{number} {what}" for what, number in world.figures.items())
    print(f"seed {seed}: nothing was lost; {counted}; {time.monotonic() - began:.0f} s", flush=True)


def main(arguments: list[str]) -> int:
    """Play the rounds; returns 0 when nothing was lost."""
    parser = argparse.ArgumentParser(
        prog="just chaos",
        description=__doc__,
        epilog="example: just chaos --rounds 1 --seed 7",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="rounds; default: 3")
    parser.add_argument(
        "--seed",
        type=int,
        default=random.randrange(10**6),
        metavar="N",
        help="seed of the first round; the next rounds count up from it; default: a random seed",
    )
    parser.add_argument(
        "--chats", type=int, default=3, metavar="N", help="sessions of KAI at once; default: 3"
    )
    parser.add_argument(
        "--choirs",
        type=int,
        default=1,
        metavar="N",
        help="sessions with 8 activities at once, beside those of KAI; default: 1",
    )
    asked = parser.parse_args(arguments)
    for seed in range(asked.seed, asked.seed + asked.rounds):
        print(f"seed {seed}", flush=True)
        folder = Path(tempfile.mkdtemp(prefix=f"chaos-{seed}-"))
        try:
            asyncio.run(play_round(folder, seed, asked.chats, asked.choirs))
        except Exception:  # noqa: BLE001  (whatever it was, it has to be said with its seed)
            traceback.print_exc()
            print(f"FAILED: just chaos --rounds 1 --seed {seed}; logs: {folder}", file=sys.stderr)
            return 1
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
