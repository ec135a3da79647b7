"""Whatever a stranger sends is refused, and nothing else happens: a short run of `just fuzz`."""

from random import Random

import pytest

from tests.fuzz.mutations import mutated
from tests.fuzz.targets import Target, targets

INPUTS = 1_500


@pytest.mark.parametrize("target", targets(), ids=lambda target: target.name)
def test_a_mutated_input_is_accepted_or_refused(target: Target) -> None:
    """No reader raises anything but its refusal, and both happen."""
    assert all(target.read(seed) for seed in target.seeds[:1])
    random = Random(target.name)
    seen = {
        target.read(mutated(random.choice(target.seeds), list(target.seeds), random))
        for _ in range(INPUTS)
    }
    assert False in seen
