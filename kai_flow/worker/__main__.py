"""`python -m kai_flow.worker`: the worker alone, on the Temporal that the environment names."""

import sys

from kai_flow.runtime.extras import needs
from kai_flow.runtime.program import run_program
from kai_flow.temporal.client import connected

with needs("bridge,kai"):
    from kai_flow.worker.service import running_worker


def main() -> int:
    """Run the worker until Ctrl-C or SIGTERM; the exit code."""
    return run_program("worker", connected(running_worker))


if __name__ == "__main__":
    sys.exit(main())
