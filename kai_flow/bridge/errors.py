"""What a bridge refuses; the message says what to do."""

from typing import Final

SHUTTING_DOWN: Final = "the bridge is shutting down; come back in a moment"


class HubError(Exception):
    """Root of what the hub refuses."""


class TooManySessions(HubError):
    """The bridge holds as many sessions as it may; try again later."""


class Stopping(HubError):
    """The bridge is shutting down; another one will answer."""


class Unreachable(HubError):
    """Temporal does not answer, so whether there is such a session is unknown."""


class TooMuchHeld(HubError):
    """The bridge holds as many bytes as it may, and cannot drop any; try again later."""


class RealSession(HubError):
    """An event sent by hand to a session that has a workflow."""


class WrongNumber(HubError):
    """A `started` that contradicts what is known of the producer with its number."""


class NoCodec(HubError):
    """The bridge lacks the session's payload codec, so its signals would be unencrypted."""


class UnknownRun(HubError):
    """Temporal knows no run of that session id. It may know it in a moment."""


class UnknownPlace(HubError):
    """A cursor with something that the session has never had."""
