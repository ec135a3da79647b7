"""Refusals as problem documents (RFC 9457), each with a `detail` that says what to do."""

import logging
from typing import Final

from litestar.exceptions import (
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)
from litestar.plugins.problem_details import ProblemDetailsConfig, ProblemDetailsException

log = logging.getLogger(__name__)


def problem(
    status: int, detail: str, *, headers: dict[str, str] | None = None, **extra: str
) -> ProblemDetailsException:
    """The refusal with this status."""
    return ProblemDetailsException(detail, status_code=status, headers=headers, extra=extra or None)


def _bad_parameter(error: ValidationException) -> ProblemDetailsException:
    wrong = error.extra if isinstance(error.extra, list) else []
    names = ", ".join(sorted({str(one["key"]) for one in wrong if "key" in one})) or "a parameter"
    return problem(
        400,
        f"{names} cannot be read: 'wait' is true or false, 'event' is message, and a cursor "
        "(Last-Event-ID, last_event_id) stands there once, as an earlier answer gave it",
    )


def _no_route(_: NotFoundException) -> ProblemDetailsException:
    return problem(404, "there is nothing here; the routes are /events/{id} and /stream/{id}")


def _no_method(error: MethodNotAllowedException) -> ProblemDetailsException:
    detail = "POST to /events/{id}; GET /stream/{id}, /healthz and /readyz"
    return problem(405, detail, headers=error.headers)


def _unforeseen(error: Exception) -> ProblemDetailsException:
    """A bug of ours: everything about it in the log, nothing of it in the answer."""
    log.error("a request broke", exc_info=error)
    return problem(500, "the bridge made a mistake; its log says which")


PROBLEMS: Final = ProblemDetailsConfig(
    enable_for_all_http_exceptions=True,
    exception_to_problem_detail_map={
        ValidationException: _bad_parameter,
        NotFoundException: _no_route,
        MethodNotAllowedException: _no_method,
        Exception: _unforeseen,
    },
)
