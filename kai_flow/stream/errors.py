"""Every error the stream library raises on purpose.

StreamError
├── InvalidId        an event id or a cursor that cannot be parsed
├── InvalidEvent     not a JSON object with a usable `type`
├── InvalidBatch     a `publish_events` signal or a POST body of the wrong shape
├── InvalidQuery     a query argument out of its bounds
├── InvalidUrl       a URL at which nothing can be reached
├── OutboxFull       the caller must wait until something became durable
├── EventsMissing    (in `reader`) events that a reader asks for are no longer held
├── StreamLostError  (in `follower`) the stream of a session cannot be read on
├── Finished         an event, or a second result, after the producer was told that no more come
└── Superseded       a newer attempt has taken over; stop the agent
    └── SessionEnded the session has ended while the agent was at work
"""


class StreamError(Exception):
    """Root of all errors of this library; `code` is stable and meant for machines."""

    code = "stream_error"


class InvalidId(StreamError, ValueError):
    """An event id or a cursor that does not have the documented form."""

    code = "invalid_id"


class InvalidEvent(StreamError, ValueError):
    """A value that cannot be an event."""

    code = "invalid_event"


class InvalidBatch(StreamError, ValueError):
    """A batch that does not have the documented form."""

    code = "invalid_batch"


class InvalidQuery(StreamError, ValueError):
    """A query argument outside its documented bounds."""

    code = "invalid_query"


class InvalidUrl(StreamError, ValueError):
    """A URL that is not one of http or https: trying again would not help."""

    code = "invalid_url"


class OutboxFull(StreamError):
    """The outbox holds all it may; nothing was stored."""

    code = "outbox_full"


class Finished(StreamError):
    """The producer was told that no more events will come; nothing was taken."""

    code = "finished"


class Superseded(StreamError):
    """A newer attempt, or the end of the session, has taken over: the agent is stopped."""

    code = "superseded"


class SessionEnded(Superseded):
    """The session has ended; the message says how."""

    code = "session_ended"
