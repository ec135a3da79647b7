"""`python -m api`: the bridge alone, from a checkout. The app itself is `kai_flow.web`."""

import sys

from kai_flow.runtime.program import read_arguments
from kai_flow.web.__main__ import ABOUT, main

if __name__ == "__main__":
    read_arguments("api", ABOUT)
    sys.exit(main())
