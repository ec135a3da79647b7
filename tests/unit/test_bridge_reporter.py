"""The reporter: what a workflow is told of a worker that cannot speak, and how seldom."""

from typing import Any

import pytest

from kai_flow.bridge.pulse import UNHEARD, Pulse
from kai_flow.bridge.reporter import MAX_REPORTS, MINDED_SECONDS, REPORT_SECONDS, Reporter
from kai_flow.stream.ids import EventId
from kai_flow.stream.report import StatusReport

LAST = EventId(1, 1, 9)
RUNNING, WAITING, RETRYING = (Pulse(status, 1) for status in ("running", "waiting", "retrying"))


def fed(*, broke: bool = False) -> Reporter:
    """The reporter of a bridge that has just made LAST durable, at 0."""
    reporter = Reporter("boot")
    reporter.published("run", LAST, 0.0, broke=broke)
    return reporter


def tell(reporter: Reporter, pulse: Pulse | None, now: float, **how: Any) -> StatusReport | None:
    """Feel that pulse, and send the report if there is one."""
    report = reporter.report(pulse, now)
    if report is not None:
        reporter.told(report, now, **{"period": 0.25, "arrived": True, **how})
    return report


def test_a_worker_at_work_is_not_worth_a_word() -> None:
    """However long a healthy agent is silent, the workflow is told nothing, and is minded."""
    reporter = fed()
    for second in range(5, 3000, 5):
        assert tell(reporter, RUNNING, second) is None
        assert reporter.minds(LAST, second)


def test_each_change_is_told_once() -> None:
    """Unheard of, heard again, unheard of, retried: four reports, whatever the pulses between."""
    reporter = fed()
    pulses = [RUNNING, WAITING, WAITING, RUNNING, RUNNING, WAITING, WAITING, Pulse("retrying", 2)]
    told = [tell(reporter, pulse, 30.0 * n) for n, pulse in enumerate(pulses, 1)]
    said = [report for report in told if report is not None]
    assert [report.status for report in said] == ["waiting", "running", "waiting", "retrying"]
    assert said[0] == StatusReport("run", LAST, "waiting", 1, "boot", 60_000)
    assert said[-1].attempt == 2
    assert sorted(report.at for report in said) == [report.at for report in said]


def test_after_retrying_nothing_is_left_to_tell() -> None:
    """The next attempt begins with an event: from then on it is minded again, not before."""
    reporter = fed()
    assert tell(reporter, RETRYING, 10) is not None
    assert not reporter.minds(LAST, 15)
    assert tell(reporter, Pulse("running", 2), 90) is None
    reporter.published("run", EventId(1, 2, 1), 100.0, broke=False)
    assert reporter.minds(EventId(1, 2, 1), 105)
    assert tell(reporter, Pulse("retrying", 3), 110) is not None


def test_an_attempt_that_said_that_it_broke_needs_no_report() -> None:
    """`attempt_failed` has said `retrying`, whatever Temporal still shows of that attempt."""
    reporter = fed(broke=True)
    assert tell(reporter, RUNNING, 5) is None
    assert tell(reporter, WAITING, 10) is None
    assert tell(reporter, Pulse("retrying", 2), 15) is None
    assert not reporter.minds(LAST, 15)


def test_where_no_attempt_is_pending_nothing_is_minded() -> None:
    """A session that has closed, or does something else, is not looked at again."""
    reporter = fed()
    assert tell(reporter, None, 5) is None
    assert not reporter.minds(LAST, 10)


def test_only_the_bridge_that_had_the_last_event_minds() -> None:
    """A bridge that has made nothing durable, or learnt of later events elsewhere, stays out."""
    assert not Reporter("boot").minds(LAST, 1)
    assert Reporter("boot").report(WAITING, 1) is None
    assert not fed().minds(LAST.offset(1), 1)


@pytest.mark.parametrize(("period", "pause"), [(0.25, REPORT_SECONDS), (60.0, 60.0)])
def test_reports_keep_their_distance(period: float, pause: float) -> None:
    """No two within 20 s, or within a period of the cadence; then what is so by then is told."""
    reporter = fed()
    assert tell(reporter, WAITING, 30, period=period) is not None
    assert tell(reporter, Pulse("retrying", 2), 30 + pause - 1, period=period) is None
    report = tell(reporter, Pulse("retrying", 2), 30 + pause, period=period)
    assert report is not None
    assert report.status == "retrying"


def test_a_report_that_may_not_have_arrived_is_told_again() -> None:
    """After a call that failed the workflow is told how it is by then, also that all is well."""
    for pulse in (WAITING, RUNNING):
        reporter = fed()
        assert tell(reporter, WAITING, 30, arrived=False) is not None
        again = tell(reporter, pulse, 60)
        assert again is not None
        assert again.status == pulse.status


def test_a_worker_that_is_slow_to_pass_heartbeats_on_is_given_more_time() -> None:
    """Each false alarm doubles the patience, so that such a worker costs few signals."""
    reporter = fed()
    told = heard = 0
    for second in range(5, 3000, 5):  # heartbeats every 48 s, as by default with a minute's timeout
        heard = second - second % 48
        late = second - heard > reporter.patience.total_seconds()
        told += tell(reporter, WAITING if late else RUNNING, second) is not None
    assert told == 4
    assert reporter.patience == 4 * UNHEARD


def test_reports_are_bounded() -> None:
    """Whatever happens to its workers, a session costs at most so many reports, or so long."""
    reporter = fed()
    told, now = 0, 0.0
    for attempt in range(2, 500):
        now += REPORT_SECONDS
        told += tell(reporter, Pulse("retrying", attempt), now) is not None
        reporter.published("run", LAST, now, broke=False)
        if not reporter.minds(LAST, now):
            break
    assert told == MAX_REPORTS
    assert fed().minds(LAST, MINDED_SECONDS)
    assert not fed().minds(LAST, MINDED_SECONDS + 1)
