"""The simulation finds mistakes: each one planted is found by the schedules that CI runs."""

import pytest

from tests.simulation.explore import first_failure
from tests.simulation.mutants import MUTANTS
from tests.simulation.seeds import FOUND_BY, RARE, SCHEDULES, SEEDS


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_mistake_is_found(name: str) -> None:
    """Some schedule of CI fails when the code has this mistake."""
    seeds = [seed + offset for offset in range(SCHEDULES) for seed in SEEDS]
    seeds += RARE
    seeds = [seed for seed in seeds if seed == FOUND_BY.get(name)] + seeds
    with MUTANTS[name]():
        count, failed = first_failure(seeds)
    assert failed is not None, f"{count} schedules, and none fails"
    print(f"{name}: schedule {failed.plan.seed}, after {count}: {failed.violation}")
