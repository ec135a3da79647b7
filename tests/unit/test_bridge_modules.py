"""The bridge's modules can each be tested alone, and are."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
BRIDGE = HERE.parents[1] / "kai_flow/bridge"
WITHOUT_BEHAVIOUR = {"__init__", "errors", "shared", "sink"}


@pytest.mark.parametrize(
    "module", sorted({path.stem for path in BRIDGE.glob("*.py")} - WITHOUT_BEHAVIOUR)
)
def test_each_module_has_tests_of_its_own(module: str) -> None:
    """A module that is added brings its file of tests."""
    assert (HERE / f"test_bridge_{module}.py").exists()
