"""The bridge's four routes. `kai_flow.bridge` does the work; the protocol document defines it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated, Any

from litestar import MediaType, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, HeaderParameter, QueryParameter
from litestar.response import Stream
from temporalio.service import RPCError

from kai_flow.bridge.errors import (
    HubError,
    RealSession,
    TooMuchHeld,
    UnknownPlace,
    Unreachable,
    WrongNumber,
)
from kai_flow.bridge.hub import Hub
from kai_flow.bridge.subscription import subscribe
from kai_flow.stream.attempt_window import Answer, Full, Missing, Stale, Taken
from kai_flow.stream.callback import HandMade, decode_post, encode_answer
from kai_flow.stream.errors import InvalidId, StreamError
from kai_flow.stream.ids import EventId
from kai_flow.stream.place import Cursor
from kai_flow.stream.sse import unnamed
from kai_flow.web.body import read_body
from kai_flow.web.problems import problem

MAX_SESSION_ID_CHARS = 1_000  # the server's own bound for a workflow id

READY_TIMEOUT = timedelta(seconds=2)  # supervisors do not wait long

STREAM_HEADERS = {"X-Accel-Buffering": "no", "Cache-Control": "no-store"}


@post("/events/{session_id:str}", status_code=200, media_type=MediaType.JSON)
async def receive_events(
    session_id: FromPath[str], request: Request[Any, Any, State], hub: NamedDependency[Hub]
) -> Response[bytes]:
    """Take in a producer's POST, or an event sent by hand."""
    _require_session_id(session_id)
    if request.content_type[0] != "application/json":
        raise problem(415, "send the event as JSON, with Content-Type: application/json")
    body = await read_body(request, request.app.state.bodies, hub.stopping)
    try:
        posted = decode_post(body)
    except StreamError as error:
        raise problem(400, f"{error}; see docs/reference/protocol.md", code=error.code) from None
    meant = posted.session_id if isinstance(posted, HandMade) else posted.workflow_id
    if meant != session_id:
        raise problem(400, f"the URL names {session_id!r}; send this to /events/{meant}")
    if meant != posted.session_id:
        detail = f"'session_id' is {posted.session_id!r}, but 'workflow_id' is {meant!r}"
        raise problem(400, f"{detail}; they must be equal")
    try:
        if isinstance(posted, HandMade):
            number = await hub.receive_by_hand(posted)
            return _json(encode_answer(EventId(0, 0, number), EventId(0, 0, 0), hub.boot_id))
        return _answer(await hub.receive(posted), hub.boot_id)
    except (RealSession, WrongNumber, InvalidId) as error:
        raise problem(400, str(error)) from None
    except TooMuchHeld as error:
        raise problem(429, str(error), headers={"Retry-After": "1"}) from None
    except HubError as error:
        raise problem(503, str(error), headers={"Retry-After": "1"}) from None


def _answer(answer: Answer, boot_id: str) -> Response[bytes]:
    match answer:
        case Taken(received, durable, pace=pace):
            return _json(encode_answer(received, durable, boot_id, pace))
        case Missing(expected):
            detail = f"send again from {expected}"
            raise problem(409, detail, expected=str(expected), bridge=boot_id)
        case Stale():
            detail = (
                "a later attempt has taken over, the workflow no longer waits for the activity, or "
                "the run has ended; stop sending"
            )
            raise problem(410, detail, bridge=boot_id)
        case Full(stored=True):
            detail = (
                "the session has reached its limit of 32 MiB stored; end the stored part with an "
                "event of the type 'unstored', and name that event as 'stored' in each later POST"
            )
            raise problem(429, detail, headers={"Retry-After": "1"})
        case Full():
            detail = (
                "the bridge has no memory left until more is durable; send it again in a moment"
            )
            raise problem(429, detail, headers={"Retry-After": "1"})


@get("/stream/{session_id:str}")
async def stream_events(
    session_id: FromPath[str],
    hub: NamedDependency[Hub],
    last_event_id_header: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
    last_event_id: FromQuery[str | None] = None,
    wait: FromQuery[bool] = True,
    event: Annotated[str | None, QueryParameter(pattern="^message$")] = None,
) -> Response[None] | Stream:
    """The session's events after the cursor, as Server-Sent Events."""
    _require_session_id(session_id)
    text = last_event_id_header or last_event_id
    try:
        cursor = Cursor.parse(text) if text else None
    except StreamError as error:
        raise problem(400, str(error), code=error.code) from None
    try:
        run = await hub.find(session_id)
    except Unreachable as error:
        if not wait:
            raise problem(503, str(error), headers={"Retry-After": "1"}) from None
        run = None  # the stream waits: EventSource stops for good on any status but 200
    if run is None and not wait:
        raise problem(404, f"there is no session {session_id!r}; without wait=false the stream "
                            "would wait for it")  # fmt: skip
    if run is not None and cursor is not None and cursor.is_end_of(run.incarnation):
        return Response(None, status_code=204)  # tells EventSource not to reconnect
    try:
        hub.admit(session_id)
        if run is not None and cursor is not None:
            await hub.check(session_id, run, cursor)
    except UnknownPlace as error:
        raise problem(400, str(error)) from None
    except HubError as error:
        raise problem(503, str(error), headers={"Retry-After": "1"}) from None
    frames = subscribe(hub, session_id, cursor, run)
    return Stream(
        _unnamed(frames) if event else frames,
        media_type="text/event-stream",
        headers=STREAM_HEADERS,
    )


@get("/healthz")
async def healthz() -> dict[str, str]:
    """Whether the process runs."""
    return {"status": "ok"}


@get("/readyz")
async def readyz(state: State) -> dict[str, str]:
    """Whether Temporal answers, so that events can be made durable."""
    try:
        await state.temporal.service_client.check_health(timeout=READY_TIMEOUT)
    except RPCError as error:
        raise problem(503, f"Temporal does not answer: {error.message}") from None
    return {"status": "ok"}


def _require_session_id(session_id: str) -> None:
    if len(session_id) > MAX_SESSION_ID_CHARS or not session_id.isprintable():
        raise problem(400, "the session id must be 1 to 1,000 printable characters")


async def _unnamed(frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for frame in frames:
        yield unnamed(frame)


def _json(body: bytes) -> Response[bytes]:
    return Response(body, media_type=MediaType.JSON)
