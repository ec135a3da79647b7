"""Configures logging: to standard error, or not at all."""

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, Final

from kai_flow.runtime.extras import needs
from kai_flow.settings import unknown_settings
from kai_flow.stream.log_fields import about

log = logging.getLogger(__name__)

# The value of a query parameter, the credentials of a URL or a header, a signing key.
_SECRET: Final = re.compile(
    r"""([?&](?:access_|id_)?(?:token|key|secret|signature)=|://[^/\s@:]*:(?=[^/\s@]+@)"""
    r"""|\bBearer\s+|\bwhsec_)[^\s&"'\\@]+""",
    re.IGNORECASE,
)


class _Plain(logging.Formatter):
    """A line for people: level, logger and message, and the traceback below them.

    Names and errors may be of a stranger's choice. So only a record begins a line without an
    indent, and nothing in it speaks to the terminal.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (logging's own name)
        """The first line."""
        return _visible(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """The traceback, of any number of lines."""
        return _indented(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802
        """The stack of a record that has one."""
        return _indented(super().formatStack(stack_info))


def log_to_stderr(level: str | None, form: str = "plain") -> None:
    """Log lines of at least this level ("info", …); with None only critical ones.

    `form`: `plain`, or `json` for one object on each line.
    """
    threshold = logging.CRITICAL if level is None else getattr(logging, level.upper())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(form))
    handler.addFilter(_name_session)
    logging.basicConfig(level=threshold, handlers=[handler], force=True)
    # they log each POST, start and stop; what matters of that is logged by our own code
    for chatty in ("httpx", "httpcore", "temporalio.worker", "uvicorn"):
        logging.getLogger(chatty).setLevel(max(threshold, logging.WARNING))


def _formatter(form: str) -> logging.Formatter:
    if form == "plain":
        return _Plain("%(levelname)s %(name)s %(message)s")
    with needs("bridge"):
        from kai_flow.runtime.json_logs import json_formatter  # noqa: PLC0415  (only where set)
    return json_formatter()


def _indented(lines: str) -> str:
    return "\n".join(f"  {_visible(line)}" for line in without_secrets(lines).split("\n"))


def _visible(text: str) -> str:
    """The text without secrets, on one line, with what cannot be printed as an escape sequence."""
    shown = without_secrets(text)
    if shown.isprintable():
        return shown
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown)


def without_secrets(line: str) -> str:
    """The line without what may stand in a URL or a header to prove who somebody is."""
    return _SECRET.sub(r"\1***", line)


def warn_of_unknown_settings(environ: Mapping[str, str]) -> None:
    """Log a warning for each variable whose name looks like that of a setting."""
    for sentence in unknown_settings(environ):
        log.warning("%s", sentence, extra=about("unknown_setting"))


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
