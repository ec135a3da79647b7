"""Connection URIs: which are understood, and what of one may be shown.

The rule: a URI that cannot be taken apart with certainty is refused, so that no part of a password
is ever taken for a host, a path or a query. A refusal never repeats the URI.
"""

from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

__all__ = [
    "FILES",
    "MAX_URI_LENGTH",
    "PATTERNS",
    "SERVERS",
    "BadUri",
    "check_uri",
    "file_of",
    "safe_uri",
    "scrub",
]

FILES: Final = ("sqlite", "duckdb", "csv", "parquet")
"""Schemes that name a file on the worker's machine: ``sqlite:///absolute/path``."""

PATTERNS: Final = ("csv", "parquet")
"""Those of them whose path may be a pattern: ``parquet:///data/sales-*.parquet``."""

SERVERS: Final = ("postgresql", "postgres", "mysql", "mariadb")
"""Schemes that name a server: ``postgresql://user:password@host:5432/database``."""

MAX_URI_LENGTH: Final = 4_096
"""Characters of a URI at most."""

_FORMS: Final = (
    "write postgresql://user:password@host:5432/database (or mysql://, mariadb://), or"
    " sqlite:///absolute/path/to/file (or duckdb:///, csv:///, parquet:///)"
)
_HIDDEN: Final = "***"
_OPEN_OPTIONS: Final = ("host", "port", "sslmode", "sslrootcert")  # of the query: no secrets


class BadUri(ValueError):
    """A URI is not understood; one sentence that says what to write, without the URI."""


def check_uri(uri: object) -> str:
    """The URI without space around it; ``BadUri`` when it is none of ours."""
    if not isinstance(uri, str):
        raise BadUri(f"The connection URI must be a text: {_FORMS}.")
    text = uri.strip()
    if not text:
        raise BadUri(f"The connection URI is empty: {_FORMS}.")
    if len(text) > MAX_URI_LENGTH:
        raise BadUri(f"The connection URI has more than {MAX_URI_LENGTH:,} characters: {_FORMS}.")
    parts = _parts(text)
    if parts is None:
        raise BadUri(
            f"The connection URI is not understood; {_FORMS}. In user, password and path,"
            " percent-encode what is not a letter or digit: @ is %40, / is %2F, # is %23."
        )
    return text


def file_of(uri: str) -> Path | None:
    """The file, or pattern of files, that a URI names; None for a server's."""
    parts = urlsplit(uri)
    return Path(unquote(parts.path)) if parts.scheme in FILES else None


def safe_uri(uri: str) -> str:
    """The URI as it may be shown: scheme, host, port and path; user, password and query left out.

    Of one that is not understood only the fact that there is one.
    """
    parts = _parts(uri.strip())
    if parts is None:
        return _HIDDEN
    if parts.scheme in FILES:
        return f"{parts.scheme}://{parts.path}"
    user, _, host = parts.netloc.rpartition("@")
    return f"{parts.scheme}://{_HIDDEN + '@' if user else ''}{host}{parts.path}"


def scrub(text: str, uri: str) -> str:
    """``text`` with everything secret of ``uri`` replaced: the last wall behind careful messages.

    A driver may repeat the URI, the password as given or as decoded, or a value of the query.
    """
    secret = {uri, uri.strip()}
    parts = _parts(uri.strip())
    if parts is not None:
        user, _, _ = parts.netloc.rpartition("@")
        password = user.partition(":")[2]
        secret |= {user if password else "", password, unquote(password)}
        secret |= {value for key, value in parse_qsl(parts.query) if key not in _OPEN_OPTIONS}
    # Shorter ones are no secret, and would be found in ordinary words.
    for each in sorted((each for each in secret if len(each) >= 3), key=len, reverse=True):
        text = text.replace(each, _HIDDEN)
    return text


def _parts(text: str) -> SplitResult | None:
    """A URI taken apart; None when that cannot be done with certainty."""
    if not text.isprintable() or "\\" in text:
        return None
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme in FILES:
        good = not parts.netloc and parts.path.startswith("/") and len(parts.path) > 1
        good = good and text[len(parts.scheme) :].startswith(":///")
        return parts if good and "#" not in text and "?" not in text else None
    socket = not parts.netloc and "host" in dict(parse_qsl(parts.query))
    if parts.scheme not in SERVERS or not (parts.hostname or socket) or port == 0:
        return None
    # A raw @, # or / of a password would end up behind the host.
    misplaced = parts.netloc.count("@") > 1 or "@" in parts.path + parts.query or "#" in text
    return None if misplaced else parts
