"""What a line of the log is about."""

from kai_flow.stream.log_fields import MAX_NAMED_CHARS, about, cut


def test_what_is_not_known_is_no_field() -> None:
    """A line about no session has no empty one."""
    assert about("task_broke") == {"kind": "task_broke"}
    assert about("a", "s", 1) == {"kind": "a", "session": "s", "event_id": "1"}


def test_what_a_line_names_is_cut() -> None:
    """A place may have 1,024 parts, and a line about it is short all the same."""
    place = ",".join(f"{n}.0.0" for n in range(1, 1_000))
    assert cut(place) == about("a", event=place)["event_id"] == place[:MAX_NAMED_CHARS] + "…"
    assert cut("1" * MAX_NAMED_CHARS) == "1" * MAX_NAMED_CHARS
