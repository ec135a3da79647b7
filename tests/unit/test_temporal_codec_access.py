"""Who may use the codec server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.settings import LOOPBACK
from kai_flow.temporal.codec_access import COOKIE, COOKIE_SECONDS, CodecAccess

TOKEN = b"a-token-of-twenty-and-more"
UI = "https://temporal.example.com"
NOW = 1_800_000_000.5


def access(token: bytes = TOKEN) -> CodecAccess:
    """The access to a server with this token."""
    return CodecAccess(token, [UI], LOOPBACK)


def value(cookie: str) -> bytes:
    """What a browser sends of a cookie."""
    return cookie.partition(";")[0].encode()


@pytest.mark.parametrize("kind", [b"Bearer", b"bearer", b"BEARER"])
def test_the_token_is_enough(kind: bytes) -> None:
    """A program sends it with every request."""
    assert access().knows(kind + b" " + TOKEN, b"", NOW)


@pytest.mark.parametrize(
    "authorization", [b"", b"Bearer", b"Bearer ", TOKEN, b"Basic " + TOKEN, b"Bearer x" + TOKEN]
)
def test_anything_else_is_not(authorization: bytes) -> None:
    """A wrong, cut or differently sent token opens nothing."""
    assert not access().knows(authorization, b"", NOW)


def test_a_cookie_is_enough_until_it_ends() -> None:
    """Whoever signed in needs no token for half a day, whatever other cookies there are."""
    cookie = access().cookie(NOW)
    assert TOKEN.decode() not in cookie
    for part in ("HttpOnly", "SameSite=Strict", f"Max-Age={COOKIE_SECONDS}"):
        assert part in cookie
    sent = b"other=1; " + value(cookie) + b"; last=2"
    assert access().knows(b"", sent, NOW)
    assert access().knows(b"", sent, NOW + COOKIE_SECONDS - 1)
    assert not access().knows(b"", sent, NOW + COOKIE_SECONDS)


def test_another_token_ends_every_cookie() -> None:
    """Who changes the token signs everybody out."""
    sent = value(access().cookie(NOW))
    assert not access(b"another-token-of-twenty").knows(b"", sent, NOW)


@given(st.binary(max_size=80), st.integers(0, 10**9))
def test_no_cookie_can_be_made_up(text: bytes, later: int) -> None:
    """Neither a cookie of any form, nor a good one with another end."""
    good = value(access().cookie(NOW)).partition(b"=")[2]
    signature = good.partition(b".")[2]
    for forged in (text, text + b"." + signature, str(int(NOW) + later).encode() + b"." + text):
        if forged != good:
            assert not access().knows(b"", COOKIE.encode() + b"=" + forged, NOW)


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (UI, True),
        ("http://localhost:8093", True),
        ("https://localhost:8093", True),
        ("http://localhost:8094", False),
        ("http://temporal.example.com", False),
        ("null", False),
        ("https://evil.example.com", False),
    ],
)
def test_pages_of_other_origins_are_foreign(origin: str, allowed: bool) -> None:
    """Only the pages that are listed, and the server's own, may call it."""
    assert access().allows(origin, "localhost:8093") is allowed
