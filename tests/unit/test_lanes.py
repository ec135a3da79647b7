"""The lanes: that together they run every test once, and that a failure in either is one."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import lanes
from tests.lanes import LANES

TESTS = Path(lanes.__file__).parent


def test_every_test_is_in_one_lane() -> None:
    """A folder with tests that no lane names would never run; one in two lanes would run twice."""
    folders = {path.relative_to(TESTS).parts[0] for path in TESTS.rglob("test_*.py")}
    named = [folder for lane in LANES.values() for folder in lane]
    assert sorted(named) == sorted(folders)


@pytest.mark.parametrize("failing", [None, *LANES])
def test_a_failure_in_any_lane_fails_the_run(tmp_path: Path, failing: str | None) -> None:
    """The run fails with a lane, shows the output of both, and waits for both."""
    for lane, folders in LANES.items():
        for folder in folders:
            place = tmp_path / "tests" / folder
            place.mkdir(parents=True)
            body = f"def test_{folder}():\n    assert {lane != failing}\n"
            (place / f"test_{folder}.py").write_text(body)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    program = (
        f"import sys; from pathlib import Path; from tests import lanes; "
        f"lanes.ROOT = Path({str(tmp_path)!r}); sys.exit(lanes.main([]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=TESTS.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == (0 if failing is None else 1), done.stdout
    lines = done.stdout.splitlines()
    ended = [
        line for line in lines if line.startswith("=") and ("passed" in line or "failed" in line)
    ]
    assert len(ended) == len(LANES)
