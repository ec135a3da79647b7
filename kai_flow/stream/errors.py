"""The errors that the stream library raises on purpose.

StreamError
├── InvalidId        an event id or a cursor that cannot be parsed
├── InvalidEvent     not a JSON object with a valid `type`
├── InvalidBatch     a `publish_events` signal or a POST body of the wrong form
├── InvalidQuery     a query argument out of its bounds
├── InvalidUrl       a URL at which nothing can be reached
├── InvalidKey       a key of signatures that does not have the documented form
├── OutboxFull       the outbox has no room until more is durable
├── CodecMissing     (in `codec`) a session is encoded by a codec that this program does not have
├── EventsMissing    (in `reader`) events that a reader asks for are no longer held
├── StreamLostError  (in `followed`) the stream of a session cannot be read any further
├── Finished         an event, or a second result, after the last event
└── Superseded       a newer attempt has taken over, and the agent is stopped
    └── SessionEnded the session has ended while the agent was running
"""


class StreamError(Exception):
    """The base class of all errors of this library. `code` is stable and meant for programs."""

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
    """A URL that is not http or https, or has no valid host: a retry would not help."""

    code = "invalid_url"


class InvalidKey(StreamError, ValueError):
    """A key of signatures that does not have the documented form. The text has none of it."""

    code = "invalid_key"


class OutboxFull(StreamError):
    """The outbox holds all that it may. Nothing was added."""

    code = "outbox_full"


class Finished(StreamError):
    """No more events were to come: `settle` or `finish` was called. Nothing was sent."""

    code = "finished"


class Superseded(StreamError):
    """A newer attempt has taken over, or the session has ended: the agent is stopped."""

    code = "superseded"


class SessionEnded(Superseded):
    """The session has ended; the message tells how."""

    code = "session_ended"
