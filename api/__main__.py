"""`python -m api`: the bridge alone, on the Temporal that the environment names."""

import sys

from api.server import running_bridge
from kai_flow.program import run_program

if __name__ == "__main__":
    sys.exit(run_program("bridge", running_bridge))
