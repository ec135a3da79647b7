"""Finds the token in the head of a request: in `Authorization`, in the query, or in a cookie."""

from collections.abc import Iterable
from enum import Enum
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

QUERY_PARAMETER: Final = "token"

_SCHEME: Final = "bearer"


class Place(Enum):
    """Where a token stood."""

    HEADER = "the header Authorization"
    QUERY = "the query"
    """Where proxies and browsers write it down; only `EventSource` has to use it."""
    COOKIE = "a cookie"


class Presented(NamedTuple):
    """A token, as it was presented. Its ``repr`` does not show it."""

    token: str
    """Empty if there were several: which of them is meant, nobody knows."""
    place: Place

    def __repr__(self) -> str:
        """Where it stood."""
        return f"<token in {self.place.value}>"


def presented(scope: Any, cookie: str) -> Presented | None:
    """The token in the head of a request. None: it has none, so it is nobody's.

    `cookie` is the name of the cookie. The first of header, query and cookie that has a token
    counts.
    """
    for place, tokens in (
        (Place.HEADER, _in_header(scope)),
        (Place.QUERY, _in_query(scope)),
        (Place.COOKIE, _in_cookie(scope, cookie)),
    ):
        if tokens:
            return Presented(tokens[0] if len(tokens) == 1 else "", place)
    return None


def bearer(headers: Iterable[tuple[bytes, bytes]]) -> Presented | None:
    """The token in `Authorization` alone, where no page can have a browser put it by itself."""
    tokens = _in_header({"headers": headers})
    return Presented(tokens[0] if len(tokens) == 1 else "", Place.HEADER) if tokens else None


def _in_header(scope: Any) -> list[str]:
    found = []
    for value in _headers(scope, b"authorization"):
        scheme, _, token = value.strip().partition(" ")
        if scheme.lower() == _SCHEME:
            found.append(token.strip())
    return found


def _in_query(scope: Any) -> list[str]:
    query: bytes = scope.get("query_string", b"")
    if QUERY_PARAMETER.encode() not in query:
        return []
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    return [value for name, value in pairs if name == QUERY_PARAMETER]


def _in_cookie(scope: Any, cookie: str) -> list[str]:
    found = []
    for header in _headers(scope, b"cookie"):
        for pair in header.split(";"):
            name, _, value = pair.strip().partition("=")
            if name == cookie:
                found.append(value.strip('"'))
    return found


def _headers(scope: Any, wanted: bytes) -> Iterable[str]:
    return (value.decode("latin-1") for name, value in scope["headers"] if name == wanted)
