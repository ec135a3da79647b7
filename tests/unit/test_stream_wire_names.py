"""The names that cross a process boundary, which no version may change."""

from kai_flow.stream import wire_names


def test_the_names_are_those_of_the_protocol() -> None:
    """§3.3, §4, §5: clients of any version and language use these."""
    assert (wire_names.PUBLISH_EVENTS, wire_names.PROGRESS, wire_names.EVENTS) == (
        "publish_events",
        "progress",
        "events",
    )
    assert wire_names.PRODUCER_HEADER == "kai-producer"
    assert wire_names.STREAM_HEADER == "kai-stream"
    assert wire_names.VOICE_MEMO == "kai-events"


def test_an_agent_may_not_use_what_speaks_of_the_stream() -> None:
    """§2.5, §7.5: the producer's own types, and those that readers rely on as the bridge's own."""
    own = {"started", "attempt_failed", "unstored"}
    others = {"done", "gap", "reset", "status", "idle_timeout", "ended", "superseded"}
    others |= {"token_expired"}
    assert own | others == wire_names.RESERVED
    assert wire_names.RESERVED - own == wire_names.NEVER_NUMBERED
