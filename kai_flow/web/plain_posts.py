"""Serves plain POSTs to /events/{session_id} ahead of Litestar, and gives it everything else.

Producers send these POSTs, one for a few events, so they are most of a bridge's requests. Through
Litestar's routing, parsing of parameters, middleware and responses one costs more than twice the
CPU time: docs/design.md has the figures. A POST is plain if nothing in its head asks for more than
a route: a host name of this bridge, JSON of a known length, no `Origin`. Litestar knows the same
route, and both answer with `Documents`, so a POST gets the same answer in either way.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

from litestar.types import Message

from kai_flow.runtime.clients import client_of
from kai_flow.stream.callback import MAX_BODY_BYTES
from kai_flow.stream.log_fields import about
from kai_flow.web.body import Bodies
from kai_flow.web.documents import Answered, Documents
from kai_flow.web.problems import Problem
from kai_flow.web.refusal_log import subject
from kai_flow.web.routes import is_session_id
from kai_flow.web.send_timeout import SendTimeout

log = logging.getLogger(__name__)

_ROUTE: Final = "/events/"
_PORT: Final = re.compile("[0-9]{1,5}")
_NEEDED: Final = {b"host", b"content-type", b"content-length"}
# Each of these asks for something that only Litestar, or a middleware of it, decides or does.
_SPECIAL: Final = {b"origin", b"sec-fetch-site", b"transfer-encoding", b"expect"}
_LOOKED_AT: Final = _NEEDED | _SPECIAL


class PlainPosts:
    """An ASGI app that answers plain POSTs and passes everything else on to `others`.

    `hosts` are the names by which the bridge may be called.
    """

    def __init__(
        self,
        others: Callable[[Any, Any, Any], Awaitable[None]],
        hosts: Iterable[str],
        bodies: Bodies,
        documents: Documents,
        send_timeout: SendTimeout,
    ) -> None:
        self._others = others
        self._hosts = frozenset(hosts)
        self._bodies = bodies
        self._documents = documents
        self._send_timeout = send_timeout

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request, or whatever else the server asks for."""
        session_id = self._session_of(scope)
        if session_id is None:
            await self._others(scope, receive, send)
            return
        client = client_of(scope)
        try:
            body = await self._bodies.read(receive, None)
        except Problem as refusal:
            answered = self._documents.refuse(session_id, b"", refusal, client)
        else:
            answered = await self._documents.answer(session_id, body, scope["headers"], client)
        try:
            await self._send_timeout.send_in_time(send, *_messages(answered))
        except TimeoutError:
            # uvicorn closes a connection whose answer is not complete
            if (suppressed := self._send_timeout.due(scope)) is not None:
                log.info(
                    "%s: a producer that does not read is disconnected%s",
                    subject(_ROUTE + session_id),
                    suppressed,
                    extra=about("producer_not_reading", session_id),
                )

    def _session_of(self, scope: Any) -> str | None:
        """The session id in the path of a plain POST; None: it is something else."""
        if scope["type"] != "http" or scope["method"] != "POST":
            return None
        prefix = scope.get("root_path", "") + _ROUTE  # not empty if the bridge is mounted
        path = scope["path"]
        session_id: str = path[len(prefix) :]
        if not path.startswith(prefix) or "/" in session_id or not is_session_id(session_id):
            return None
        return session_id if self._is_plain(scope["headers"]) else None

    def _is_plain(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        found = [header for header in headers if header[0] in _LOOKED_AT]
        values = dict(found)
        return (
            len(found) == len(_NEEDED)  # none is repeated
            and values.keys() == _NEEDED
            and values[b"content-type"] == b"application/json"
            and _is_size(values[b"content-length"])
            and self._is_own(values[b"host"].decode("latin-1"))
        )

    def _is_own(self, host: str) -> bool:
        name, colon, port = host.partition(":")
        return name in self._hosts and (not colon or _PORT.fullmatch(port) is not None)


def _is_size(announced: bytes) -> bool:
    return len(announced) < 9 and announced.isdigit() and int(announced) <= MAX_BODY_BYTES


def _messages(answered: Answered) -> tuple[Message, Message]:
    status, headers, media_type, body = answered
    fields = {**headers, "content-type": media_type, "content-length": str(len(body))}
    encoded = [(name.lower().encode(), value.encode()) for name, value in fields.items()]
    return (
        {"type": "http.response.start", "status": status, "headers": encoded},
        {"type": "http.response.body", "body": body, "more_body": False},
    )
