"""Control events: events about the stream itself, without an id (§7.5 of the protocol).

They are built only here, so that readers get the same ones over a bridge and from Temporal.
"""

from typing import Any

from kai_flow.stream.ids import START, EventId
from kai_flow.stream.progress import Liveness
from kai_flow.stream.wire_names import GAP, IDLE_TIMEOUT, RESET, STATUS

ControlEvent = dict[str, Any]


def gap(after: EventId, before: EventId | None) -> ControlEvent:
    """All events strictly between the two ids are missing: neither stored nor held here.

    `before` None: no later event has come yet.
    """
    return {
        "type": GAP,
        "after": None if after == START else str(after),
        "before": None if before is None else str(before),
    }


def reset() -> ControlEvent:
    """The reader's cursor is of another incarnation: the stream is read from its beginning."""
    return {"type": RESET, "reason": "new_run"}


def status(liveness: Liveness) -> ControlEvent:
    """No event has come for a while, and whether a worker is alive has changed."""
    return {"type": STATUS, "status": liveness.status, "attempt": liveness.attempt}


def idle_timeout() -> ControlEvent:
    """No event has come for so long that the bridge ends the response; the reader may reconnect."""
    return {"type": IDLE_TIMEOUT}
