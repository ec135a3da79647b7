"""Whole sessions in virtual time: the very classes of producer, bridge and reader, under faults."""

import pytest

from tests.simulation.explore import describe, first_failure, shrink
from tests.simulation.mutants import MUTANTS
from tests.simulation.plan import draw
from tests.simulation.schedule import simulate
from tests.simulation.seeds import SCHEDULES, SEEDS


@pytest.mark.parametrize("seed", SEEDS)
def test_every_invariant_holds_under_any_fault(seed: int) -> None:
    """Whatever is lost, late, doubled or killed, every reader ends with exactly the stream."""
    _, failed = first_failure(range(seed, seed + SCHEDULES))
    assert failed is None, describe(failed)


def test_the_same_seed_is_the_same_schedule() -> None:
    """Two runs of a seed agree in every message, event and time, so that a failure replays."""
    for seed in range(SEEDS[0], SEEDS[0] + 12):
        assert simulate(draw(seed)).trace == simulate(draw(seed)).trace


def test_a_failing_schedule_is_made_small() -> None:
    """What is reported of a failure is no more than it takes to see it."""
    with MUTANTS["a live event is shown past a hole"]():
        _, failed = first_failure(range(SEEDS[0], SEEDS[0] + SCHEDULES))
        assert failed is not None
        least = shrink(failed.plan)
    assert least.violation is not None
    assert len(least.plan.faults) <= 2
    assert len(least.plan.readers) == 1
