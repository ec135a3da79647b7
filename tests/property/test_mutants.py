"""Each planted mistake in the core is found by a property of the CI profile."""

from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.property.mutants import MUTANTS, Mutant


def only_find(usual: settings) -> settings:
    """The same examples; a failure is only to be found, not to be explained."""
    return settings(
        usual,
        phases=[Phase.explicit, Phase.generate],
        report_multiple_bugs=False,
        print_blob=False,
        database=None,
    )


def name_of(mutant: Mutant) -> str:
    """As pytest shows it."""
    return f"{mutant.plant.__name__}-{mutant.found_by.__name__}"


def run(found_by: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The property, with the settings of this module."""
    if isinstance(found_by, type) and issubclass(found_by, RuleBasedStateMachine):
        run_state_machine_as_test(found_by, settings=only_find(found_by.TestCase.settings))
    else:
        usual = found_by._hypothesis_internal_use_settings
        monkeypatch.setattr(found_by, "_hypothesis_internal_use_settings", only_find(usual))
        found_by()


@pytest.mark.parametrize("mutant", MUTANTS, ids=name_of)
def test_a_mutant_is_found(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    """With this mistake in the core, this property fails."""
    with mutant.plant(), pytest.raises((AssertionError, pytest.fail.Exception)):
        run(mutant.found_by, monkeypatch)
