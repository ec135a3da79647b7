"""Supervised tasks: one that breaks is begun anew, after a growing pause, as long as it is wanted.

What joins a session to Temporal may break on what no caller can foresee: a payload codec whose keys
are away, say. Readers depend on it all the same: without a watcher nobody is ever told `done`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from kai_flow.stream.clock import now

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS: Final = 1.0
LAST_PAUSE_SECONDS: Final = 10.0


async def supervised(what: str, work: Callable[[], Awaitable[None]]) -> None:
    """Do `work` until it returns. After an exception it is begun anew."""
    pause, known = FIRST_PAUSE_SECONDS, ""
    while True:
        began = now()
        try:
            return await work()
        except Exception as error:
            if now() - began > LAST_PAUSE_SECONDS:  # it had worked again meanwhile
                pause = FIRST_PAUSE_SECONDS
            if repr(error) != known:
                log.exception("the %s broke; it begins anew in %.0f s", what, pause)
            else:  # where, a line before this one has said
                log.error("the %s broke again: %s", what, known)  # noqa: TRY400
            known = repr(error)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LAST_PAUSE_SECONDS)
