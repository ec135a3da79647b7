"""`kai token`: a token for trying a bridge."""

import os
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from kai_flow.access.grant import RIGHTS
from kai_flow.access.issuing import Wish
from kai_flow.cli import EXIT_OK
from kai_flow.cli.own_token import issued
from kai_flow.settings import StartError, load_settings, parsers

MAX_CHARS: Final = 1_000  # of a session id

T = TypeVar("T")


def token(
    sessions: Sequence[str],
    prefixes: Sequence[str],
    conversations: Sequence[str],
    organisation: str | None,
    rights: str,
    lifetime: str,
) -> int:
    """Print a token. Raises StartError for what no token can grant."""
    settings = load_settings(os.environ)
    if not settings.token_keys:
        raise StartError(
            "KAI_TOKEN_KEYS is not set: set it to the key of the bridge, or to a new one for both, "
            "for example to the output of `openssl rand -base64 32`"
        )
    names = (*sessions, *prefixes, *conversations)
    if not names and organisation is None:
        raise StartError(
            "the token would grant nothing: name a SESSION, --prefix, --conversation or --org"
        )
    for name in names:
        if not 1 <= len(name) <= MAX_CHARS or not name.isprintable() or "/" in name:
            raise StartError(
                f"{parsers.shown(name)} is refused: a session id has 1 to 1,000 printable "
                "characters and no '/'"
            )
    if organisation is not None:
        _read("--org", organisation, parsers.queue_of_organisation)
    seconds = _read("--for", lifetime, parsers.duration("1s", "365d", "5m"))
    wanted = _read("--rights", rights, _rights)
    wish = Wish(
        seconds, tuple(sessions), tuple(prefixes), tuple(conversations), organisation, wanted
    )
    print(issued(settings, wish))
    return EXIT_OK


def _rights(value: str) -> tuple[str, ...]:
    wanted = tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
    if not wanted or not set(wanted) <= set(RIGHTS):
        raise ValueError(f"it must be one or more of {', '.join(RIGHTS)}, for example read,publish")
    return wanted


def _read(option: str, value: str, parse: Callable[[str], T]) -> T:
    try:
        return parse(value)
    except ValueError as wrong:
        raise StartError(f"{option} {parsers.shown(value)} is refused: {wrong}") from None
