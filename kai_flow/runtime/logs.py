"""Configures logging: to standard error, or not at all."""

import logging
import sys

from temporalio import activity, workflow
from temporalio.exceptions import ApplicationError


def log_to_stderr(level: str | None) -> None:
    """Log lines of at least this level ("info", …); with None only critical ones."""
    threshold = logging.CRITICAL if level is None else getattr(logging, level.upper())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    handler.addFilter(_name_session)
    # otherwise the SDK appends a dictionary of 400 characters to each line
    activity.logger.activity_info_on_message = False
    workflow.logger.workflow_info_on_message = False
    logging.basicConfig(level=threshold, handlers=[handler], force=True)
    # they log each POST, start and stop; what matters of that is logged by our own code
    for chatty in ("httpx", "httpcore", "temporalio.worker", "uvicorn"):
        logging.getLogger(chatty).setLevel(max(threshold, logging.WARNING))


def _name_session(record: logging.LogRecord) -> bool:
    """Put the session before a line of an activity or workflow, and drop expected tracebacks.

    An `ApplicationError` has a sentence of our own (an unknown connection, a worker that shuts
    down). Any other error is a defect, perhaps of an agent, and keeps its traceback.
    """
    info = getattr(record, "temporal_activity", None) or getattr(record, "temporal_workflow", None)
    if info is None:
        return True
    failure = record.exc_info[1] if record.exc_info else None
    message = record.getMessage()
    if isinstance(failure, ApplicationError):
        message, record.exc_info = str(failure), None
    if "session" not in message:
        message = f"session {info.get('workflow_id')}, attempt {info.get('attempt')}: {message}"
    record.msg, record.args = message, None
    return True
