"""`python -m api`: the bridge alone, from a checkout. The app itself is `kai_flow.web`."""

import sys

from kai_flow.web.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
