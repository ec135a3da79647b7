"""Tokens for tests: those of an issuer, and those of somebody who would like to be one."""

import base64
import json
import time
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from kai_flow.access.key_ring import Secret
from kai_flow.access.tokens import sign
from kai_flow.settings.access_parsers import TokenKeys

KEY: Final = bytes(range(32))
OLD_KEY: Final = bytes(range(32, 72))
KEYS: Final = TokenKeys(((None, KEY),))
NOW: Final = 1_800_000_000.0  # a time for the pure core

RSA_KEY: Final = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
EC_KEY: Final = ec.generate_private_key(ec.SECP256R1())
ED_KEY: Final = ed25519.Ed25519PrivateKey.generate()
PRIVATE: Final[dict[str, Any]] = {"RS256": RSA_KEY, "ES256": EC_KEY, "EdDSA": ED_KEY}


def claims(at: float, seconds: float = 60.0, **more: Any) -> dict[str, Any]:
    """Claims that count at this time for so long; `None` leaves one out."""
    says = {
        "sub": "ani",
        "aud": "kai-bridge",
        "iat": at,
        "exp": at + seconds,
        "sessions": ["s1"],
        **more,
    }
    return {name: value for name, value in says.items() if value is not None}


def token(*sessions: str, seconds: float = 60.0, key: bytes = KEY, **more: Any) -> str:
    """A token that counts from now on for these sessions; it has expired if `seconds` are below 0.

    The leeway of the bridge comes on top.
    """
    ends = time.time() + seconds
    listed = {"sessions": list(sessions) or None}
    begins = min(time.time(), ends - 60)
    return sign(Secret(None, key), claims(begins, ends - begins, **{**listed, **more}))


def published(algorithm: str, key_id: str | None, **more: Any) -> dict[str, Any]:
    """The entry of a key in a key set."""
    public = PRIVATE[algorithm].public_key()
    if algorithm == "RS256":
        entry = RSAAlgorithm.to_jwk(public, as_dict=True)
    elif algorithm == "ES256":
        entry = ECAlgorithm.to_jwk(public, as_dict=True)
    else:
        entry = OKPAlgorithm.to_jwk(public, as_dict=True)
    return {**entry, **({} if key_id is None else {"kid": key_id}), **more}


def key_set(*entries: dict[str, Any]) -> bytes:
    """A key set as an issuer serves it."""
    return json.dumps({"keys": entries}).encode()


def issued(algorithm: str, says: dict[str, Any], key_id: str | None = None) -> str:
    """A token that the issuer has signed."""
    headers = None if key_id is None else {"kid": key_id}
    return jwt.encode(says, PRIVATE[algorithm], algorithm=algorithm, headers=headers)


def assembled(head: object, says: object, signature: bytes = b"") -> str:
    """A token of any parts, as no library would make it."""
    parts = [json.dumps(head).encode(), json.dumps(says).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
