"""The simulation finds mistakes: each one planted is found by the schedules that CI runs."""

import pytest

from tests.simulation.explore import first_failure
from tests.simulation.mutants import MUTANTS
from tests.simulation.seeds import SCHEDULES, SEEDS


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_mistake_is_found(name: str) -> None:
    """Some schedule of CI's three seeds fails when the code has this mistake."""
    seeds = [seed + offset for offset in range(SCHEDULES) for seed in SEEDS]
    with MUTANTS[name]():
        count, failed = first_failure(seeds)
    assert failed is not None, f"{count} schedules, and none fails"
    print(f"found after {count} schedules: {failed.violation}")
