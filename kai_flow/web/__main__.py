"""`python -m kai_flow.web`: the bridge alone, on the Temporal that the environment names."""

import sys

from kai_flow.runtime.extras import needs
from kai_flow.runtime.program import run_program
from kai_flow.temporal.client import connected

with needs("bridge"):
    from kai_flow.web.server import running_bridge


def main() -> int:
    """Run the bridge until Ctrl-C or SIGTERM; the exit code."""
    return run_program("bridge", connected(running_bridge))


if __name__ == "__main__":
    sys.exit(main())
