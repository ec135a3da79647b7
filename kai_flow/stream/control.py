"""Control events: events about the stream itself, without an id (§7.5 of the protocol).

They are built only here, so that readers get the same ones over a bridge and from Temporal.
"""

from typing import Any

from kai_flow.stream.gaps import Gap
from kai_flow.stream.ids import EventId
from kai_flow.stream.progress import Liveness
from kai_flow.stream.recorded import EndStatus
from kai_flow.stream.wire_names import (
    ENDED,
    GAP,
    IDLE_TIMEOUT,
    RESET,
    STATUS,
    SUPERSEDED,
    TOKEN_EXPIRED,
)

ControlEvent = dict[str, Any]


def gap(missing: Gap) -> ControlEvent:
    """Events are missing: they are neither stored nor held here."""
    return {"type": GAP, "missing": missing.to_json()}


def ended(producer: int, status: EndStatus) -> ControlEvent:
    """The activity of a producer has ended."""
    return {"type": ENDED, "producer": producer, "status": status}


def superseded(last: EventId) -> ControlEvent:
    """The events of a producer after `last` never counted, and the reader takes them back.

    `last` is `4.1.0`, with any attempt, when none of the producer's events counts.
    """
    return {"type": SUPERSEDED, "producer": last.producer, "after": str(last)}


def reset() -> ControlEvent:
    """The reader's cursor is of another incarnation: the stream is read from its beginning."""
    return {"type": RESET, "reason": "new_run"}


def status(liveness: Liveness) -> ControlEvent:
    """No event has come for a while, and whether a worker is alive has changed."""
    return {"type": STATUS, "status": liveness.status, "attempt": liveness.attempt}


def idle_timeout() -> ControlEvent:
    """No event has come for so long that the bridge ends the response; the reader may reconnect."""
    return {"type": IDLE_TIMEOUT}


def token_expired() -> ControlEvent:
    """The reader's token has expired: the bridge ends the response; a new token goes on."""
    return {"type": TOKEN_EXPIRED}
