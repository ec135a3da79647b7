"""What a line of the log is about, as fields of its record, for programs that read logs."""

from typing import Final

MAX_NAMED_CHARS: Final = 300  # of a place, an id or a URL that a line names


def about(kind: str, session: str | None = None, event: object = None) -> dict[str, str]:
    """The `extra` of a line: the stable name of its kind, and its session and event if known."""
    fields = {"kind": kind}
    if session is not None:
        fields["session"] = session
    if event is not None:
        fields["event_id"] = cut(event)
    return fields


def cut(named: object) -> str:
    """The text of what a line names, without its end when it is long.

    A reader chooses its place, and whoever starts a session the URL of its callback.
    """
    text = str(named)
    return text if len(text) <= MAX_NAMED_CHARS else text[:MAX_NAMED_CHARS] + "…"
