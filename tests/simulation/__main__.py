"""Explore schedules from the command line: see `just simulate`."""

import argparse
import sys
import time
from contextlib import nullcontext

from tests.simulation.drawing import draw
from tests.simulation.explore import describe, lines
from tests.simulation.mutants import MUTANTS
from tests.simulation.schedule import simulate


def main() -> int:
    """Run schedules; 1 if one has failed."""
    parser = argparse.ArgumentParser(prog="just simulate", description=__doc__)
    parser.add_argument("--schedules", type=int, help="how many (10,000; with --seed one)")
    parser.add_argument("--seed", type=int, help="of the first; one alone is shown step by step")
    parser.add_argument("--mutant", choices=sorted(MUTANTS), help="with a mistake planted")
    asked = parser.parse_args()
    first = 0 if asked.seed is None else asked.seed
    count = asked.schedules or (10_000 if asked.seed is None else 1)
    with MUTANTS[asked.mutant]() if asked.mutant else nullcontext():
        return _explore(first, count)


def _explore(first: int, count: int) -> int:
    began = told = time.monotonic()
    virtual = 0.0
    for seed in range(first, first + count):
        report = simulate(draw(seed))
        virtual += report.seconds
        if count == 1:
            print(*lines(report), sep="\n")
        if report.violation is not None:
            print(describe(report))
            return 1
        if time.monotonic() - told > 10:
            told = time.monotonic()
            print(f"{seed - first + 1:,} schedules, none fails", file=sys.stderr)
    seconds = time.monotonic() - began
    print(
        f"{count:,} schedules, none fails; {virtual / 3600:.1f} hours of sessions "
        f"in {seconds:.0f} s ({count / seconds:.0f} schedules/s)"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
