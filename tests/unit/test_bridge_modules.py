"""The bridge's modules can each be tested alone, and are."""

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
BRIDGE = TESTS.parent / "kai_flow/bridge"
WITHOUT_BEHAVIOUR = {"__init__", "errors", "shared", "sink"}


@pytest.mark.parametrize(
    "module", sorted({path.stem for path in BRIDGE.glob("*.py")} - WITHOUT_BEHAVIOUR)
)
def test_each_module_has_tests_of_its_own(module: str) -> None:
    """A module that is added brings a file of unit tests or of properties."""
    files = (f"unit/test_bridge_{module}.py", f"property/test_{module}.py")
    assert any((TESTS / file).exists() for file in files), f"none of {files}"
