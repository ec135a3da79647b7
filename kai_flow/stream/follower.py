"""`follow`: reads a session to its end, from a bridge or directly from Temporal.

    async for event_id, event in follow("http://localhost:8092", "session-1"):
        ...

It survives every outage that the session survives: it reconnects by itself with the last id that it
has read, and ends after `done`. To continue later, or from the other source, pass the last
`event_id` as `after`.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing

from temporalio.client import Client

from kai_flow.stream.direct_http import require_url
from kai_flow.stream.follow_bridge import BridgeStream, from_bridge
from kai_flow.stream.follow_temporal import from_temporal
from kai_flow.stream.followed import Followed
from kai_flow.stream.place import Cursor
from kai_flow.stream.reader_headers import ReaderHeaders, Token


async def follow(
    source: str | Client,
    session_id: str,
    *,
    after: str | None = None,
    give_up_after: float | None = None,
    on_outage: Callable[[], None] = lambda: None,
    headers: Mapping[str, str] | None = None,
    token: Token | None = None,
) -> AsyncGenerator[Followed, None]:
    """The events of a session that the cursor `after` does not have, each once, then `done`.

    They come in the order of the source, in which a producer's events are in order, and come after
    everything that had ended before the producer was scheduled. Control events are among them:
    `ended` when an activity has ended, `superseded` when events of one never counted, `gap` when
    some exist no longer, `reset` when another incarnation follows.

    `source` is the base URL of a bridge, or a Temporal client. If the session does not exist yet,
    it is waited for. If a later attempt replaces an earlier one, the events of both are yielded;
    `started` of the later one tells to discard the earlier ones.

    From Temporal, events are yielded as they become durable, through all runs that continue the
    session as new. Live-only events, which a session
    sends beyond its storage limit, are shown by a bridge only, while the session runs.

    A bridge that asks for a token gets `token`: a string, or a function that returns one or is a
    coroutine function. It is called for each connection, so also after `token_expired`, which is
    yielded as any control event, and once more if the bridge refuses its token. What it raises,
    `follow` raises. `headers` are sent with each request, for a proxy before the bridge.

    A certificate that is not trusted is refused with StreamLostError when the first connection
    meets it: that is a mistake of the settings. Once a bridge has answered, certificates may be
    being renewed: `follow` logs a warning, tries on as in any outage, and reads `SSL_CERT_FILE`
    again when that has changed. A host whose name leads nowhere is an outage with a warning, too.

    `on_outage` is called when a bridge stops answering. After `give_up_after` seconds without an
    answer (None: never), StreamLostError is raised. It is also raised when the source refuses the
    stream. Raises InvalidId at once for a cursor that cannot be parsed, and later for one that
    cannot be of this session, which its history shows. Raises InvalidUrl for a base URL at which
    nothing can be reached, and ValueError for a token or headers that no request can carry, or that
    are given with a Temporal client. From Temporal, raises CodecMissing when the client lacks the
    payload codec of the session's workers.
    """
    fields = ReaderHeaders(headers, token)
    cursor = None if after is None else Cursor.parse(after)
    if isinstance(source, str):
        require_url(source, "the bridge's address", "http://localhost:8092")
        bridge = BridgeStream(source.rstrip("/"), session_id, cursor, fields)
        events = from_bridge(bridge, give_up_after, on_outage)
    elif headers or token is not None:
        raise ValueError("headers and token are for a bridge: a Temporal client has its own")
    else:
        events = from_temporal(source, session_id, cursor)
    async with aclosing(events):
        async for event in events:
            yield event
