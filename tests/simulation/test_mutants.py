"""The simulation finds mistakes: each one planted is found by the schedules that CI runs."""

import re
from typing import Final

import pytest

from tests.simulation.explore import first_failure
from tests.simulation.mutants import MUTANTS
from tests.simulation.seeds import FOUND_BY, RECORDED, UNRECORDED

MISPLANTED: Final = re.compile("TypeError|AttributeError|NameError|ImportError")


def test_each_mutant_has_its_schedule() -> None:
    """No mutant is looked for in all schedules, and no schedule is kept for one that is gone."""
    assert FOUND_BY.keys() == MUTANTS.keys()


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_mistake_is_found(name: str) -> None:
    """Some schedule of CI fails when the code has this mistake, and not because it does not fit."""
    with MUTANTS[name]():
        count, failed = first_failure([FOUND_BY[name], *RECORDED, *UNRECORDED])
    assert failed is not None, f"{count} schedules, and none fails"
    assert not MISPLANTED.search(failed.violation or ""), failed.violation
    print(f"{name}: schedule {failed.plan.seed}, after {count}: {failed.violation}")
