"""`python -m api`: the bridge alone, on the Temporal that the environment names."""

import sys

from kai_flow.extras import needs
from kai_flow.program import run_program

with needs("bridge"):
    from api.server import running_bridge

if __name__ == "__main__":
    sys.exit(run_program("bridge", running_bridge))
