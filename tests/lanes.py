"""Runs the whole suite as two pytest processes side by side: `python -m tests.lanes`.

A part of the suite computes (hypothesis, the simulation, SQL engines); the rest waits for servers,
browsers and timeouts. One process leaves both cores of a small machine idle for minutes; a third
saves no more than two minutes, and its load makes tests late.

With arguments it is one plain pytest process: named tests show their output as it comes.
"""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any, Final

ROOT: Final = Path(__file__).parents[1]

# A folder below `tests/` belongs to one lane; a test holds the list against the tree.
LANES: Final = {
    "core": ("docs", "chaos", "unit", "property", "simulation", "engines"),
    "stack": ("integration",),
}


def main(arguments: list[str]) -> int:
    """The exit code of the run: that of the first lane that failed, in the order of LANES."""
    pytest = [sys.executable, "-m", "pytest"]
    if arguments:
        os.execv(sys.executable, [*pytest, *arguments])
    first, *others = LANES
    started: dict[str, tuple[subprocess.Popen[bytes], IO[Any]]] = {}
    codes: dict[str, int] = {}
    output: IO[Any]
    try:
        for name in others:
            output = tempfile.TemporaryFile()  # noqa: SIM115  closed below, after the lane has ended
            started[name] = (
                subprocess.Popen(
                    [*pytest, *_folders(name)], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT
                ),
                output,
            )
        codes[first] = subprocess.run([*pytest, *_folders(first)], cwd=ROOT, check=False).returncode
        for name, (process, output) in started.items():
            codes[name] = process.wait()
            output.seek(0)
            print(f"\n=== the lane {name!r}, which ran beside it", flush=True)
            sys.stdout.buffer.write(output.read())
            sys.stdout.flush()
    except KeyboardInterrupt:  # the terminal has sent it to the lanes, too
        for process, _ in started.values():
            process.wait()
        return 128 + signal.SIGINT
    finally:
        for process, output in started.values():
            process.terminate()
            output.close()
    return next((code for name in LANES if (code := codes[name])), 0)


def _folders(lane: str) -> list[str]:
    return [f"tests/{folder}" for folder in LANES[lane]]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
