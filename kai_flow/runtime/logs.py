"""Configures logging: to standard error, or not at all."""

import logging
import sys
from collections.abc import Mapping

from kai_flow.settings import unknown_settings

log = logging.getLogger(__name__)


def log_to_stderr(level: str | None) -> None:
    """Log lines of at least this level ("info", …); with None only critical ones."""
    threshold = logging.CRITICAL if level is None else getattr(logging, level.upper())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    handler.addFilter(_name_session)
    logging.basicConfig(level=threshold, handlers=[handler], force=True)
    # they log each POST, start and stop; what matters of that is logged by our own code
    for chatty in ("httpx", "httpcore", "temporalio.worker", "uvicorn"):
        logging.getLogger(chatty).setLevel(max(threshold, logging.WARNING))


def warn_of_unknown_settings(environ: Mapping[str, str]) -> None:
    """Log a warning for each variable whose name looks like that of a setting."""
    for sentence in unknown_settings(environ):
        log.warning("%s", sentence)


def _name_session(record: logging.LogRecord) -> bool:
    """Put the session before a line of an activity or workflow, and drop expected tracebacks.

    An `ApplicationError` has a sentence of our own (an unknown connection, a worker that shuts
    down), and so has the `NotImplementedError` of a workflow (its type is unknown). Any other error
    is a defect, perhaps of an agent, and keeps its traceback.
    """
    in_workflow = getattr(record, "temporal_workflow", None)
    info = getattr(record, "temporal_activity", None) or in_workflow
    if info is None:
        return True
    from temporalio.exceptions import ApplicationError  # noqa: PLC0415  (its line, so it is loaded)

    failure = record.exc_info[1] if record.exc_info else None
    message = record.getMessage()
    expected = (ApplicationError, NotImplementedError) if in_workflow else ApplicationError
    if isinstance(failure, expected):
        message, record.exc_info = str(failure), None
    if "session" not in message:
        message = f"session {info.get('workflow_id')}, attempt {info.get('attempt')}: {message}"
    record.msg, record.args = message, None
    return True
