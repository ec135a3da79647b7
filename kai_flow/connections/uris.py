"""Connection URIs: which are understood, and what of one may be shown.

The rule: a URI that cannot be taken apart with certainty is refused, so that no part of a password
is ever taken for a host, a path or a query. A refusal never repeats the URI.
"""

from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

__all__ = [
    "FILES",
    "FORMS",
    "MAX_URI_LENGTH",
    "PATTERNS",
    "SERVERS",
    "SYNONYMS",
    "BadUri",
    "check_uri",
    "file_of",
    "malformed",
    "path_of",
    "safe_uri",
    "scrub",
]

FORMS: Final = {
    "postgresql": "postgresql://user:password@host:5432/database",
    "mysql": "mysql://user:password@host:3306/database",
    "sqlite": "sqlite:///absolute/path/to/file.db",
    "duckdb": "duckdb:///absolute/path/to/file.duckdb",
    "csv": "csv:///absolute/path/to/file.csv",
    "parquet": "parquet:///absolute/path/to/file.parquet",
}
"""How a URI is written, by its scheme."""

SYNONYMS: Final = {"postgres": "postgresql", "mariadb": "mysql"}
"""Other schemes for the same: the first means the second."""

FILES: Final = ("sqlite", "duckdb", "csv", "parquet")
"""Schemes that name a file on the worker's machine."""

PATTERNS: Final = ("csv", "parquet")
"""Those of them whose path may be a pattern: ``parquet:///data/sales-*.parquet``."""

SERVERS: Final = ("postgresql", "mysql", *SYNONYMS)
"""Schemes that name a server."""

MAX_URI_LENGTH: Final = 4_096
"""Characters of a URI at most."""

_ONE_OF: Final = f"write one of these: {', '.join(FORMS.values())}"
_HIDDEN: Final = "***"
_OPEN_OPTIONS: Final = ("host", "port", "sslmode", "sslrootcert")  # of the query: no secrets


class BadUri(ValueError):
    """A URI is not understood; the message is one sentence that says what to write instead."""


def check_uri(uri: object) -> str:
    """The URI without space around it; ``BadUri`` when KAI does not understand it."""
    if not isinstance(uri, str):
        raise BadUri(f"The connection URI must be a text; {_ONE_OF}.")
    text = uri.strip()
    if not text:
        raise BadUri(f"The connection URI is empty; {_ONE_OF}.")
    if len(text) > MAX_URI_LENGTH:
        raise BadUri(f"The connection URI has more than {MAX_URI_LENGTH:,} characters; {_ONE_OF}.")
    if _parts(text) is None:
        raise BadUri(malformed(text.partition(":")[0]))
    return text


def malformed(scheme: str) -> str:
    """The sentence about a URI of this scheme that cannot be taken apart."""
    scheme = scheme.strip().lower()
    scheme = SYNONYMS.get(scheme, scheme)
    if scheme not in FORMS:
        return f"The connection URI has an unknown scheme; {_ONE_OF}."
    advice = (
        "with three slashes, and special characters in the path percent-encoded"
        if scheme in FILES
        else "with special characters in user and password percent-encoded"
    )
    return (
        f"The connection URI is incomplete or malformed; write {FORMS[scheme]}, {advice}"
        " (# as %23, % as %25, / as %2F, ? as %3F, @ as %40)."
    )


def file_of(uri: str) -> Path | None:
    """The file, or pattern of files, that a URI names; None for a server's."""
    parts = urlsplit(uri)
    return path_of(parts) if parts.scheme in FILES else None


def path_of(parts: SplitResult) -> Path:
    """The file, or pattern of files, of a URI whose scheme is one of `FILES`."""
    return Path(unquote(parts.path))


def safe_uri(uri: str) -> str:
    """The URI as it may be shown: scheme, host, port and path; user, password and query left out.

    A URI that is not understood is shown as ``***``.
    """
    parts = _parts(uri.strip())
    if parts is None:
        return _HIDDEN
    if parts.scheme in FILES:
        return f"{parts.scheme}://{parts.path}"
    user, _, host = parts.netloc.rpartition("@")
    return f"{parts.scheme}://{_HIDDEN + '@' if user else ''}{host}{parts.path}"


def scrub(text: str, uri: str) -> str:
    """``text`` with every secret part of ``uri`` replaced by ``***``.

    This is the last line of defence: messages are written without secrets, but a driver's own text
    may repeat the URI, the password (as given or decoded), or a value of the query.
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
        good = good and text[len(parts.scheme) :].startswith(":///") and "%00" not in text
        return parts if good and "#" not in text and "?" not in text else None
    socket = not parts.netloc and "host" in dict(parse_qsl(parts.query))
    if parts.scheme not in SERVERS or not (parts.hostname or socket) or port == 0:
        return None
    # A raw @, # or / in a password would end up after the host.
    misplaced = parts.netloc.count("@") > 1 or "@" in parts.path + parts.query or "#" in text
    return None if misplaced else parts
