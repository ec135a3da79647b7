"""What the log shows of a failed attempt or workflow task."""

import logging

import pytest
from temporalio.exceptions import ApplicationError

from kai_flow.runtime.logs import _name_session

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
