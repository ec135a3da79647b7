"""Simulate sessions in virtual time, each with the faults of one random schedule: `just simulate`.

Each session is checked for lost, doubled and misplaced events. The first failure is described with
its seed, and ends the run with exit code 1.
"""

import argparse
import sys
import time
from contextlib import nullcontext

from tests.simulation.drawing import draw
from tests.simulation.explore import describe, lines
from tests.simulation.mutants import MUTANTS
from tests.simulation.schedule import simulate


def main() -> int:
    """Run schedules; returns 1 if one has failed."""
    asked = _arguments()
    first = 0 if asked.seed is None else asked.seed
    count = asked.schedules or (10_000 if asked.seed is None else 1)
    with MUTANTS[asked.mutant]() if asked.mutant else nullcontext():
        return _explore(first, count)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="just simulate",
        description=__doc__,
        epilog="example: just simulate --schedules 300 --seed 7",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--schedules",
        type=int,
        metavar="N",
        help="number of schedules; default: 10000, or 1 when --seed is given",
    )
    parser.add_argument(
        "--seed",
        type=int,
        metavar="N",
        help="seed of the first schedule, default: 0; a single schedule is printed step by step",
    )
    parser.add_argument(
        "--mutant",
        metavar="NAME",
        help="plant this mistake, which the schedules should find; --mutant list prints the names",
    )
    asked = parser.parse_args()
    if asked.mutant == "list":
        print(*sorted(MUTANTS), sep="\n")
        parser.exit()
    if asked.mutant is not None and asked.mutant not in MUTANTS:
        parser.error(f"there is no mutant {asked.mutant!r}: see --mutant list")
    return asked


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
            print(f"{seed - first + 1:,} schedules, no failure", file=sys.stderr)
    seconds = time.monotonic() - began
    print(
        f"{count:,} schedules, no failure; {virtual / 3600:.1f} hours of sessions "
        f"in {seconds:.0f} s ({count / seconds:.0f} schedules/s)"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
