"""Where the programs log: to standard error, or nowhere."""

import logging
import sys

from temporalio import activity, workflow
from temporalio.exceptions import ApplicationError


def log_to_stderr(level: str | None) -> None:
    """Log from `level` on ("info", …); None shows disasters only."""
    threshold = logging.CRITICAL if level is None else getattr(logging, level.upper())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    handler.addFilter(_name_session)
    # the SDK's own way of saying where: a dictionary of 400 characters behind each line
    activity.logger.activity_info_on_message = False
    workflow.logger.workflow_info_on_message = False
    logging.basicConfig(level=threshold, handlers=[handler], force=True)
    # a line for each callback POST, and the lives of parts of which we tell what matters
    for chatty in ("httpx", "httpcore", "temporalio.worker", "uvicorn"):
        logging.getLogger(chatty).setLevel(max(threshold, logging.WARNING))


def _name_session(record: logging.LogRecord) -> bool:
    """Say which session a line of an activity or workflow is about, and spare known tracebacks.

    An `ApplicationError` is our own sentence (an unknown connection, a worker that shuts down);
    anything else is a defect, of an agent perhaps, and keeps its traceback.
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
