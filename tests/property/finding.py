"""Runs a property to find a planted mistake, not to explain it."""

from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test


def only_find(usual: settings) -> settings:
    """The same examples; a failure is only to be found, not to be explained."""
    return settings(
        usual,
        phases=[Phase.explicit, Phase.generate],
        report_multiple_bugs=False,
        print_blob=False,
        database=None,
    )


def run(found_by: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The property, with the settings of this module."""
    if isinstance(found_by, type) and issubclass(found_by, RuleBasedStateMachine):
        run_state_machine_as_test(found_by, settings=only_find(found_by.TestCase.settings))
        return
    usual = getattr(found_by, "_hypothesis_internal_use_settings", None)
    if usual is not None:
        monkeypatch.setattr(found_by, "_hypothesis_internal_use_settings", only_find(usual))
    found_by()
