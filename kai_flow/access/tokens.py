"""Reads a token (a JWT, RFC 7519) and decides whether it counts: keys and time are arguments.

Only its signature is left to the library. What it claims is checked here, against the time that is
given, so that every rule has one place and a test can choose the time.
"""

import base64
from typing import Annotated, Any, Final, NamedTuple

import jwt
import msgspec
from jwt.api_jws import PyJWS

from kai_flow.access.errors import TokenExpired, TokenRefused
from kai_flow.access.grant import READ, Grant
from kai_flow.access.key_ring import HS256, KeyRing, Secret

MAX_TOKEN_CHARS: Final = 8_192
LEEWAY_SECONDS: Final = 30.0  # by which the clocks of issuer and bridge may differ

_ORGANISATION: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z"  # as ORG_ID

_jws: Final = PyJWS(options={"verify_signature": True, "enforce_minimum_key_length": True})

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]


class _Claims(msgspec.Struct):
    sub: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    aud: str | list[str]
    exp: float
    iss: str | None = None
    nbf: float | None = None
    iat: float | None = None
    org: Annotated[str, msgspec.Meta(pattern=_ORGANISATION)] | None = None
    sessions: list[_Text] | None = None
    prefixes: list[_Text] | None = None
    conversations: list[_Text] | None = None
    rights: list[str] | None = None


class Expected(NamedTuple):
    """What the tokens of a bridge have to say."""

    audience: str
    """Among their `aud`."""
    issuer: str | None = None
    """Their `iss`; None: any."""


def verify(token: str, keys: KeyRing, expected: Expected, at: float) -> Grant:
    """What a token grants at this time (seconds since 1970). Raises TokenRefused.

    TokenExpired is raised only when nothing else is wrong with it.
    """
    grant, begins_at = _granted(_signed(token, keys), expected)
    if begins_at is not None and begins_at > at + LEEWAY_SECONDS:
        raise TokenRefused("it is not valid yet")
    if grant.expires_at + LEEWAY_SECONDS <= at:
        raise TokenExpired(grant)
    return grant


def claimed(token: str) -> Grant | None:
    """What a token says that it grants, whoever has signed it; None: it is no token.

    For whoever has it and no key: it may say less than it needs to, and not more than counts.
    """
    _, _, rest = token.partition(".")
    body = rest.partition(".")[0]
    try:
        says = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        return _grant(_claims(says))
    except (TokenRefused, ValueError):
        return None


def sign(secret: Secret, claims: dict[str, Any]) -> str:
    """A token with these claims."""
    headers = None if secret.id is None else {"kid": secret.id}
    return jwt.encode(claims, secret.key, algorithm=HS256, headers=headers)


def _signed(token: str, keys: KeyRing) -> bytes:
    """The claims of a token, signed by one of the keys."""
    if len(token) > MAX_TOKEN_CHARS:
        raise TokenRefused(f"it has more than {MAX_TOKEN_CHARS:,} characters")
    if not token.isascii():
        raise TokenRefused("it is no JWT")
    try:
        head = _jws.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError):
        raise TokenRefused("it is no JWT") from None
    algorithm = str(head.get("alg"))
    for key in keys.candidates(algorithm, head.get("kid")):
        try:
            claims: bytes = _jws.decode(token, key, algorithms=[algorithm])
        except (jwt.PyJWTError, ValueError):
            continue
        return claims
    raise TokenRefused("its signature is wrong")


def _granted(claims: bytes, expected: Expected) -> tuple[Grant, float | None]:
    """What it grants, and the time before which it does not."""
    says = _claims(claims)
    if expected.audience not in ([says.aud] if isinstance(says.aud, str) else says.aud):
        raise TokenRefused("it is for another audience")
    if expected.issuer is not None and says.iss != expected.issuer:
        raise TokenRefused("it is from another issuer")
    times = [moment for moment in (says.nbf, says.iat) if moment is not None]
    return _grant(says), max(times, default=None)


def _claims(claims: bytes) -> _Claims:
    try:
        return msgspec.json.decode(claims, type=_Claims)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise TokenRefused(f"its claims are wrong: {error}") from None


def _grant(says: _Claims) -> Grant:
    nothing_listed = says.sessions is says.prefixes is says.conversations is None
    return Grant(
        subject=says.sub,
        organisation=says.org,
        sessions=frozenset(says.sessions or ()),
        prefixes=tuple(says.prefixes or ()),
        conversations=frozenset(says.conversations or ()),
        everything=nothing_listed and says.org is not None,
        rights=frozenset((READ,) if says.rights is None else says.rights),
        expires_at=says.exp,
        lifetime=None if says.iat is None else says.exp - says.iat,
    )
