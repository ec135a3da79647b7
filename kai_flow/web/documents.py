"""Answers the documents that producers POST: bytes in, status, headers and body out."""

import re
from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from kai_flow.bridge.at_once import at_once
from kai_flow.bridge.errors import HubError, RealSession, TooMuchHeld, WrongNumber
from kai_flow.bridge.hub import Hub
from kai_flow.bridge.publisher import posted_in
from kai_flow.stream.attempt_window import Answer, Full, Missing, Stale, Taken
from kai_flow.stream.callback import (
    HandMade,
    ProducerPost,
    decode_post,
    encode_answer,
    read_retry_after,
)
from kai_flow.stream.errors import InvalidBatch, InvalidId, StreamError
from kai_flow.stream.ids import EventId
from kai_flow.stream.list_form import SEND_ALONE, decode_list, encode_replies
from kai_flow.stream.posts import Reply
from kai_flow.traces.spans import NO_SPAN, SESSION, Span, are_made, received
from kai_flow.web.access import Access, Open
from kai_flow.web.client_gate import ClientGate
from kai_flow.web.credentials import bearer
from kai_flow.web.problems import IN_A_SECOND, Problem, problem, unforeseen
from kai_flow.web.refusal_log import RefusalLog

if TYPE_CHECKING:
    from kai_flow.web.signatures import Signatures

_IS_LIST: Final = re.compile(rb"\s*\[").match

_JSON: Final = "application/json"
_PROBLEM: Final = "application/problem+json"


Fields = Iterable[tuple[bytes, bytes]]
"""The fields of a request's head, as ASGI has them."""


class Answered(NamedTuple):
    """An HTTP answer, whoever sends it."""

    status: int
    headers: dict[str, str]
    """Those beside its type and length."""
    media_type: str
    body: bytes


class _Sender(NamedTuple):
    """Who has sent a document."""

    fields: Fields
    """Of the request's head."""
    signed: bool = False
    """With a key of the bridge: it may send everything."""
    refusal: Problem | None = None
    """Why it may send nothing but events by hand, and those with a token."""
    client: Hashable | None = None
    """Whose limits hold for it, and whose lines it may use of the log; None: no limits do."""

    @property
    def may_trace(self) -> bool:
        """Whether the trace that the head names is believed: never that of a stranger."""
        return self.refusal is None


class Documents:
    """Answers the documents of all producers of one bridge.

    It knows neither routes nor requests, so every way in which a document arrives can use it.
    """

    def __init__(
        self,
        hub: Hub,
        refusals: RefusalLog,
        signatures: "Signatures | None" = None,
        access: Access | None = None,
        gate: ClientGate | None = None,
    ) -> None:
        self._hub = hub
        self._refusals = refusals
        self._signatures = signatures  # None: nothing has to be signed
        self._access = access or Open()
        self._gate = gate  # None: no client has limits

    async def answer(
        self,
        session_id: str | None,
        body: bytes,
        fields: Fields = (),
        client: Hashable | None = None,
    ) -> Answered:
        """The answer to a body that was POSTed to this session. Raises nothing.

        The body is a document, or a list of documents of any sessions. None: the URL names no
        session, so only a list is accepted. A refusal is a problem document, and leaves its line in
        the log. `fields` are those of the request's head, which may sign it, or have a token for
        events sent by hand. `client` is the sender, if limits hold for it: what is signed with a
        key of the bridge is not counted, however much it is, and everything else is.
        """
        if self._signatures is None:
            return await self._limited(session_id, body, _Sender(fields, client=client))
        try:
            message_id = self._signatures.verify(fields, body)
        except Problem as refusal:
            sender = _Sender(fields, refusal=refusal, client=client)
            return await self._limited(session_id, body, sender)
        answered = await self._answer(session_id, body, _Sender(fields, signed=True))
        signed = self._signatures.sign(message_id, answered.status, answered.body)
        return answered._replace(headers=answered.headers | signed)

    async def _limited(self, session_id: str | None, body: bytes, sender: _Sender) -> Answered:
        """The answer to a body without a signature that counts."""
        refusal = None if self._gate is None else self._gate.post(sender.client, len(body))
        if refusal is None and not self._is_by_token(sender.fields):
            refusal = sender.refusal
        if refusal is not None:
            return self.refuse(session_id, b"", refusal, sender.client)
        return await self._answer(session_id, body, sender)

    def _is_by_token(self, fields: Fields) -> bool:
        """Whether a POST has a token and no signature, as events by hand may have."""
        claimed = self._signatures is not None and self._signatures.claimed(fields)
        return not claimed and bearer(fields) is not None

    async def _answer(self, session_id: str | None, body: bytes, sender: _Sender) -> Answered:
        span = _span_for(session_id, sender)
        if not span:
            return await self._answer_body(session_id, body, sender)
        token = posted_in.set(span)
        try:
            with span:
                answered = await self._answer_body(session_id, body, sender)
                span.set("http.response.status_code", answered.status)
                if answered.status >= 500:
                    span.failed(str(answered.status))
                return answered
        finally:
            posted_in.reset(token)

    async def _answer_body(self, session_id: str | None, body: bytes, sender: _Sender) -> Answered:
        if _IS_LIST(body):
            return await self._answer_list(session_id, body, sender)
        if session_id is None:
            detail = "only a list of documents goes to /events; send one to /events/{id}"
            return self.refuse(None, body, problem(400, detail), sender.client)
        return await self._answer_one(session_id, body, sender)

    def refuse(
        self,
        session_id: str | None,
        document: bytes,
        refusal: Problem,
        client: Hashable | None = None,
    ) -> Answered:
        """The answer that refuses a document, of which nothing may have been read."""
        path = "/events" if session_id is None else f"/events/{session_id}"
        self._refusals.write(path, document, refusal, client)
        return refused(refusal)

    async def _answer_list(self, session_id: str | None, body: bytes, sender: _Sender) -> Answered:
        try:
            documents = decode_list(body)
        except InvalidBatch as error:
            return self.refuse(session_id, b"", _unreadable(error), sender.client)
        answers = await at_once(self._answer_one(None, document, sender) for document in documents)
        replies = [SEND_ALONE if answer is None else _reply(answer) for answer in answers]
        return Answered(200, {}, _JSON, encode_replies(replies))

    async def _answer_one(
        self, session_id: str | None, document: bytes, sender: _Sender
    ) -> Answered:
        """The answer to one document. None: whichever session it names is meant."""
        if session_id is not None:
            posted_in.get().set(SESSION, session_id)
        answered = await self._decide(session_id, document, sender)
        self._hub.counts.posts[str(answered.status)] += 1
        return answered

    async def _decide(self, session_id: str | None, document: bytes, sender: _Sender) -> Answered:
        try:
            posted = _read(document)
            session_id = session_id or _named(posted)
            await self._require(posted, sender)
            return Answered(200, {}, _JSON, await self._take(session_id, posted))
        except Problem as refusal:
            return self.refuse(session_id, document, refusal, sender.client)
        except Exception as error:  # noqa: BLE001  `unforeseen` logs it with its traceback
            return refused(unforeseen(error))

    async def _require(self, posted: HandMade | ProducerPost, sender: _Sender) -> None:
        """Raise the problem if a document is not for its sender to send."""
        if sender.signed:
            return
        if isinstance(posted, HandMade):
            await self._access.require_publish(sender.fields, posted.session_id)
        elif sender.refusal is not None:
            raise sender.refusal

    async def _take(self, session_id: str, posted: HandMade | ProducerPost) -> bytes:
        """The body of the 200. Raises the problem that the document is refused with."""
        meant = _named(posted)
        if meant != session_id:
            raise problem(400, f"the URL names {session_id!r}; send this to /events/{meant}")
        if meant != posted.session_id:
            detail = f"'session_id' is {posted.session_id!r}, but 'workflow_id' is {meant!r}"
            raise problem(400, f"{detail}; they must be equal")
        boot_id = self._hub.boot_id
        try:
            if isinstance(posted, HandMade):
                number = await self._hub.receive_by_hand(posted)
                return encode_answer(EventId(0, 0, number), EventId(0, 0, 0), boot_id, lists=True)
            return _body(await self._hub.receive(posted), boot_id)
        except (RealSession, WrongNumber, InvalidId) as error:
            raise problem(400, str(error)) from None
        except TooMuchHeld as error:
            raise problem(429, str(error), headers=IN_A_SECOND) from None
        except HubError as error:
            raise problem(503, str(error), headers=IN_A_SECOND) from None


def _span_for(session_id: str | None, sender: _Sender) -> Span:
    """The span of a POST whose producer has one, if that producer is believed."""
    if not (are_made() and sender.may_trace):
        return NO_SPAN
    route = "/events" if session_id is None else "/events/{session_id}"
    about = {"http.request.method": "POST", "http.route": route}
    return received(f"POST {route}", sender.fields, about)


def refused(refusal: Problem) -> Answered:
    """The problem document of a refusal (RFC 9457)."""
    extra = refusal.extra if isinstance(refusal.extra, dict) else {}
    document = {"status": refusal.status_code, "detail": refusal.detail, **extra}
    headers = refusal.headers or {}
    return Answered(refusal.status_code, headers, _PROBLEM, msgspec.json.encode(document))


def _read(document: bytes) -> HandMade | ProducerPost:
    try:
        return decode_post(document)
    except StreamError as error:
        raise _unreadable(error) from None


def _named(posted: HandMade | ProducerPost) -> str:
    """The session that a document is for."""
    return posted.session_id if isinstance(posted, HandMade) else posted.workflow_id


def _unreadable(error: StreamError) -> Problem:
    return problem(400, f"{error}; see docs/reference/protocol.md", code=error.code)


def _reply(answer: Answered) -> Reply:
    """An answer as an item of the answer to a list."""
    return Reply(answer.status, answer.body, read_retry_after(answer.headers.get("Retry-After")))


def _body(answer: Answer, boot_id: str) -> bytes:
    match answer:
        case Taken(received, durable, pace=pace):
            return encode_answer(received, durable, boot_id, pace, lists=True)
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
            raise problem(429, detail, headers=IN_A_SECOND)
        case Full():
            detail = (
                "the bridge has no memory left until more is durable; send it again in a moment"
            )
            raise problem(429, detail, headers=IN_A_SECOND)
