"""The keys with which tokens are checked: shared secrets, and public keys of an issuer.

The key decides the algorithm, and a token only names it: a secret checks HS256 and nothing else,
and a public key checks the one algorithm of its type. So no token can have a public key taken for
a secret.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeVar

import jwt
import msgspec

from kai_flow.access.errors import InvalidKeySet, TokenRefused, UnknownKey

HS256: Final = "HS256"

MAX_KEY_SET_BYTES: Final = 64 * 1024
MAX_PUBLIC_KEYS: Final = 100  # in one key set
MAX_TRIED_KEYS: Final = 8  # for one token: each costs 30 to 100 µs
MIN_RSA_BITS: Final = 2_048

# (key type, curve) → algorithm. Nothing else in a key set is used.
_ALGORITHMS: Final[Mapping[tuple[object, object], str]] = {
    ("RSA", None): "RS256",
    ("EC", "P-256"): "ES256",
    ("OKP", "Ed25519"): "EdDSA",
}


class Secret(NamedTuple):
    """A key that issuer and bridge share. Its ``repr`` does not show it."""

    id: str | None
    """The key id (`kid`) of its tokens; None: it has none."""
    key: bytes

    def __repr__(self) -> str:
        """Which key it is."""
        return f"<secret {self.id}>"


class PublicKey(NamedTuple):
    """A key of an issuer."""

    id: str | None
    algorithm: str
    key: Any
    """As PyJWT has read it."""


_Key = TypeVar("_Key", Secret, PublicKey)


class KeyRing:
    """All keys that count now."""

    def __init__(
        self, secrets: tuple[Secret, ...] = (), public: tuple[PublicKey, ...] = ()
    ) -> None:
        self._secrets = secrets
        self._public = public

    def candidates(self, algorithm: object, key_id: object) -> list[Any]:
        """The keys of which one may have signed a token with this head; there is at least one.

        Raises UnknownKey when a public key with this id may exist, and TokenRefused.
        """
        if algorithm == HS256:
            found = [one.key for one in _named(self._secrets, key_id)]
            if not found:
                raise TokenRefused("no key in KAI_TOKEN_KEYS has its key id")
            return found
        if algorithm not in _ALGORITHMS.values():
            raise TokenRefused(f"its algorithm must be one of {_allowed()}")
        public = [one for one in self._public if one.algorithm == algorithm]
        found = [one.key for one in _named(public, key_id)]
        if not found:
            raise UnknownKey("the issuer has published no such key")
        if len(found) > MAX_TRIED_KEYS:
            raise TokenRefused("it does not say which of the issuer's keys is its own")
        return found


def _named(keys: Iterable[_Key], key_id: object) -> Iterator[_Key]:
    """Those with this id. Without an id, a key may be that of any token, and a token of any key."""
    return (one for one in keys if key_id is None or one.id is None or one.id == key_id)


def _allowed() -> str:
    return ", ".join((HS256, *_ALGORITHMS.values()))


def read_key_set(body: bytes) -> tuple[PublicKey, ...]:
    """The usable keys of a JSON Web Key Set (RFC 7517). Raises InvalidKeySet.

    Those for other purposes or algorithms are left out, and so are secrets, private keys and weak
    ones: a published secret is none.
    """
    if len(body) > MAX_KEY_SET_BYTES:
        raise InvalidKeySet(f"it has more than {MAX_KEY_SET_BYTES // 1024} KiB")
    try:
        keys = msgspec.json.decode(body, type=_KeySet).keys
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise InvalidKeySet("it is no JSON Web Key Set") from None
    if len(keys) > MAX_PUBLIC_KEYS:
        raise InvalidKeySet(f"it has more than {MAX_PUBLIC_KEYS} keys")
    return tuple(key for key in map(_public_key, keys) if key is not None)


class _KeySet(msgspec.Struct):
    keys: list[dict[str, Any]]


def _public_key(entry: dict[str, Any]) -> PublicKey | None:
    kind, curve = entry.get("kty"), entry.get("crv")
    if not isinstance(kind, str) or not (curve is None or isinstance(curve, str)):
        return None
    algorithm = _ALGORITHMS.get((kind, curve))
    key_id = entry.get("kid")
    if (
        algorithm is None
        or entry.get("alg", algorithm) != algorithm
        or entry.get("use", "sig") != "sig"
        or "d" in entry  # private
        or not (key_id is None or isinstance(key_id, str))
    ):
        return None
    try:
        key = jwt.PyJWK(entry, algorithm)
    except Exception:  # noqa: BLE001  the library raises many kinds of errors for what is no key
        return None
    if getattr(key.key, "key_size", MIN_RSA_BITS) < MIN_RSA_BITS and kind == "RSA":
        return None
    return PublicKey(key_id, algorithm, key)
