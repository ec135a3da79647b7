"""Lines of the log as JSON: the same fields on each, and no secret in any."""

import json
import logging
from typing import Any

import pytest

from kai_flow.runtime.json_logs import json_formatter
from kai_flow.runtime.logs import _formatter, without_secrets
from kai_flow.stream.log_fields import about


def line(**record: Any) -> dict[str, Any]:
    """The object of one line."""
    text = json_formatter().format(logging.makeLogRecord(record))
    assert "\n" not in text
    found: dict[str, Any] = json.loads(text)
    return found


def test_a_line_has_its_fields_in_order() -> None:
    """Time, level, logger, kind, session, event, then the sentence, with its arguments in it."""
    found = line(
        name="kai_flow.bridge.publisher",
        levelno=logging.WARNING,
        levelname="WARNING",
        msg="session %s: the signal of %s failed: %s",
        args=("kai-1", "1.1.7", "100% gone"),
        created=1_700_000_000.25,
        **about("signal_failed", "kai-1", "1.1.7"),
    )
    assert list(found.items()) == [
        ("time", "2023-11-14T22:13:20.250Z"),
        ("level", "warning"),
        ("logger", "kai_flow.bridge.publisher"),
        ("event", "signal_failed"),
        ("session", "kai-1"),
        ("event_id", "1.1.7"),
        ("message", "session kai-1: the signal of 1.1.7 failed: 100% gone"),
    ]


def test_a_traceback_is_a_field() -> None:
    """An error is one line all the same, with its type beside the traceback."""
    try:
        raise ValueError("two\nlines \x1b[31m")
    except ValueError as error:
        found = line(msg="broke", exc_info=(ValueError, error, error.__traceback__))
    assert found["error"] == "ValueError"
    assert found["traceback"].startswith("Traceback (most recent call last)")
    assert found["traceback"].endswith("ValueError: two\nlines \x1b[31m")


def test_a_line_of_an_activity_names_its_session() -> None:
    """What Temporal knows of the activity becomes fields; a line of an agent is of its session."""
    info = {"workflow_id": "kai-1", "attempt": 2, "activity_type": "chat_streaming"}
    found = line(msg="thinking", temporal_activity=info)
    assert (found["event"], found["session"], found["attempt"]) == ("session", "kai-1", 2)
    assert found["activity_type"] == "chat_streaming"
    assert (
        line(msg="x", temporal_activity=info, **about("agent_stopped"))["event"] == "agent_stopped"
    )


def test_a_line_of_a_library_is_another_one() -> None:
    """A line without a kind is `other`, and what cannot be encoded is text."""
    found = line(msg=ValueError("odd"), status=object())
    assert (found["event"], found["message"]) == ("other", "odd")
    assert found["status"].startswith("<object")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("GET /stream/x?token=abc.def&wait=false", "GET /stream/x?token=***&wait=false"),
        (
            "/stream/x?last_event_id=1.1.1&access_token=abc",
            "/stream/x?last_event_id=1.1.1&access_token=***",
        ),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("postgres://me:hunter2@host/db", "postgres://me:***@host/db"),
        ("the key whsec_c2VjcmV0 is wrong", "the key whsec_*** is wrong"),
        ("http://localhost:8092/events/a", "http://localhost:8092/events/a"),
        ("the token of 3 s, a key = 4", "the token of 3 s, a key = 4"),
    ],
)
@pytest.mark.parametrize("form", ["plain", "json"])
def test_a_secret_is_in_no_line(said: str, shown: str, form: str) -> None:
    """Neither form shows a token of a query or a header, a password of a URL or a signing key."""
    assert without_secrets(said) == shown
    text = _formatter(form).format(logging.makeLogRecord({"msg": said}))
    assert shown in text


def test_plain_lines_are_as_they_were() -> None:
    """Level, logger and sentence, with nothing of the fields."""
    record = logging.makeLogRecord(
        {"msg": "a %s", "args": ("b",), "name": "n", "levelname": "INFO", **about("k", "s")}
    )
    assert _formatter("plain").format(record) == "INFO n a b"
