"""Lines of the log as JSON: one object on each line, with the same fields everywhere.

`structlog` is imported only here, and this module only with `KAI_LOG_FORMAT=json`.
"""

import logging
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import structlog

from kai_flow.runtime.logs import without_secrets

# What a record may have beside its line, and what it may say of an activity or workflow.
_EXTRA: Final = ("status",)
_OF_TEMPORAL: Final = ("attempt", "activity_type", "workflow_type")


def json_formatter() -> logging.Formatter:
    """A formatter for the records of the standard library."""
    return structlog.stdlib.ProcessorFormatter(processors=[_fields, _encoded])


def _fields(_logger: object, _method: str, line: MutableMapping[str, Any]) -> dict[str, Any]:
    """The fields of a line, in this order. A field that is not known is left out."""
    record: logging.LogRecord = line["_record"]
    info: dict[str, Any] = (
        getattr(record, "temporal_activity", None)
        or getattr(record, "temporal_workflow", None)
        or {}
    )
    fields: dict[str, Any] = {
        "time": _time(record.created),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": getattr(record, "kind", None) or ("session" if info else "other"),
        "session": getattr(record, "session", None) or info.get("workflow_id"),
        "event_id": getattr(record, "event_id", None),
        "message": line["event"],
        **{name: getattr(record, name, None) for name in _EXTRA},
        **{name: info.get(name) for name in _OF_TEMPORAL},
    }
    raised = line.get("exc_info")
    if raised and raised[1] is not None:
        fields["error"] = type(raised[1]).__name__
        fields["traceback"] = logging.Formatter().formatException(raised)
    return {name: value for name, value in fields.items() if value is not None}


def _time(seconds: float) -> str:
    """RFC 3339 in UTC, with milliseconds."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _encoded(_logger: object, _method: str, fields: MutableMapping[str, Any]) -> str:
    return without_secrets(msgspec.json.encode(fields, enc_hook=str).decode())
