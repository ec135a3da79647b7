"""Makes tokens: for trying a bridge, and for the commands of KAI, which know its keys."""

from typing import Any, NamedTuple

from kai_flow.access.grant import READ
from kai_flow.access.key_ring import Secret
from kai_flow.access.tokens import Expected, sign


class Wish(NamedTuple):
    """What a token is to grant, and for how long. What is empty is left out of it."""

    seconds: float
    sessions: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    conversations: tuple[str, ...] = ()
    organisation: str | None = None
    rights: tuple[str, ...] = (READ,)


def issue(wish: Wish, secret: Secret, expected: Expected, subject: str, at: float) -> str:
    """A token that counts from `at` (seconds since 1970) on, wherever this is expected."""
    claims: dict[str, Any] = {
        "sub": subject,
        "aud": expected.audience,
        "iss": expected.issuer,
        "iat": int(at),
        "exp": int(at + wish.seconds),
        "org": wish.organisation,
        "sessions": list(wish.sessions),
        "prefixes": list(wish.prefixes),
        "conversations": list(wish.conversations),
        "rights": list(wish.rights),
    }
    return sign(secret, {name: value for name, value in claims.items() if value})
