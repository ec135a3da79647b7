"""What a log line about a request says it is about."""

import logging
from typing import Any

import pytest

from kai_flow.web.problems import problem
from kai_flow.web.refusal_log import MAX_SHOWN_CHARS, RefusalLog, subject


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/events/test-1", "session test-1"),
        ("/stream/test-1", "session test-1"),
        ("/api/v1/agents", "path /api/v1/agents"),
        ("/events", "path /events"),
        ("/x\n2026 forged line", "path /x\N{REPLACEMENT CHARACTER}2026 forged line"),
    ],
)
def test_a_line_names_the_session_or_else_the_path(path: str, says: str) -> None:
    """Only the two routes of a session name one, and no path can begin a line of its own."""
    assert subject(path) == says


def test_a_long_path_is_cut() -> None:
    """A line repeats at most MAX_SHOWN_CHARS of a path."""
    assert len(subject("/" + "x" * 5_000)) < MAX_SHOWN_CHARS + 10


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_each_refusal_is_counted_logged_or_not(
    method: str, caplog: pytest.LogCaptureFixture
) -> None:
    """By its path without the mount, and a defect as 500; equal lines are left out, counts not."""
    counted: list[tuple[str, int]] = []
    refusals = RefusalLog(lambda path, status: counted.append((path, status)))
    scope: Any = {"method": method, "path": "/bridge/events/x", "root_path": "/bridge"}
    caplog.set_level(logging.INFO)
    for error in (problem(404, "nobody"), problem(404, "nobody"), ZeroDivisionError()):
        await refusals.note(error, scope)
    assert counted == [("/events/x", 404), ("/events/x", 404), ("/events/x", 500)]
    assert len(caplog.records) == (method == "POST")


async def test_a_stranger_cannot_use_up_the_lines_of_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One line for each reason and client, whatever sessions it names; counts go on."""
    caplog.set_level(logging.INFO)
    refusals = RefusalLog()
    scope: Any = {"method": "POST", "client": ("198.51.100.7", 5000)}
    for n in range(300):
        refusals.write(f"/events/unsigned-{n}", b"", problem(401, "sign it", code="unsigned"))
        scope["path"] = f"/events/text-{n}"
        await refusals.note(problem(415, "JSON"), scope)
    refusals.write("/events/real", b"", problem(413, "too large"))
    said = [r.getMessage() for r in caplog.records if r.name == "kai_flow.web.refusal_log"]
    assert [line.partition(":")[0] for line in said] == [
        "session unsigned-0",
        "session text-0",
        "session real",
    ]
