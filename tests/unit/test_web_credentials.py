"""Where a token may stand in the head of a request."""

from typing import Any

import pytest

from kai_flow.web.credentials import Place, bearer, presented

HEADER, QUERY, COOKIE = Place.HEADER, Place.QUERY, Place.COOKIE


def head(*headers: tuple[str, str], query: str = "") -> dict[str, Any]:
    """The head of a request, as ASGI has it."""
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return {"headers": encoded, "query_string": query.encode()}


@pytest.mark.parametrize(
    ("scope", "token", "place"),
    [
        (head(("authorization", "Bearer abc")), "abc", HEADER),
        (head(("authorization", "bearer  abc ")), "abc", HEADER),
        (head(("authorization", "Bearer")), "", HEADER),
        (head(("authorization", "Bearer a"), ("authorization", "Bearer b")), "", HEADER),
        (head(query="token=abc&wait=false"), "abc", QUERY),
        (head(query="token=a%2Eb"), "a.b", QUERY),
        (head(query="token="), "", QUERY),
        (head(query="token=a&token=b"), "", QUERY),
        (head(query="token=\xff%ff"), "ÿ\N{REPLACEMENT CHARACTER}", QUERY),
        (head(("cookie", "a=b; kai_token=abc")), "abc", COOKIE),
        (head(("cookie", 'kai_token="abc"')), "abc", COOKIE),
        (head(("cookie", "kai_token=a; kai_token=b")), "", COOKIE),
        (head(("cookie", "kai_token=a"), ("cookie", "kai_token=b")), "", COOKIE),
        (head(("authorization", "Basic x"), ("cookie", "kai_token=c")), "c", COOKIE),
        (head(("authorization", "Bearer a"), ("cookie", "kai_token=c"), query="token=b"), "a",
         HEADER),
        (head(("cookie", "kai_token=c"), query="token=b"), "b", QUERY),
    ],
)  # fmt: skip
def test_the_first_place_with_a_token_counts(scope: Any, token: str, place: Place) -> None:
    """§8.6: header, query, cookie; of several in one place none is chosen."""
    given = presented(scope, "kai_token")
    assert given is not None
    assert (given.token.replace("Ã¿", "ÿ"), given.place) == (token, place)
    assert repr(given) == f"<token in {place.value}>"


@pytest.mark.parametrize(
    "scope",
    [
        head(),
        head(("authorization", "Basic abc")),
        head(("authorization", "")),
        head(("cookie", "xkai_token=a; KAI_TOKEN=b; kai_token2=c; kai_token")),
        head(query="tokens=a&Token=b"),
    ],
)
def test_other_things_are_no_token(scope: Any) -> None:
    """§8.6: other schemes, names and cookies."""
    given = presented(scope, "kai_token")
    assert given is None or (given.token, given.place) == ("", COOKIE)


def test_a_post_counts_its_header_alone() -> None:
    """§8.6: what a browser adds by itself does not count for a POST."""
    assert bearer(head(("cookie", "kai_token=a"), query="token=b")["headers"]) is None
    given = bearer(head(("authorization", "Bearer abc"))["headers"])
    assert given == ("abc", HEADER)
