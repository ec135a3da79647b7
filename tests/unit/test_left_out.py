"""What a run of the tests makes of tests that are left out."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"


@pytest.mark.parametrize(("ci", "code"), [("true", 1), ("", 0)])
def test_ci_leaves_nothing_out(tmp_path: Path, ci: str, code: int) -> None:
    """A skipped test fails a run under CI=true, and is only named otherwise."""
    shutil.copy(CONFTEST, tmp_path / "conftest.py")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_two.py").write_text(
        "import pytest\n\n\ndef test_one():\n    assert True\n\n\n"
        "@pytest.mark.skip(reason='no server')\ndef test_other():\n    pass\n"
    )
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", str(tmp_path)],
        env={**os.environ, "CI": ci},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == code, run.stdout
    assert "no server" in run.stdout
    assert ("left out, which is a failure" in run.stdout) == bool(code)
