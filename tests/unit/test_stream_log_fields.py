"""What a line of the log is about."""

from kai_flow.stream.log_fields import about


def test_what_is_not_known_is_no_field() -> None:
    """A line about no session has no empty one."""
    assert about("task_broke") == {"kind": "task_broke"}
    assert about("a", "s", 1) == {"kind": "a", "session": "s", "event_id": "1"}
