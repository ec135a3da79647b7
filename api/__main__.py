"""`python -m api`: the bridge alone, on the Temporal that the environment names."""

import sys

from kai_flow.runtime.extras import needs
from kai_flow.runtime.program import run_program
from kai_flow.temporal.client import connected

with needs("bridge"):
    from kai_flow.web.server import running_bridge

if __name__ == "__main__":
    sys.exit(run_program("bridge", connected(running_bridge)))
