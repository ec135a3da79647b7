"""The bridge's routes. `kai_flow.bridge` does the work; the protocol document defines it."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from litestar import MediaType, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, HeaderParameter, QueryParameter
from litestar.response import Stream
from litestar.types import Scope

from kai_flow.bridge.admission import Admission
from kai_flow.bridge.errors import HubError, UnknownPlace, Unreachable
from kai_flow.bridge.hub import Hub
from kai_flow.bridge.subscription import expired, subscribe
from kai_flow.runtime.clients import client_of
from kai_flow.runtime.readiness import detail_of, listed
from kai_flow.stream.errors import StreamError
from kai_flow.stream.place import Cursor
from kai_flow.stream.run import Run
from kai_flow.web.access import Access
from kai_flow.web.body import Bodies
from kai_flow.web.client_gate import ClientGate, ComeAgain, come_again
from kai_flow.web.documents import Documents
from kai_flow.web.past_send import open_response
from kai_flow.web.problems import IN_A_SECOND, Problem, problem
from kai_flow.web.readiness import readiness_of

MAX_SESSION_ID_CHARS = 1_000  # the server's own bound for a workflow id

STREAM_HEADERS = {"X-Accel-Buffering": "no", "Cache-Control": "no-store"}


@post("/events/{session_id:str}", status_code=200, media_type=MediaType.JSON)
async def receive_events(
    session_id: FromPath[str],
    request: Request[Any, Any, State],
    bodies: NamedDependency[Bodies],
    documents: NamedDependency[Documents],
) -> Response[bytes]:
    """Take in a producer's POST, or an event sent by hand: those that are no plain POSTs."""
    _require_session_id(session_id)
    return await _received(session_id, request, bodies, documents)


@post("/events", status_code=200, media_type=MediaType.JSON)
async def receive_lists(
    request: Request[Any, Any, State],
    bodies: NamedDependency[Bodies],
    documents: NamedDependency[Documents],
) -> Response[bytes]:
    """Take in a list of documents. Producers send lists to the URL of one of their sessions."""
    return await _received(None, request, bodies, documents)


async def _received(
    session_id: str | None,
    request: Request[Any, Any, State],
    bodies: Bodies,
    documents: Documents,
) -> Response[bytes]:
    if request.content_type[0] != "application/json":
        raise problem(415, "send the event as JSON, with Content-Type: application/json")
    body = await bodies.read(request.receive, request.content_length)
    scope = request.scope
    status, headers, media_type, content = await documents.answer(
        session_id, body, scope["headers"], client_of(scope)
    )
    return Response(content, status_code=status, headers=headers, media_type=media_type)


@get("/stream/{session_id:str}")
async def stream_events(
    session_id: FromPath[str],
    hub: NamedDependency[Hub],
    last_event_id_header: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
    last_event_id: FromQuery[str | None] = None,
    wait: FromQuery[bool] = True,
    event: Annotated[str | None, QueryParameter(pattern="^message$")] = None,
    *,
    scope: Scope,
    state: State,
) -> Response[None] | Stream:
    """The session's events after the cursor, as Server-Sent Events."""
    _require_session_id(session_id)
    access: Access = state.access
    gate: ClientGate = state.gate
    gate.request(scope)
    introduction: dict[str, str] = state.introduction.header
    admission = await _admitted(access, scope, session_id, introduction)
    text = last_event_id_header or last_event_id
    try:
        cursor = Cursor.parse(text) if text else None
    except StreamError as error:
        raise problem(400, str(error), code=error.code) from None
    if admission.over:
        return _stream(expired(cursor, plain=event is not None), introduction)
    try:
        run = await admission.find(hub, session_id, cursor)
        if run is None and not wait:
            raise problem(404, f"there is no session {session_id!r}; without wait=false the "
                                "stream would wait for it", headers=introduction)  # fmt: skip
    except Unreachable as error:
        if not wait:
            raise problem(503, str(error), headers=IN_A_SECOND) from None
        run = None  # the stream waits: EventSource stops for good on any status but 200
    if run is not None and cursor is not None and cursor.is_end_of(run.incarnation):
        # tells EventSource not to reconnect
        return Response(None, status_code=204, headers=introduction)
    if run is None:
        gate.room(scope, admission)
    await _require_place(hub, admission.known(session_id, run), run, cursor)
    sink = None if state.mounted else open_response(scope)
    plain = event is not None
    frames = subscribe(hub, session_id, cursor, run, admission=admission, plain=plain, sink=sink)
    return _stream(gate.frames(scope, admission, frames), introduction)


async def _admitted(
    access: Access, scope: Scope, session_id: str, introduction: dict[str, str]
) -> Admission:
    """As `Access.admit`. A token that counts is told of the bridge, whatever it grants."""
    try:
        return await access.admit(scope, session_id)
    except Problem as refusal:
        if refusal.status_code == 404:
            refusal.headers = {**(refusal.headers or {}), **introduction}
        raise


async def _require_place(hub: Hub, session_id: str, run: Run | None, cursor: Cursor | None) -> None:
    """Raise the problem of a cursor that cannot be, and ComeAgain if no reader can be taken in."""
    try:
        hub.admit(session_id)
        if run is not None and cursor is not None:
            await hub.check(session_id, run, cursor)
    except UnknownPlace as error:
        raise problem(400, str(error)) from None
    except HubError as error:
        raise ComeAgain(1, str(error)) from None


def _stream(frames: AsyncIterator[bytes], introduction: dict[str, str]) -> Stream:
    headers = STREAM_HEADERS | introduction
    return Stream(frames, media_type="text/event-stream", headers=headers)


def come_again_later(_request: Request[Any, Any, State], refusal: ComeAgain) -> Response[bytes]:
    """The stream of a reader that is to come again."""
    frames = come_again(refusal.seconds, str(refusal))
    return Response(frames, media_type="text/event-stream", headers=STREAM_HEADERS)


@get("/healthz")
async def healthz() -> dict[str, str]:
    """Whether the process runs."""
    return {"status": "ok"}


@get("/readyz")
async def readyz(hub: NamedDependency[Hub], state: State) -> dict[str, Any]:
    """Whether the bridge can take in events, make them durable and serve them."""
    reasons, warnings = await readiness_of(hub, state.temporal, state.access)
    if reasons:
        raise problem(503, detail_of(reasons), headers=IN_A_SECOND, reasons=listed(reasons))
    return {"status": "ok", "warnings": listed(warnings)} if warnings else {"status": "ok"}


def is_session_id(text: str) -> bool:
    """Whether it can be one."""
    return 1 <= len(text) <= MAX_SESSION_ID_CHARS and text.isprintable()


def _require_session_id(session_id: str) -> None:
    if not is_session_id(session_id):
        raise problem(400, "the session id must be 1 to 1,000 printable characters")
