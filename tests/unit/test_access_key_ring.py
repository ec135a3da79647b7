"""Key sets as issuers publish them: what is used of them, and what is left out."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from kai_flow.access.errors import InvalidKeySet
from kai_flow.access.key_ring import (
    MAX_KEY_SET_BYTES,
    MAX_PUBLIC_KEYS,
    Secret,
    read_key_set,
)
from tests.issuing import RSA_KEY, key_set, published

WEAK = RSAAlgorithm.to_jwk(
    rsa.generate_private_key(public_exponent=65_537, key_size=1_024).public_key(),
    as_dict=True,
)
OTHER_CURVE = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP384R1()).public_key(), as_dict=True)


def test_the_usable_keys_are_read() -> None:
    """§8.6: one of each type, with its id if it has one."""
    body = key_set(
        published("RS256", "r", use="sig", alg="RS256"),
        published("ES256", None),
        published("EdDSA", "ö"),
    )
    found = [(key.id, key.algorithm) for key in read_key_set(body)]
    assert found == [("r", "RS256"), (None, "ES256"), ("ö", "EdDSA")]


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA", "kid": "k"},
        {"kty": ["RSA"]},
        {"kty": "RSA", "n": 5, "e": "AQAB"},
        {"kty": "RSA", "n": "", "e": ""},
        {"kty": "RSA", "crv": {}},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "OKP", "crv": "Ed25519", "x": "A" * 99},
        {"kty": "OKP", "crv": "X25519", "x": "A" * 43},
        published("RS256", "r", use="enc"),
        published("RS256", "r", alg="RS512"),
        published("RS256", "r", alg="HS256"),
        published("ES256", "e", kid=5),
        {**RSAAlgorithm.to_jwk(RSA_KEY, as_dict=True), "kid": "private"},
        WEAK,
        OTHER_CURVE,
    ],
)
def test_what_is_no_key_for_tokens_is_left_out(entry: dict[str, Any]) -> None:
    """§8.6: secrets, private and weak keys, those for other purposes, and nonsense."""
    assert [key.id for key in read_key_set(key_set(entry, published("EdDSA", "good")))] == ["good"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"keys": {}}',
        b'{"keys": [1]}',
        b"\xff\xfe",
        b'{"keys":' + b"[" * 30_000,
        json.dumps({"keys": [{}] * (MAX_PUBLIC_KEYS + 1)}).encode(),
        key_set(published("ES256", "e")) + b" " * MAX_KEY_SET_BYTES,
    ],
)
def test_what_is_no_key_set_is_refused(body: bytes) -> None:
    """§8.6: an issuer's error page and what is too large bring no keys."""
    with pytest.raises(InvalidKeySet):
        read_key_set(body)


def test_a_secret_is_not_shown() -> None:
    """What is printed of a key is its id."""
    assert repr(Secret("2026", b"x" * 32)) == "<secret 2026>"
