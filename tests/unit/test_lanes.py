"""The lanes: that together they run every test once, and that a failure in any is one."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import lanes
from tests.children import bound
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


def write_tests(folder: Path, text_for: Callable[[str], str]) -> None:
    """A tree of tests with one file in every place of every lane."""
    for lane, places in LANES.items():
        for place in places:
            file = folder / "tests" / place
            file = file if file.suffix else file / f"test_{place}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text_for(lane))
    shutil.copy(TESTS / "conftest.py", folder)
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")


def running(folder: Path) -> subprocess.Popen[str]:
    """A run of the lanes on the tests of a folder, in a process group of its own."""
    program = (
        f"import sys; from pathlib import Path; from tests import lanes; "
        f"lanes.ROOT = Path({str(folder)!r}); sys.exit(lanes.main([]))"
    )
    return subprocess.Popen(
        bound([sys.executable, "-c", program]),
        cwd=TESTS.parent, stdout=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "CI": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )  # fmt: skip


@pytest.mark.parametrize("failing", [None, [*LANES][-1]])
def test_a_failure_in_any_lane_fails_the_run(tmp_path: Path, failing: str | None) -> None:
    """The run fails with a lane, shows each lane's output under its name, and waits for all."""
    write_tests(tmp_path, lambda lane: f"def test_it():\n    assert {lane != failing}\n")
    run = running(tmp_path)
    stdout, _ = run.communicate()
    assert run.returncode == (0 if failing is None else 1), stdout
    output_of: dict[str, list[str]] = {lane: [] for lane in LANES}
    for line in stdout.splitlines():
        lane, _, text = line.partition(" | ")
        output_of[lane.strip()].append(text)
    for lane, lines in output_of.items():
        assert (" failed" in lines[-1]) == (lane == failing), stdout
        assert any("call failed" in line for line in lines) == (lane == failing), stdout


def test_ctrl_c_lets_every_lane_finish(tmp_path: Path) -> None:
    """Each lane tears its test down and prints its summary; the run states that it is stopping."""
    write_tests(
        tmp_path,
        lambda lane: (
            "import sys, time\nimport pytest\n\n"
            "@pytest.fixture\ndef slow():\n    yield\n"
            "    time.sleep(0.5)\n"  # longer than Python waits for a child after Ctrl-C
            "    print('torn down', file=sys.__stderr__)\n\n"
            "def test_it(slow, capsys):\n    with capsys.disabled():\n"
            f"        print('waiting', {lane!r})\n"
            "    while True:\n        time.sleep(0.1)\n"  # `pause` could begin after the signal
        ),
    )
    run = running(tmp_path)
    assert run.stdout is not None
    lines: list[str] = []
    waiting: set[str] = set()
    while waiting < set(LANES):
        line = run.stdout.readline()
        assert line, lines
        lines.append(line)
        waiting |= {lane for lane in LANES if line.rstrip().endswith(f"waiting {lane}")}
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does
    rest, _ = run.communicate()
    assert run.returncode == 128 + signal.SIGINT
    assert "stopping the tests\n" in rest
    for lane in LANES:
        shown = [text for text in rest.splitlines() if text.startswith(f"{lane:5} | ")]
        assert any("torn down" in text for text in shown), rest
        assert any("no tests ran" in text for text in shown), rest
