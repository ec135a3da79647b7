"""Every threat of the page on security has a defence, and a test that notices when it is gone."""

import inspect
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_bound_payloads import bound
from tests.integration.test_client_limits import limited, still
from tests.integration.test_tokens import guarded
from tests.threats.threat import Threat
from tests.threats.threats import THREATS
from tests.unit.test_analyst_guard import path

# The fixtures of their tests, which are not those of this folder.
__all__ = ["bound", "guarded", "limited", "path", "still"]

NOT_RUN = (AttributeError, ImportError, NameError, RuntimeError, TypeError)

PAGE = Path(__file__).parents[2] / "docs/explanation/security.md"


def without_defence(threat: Threat) -> Callable[..., Awaitable[None]]:
    """A test with the fixtures of the threat's own test."""

    async def noticed(**fixtures: Any) -> None:
        with threat.without(), pytest.raises((Exception, pytest.fail.Exception)) as failure:
            await threat.run(fixtures)
        # these would prove nothing: the test cannot be run here at all
        assert not isinstance(failure.value, NOT_RUN)

    kind = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter(name, kind) for name in threat.fixtures]
    noticed.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    noticed.__doc__ = f"{threat.test} passes with the defence, and fails without it."
    return noticed


for _threat in THREATS:
    globals()[f"test_no_defence__{_threat.name.removeprefix('test_')}"] = without_defence(_threat)


def test_the_page_names_these_threats() -> None:
    """Each row of its table names the test that shows its defence."""
    found = re.findall(r"^\| (.+?) \|.*\| `(tests/\S+::\w+)` \|$", PAGE.read_text(), re.MULTILINE)
    assert sorted(found) == sorted((threat.who, threat.test) for threat in THREATS)
