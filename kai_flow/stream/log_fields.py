"""What a line of the log is about, as fields of its record, for programs that read logs."""


def about(kind: str, session: str | None = None, event: object = None) -> dict[str, str]:
    """The `extra` of a line: the stable name of its kind, and its session and event if known."""
    fields = {"kind": kind}
    if session is not None:
        fields["session"] = session
    if event is not None:
        fields["event_id"] = str(event)
    return fields
