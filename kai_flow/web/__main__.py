"""`python -m kai_flow.web`: the bridge alone, on the Temporal that the environment names."""

import sys

from kai_flow.runtime.extras import needs
from kai_flow.runtime.imports import importing
from kai_flow.runtime.program import read_arguments, run_program
from kai_flow.temporal.client import connected

with needs("bridge"), importing():
    from kai_flow.web.server import running_bridge

ABOUT = (
    "Run the bridge until Ctrl-C. It receives events at POST /events/{session_id} and serves them "
    "to any number of readers at GET /stream/{session_id}. It connects to the Temporal server at "
    "TEMPORAL_ADDRESS (default localhost:7233) and listens on KAI_BRIDGE_PORT (default 8092). To "
    "make events durable it sends at most KAI_SIGNALS_PER_SECOND signals (default 25), of all "
    "sessions together."
)


def main() -> int:
    """Run the bridge until Ctrl-C or SIGTERM; returns the exit code."""
    return run_program("bridge", connected(running_bridge, "kai-bridge"))


if __name__ == "__main__":
    read_arguments("kai_flow.web", ABOUT)
    sys.exit(main())
