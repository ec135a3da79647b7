"""Settings that every test shares; nothing heavy is imported here."""

import os
import sys
from collections.abc import Generator

import pytest
from hypothesis import settings

# Most images for containers set this. Tests start many programs, and each would compile all that it
# imports, which takes three times as long as importing it.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# The same examples on every machine and in every run: a red build is red for everybody.
settings.register_profile(
    "ci", derandomize=True, max_examples=60, stateful_step_count=40, deadline=None, print_blob=True
)
# New examples in every run, and what failed once is tried first: for work on the core.
settings.register_profile("dev", max_examples=200, stateful_step_count=50, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In a lane (tests/lanes.py) a failure is shown when it happens, and once more at the end."""
    report = yield
    reporter = item.config.pluginmanager.get_plugin("terminalreporter")
    if report.failed and "TESTS_LANE" in os.environ and reporter is not None:
        reporter.write_line(f"\n{report.nodeid}: {report.when} failed", red=True)
        reporter.write_line(report.longreprtext)
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI nothing may be left out: a skipped or deselected test fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") != "true" or reporter is None:
        return
    left_out = [*reporter.stats.get("skipped", []), *reporter.stats.get("deselected", [])]
    if left_out and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.write_line(f"CI=true: {len(left_out)} left out, which is a failure", red=True)
