"""Runs the whole suite as several pytest processes side by side: `python -m tests.lanes`.

One part of the suite computes (hypothesis, the simulation, SQL engines), one drives the stack and
its programs, and one mostly waits: for a page's commands, for timeouts. One process leaves both
cores of a small machine idle for minutes, and two still wait together. Each line of output begins
with the name of its lane, and a failure is shown when it happens.

With arguments it is one plain pytest process.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from tests.children import bound

ROOT: Final = Path(__file__).parents[1]

# A folder below `tests/` belongs to one lane, but for the files of it that another lane names; a
# test holds the list against the tree.
LANES: Final = {
    "core": ("chaos", "fuzz", "unit", "property", "simulation", "engines", "evals"),
    "stack": ("integration",),
    "waits": (
        "docs",
        "integration/test_behind_nginx.py",
        "integration/test_bridge_hanging.py",
        "integration/test_bridge_memory.py",
        "integration/test_codec_key_missing.py",
        "integration/test_codec_missing.py",
        "integration/test_connections.py",
        "integration/test_dead_workers.py",
        "integration/test_http_limits.py",
        "integration/test_liveness.py",
        "integration/test_nobody_works.py",
        "integration/test_openapi.py",
        "integration/test_rolling_restart.py",
        "integration/test_stored_bytes.py",
        "integration/test_temporal_permissions.py",
        "integration/test_temporal_secured.py",
        "integration/test_threats.py",
        "integration/test_traces_failing.py",
        "integration/test_traces_switched.py",
        "integration/test_workflow_wedged.py",
        "integration/test_zombie.py",
    ),
}


def main(arguments: list[str]) -> int:
    """The exit code of the run: that of the first lane that failed, in the order of LANES."""
    if arguments:
        os.execv(sys.executable, [sys.executable, "-m", "pytest", *arguments])
    _end_with_parent()
    lanes = {name: _start(name) for name in LANES}
    shown = [threading.Thread(target=_show, args=(name, lanes[name].stdout)) for name in lanes]
    try:
        for thread in shown:
            thread.start()
        codes = [lane.wait() for lane in lanes.values()]
    except KeyboardInterrupt:  # the terminal has sent it to the lanes, too
        print("stopping the tests", flush=True)
        for lane in lanes.values():
            lane.wait()
        return 128 + signal.SIGINT
    finally:
        for lane in lanes.values():
            lane.terminate()
        for thread in shown:
            thread.join()
    return next((code for code in codes if code), 0)


def _end_with_parent() -> None:
    """Linux only: who kills `just` or `.ci/run` ends the lanes as well, by `bound`."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM, 0, 0, 0)


def _start(name: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "pytest", *paths(name)]
    return subprocess.Popen(
        bound(command, "INT"),  # an interrupted pytest cleans up
        cwd=ROOT,
        env={**os.environ, "TESTS_LANE": name, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )


def _show(name: str, output: IO[str] | None) -> None:
    for line in output or ():
        sys.stdout.write(f"{name:5} | {line}")
        sys.stdout.flush()


def paths(lane: str) -> Iterator[str]:
    """The arguments of pytest that make it run this lane."""
    for path in LANES[lane]:
        yield f"tests/{path}"
    for path in (path for other in LANES if other != lane for path in LANES[other]):
        if any(path.startswith(f"{folder}/") for folder in LANES[lane]):
            yield f"--ignore=tests/{path}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
