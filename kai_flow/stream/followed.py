"""What `follow` yields and raises, whichever source it reads, and its pauses between two tries."""

from typing import Any, Final, NamedTuple

from kai_flow.stream.backoff import Backoff
from kai_flow.stream.errors import StreamError

FIRST_PAUSE_SECONDS: Final = 0.2  # before the second try
LAST_PAUSE_SECONDS: Final = 5.0  # the longest pause


class Followed(NamedTuple):
    """One event, and the cursor after it."""

    id: str | None
    """None for control events and for events sent by hand."""
    event: dict[str, Any]


class StreamLostError(StreamError):
    """The stream cannot be read any further, and the message tells why. The session continues."""

    code = "stream_lost"


def pauses() -> Backoff:
    """The pauses between two tries of a follower."""
    return Backoff(FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS)
