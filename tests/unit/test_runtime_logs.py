"""What the log shows of a failed attempt or workflow task."""

import logging

import pytest
from temporalio.exceptions import ApplicationError

from kai_flow.runtime.logs import _formatter, _name_session

FORGED = "kai-1\nERROR kai_flow.worker.service forged \x1b[31m\x9b2J\r\u2028\u202ex\ud800"
SHOWN = r"kai-1\nERROR kai_flow.worker.service forged \x1b[31m\x9b2J\r\u2028\u202ex\ud800"

WHERE = {"workflow_id": "kai-1", "attempt": 2}


@pytest.mark.parametrize(
    ("failed", "error", "expected"),
    [
        ("activity", ApplicationError("no such connection"), True),
        ("workflow", ApplicationError("no such connection"), True),
        ("workflow", NotImplementedError("no workflow of this type"), True),
        ("activity", NotImplementedError("the agent has no such tool"), False),
        ("workflow", ValueError("a defect"), False),
    ],
)
def test_only_an_expected_failure_is_one_line(
    failed: str, error: Exception, expected: bool
) -> None:
    """The line names the session; a failure that has a sentence of ours loses its traceback."""
    record = logging.makeLogRecord(
        {"msg": "Failed", "exc_info": (type(error), error, None), f"temporal_{failed}": WHERE}
    )
    assert _name_session(record)
    said = str(error) if expected else "Failed"
    assert record.getMessage() == f"session kai-1, attempt 2: {said}"
    assert bool(record.exc_info) is not expected


def test_another_line_is_left_alone() -> None:
    """A line that belongs to no session stays as it is."""
    record = logging.makeLogRecord({"msg": "ready at %s", "args": ("there",)})
    assert _name_session(record)
    assert record.getMessage() == "ready at there"


def test_nobody_forges_a_line() -> None:
    """Whatever names or errors have in them, only a record begins a line without an indent."""
    try:
        raise ValueError(FORGED)
    except ValueError as error:
        raised = (ValueError, error, error.__traceback__)
    record = logging.makeLogRecord(
        {"name": "n", "levelname": "INFO", "msg": "session %s", "args": (FORGED,)}
        | {"exc_info": raised, "stack_info": "Stack:\n  \x07"}
    )
    first, *below = _formatter("plain").format(record).split("\n")
    assert first == f"INFO n session {SHOWN}"
    assert below[0] == "  Traceback (most recent call last):"
    assert r"ERROR kai_flow.worker.service forged \x1b[31m\x9b2J\r\u2028\u202ex\ud800" in below[-3]
    assert below[-2:] == ["  Stack:", r"    \x07"]
    assert all(line.startswith("  ") and line.isprintable() for line in below)


def test_what_hides_a_secret_is_no_reason_to_show_it() -> None:
    """A character that cannot be printed ends no token."""
    record = logging.makeLogRecord({"msg": "Bearer ab\x1bcd ef"})
    assert _formatter("plain").format(record).endswith(" Bearer *** ef")
