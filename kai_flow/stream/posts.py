"""What a producer POSTs, and what a bridge answers: plain values without behaviour."""

from typing import NamedTuple

from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId


class Post(NamedTuple):
    """One POST to make: events, a probe without any, or the final POST."""

    base: EventId
    """The oldest event still held, or the next to come: all before it is durable or live only."""
    events: tuple[NumberedEvent, ...]
    batch: bool
    """In batch form; otherwise in single form, with exactly one event."""
    done: bool = False
    """It is the final POST."""
    stored: EventId | None = None
    """The last event that is stored, once that is known."""


class Acknowledged(NamedTuple):
    """A bridge's 200."""

    received: EventId
    durable: EventId
    bridge: str
    accepts_batch: bool
    pace: float = 0.0
    """For how many seconds a session at present waits for its turn at that bridge, as it says."""
    accepts_list: bool = False
    """It accepts the list form as well."""


class Reply(NamedTuple):
    """The answer of any receiver to a POST, as far as it is read."""

    status: int
    body: bytes
    retry_after: float = 0.0
    """Seconds; 0: it names none."""
    authentic: bool = True
    """It is signed as it must be, or no signature is asked for."""
