"""Work that is tried again, after growing pauses: one call, or a task that has to keep running.

Talking to Temporal may fail for reasons that no caller can foresee: an outage, or a payload codec
whose keys are unreachable. Readers depend on that work all the same: without the task that waits
for the close of a workflow, for example, no reader would ever get `done`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from kai_flow.stream.backoff import Backoff
from kai_flow.stream.clock import now
from kai_flow.stream.log_fields import about

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS: Final = 1.0  # before a broken task is restarted
LAST_PAUSE_SECONDS: Final = 10.0

T = TypeVar("T")
E = TypeVar("E", bound=Exception)


async def retried(
    work: Callable[[], Awaitable[T]],
    backoff: Backoff,
    *,
    on: type[E],
    failed: Callable[[E, float], None],
) -> T:
    """The result of `work`, which is called again for as long as it raises the error `on`.

    Before each pause, `failed` is called with the error and the seconds of the pause. What it
    raises ends the tries, and so does every other error of `work`. Work that has run for longer
    than the longest pause before it failed counts as recovered: the pauses start over.
    """
    failures = 0
    while True:
        began = now()
        try:
            return await work()
        except on as error:
            failures = 1 if now() - began > backoff.longest else failures + 1
            pause = backoff.pause(failures)
            failed(error, pause)
        await asyncio.sleep(pause)


async def supervised(
    what: str, work: Callable[[], Awaitable[None]], session: str | None = None
) -> None:
    """Run `work` until it returns, and restart it after every exception.

    `what` names it in the log, and `session` is whose it is. The traceback of an error is logged
    once, however often the same error comes in a row.
    """
    known = ""

    def broke(error: Exception, pause: float) -> None:
        nonlocal known
        if repr(error) != known:
            log.error(
                "the %s broke; it is restarted in %.0f s",
                what, pause,
                exc_info=error,
                extra=about("task_broke", session),
            )  # fmt: skip
        else:  # an earlier line has its traceback
            log.error("the %s broke again: %s", what, known, extra=about("task_broke", session))
        known = repr(error)

    backoff = Backoff(FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS)
    await retried(work, backoff, on=Exception, failed=broke)
