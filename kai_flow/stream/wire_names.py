"""Names that cross a process boundary. Both sides of each boundary import them from here."""

from typing import Final

PUBLISH_EVENTS: Final = "publish_events"
"""Signal: carries one batch of events into the workflow."""

PROGRESS: Final = "progress"
"""Query: the progress of the session, for people."""

EVENTS: Final = "events"
"""Query: one page of the buffer."""

PRODUCER_HEADER: Final = "kai-producer"
"""Header of the activity call, JSON: `{"producer": 1, "first_run_id": "…", …}`."""

STARTED: Final = "started"
"""Type of the first event of every attempt."""

ATTEMPT_FAILED: Final = "attempt_failed"
"""Type of the last event of a failed attempt: another one follows, or the session fails."""

UNSTORED: Final = "unstored"
"""Type of the last event that is stored: those after it in its attempt are live only."""

DONE: Final = "done"
"""Type of the last event of a stream."""

GAP: Final = "gap"
RESET: Final = "reset"
STATUS: Final = "status"
IDLE_TIMEOUT: Final = "idle_timeout"
"""Types of the control events, which `control` builds."""

NEVER_NUMBERED: Final = frozenset({DONE, GAP, RESET, STATUS, IDLE_TIMEOUT})
"""Types of events that only a reader's source creates: no event with an id may have them."""

RESERVED: Final = NEVER_NUMBERED | {STARTED, ATTEMPT_FAILED, UNSTORED}
"""Types with a meaning for the stream itself: an agent's event may not have them."""
