"""The tokens with which a command itself reads from a bridge whose keys it knows."""

import time
from typing import TYPE_CHECKING, Final

from kai_flow.settings import Settings

if TYPE_CHECKING:  # reading tokens takes libraries that a command without keys does not load
    from kai_flow.access.issuing import Wish
    from kai_flow.stream.reader_headers import Token

SECONDS: Final = 60.0  # of a token: it is used for one connection
SUBJECT: Final = "kai"


def may_read(settings: Settings) -> bool:
    """Whether a command gets in at the bridge of these settings."""
    return sends_token(settings) or not settings.needs_tokens


def sends_token(settings: Settings) -> bool:
    """Whether a command has a token for a bridge, or makes one: it is sent with each request."""
    return bool(settings.token_keys) or settings.reader_token is not None


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
