"""The tokens with which a command itself reads from a bridge whose keys it knows."""

import time
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Final

from kai_flow.settings import Settings, StartError

if TYPE_CHECKING:  # reading tokens takes libraries that a command without keys does not load
    from kai_flow.access.issuing import Wish
    from kai_flow.stream.reader_headers import Token

SECONDS: Final = 60.0  # of a token: it is used for one connection
SUBJECT: Final = "kai"


class Used(Enum):
    """Which setting a command has its tokens from."""

    NOTHING = "nothing"
    KEYS = "KAI_TOKEN_KEYS"
    TOKEN = "KAI_TOKEN"  # noqa: S105  (the name of a setting)


_LOG: Final = "the log of the bridge says why"

REMEDIES: Final[Mapping[Used, str]] = {
    Used.NOTHING: (
        "set KAI_TOKEN to a token of this bridge, or KAI_TOKEN_KEYS to its keys, as for `kai up`"
    ),
    Used.KEYS: (
        "the command has made its token with KAI_TOKEN_KEYS, which count before KAI_TOKEN: set "
        f"them as for this bridge, or unset them to use KAI_TOKEN; {_LOG}"
    ),
    Used.TOKEN: f"set KAI_TOKEN to a token of this bridge that has not expired; {_LOG}",
}
"""What to do where the tokens of a command do not count."""


def used(settings: Settings) -> Used:
    """Where the tokens of a command come from."""
    if settings.token_keys:
        return Used.KEYS
    return Used.NOTHING if settings.reader_token is None else Used.TOKEN


def require_reach(settings: Settings, session_id: str, queue: str) -> None:
    """Raise `StartError` if a token that was given does not reach a session on this task queue.

    Nobody could read its answer. It is for bridges that ask for tokens, which decide whether to
    accept it.
    """
    if used(settings) is not Used.TOKEN or settings.reader_token is None:
        return  # tokens of our own reach it
    from kai_flow.access.grant import READ, Reach  # noqa: PLC0415  (see above)
    from kai_flow.access.tokens import claimed  # noqa: PLC0415  (see above)

    grant = claimed(settings.reader_token.decode())
    reach = Reach.YES if grant is None else grant.reach(session_id, READ)
    if reach is Reach.NO:
        raise StartError(
            f"KAI_TOKEN does not grant reading the session {session_id}, so nothing was asked: "
            "nobody could read its answer with it. Use a token of `kai token --prefix kai-` or "
            "`kai token --org ORG`, or of `kai token --conversation ID` and ask with "
            "--conversation ID"
        )
    if reach is Reach.IF_OURS and grant is not None and grant.queue != queue:
        raise StartError(
            f"KAI_TOKEN grants sessions on the task queue {grant.queue}, and this one would run on "
            f"{queue}, so nothing was asked: set ORG_ID={grant.organisation}"
        )


def may_read(settings: Settings) -> bool:
    """Whether a command gets in at the bridge of these settings."""
    return sends_token(settings) or not settings.needs_tokens


def sends_token(settings: Settings) -> bool:
    """Whether a command has a token for a bridge, or makes one: it is sent with each request."""
    return used(settings) is not Used.NOTHING


def own_tokens(settings: Settings, session_id: str) -> "Token | None":
    """What gives a command its tokens for one session; None: it has none."""
    if not settings.token_keys:
        return None if settings.reader_token is None else settings.reader_token.decode()
    from kai_flow.access.issuing import Wish  # noqa: PLC0415  (see above)

    return lambda: issued(settings, Wish(SECONDS, (session_id,)))


def issued(settings: Settings, wish: "Wish") -> str:
    """A token by the newest key of the settings."""
    from kai_flow.access.issuing import issue  # noqa: PLC0415  (see above)
    from kai_flow.access.key_ring import Secret  # noqa: PLC0415  (see above)
    from kai_flow.access.tokens import Expected  # noqa: PLC0415  (see above)

    expected = Expected(settings.token_audience, settings.token_issuer)
    return issue(wish, Secret(*settings.token_keys[0]), expected, SUBJECT, time.time())
