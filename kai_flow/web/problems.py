"""Refusals as problem documents (RFC 9457); the `detail` of each says what to do."""

import logging
from typing import Any, Final

from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)
from litestar.plugins.problem_details import ProblemDetailsConfig, ProblemDetailsException

from kai_flow.stream.log_fields import about

log = logging.getLogger(__name__)

Problem = ProblemDetailsException
"""A refusal."""

IN_A_SECOND: Final = {"Retry-After": "1"}  # the headers of a refusal that may pass


def problem(
    status: int, detail: str, *, headers: dict[str, str] | None = None, **extra: Any
) -> Problem:
    """The refusal with this status; `extra` are further members of the document."""
    return Problem(detail, status_code=status, headers=headers, extra=extra or None)


def _bad_parameter(error: ValidationException) -> Problem:
    wrong = error.extra if isinstance(error.extra, list) else []
    names = ", ".join(sorted({str(one["key"]) for one in wrong if "key" in one})) or "a parameter"
    return problem(
        400,
        f"{names} is not valid: 'wait' is true or false, 'event' is message, and a cursor "
        "(Last-Event-ID or last_event_id) is given once, exactly as the stream sent it",
    )


def _no_route(_: NotFoundException) -> Problem:
    return problem(404, "there is no such route; use /events/{id} or /stream/{id}")


def _no_method(error: MethodNotAllowedException) -> Problem:
    detail = "POST to /events/{id}; GET /stream/{id}, /healthz and /readyz"
    return problem(405, detail, headers=error.headers)


def detail_of(error: HTTPException) -> str:
    """What the answer to a refused request states; the exceptions of Litestar say less."""
    match error:
        case ValidationException():
            return _bad_parameter(error).detail
        case NotFoundException():
            return _no_route(error).detail
        case MethodNotAllowedException():
            return _no_method(error).detail
        case _:
            return error.detail


def unforeseen(error: Exception) -> Problem:
    """A defect of the bridge: its log has the details, and the answer has none."""
    log.error(
        "a request failed with an unexpected error",
        exc_info=error,
        extra=about("unexpected_error"),
    )
    return problem(500, "the bridge failed with an unexpected error; see its log")


PROBLEMS: Final = ProblemDetailsConfig(
    enable_for_all_http_exceptions=True,
    exception_to_problem_detail_map={
        ValidationException: _bad_parameter,
        NotFoundException: _no_route,
        MethodNotAllowedException: _no_method,
        Exception: unforeseen,
    },
)
