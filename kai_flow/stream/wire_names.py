"""Names that cross a process boundary. Both sides of each boundary import them from here."""

from typing import Final

PUBLISH_EVENTS: Final = "publish_events"
"""Signal: carries batches of events into the workflow, at most one of each producer."""

PROGRESS: Final = "progress"
"""Query: the progress of the session, for people."""

EVENTS: Final = "events"
"""Query: one page of the buffer."""

PRODUCER_HEADER: Final = "kai-producer"
"""Header of every scheduled activity: its producer number. See `header.ProducerHeader`."""

STREAM_HEADER: Final = "kai-stream"
"""Header of a run that continues another as new. See `header.Carried`."""

VOICE_MEMO: Final = "kai-events"
"""Memo field: the newest events that the workflow itself has published."""

STARTED: Final = "started"
"""Type of the first event of every attempt."""

ATTEMPT_FAILED: Final = "attempt_failed"
"""Type of the last event of a failed attempt: another one follows, or the session fails."""

UNSTORED: Final = "unstored"
"""Type of the last event that is stored: those after it in its attempt are live only."""

OMITTED: Final = "omitted"
"""Type of what stands for an event that was too large."""

DONE: Final = "done"
"""Type of the last event of a stream."""

GAP: Final = "gap"
RESET: Final = "reset"
STATUS: Final = "status"
IDLE_TIMEOUT: Final = "idle_timeout"
ENDED: Final = "ended"
SUPERSEDED: Final = "superseded"
TOKEN_EXPIRED: Final = "token_expired"  # noqa: S105  a type of event
"""Types of the control events, which `control` builds."""

NEVER_NUMBERED: Final = frozenset(
    {DONE, GAP, RESET, STATUS, IDLE_TIMEOUT, ENDED, SUPERSEDED, TOKEN_EXPIRED}
)
"""Types of events that only a reader's source creates: no event with an id may have them."""

RESERVED: Final = NEVER_NUMBERED | {STARTED, ATTEMPT_FAILED, UNSTORED}
"""Types with a meaning for the stream itself: an agent's event may not have them."""
