"""What the log of this process says of one session: another test's may be ending meanwhile."""

import logging
import re
from typing import Final

import pytest

# the session of a test has random digits in its name, which no other word after "session" has
_NAMED: Final = re.compile(r"\bsession ([\w-]*-[0-9a-f]{6,}[\w-]*)")


def heard(caplog: pytest.LogCaptureFixture, session_id: str) -> list[logging.LogRecord]:
    """Every record but those that name another session."""
    return [
        record for record in caplog.records if _named(record, session_id).startswith(session_id)
    ]


def _named(record: logging.LogRecord, otherwise: str) -> str:
    """The session that a record is about."""
    info = getattr(record, "temporal_activity", None) or getattr(record, "temporal_workflow", None)
    if info is not None:
        return str(info["workflow_id"])
    named = _NAMED.search(record.getMessage())
    return named[1] if named else otherwise
