"""The lanes: that together they run every test once, and that a failure in any is one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import lanes
from tests.lanes import LANES, paths

TESTS = Path(lanes.__file__).parent


def files_of(lane: str) -> list[Path]:
    """The test files that a lane runs."""
    ignored = [TESTS.parent / path.partition("=")[2] for path in paths(lane) if "=" in path]
    named = [TESTS.parent / path for path in paths(lane) if "=" not in path]
    found = [[path] if path.suffix else path.rglob("test_*.py") for path in named]
    return [file for files in found for file in files if file not in ignored]


def test_every_test_is_in_one_lane() -> None:
    """A test that no lane names would never run; one in two lanes would run twice."""
    run = [file for lane in LANES for file in files_of(lane)]
    assert sorted(run) == sorted(TESTS.rglob("test_*.py"))


@pytest.mark.parametrize("failing", [None, [*LANES][-1]])
def test_a_failure_in_any_lane_fails_the_run(tmp_path: Path, failing: str | None) -> None:
    """The run fails with a lane, shows each lane's output under its name, and waits for all."""
    for lane, places in LANES.items():
        for place in places:
            file = tmp_path / "tests" / place
            file = file if file.suffix else file / f"test_{place}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"def test_it():\n    assert {lane != failing}\n")
    shutil.copy(TESTS / "conftest.py", tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")
    program = (
        f"import sys; from pathlib import Path; from tests import lanes; "
        f"lanes.ROOT = Path({str(tmp_path)!r}); sys.exit(lanes.main([]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=TESTS.parent, capture_output=True, text=True, check=False,
        env={**os.environ, "CI": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )  # fmt: skip
    assert done.returncode == (0 if failing is None else 1), done.stdout
    output_of: dict[str, list[str]] = {lane: [] for lane in LANES}
    for line in done.stdout.splitlines():
        lane, _, text = line.partition(" | ")
        output_of[lane.strip()].append(text)
    for lane, lines in output_of.items():
        assert (" failed" in lines[-1]) == (lane == failing), done.stdout
        assert any("call failed" in line for line in lines) == (lane == failing), done.stdout
