"""How an activity tells Temporal what failed: which failures are worth another attempt."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from kai_flow.agents import BadTask
from kai_flow.connections.service import BadInput
from kai_flow.connections.store import StoreUnavailable
from kai_flow.stream.errors import InvalidEvent, InvalidUrl
from kai_flow.stream.log_fields import about

__all__ = ["EXPECTED", "activity_failures", "bad_input"]

EXPECTED = (ApplicationError, BadInput, BadTask, InvalidEvent, InvalidUrl, StoreUnavailable)
"""Errors whose message is written by us: it may be shown, and holds no secret."""


@contextmanager
def activity_failures() -> Iterator[None]:
    """Turn the errors of an activity into failures that Temporal retries, or does not.

    What no retry can mend fails the activity at once. A worker that shuts down is no cancellation
    of the session: the next attempt runs elsewhere. Other exceptions pass as they are: Temporal
    retries them.
    """
    try:
        yield
    except (BadInput, BadTask, InvalidUrl) as error:
        raise bad_input(str(error)) from None
    except InvalidEvent as error:
        raise ApplicationError(f"The agent yielded something that is no event: {error}") from error
    except StoreUnavailable as error:
        raise ApplicationError(str(error), type="StoreUnavailable") from None
    except asyncio.CancelledError:
        details = activity.cancellation_details()
        if details is not None and details.worker_shutdown:
            raise ApplicationError(
                "the worker is shutting down",
                type="WorkerShutdown",
                category=ApplicationErrorCategory.BENIGN,  # a normal stop: no traceback in the log
            ) from None
        raise


def bad_input(message: str) -> ApplicationError:
    """A failure that no retry can mend; one line in the worker's log, without a traceback."""
    activity.logger.warning("refused: %s", message, extra=about("activity_refused"))
    return ApplicationError(
        message, type="BadInput", non_retryable=True, category=ApplicationErrorCategory.BENIGN
    )
