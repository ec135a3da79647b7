"""Who may do what at a bridge: what the routes ask, and the answers of a bridge without tokens."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

from kai_flow.bridge.admission import ANYBODY, Admission
from kai_flow.settings import Settings

if TYPE_CHECKING:  # a bridge without tokens does not load the libraries behind it
    from kai_flow.access.issuer_keys import KeysState

Headers = Iterable[tuple[bytes, bytes]]
"""Of a request, as ASGI has them: with names in lower case."""


class Access(Protocol):
    """What a bridge asks about requests."""

    async def admit(self, scope: Any, session_id: str) -> Admission:
        """The terms on which a request may read a session. Raises the problem if it may not.

        They may be over already: then the stream itself has to say so.
        """

    async def require_publish(self, headers: Headers, session_id: str) -> None:
        """Raise the problem if a request may not send events by hand into a session."""

    async def keys_state(self, seconds: float) -> "KeysState | None":
        """How it stands with the keys of the tokens' issuer, after so long at most; None: none."""


class Open:
    """The bridge asks for no tokens."""

    async def admit(self, _scope: Any, _session_id: str) -> Admission:
        """Everybody reads everything."""
        return ANYBODY

    async def require_publish(self, _headers: Headers, _session_id: str) -> None:
        """Everybody publishes everywhere."""

    async def keys_state(self, _seconds: float) -> "KeysState | None":
        """There are no tokens."""
        return None


def access_for(settings: Settings) -> Access:
    """What these settings ask of requests."""
    if not settings.needs_tokens:
        return Open()
    # only here: reading tokens takes libraries that a bridge without tokens does not load
    from kai_flow.web.token_access import by_token  # noqa: PLC0415

    return by_token(settings)
