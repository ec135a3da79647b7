"""What a reader of a session may see, and until when; a bridge without tokens admits everybody.

A reader may be bound to a task queue: the sessions that run on it are those of its organisation.
To that reader every other session looks like one that does not exist, whichever way it asks: a
stream waits for a workflow that never comes, and an answer says so after as long a time.
"""

import asyncio
from collections.abc import Hashable
from math import ceil, inf
from typing import Final, NamedTuple

from kai_flow.bridge.errors import Unreachable
from kai_flow.bridge.hub import Hub
from kai_flow.bridge.session import Session
from kai_flow.stream.clock import now
from kai_flow.stream.place import Cursor
from kai_flow.stream.run import Run

EVEN_SECONDS: Final = 0.25  # an answer that there is no such session comes after a multiple of it


class Admission(NamedTuple):
    """The terms on which one reader is served."""

    until: float = inf
    """When its stream ends, by the clock of the event loop."""
    queue: str | None = None
    """The task queue on which the sessions have to run that it may see; None: any."""
    client: Hashable = None
    """Who it is, for the limits of one client; None: nobody knows."""

    @property
    def over(self) -> bool:
        """Whether its time is over."""
        return self.until <= now()

    def shows(self, session: Session | None) -> Session | None:
        """The session, if this reader may see it."""
        hidden = session is not None and self._hides(session.run)
        return None if hidden else session

    def known(self, session_id: str, run: Run | None) -> str:
        """The session id that the hub is asked whether it has room for.

        It may be full, and yet have room for one that it holds. A bound reader who sees no such
        session has to get the answer for one that it does not hold: that of no session at all.
        """
        return session_id if self.queue is None or run is not None else ""

    def _hides(self, run: Run) -> bool:
        return self.queue is not None and run.task_queue != self.queue

    async def find(self, hub: Hub, session_id: str, cursor: Cursor | None) -> Run | None:
        """The newest run of a session that this reader may see, as `Hub.find` finds it.

        Raises Unreachable. A bound reader learns from neither the answer nor the time that it takes
        whether there is a session of somebody else.
        """
        if self.queue is None:
            return await hub.find(session_id, cursor)
        began = now()
        try:
            # the same question to Temporal for every id, whatever the bridge holds of it
            ours = await hub.is_on(session_id, self.queue)
            run = await hub.find(session_id, cursor) if ours else None
            if run is not None and self._hides(run):
                run = None
        except Unreachable:
            await _even(began)
            raise
        if run is None:
            await _even(began)
        return run


ANYBODY: Final = Admission()


async def _even(began: float) -> None:
    """Let as much time pass as every answer of this kind takes."""
    turns = max(1, ceil((now() - began) / EVEN_SECONDS))
    await asyncio.sleep(began + turns * EVEN_SECONDS - now())
