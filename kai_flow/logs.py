"""Where the programs log: to standard error, or nowhere."""

import logging
import sys

import structlog


def log_to_stderr(level: str | None) -> None:
    """Log from `level` on ("info", …); None shows disasters only."""
    threshold = logging.CRITICAL if level is None else getattr(logging, level.upper())
    logging.basicConfig(
        level=threshold, stream=sys.stderr, force=True, format="%(levelname)s %(name)s %(message)s"
    )
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    # one line for each callback POST; the life of the worker, of which we tell what matters
    for chatty in ("httpx", "httpcore", "temporalio.worker"):
        logging.getLogger(chatty).setLevel(max(threshold, logging.WARNING))
