"""`python -m kai_flow.cli`: the command `kai`, where its script is not on the PATH."""

from kai_flow.cli import main

main()
