"""How often a worker passes heartbeats on: never taken for less than it may be."""

from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.workflow.v1 import PendingActivityInfo

from kai_flow.bridge.paces import Paces

BEGAN = datetime(2026, 1, 1, 12, tzinfo=UTC)


def pending(
    beat: float | None = None, at: str = "1.1.3", timeout: float = 60, attempt: int = 1
) -> PendingActivityInfo:
    """An activity whose last heartbeat came `beat` seconds after its start, at that event."""
    lasting = Duration()
    lasting.FromTimedelta(timedelta(seconds=timeout))
    info = PendingActivityInfo(
        activity_id="1", attempt=attempt, last_started_time=stamp(0),
        activity_options=ActivityOptions(heartbeat_timeout=lasting),
    )  # fmt: skip
    if beat is not None:
        info.last_heartbeat_time.CopyFrom(stamp(beat))
        said = f'"event {at}, durable to 1.1.0"'.encode()
        info.heartbeat_details.CopyFrom(Payloads(payloads=[Payload(data=said)]))
    return info


def stamp(seconds: float) -> Timestamp:
    """So long after it began."""
    made = Timestamp()
    made.FromDatetime(BEGAN + timedelta(seconds=seconds))
    return made


def pace(*looks: PendingActivityInfo) -> float:
    """What is known of the last one after all these looks."""
    paces = Paces()
    for look in looks:
        paces.learn([look])
    return paces.of(looks[-1]).total_seconds()


@pytest.mark.parametrize(("timeout", "seconds"), [(60, 48), (10, 8), (3600, 60), (0, 30)])
def test_by_default_it_is_the_throttle_of_the_sdk(timeout: float, seconds: float) -> None:
    """§4.7: as long as nothing else was seen, the longest time that a default worker may take."""
    assert pace(pending(timeout=timeout)) == seconds
    assert pace(pending(0.5, timeout=timeout)) == seconds
    assert pace(pending(0.5, timeout=timeout), pending(0.5, timeout=timeout)) == seconds


def test_two_heartbeats_prove_a_shorter_one() -> None:
    """What lies between two heartbeats is no shorter than the throttle, and the least counts."""
    assert pace(pending(1), pending(3)) == 2
    assert pace(pending(1), pending(7), pending(10), pending(30)) == 3
    assert pace(pending(1), pending(59)) == 48, "two that lie further apart prove nothing"


def test_a_heartbeat_that_cannot_be_the_first_proves_as_much() -> None:
    """One from behind the fifth event was preceded by another, since the attempt began."""
    assert pace(pending(4, "1.1.5")) == 48
    assert pace(pending(4, "1.1.6")) == 4
    unsaid = pending(4)
    unsaid.ClearField("heartbeat_details")
    assert pace(unsaid) == 48


def test_what_is_known_of_an_attempt_goes_with_it() -> None:
    """The next attempt may be on another worker: nothing is known of that."""
    assert pace(pending(1), pending(3), pending(1, attempt=2)) == 48


def test_a_server_that_does_not_tell_the_timeout() -> None:
    """Nothing is known then, and the pulse has its least patience."""
    silent = pending(1)
    silent.ClearField("activity_options")
    assert pace(silent) == 0
