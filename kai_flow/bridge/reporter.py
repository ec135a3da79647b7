"""What a bridge tells the workflow while nothing comes: decided without I/O or clock.

It is the business of the one bridge that makes the session's events durable, and no reader changes
anything of it. It tells changes only: what the workflow says by its events nobody repeats, so a
session in which no worker dies is told nothing.
"""

from datetime import timedelta
from typing import Final

from kai_flow.bridge.pulse import UNHEARD, Pulse
from kai_flow.stream.ids import EventId
from kai_flow.stream.report import ReportedStatus, StatusReport

REPORT_SECONDS: Final = 20.0  # between two reports; in an old session a period of the cadence
# A session whose three attempts are killed needs six. A hundred are a hundredth of the signals that
# a run may have, and an eighth of a second of replay, whatever goes on and off in the meantime.
MAX_REPORTS: Final = 100
MINDED_SECONDS: Final = 3600.0  # of silence, after which a session may be forgotten untold


class Reporter:
    """What the workflow says of a session, and what it is to be told. Times are of one clock."""

    def __init__(self, bridge: str) -> None:
        self.patience: timedelta = UNHEARD  # without a heartbeat before a worker is unheard of
        self.minding = False  # it may have to be told something
        self._bridge = bridge
        self._run_id = ""
        self._after: EventId | None = None  # the last event that this bridge has made durable
        self._broke = False  # by which the attempt said that it was its last
        self._says: str | None = None  # what the workflow says now; None: it cannot be known
        self._since = 0.0  # when it was last given an event
        self._reports = 0
        self._not_before = 0.0

    def published(self, run_id: str, last: EventId, now: float, *, broke: bool) -> None:
        """The workflow has been given events up to `last`; `broke`: that ends its attempt."""
        self._run_id, self._after, self._broke = run_id, last, broke
        self._says = "retrying" if broke else "running"
        self._since, self.minding = now, True

    def told(self, report: StatusReport, now: float, *, period: float, arrived: bool) -> None:
        """It was sent; without `arrived` it is unknown whether the workflow has it."""
        self._reports += 1
        self._not_before = now + max(REPORT_SECONDS, period)
        self._says = report.status if arrived else None
        # `retrying` is the last word on an attempt: the next one begins with an event.
        self.minding = self._says != "retrying"

    def minds(self, last: EventId, now: float) -> bool:
        """Whether it is to look: `last`, the session's last event to store, came through here."""
        if now - self._since > MINDED_SECONDS or self._reports >= MAX_REPORTS:
            self.minding = False
        return self.minding and last == self._after

    def report(self, pulse: Pulse | None, now: float) -> StatusReport | None:
        """What the workflow is to be told of a pulse that was felt now, if anything."""
        if self._after is None or not self.minding:
            return None
        if pulse is None:
            self.minding = False  # no attempt is pending; should another come, an event says so
            return None
        of_last = pulse.attempt == self._after.attempt
        if pulse.status == self._says or (self._broke and of_last):
            self.minding = pulse.status != "retrying"
            return None
        if now < self._not_before:
            return None
        if pulse.status == "running" and of_last:
            self.patience = 2 * self.patience  # its worker is perhaps slow to pass heartbeats on
        status: ReportedStatus = pulse.status
        at = round(now * 1000)
        return StatusReport(self._run_id, self._after, status, pulse.attempt, self._bridge, at)
