"""`python -m tests.evals`, which `just eval` runs."""

import sys

from tests.evals.run import main

if __name__ == "__main__":  # a process of the pool imports this module under another name
    sys.exit(main())
