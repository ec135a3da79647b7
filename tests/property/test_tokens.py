"""Tokens that were mangled, in any way: none counts, and none breaks the program that checks."""

import base64
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kai_flow.access.errors import TokenRefused
from kai_flow.access.key_ring import KeyRing, Secret, read_key_set
from kai_flow.access.tokens import Expected, sign, verify
from tests.issuing import KEY, NOW, OLD_KEY, assembled, claims, issued, key_set, published

EXPECTED = Expected("kai-bridge")
RING = KeyRing(
    (Secret("a", KEY), Secret(None, OLD_KEY)),
    read_key_set(key_set(*(published(name, name) for name in ("RS256", "ES256", "EdDSA")))),
)
GOOD = [
    sign(Secret("a", KEY), claims(NOW)),
    sign(Secret(None, OLD_KEY), claims(NOW)),
    *(issued(name, claims(NOW), name) for name in ("RS256", "ES256", "EdDSA")),
]

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
heads = st.fixed_dictionaries(
    {},
    optional={
        "alg": st.sampled_from(["none", "HS256", "RS256", "ES256", "EdDSA", "PS256"]) | json_values,
        "kid": st.sampled_from(["a", "RS256", "ES256"]) | json_values,
        "typ": json_values,
        "crit": json_values,
        "b64": json_values,
        "jwk": st.just(published("RS256", "x")),
        "jku": st.just("http://evil.example/keys"),
        "x5u": st.just("http://evil.example/cert"),
    },
)


def refused(token: str) -> None:
    """It does not count, and the reason is one line without the token."""
    with pytest.raises(TokenRefused) as refusal:
        verify(token, RING, EXPECTED, NOW)
    assert len(str(refusal.value)) < 400


def test_what_is_mangled_here_is_good_before() -> None:
    """Otherwise the other tests would prove nothing."""
    for token in GOOD:
        assert verify(token, RING, EXPECTED, NOW).subject == "ani"


@given(st.sampled_from(GOOD), st.data())
def test_a_changed_character_is_noticed(token: str, data: st.DataObject) -> None:
    """Wherever it is, whatever it becomes: head, claims and signature are all of one piece."""
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters())
    mangled = token[:place] + other + token[place + 1 :]
    if mangled != token:
        refused(mangled)


@given(st.sampled_from(GOOD), st.integers(0, 2_000), st.integers(0, 2_000), st.text(max_size=9))
def test_cut_out_and_put_in_is_noticed(token: str, start: int, end: int, new: str) -> None:
    """A part is missing, is repeated, or is replaced."""
    for mangled in (token[:start] + new + token[end:], new + token, token + new, token[end:]):
        # padding of base64 changes nothing that is signed
        if mangled.rstrip("=") != token and mangled != token:
            refused(mangled)


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_refused(text: str) -> None:
    """What a client puts into a header."""
    refused(text)


@given(heads, json_values | st.just(claims(NOW)), st.binary(max_size=70))
@example({"alg": "ES256", "kid": "ES256"}, claims(NOW), b"\0" * 64)  # the "psychic" signature
@example({"alg": "EdDSA", "kid": "EdDSA"}, claims(NOW), b"\0" * 64)
@example({"alg": "RS256", "kid": "RS256"}, claims(NOW), b"\0" * 256)
def test_any_head_with_any_signature_is_refused(head: Any, says: Any, signature: bytes) -> None:
    """Whatever the head asks for: another algorithm, a key of its own, or a place to get one."""
    refused(assembled(head, says, signature))


@given(st.sampled_from(GOOD), json_values)
def test_other_claims_under_a_good_signature_are_noticed(token: str, says: Any) -> None:
    """The claims of another token, with the head and the signature of a good one."""
    head, old, signature = token.split(".")
    new = base64.urlsafe_b64encode(json.dumps(says).encode()).rstrip(b"=").decode()
    for other in {new, GOOD[0].split(".")[1] + "A"} - {old}:
        refused(f"{head}.{other}.{signature}")


@given(st.dictionaries(st.sampled_from(sorted({*claims(0.0), "nbf", "org", "prefixes", "rights",
                                               "iss", "conversations"})), json_values))  # fmt: skip
def test_any_claims_count_or_are_refused(more: dict[str, Any]) -> None:
    """An issuer with a defect: its tokens count as they say, or are refused with a reason."""
    try:
        token = sign(Secret("a", KEY), {**claims(NOW), **more})
    except (TypeError, ValueError, UnicodeError):
        return  # PyJWT itself makes none of it
    try:
        grant = verify(token, RING, EXPECTED, NOW)
    except TokenRefused:
        return
    assert grant.subject
    assert all(grant.prefixes)
    assert all(grant.conversations)
