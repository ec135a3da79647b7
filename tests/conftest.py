"""Settings that every test shares; nothing heavy is imported here."""

import os

from hypothesis import settings

# The same examples on every machine and in every run: a red build is red for everybody.
settings.register_profile(
    "ci", derandomize=True, max_examples=60, stateful_step_count=40, deadline=None, print_blob=True
)
# New examples in every run, and what failed once is tried first: for work on the core.
settings.register_profile("dev", max_examples=200, stateful_step_count=50, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
