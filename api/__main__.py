"""`python -m api`: the bridge alone, from a checkout. The app itself is `kai_flow.web`."""

from kai_flow.runtime.interrupted import begin_quietly
from kai_flow.web.__main__ import main

if __name__ == "__main__":
    begin_quietly()
    raise SystemExit(main("api"))
