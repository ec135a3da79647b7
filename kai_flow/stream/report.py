"""Status reports: what one `publish_status` signal tells the workflow while no event comes.

A worker that was killed cannot say so. The bridge that made its last event durable sees it in
Temporal, and says it in the worker's place.
"""

from typing import Final, Literal, NamedTuple

import msgspec

from kai_flow.stream.errors import InvalidId, InvalidReport
from kai_flow.stream.ids import MAX_NUMBER, EventId

REPORT_VERSION: Final = 1
MAX_BRIDGE_CHARS: Final = 128

ReportedStatus = Literal["waiting", "running", "retrying"]


class StatusReport(NamedTuple):
    """What Temporal shows of an attempt of which nothing has come for a while."""

    run_id: str
    """The run it is meant for; every other run ignores it."""
    after: EventId
    """The last event of the session: once another one has been accepted the report is void."""
    status: ReportedStatus
    attempt: int
    """The attempt that is at work, or is waited for."""
    bridge: str
    """The boot id of the bridge that says so."""
    at: int
    """When it saw it, by a clock of its own: of two reports of one bridge the later one counts."""


class _Wire(msgspec.Struct):
    v: Literal[1]
    run_id: str
    after: str
    status: ReportedStatus
    attempt: int
    bridge: str
    at: int


def encode_report(report: StatusReport) -> bytes:
    """The report as one JSON document, readable in the Temporal UI."""
    run_id, after, status, attempt, bridge, at = report
    return msgspec.json.encode(
        _Wire(REPORT_VERSION, run_id, str(after), status, attempt, bridge, at)
    )


def decode_report(document: bytes) -> StatusReport:
    """The report of one JSON document. Raises InvalidReport."""
    try:
        wire = msgspec.json.decode(document, type=_Wire)
        after = EventId.parse(wire.after)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, InvalidId) as error:
        raise InvalidReport(f"not a status report: {error}") from None
    if min(*after, wire.attempt) < 1 or max(wire.attempt, abs(wire.at)) > MAX_NUMBER:
        raise InvalidReport(f"nothing can be said of attempt {wire.attempt} after {after}")
    if len(wire.bridge) > MAX_BRIDGE_CHARS:
        raise InvalidReport(f"a bridge's id has at most {MAX_BRIDGE_CHARS} characters")
    return StatusReport(wire.run_id, after, wire.status, wire.attempt, wire.bridge, wire.at)
