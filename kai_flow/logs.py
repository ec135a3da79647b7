"""Where the programs log: to standard error, or nowhere."""

import logging
import sys

import structlog


def log_to_stderr(level: str | None) -> None:
    """Log from `level` on ("info", …); None shows disasters only."""
    threshold = logging.CRITICAL if level is None else getattr(logging, level.upper())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    handler.addFilter(_one_sentence)
    logging.basicConfig(level=threshold, handlers=[handler], force=True)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    # a line for each callback POST, and the lives of parts of which we tell what matters
    for chatty in ("httpx", "httpcore", "temporalio.worker", "uvicorn"):
        logging.getLogger(chatty).setLevel(max(threshold, logging.WARNING))


def _one_sentence(record: logging.LogRecord) -> bool:
    """Log a failure that an activity reports on purpose without its traceback.

    An `ApplicationError` is our own sentence (an unknown connection, a worker that shuts down);
    anything else is a defect, of an agent perhaps, and keeps its traceback.
    """
    failure = record.exc_info[1] if record.exc_info else None
    if record.name == "temporalio.activity" and failure is not None:
        from temporalio.exceptions import ApplicationError  # noqa: PLC0415  (heavy, and loaded by now)

        if isinstance(failure, ApplicationError):
            where = getattr(record, "temporal_activity", {})
            record.msg, record.args = (
                "session %s, attempt %s: %s",
                (
                    where.get("workflow_id"),
                    where.get("attempt"),
                    failure,
                ),
            )
            record.exc_info = None
    return True
