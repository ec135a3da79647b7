"""The log records of one session, without those of an earlier test that is still stopping."""

import logging
import re
from typing import Final

import pytest

# the session id of a test ends in random digits, as no other word after "session" does
_NAMED: Final = re.compile(r"\bsession ([\w-]*-[0-9a-f]{6,}[\w-]*)")


def records_of(caplog: pytest.LogCaptureFixture, session_id: str) -> list[logging.LogRecord]:
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
