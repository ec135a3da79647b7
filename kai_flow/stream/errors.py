"""Every error the stream library raises on purpose.

StreamError
├── InvalidId        an event id or a cursor that cannot be parsed
├── InvalidEvent     not a JSON object with a usable `type`
├── InvalidBatch     a `publish_events` signal or a POST body of the wrong shape
├── InvalidQuery     a query argument out of its bounds
├── OutboxFull       the caller must wait until something became durable
└── Superseded       a newer attempt has taken over; stop the agent
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


class OutboxFull(StreamError):
    """The outbox holds all it may; nothing was stored."""

    code = "outbox_full"


class Superseded(StreamError):
    """A newer attempt of this producer (or the end of the session) has taken over."""

    code = "superseded"
