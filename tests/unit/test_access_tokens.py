"""Which tokens count: every rule about signature, claims and time, and what is said otherwise."""

import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from kai_flow.access.errors import TokenExpired, TokenRefused, UnknownKey
from kai_flow.access.grant import READ, Grant
from kai_flow.access.key_ring import KeyRing, Secret, read_key_set
from kai_flow.access.tokens import LEEWAY_SECONDS, MAX_TOKEN_CHARS, Expected, sign, verify
from tests.issuing import (
    KEY,
    NOW,
    OLD_KEY,
    RSA_KEY,
    assembled,
    claims,
    issued,
    key_set,
    published,
)

SECRET = Secret(None, KEY)
RING = KeyRing((SECRET,))
EXPECTED = Expected("kai-bridge")
ISSUER = KeyRing(public=read_key_set(key_set(published("RS256", "r"), published("ES256", "e"))))


def refused(token: str, ring: KeyRing = RING, expected: Expected = EXPECTED) -> str:
    """Why a token does not count."""
    with pytest.raises(TokenRefused) as refusal:
        verify(token, ring, expected, NOW)
    assert not token or token not in str(refusal.value)
    return str(refusal.value)


def test_a_token_grants_what_it_says() -> None:
    """§8.6: subject, sessions, the right to read without `rights`, and its times."""
    grant = verify(sign(SECRET, claims(NOW)), RING, EXPECTED, NOW)
    assert grant == Grant(
        subject="ani",
        organisation=None,
        sessions=frozenset({"s1"}),
        prefixes=(),
        conversations=frozenset(),
        everything=False,
        rights=frozenset({READ}),
        expires_at=NOW + 60,
        lifetime=60.0,
    )


@pytest.mark.parametrize(
    ("more", "everything"),
    [
        ({"sessions": None, "org": "acme"}, True),
        ({"sessions": None}, False),
        ({"sessions": [], "org": "acme"}, False),
        ({"sessions": None, "prefixes": [], "org": "acme"}, False),
        ({"sessions": None, "conversations": [], "org": "acme"}, False),
        ({"org": "acme"}, False),
    ],
)
def test_only_who_lists_nothing_gets_all(more: dict[str, Any], everything: bool) -> None:
    """§8.6: an issuer whose list is empty for once does not grant the whole organisation."""
    grant = verify(sign(SECRET, claims(NOW, **more)), RING, EXPECTED, NOW)
    assert grant.everything is everything


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
@pytest.mark.parametrize("key_id", [None, "k"])
def test_each_public_algorithm_counts(algorithm: str, key_id: str | None) -> None:
    """§8.6: with and without a key id in the token."""
    ring = KeyRing(public=read_key_set(key_set(published(algorithm, "k"))))
    token = issued(algorithm, claims(NOW), key_id)
    assert verify(token, ring, EXPECTED, NOW).subject == "ani"


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"exp": None}, "exp"),
        ({"exp": "soon"}, "exp"),
        ({"exp": True}, "exp"),
        ({"aud": None}, "aud"),
        ({"aud": "another"}, "another audience"),
        ({"aud": ["another", "third"]}, "another audience"),
        ({"aud": []}, "another audience"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": 5}, "sub"),
        ({"nbf": NOW + LEEWAY_SECONDS + 1}, "not valid yet"),
        ({"iat": NOW + LEEWAY_SECONDS + 1}, "not valid yet"),
        ({"org": "../x"}, "org"),
        ({"org": "acme\n"}, "org"),
        ({"org": ""}, "org"),
        ({"sessions": "s1"}, "sessions"),
        ({"sessions": [1]}, "sessions"),
        ({"prefixes": [""]}, "prefixes"),
        ({"conversations": [""]}, "conversations"),
        ({"conversations": "monday"}, "conversations"),
        ({"rights": "read"}, "rights"),
    ],
)
def test_a_wrong_claim_is_a_reason(more: dict[str, Any], why: str) -> None:
    """§8.6: a claim that is missing, of another type or not met; the log is told which."""
    assert why in refused(sign(SECRET, claims(NOW, **more)))


def test_the_issuer_counts_only_if_one_is_expected() -> None:
    """§8.6: with KAI_TOKEN_ISSUER a token without one is refused, too."""
    expected = Expected("kai-bridge", "https://id.example/")
    for issuer in ("https://other.example/", None):
        token = sign(SECRET, claims(NOW, iss=issuer))
        assert verify(token, RING, EXPECTED, NOW)
        assert "another issuer" in refused(token, expected=expected)
    token = sign(SECRET, claims(NOW, iss="https://id.example/"))
    assert verify(token, RING, expected, NOW)


def test_clocks_may_differ_by_the_leeway() -> None:
    """§8.6: 30 s before it begins and after it ends, and not a moment longer."""
    token = sign(SECRET, claims(NOW, 60, nbf=NOW))
    assert verify(token, RING, EXPECTED, NOW - LEEWAY_SECONDS)
    assert verify(token, RING, EXPECTED, NOW + 60 + LEEWAY_SECONDS - 0.1)
    with pytest.raises(TokenExpired) as over:
        verify(token, RING, EXPECTED, NOW + 60 + LEEWAY_SECONDS)
    assert over.value.grant.sessions == {"s1"}
    with pytest.raises(TokenRefused, match="not valid yet"):
        verify(token, RING, EXPECTED, NOW - LEEWAY_SECONDS - 0.1)


@pytest.mark.parametrize(
    "wrong", [{"aud": "another"}, {"sub": None}, {"nbf": NOW + 999}, {"iat": NOW + 999}]
)
def test_only_what_is_right_can_have_expired(wrong: dict[str, Any]) -> None:
    """§8.6: an expired token with any other fault is just wrong: nothing is learnt from it."""
    with pytest.raises(TokenRefused) as refusal:
        verify(sign(SECRET, claims(NOW, -999, **wrong)), RING, EXPECTED, NOW)
    assert not isinstance(refusal.value, TokenExpired)
    forged = sign(Secret(None, OLD_KEY), claims(NOW, -999))
    assert "signature" in refused(forged)


def test_no_algorithm_is_none() -> None:
    """§8.6: `alg: none`, in any spelling, with and without a signature."""
    for name in ("none", "None", "NONE", "nOnE", "", None, 0, ["none"], {"HS256": 1}):
        for signature in (b"", b"x"):
            token = assembled({"alg": name, "typ": "JWT"}, claims(NOW), signature)
            assert "algorithm" in refused(token)
            assert "algorithm" in refused(token, ISSUER)
    assert "algorithm" in refused(assembled({"typ": "JWT"}, claims(NOW)))


def test_a_public_key_is_no_secret() -> None:
    """§8.6: an HS256 token signed with the bytes of a published key, in any of its forms."""
    public = RSA_KEY.public_key()
    forms = [
        public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
        public.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
        published("RS256", None)["n"].encode(),
        json.dumps(published("RS256", None)).encode(),
    ]
    for form in forms:
        for head in ({"alg": "HS256"}, {"alg": "HS256", "kid": "r"}):
            unsigned = assembled(head, claims(NOW)).rpartition(".")[0]
            mac = hmac.new(form, unsigned.encode(), hashlib.sha256).digest()
            token = unsigned + "." + assembled(0, 0, mac).rpartition(".")[2]
            refused(token, ISSUER)
            assert "signature" in refused(token, KeyRing((SECRET,), ISSUER._public))


def test_a_token_cannot_choose_the_algorithm_of_a_key() -> None:
    """§8.6: each public key verifies the algorithm of its type and nothing else."""
    for name in ("RS384", "RS512", "PS256", "ES384", "ES512", "HS512", "HS384", "ES256K"):
        assert "algorithm" in refused(assembled({"alg": name, "kid": "r"}, claims(NOW), b"x" * 64),
                                      ISSUER)  # fmt: skip
    with pytest.raises(UnknownKey):
        verify(issued("ES256", claims(NOW), "r"), ISSUER, EXPECTED, NOW)


def test_no_token_is_tried_with_any_number_of_keys() -> None:
    """§8.6: checking a token costs little, however many keys its issuer has."""
    ring = KeyRing(public=read_key_set(key_set(*(published("ES256", f"e{n}") for n in range(9)))))
    assert verify(issued("ES256", claims(NOW), "e8"), ring, EXPECTED, NOW)
    assert "which of the issuer's keys" in refused(issued("ES256", claims(NOW)), ring)


def test_keys_rotate_and_a_revoked_one_counts_no_more() -> None:
    """§8.6: two keys count at the same time, with ids or without, and one of them may go."""
    new, old = Secret("2026-06", KEY), Secret("2025-12", OLD_KEY)
    both = KeyRing((new, old))
    for secret in (new, old, Secret(None, KEY), Secret(None, OLD_KEY)):
        assert verify(sign(secret, claims(NOW)), both, EXPECTED, NOW)
    alone = KeyRing((new,))
    assert "key id" in refused(sign(old, claims(NOW)), alone)
    assert "signature" in refused(sign(Secret(None, OLD_KEY), claims(NOW)), alone)
    assert "signature" in refused(sign(Secret("2026-06", OLD_KEY), claims(NOW)), both)


def test_what_is_no_token_is_refused() -> None:
    """§8.6: nothing, too much, letters of other alphabets, and parts that are not JSON objects."""
    for text in ("", ".", "..", "...", "a.b.c", "é.é.é", "\ud800", "x" * MAX_TOKEN_CHARS, "a b.c"):
        assert "no JWT" in refused(text)
    assert "characters" in refused("x" * (MAX_TOKEN_CHARS + 1))
    no_objects: list[object] = [[], 1, "x", None]
    for thing in no_objects:
        assert "no JWT" in refused(assembled(thing, claims(NOW)))
        assert "claims" in refused(sign_anything(thing))
    asks: list[dict[str, object]] = [{"kid": 7}, {"crit": ["x"]}, {"b64": False}]
    for more in asks:
        refused(assembled({"alg": "HS256", **more}, claims(NOW), b"x" * 32))


def sign_anything(says: object) -> str:
    """A token with a right signature, whatever it says."""
    unsigned = assembled({"alg": "HS256"}, says).rpartition(".")[0]
    mac = hmac.new(KEY, unsigned.encode(), hashlib.sha256).digest()
    return unsigned + "." + assembled(0, 0, mac).rpartition(".")[2]


def test_a_cut_signature_is_wrong() -> None:
    """§8.6: a part of the right signature is no signature."""
    token = sign(SECRET, claims(NOW))
    for length in range(1, 20):
        refused(token[:-length])
