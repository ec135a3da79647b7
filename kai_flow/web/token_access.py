"""The tokens of requests, and the refusals of those that do not count.

A client is told the same of a token that is wrong, unreadable, for somebody else, or signed with an
unknown key; the log says which it was. Neither repeats a token.
"""

import logging
from math import inf
from typing import Any, Final

from kai_flow.access.checker import TokenChecker
from kai_flow.access.errors import KeysUnreachable, TokenExpired, TokenRefused
from kai_flow.access.grant import MAX_QUERY_SECONDS, PUBLISH, READ, Grant, Reach
from kai_flow.access.issuer_keys import IssuerKeys, KeysState
from kai_flow.access.key_ring import Secret
from kai_flow.access.tokens import Expected
from kai_flow.bridge.admission import Admission
from kai_flow.runtime.log_limiter import LogLimiter
from kai_flow.settings import Settings
from kai_flow.stream.clock import now
from kai_flow.stream.log_fields import about
from kai_flow.web.access import Headers
from kai_flow.web.client_gate import ComeAgain
from kai_flow.web.credentials import Place, Presented, bearer, presented
from kai_flow.web.problems import IN_A_SECOND, Problem, problem
from kai_flow.web.refusal_log import session_of, shown, subject

log = logging.getLogger(__name__)

_UNREACHABLE: Final = "no token can be checked: their issuer does not answer; come back in a moment"
_OWN: Final = {"Cache-Control": "no-store"}  # a refusal is for one client, and may soon be over
_NONE_GIVEN: Final = {"WWW-Authenticate": "Bearer", **_OWN}
_REFUSED: Final = {"WWW-Authenticate": 'Bearer error="invalid_token"', **_OWN}


class ByToken:
    """The bridge asks for a token. `cookie` is the name of the cookie that may have it."""

    def __init__(self, checker: TokenChecker, cookie: str) -> None:
        self._checker = checker
        self._cookie = cookie
        self._limiter = LogLimiter()

    async def admit(self, scope: Any, session_id: str) -> Admission:
        """The terms on which a request may read a session. Raises the problem if it may not."""
        given = presented(scope, self._cookie)
        try:
            grant = await self._check(given, scope)
            until = now() + self._checker.seconds_left(grant)
        except KeysUnreachable:
            raise ComeAgain(1, _UNREACHABLE) from None
        except TokenExpired as over:
            if given is None or given.place is not Place.QUERY:
                raise _expired() from None
            # EventSource would never come again after a 401
            grant, until = over.grant, -inf
        if given is not None and given.place is Place.QUERY and not grant.fits_in_a_url:
            most = MAX_QUERY_SECONDS / 60
            raise problem(
                403,
                "a token in the query must name exactly one session, and live (from 'iat' to "
                f"'exp') for {most:.0f} minutes at most; send this one in the header Authorization",
                headers=_OWN,
            )
        reach = grant.reach(session_id, READ)
        if reach is Reach.NO:
            detail = f"there is no session {session_id!r} for this token"
            raise problem(404, detail, headers=_OWN)
        queue = grant.queue if reach is Reach.IF_OURS else None
        return Admission(until, queue, (grant.organisation, grant.subject))

    async def require_publish(self, headers: Headers, session_id: str) -> None:
        """Raise the problem if a request may not send events by hand into a session.

        Cookies do not count: a browser adds them to what any page sends. And a session id without a
        workflow is of no organisation, so only a token that names it can grant it.
        """
        scope = {"path": f"/events/{session_id}", "headers": headers}
        try:
            grant = await self._check(bearer(headers), scope)
        except TokenExpired:
            raise _expired() from None
        except KeysUnreachable:
            raise problem(503, _UNREACHABLE, headers=IN_A_SECOND) from None
        if grant.reach(session_id, PUBLISH) is not Reach.YES:
            raise problem(
                403,
                "this token does not allow sending events by hand: it needs the right 'publish', "
                f"and has to name the session {session_id!r} or what its id begins with",
            )

    async def keys_state(self, seconds: float) -> KeysState | None:
        """How it stands with the keys of the tokens' issuer, after so long at most; None: none."""
        return await self._checker.keys_state(seconds)

    async def _check(self, given: Presented | None, scope: Any) -> Grant:
        """What a token grants now. Raises the problem, TokenExpired and KeysUnreachable."""
        if given is None:
            detail = "this bridge needs a token: send it as 'Authorization: Bearer …'"
            raise problem(401, detail, headers=_NONE_GIVEN)
        try:
            return await self._checker.check(given.token)
        except (TokenExpired, KeysUnreachable):
            raise
        except TokenRefused as refusal:
            self._note(given, scope, str(refusal))
            detail = "this bridge does not accept the token; get another one from its issuer"
            raise problem(401, detail, headers=_REFUSED, code="invalid_token") from None

    def _note(self, given: Presented, scope: Any, why: str) -> None:
        suppressed = self._limiter.due(why)
        if suppressed is None:
            return
        client = scope.get("client")
        log.warning(
            "%s: the token in %s%s is refused: %s%s",
            subject(scope["path"]),
            given.place.value,
            f" from {shown(str(client[0]))}" if client else "",
            shown(why),
            f" ({suppressed} more refusals were not logged)" if suppressed else "",
            extra=about("token_refused", session_of(scope["path"])),
        )


def by_token(settings: Settings) -> ByToken:
    """Access by the tokens of these settings."""
    url = settings.token_jwks_url
    checker = TokenChecker(
        Expected(settings.token_audience, settings.token_issuer),
        tuple(Secret(*key) for key in settings.token_keys),
        None if url is None else IssuerKeys(url),
    )
    return ByToken(checker, settings.token_cookie)


def _expired() -> Problem:
    detail = "the token has expired; get a new one"
    return problem(401, detail, headers=_REFUSED, code="token_expired")
