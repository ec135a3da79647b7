"""Logs one clear line for a refused POST, with its session and the event that it was about."""

import logging
import re
from collections.abc import Callable, Hashable
from typing import Final

from litestar.exceptions import HTTPException
from litestar.types import Scope

from kai_flow.runtime.clients import client_of
from kai_flow.runtime.log_limiter import LogLimiter
from kai_flow.stream.log_fields import about
from kai_flow.web.problems import detail_of

log = logging.getLogger(__name__)

MAX_SHOWN_CHARS: Final = 300  # of any text that a client sent

_EXPECTED: Final = {409, 410, 429, 503}  # normal in operation; the others are mistakes
_OF_STRANGERS: Final = {401, 403}
_IDS: Final = [re.compile(rb'"%s"\s*:\s*"([^"\\]{1,60})"' % key) for key in (b"id", b"base")]


class RefusalLog:
    """The log lines of all refusals of one bridge, limited: no sender can fill the disk."""

    def __init__(self, refused: Callable[[str, int], None] = lambda _path, _status: None) -> None:
        self._limiter = LogLimiter()
        self._refused = refused  # called with path and status of each refusal, logged or not

    async def note(self, error: Exception, scope: Scope) -> None:
        """Litestar's hook for every exception."""
        # An error that is not a refusal is logged with a traceback.
        path = scope["path"].removeprefix(scope.get("root_path", ""))  # not empty if mounted
        if scope.get("method") == "POST" and isinstance(error, HTTPException):
            self.write(path, b"", error, client_of(scope))
        else:
            self._refused(path, getattr(error, "status_code", 500))

    def write(
        self, path: str, body: bytes, refusal: HTTPException, client: Hashable | None = None
    ) -> None:
        """Log the refusal of a POST to this path, unless equal lines were written before.

        `body` is what was read of it, which may be nothing. `client` is who has sent it, if that is
        a client with limits: it gets one line for each reason, whatever the path.
        """
        status = refusal.status_code
        self._refused(path, status)
        code = refusal.extra.get("code") if isinstance(refusal.extra, dict) else None
        # Who has no credentials, or is limited, could otherwise use up all kinds of lines.
        about_client = client is not None or status in _OF_STRANGERS
        suppressed = self._limiter.due((client if about_client else path, status, code))
        if suppressed is None:
            return
        more = f" ({suppressed} more refusals were not logged)" if suppressed else ""
        log.log(
            logging.INFO if status in _EXPECTED else logging.WARNING,
            "%s: %s is refused with %d: %s%s",
            subject(path),
            shown(_post(body)),
            status,
            shown(detail_of(refusal)),
            more,
            extra=about("request_refused", session_of(path)) | {"status": status},
        )


def subject(path: str) -> str:
    """What a line about a request to this path begins with: its session, if it names one."""
    session = session_of(path)
    return f"path {shown(path)}" if session is None else f"session {session}"


def session_of(path: str) -> str | None:
    """The session that the path of a request names."""
    for route in ("/events/", "/stream/"):
        if path.startswith(route):
            return shown(path.removeprefix(route))
    return None


def shown(text: str) -> str:
    """The text on one line, with its end cut off when it is long."""
    line = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return line if len(line) <= MAX_SHOWN_CHARS else line[:MAX_SHOWN_CHARS] + "…"


def _post(body: bytes) -> str:
    """A POST, by the first event id in its body or else its base. The body may be malformed."""
    for pattern in _IDS:
        if match := pattern.search(body):
            return f"the POST of {match[1].decode(errors='replace')}"
    return "a POST without a readable event id"
