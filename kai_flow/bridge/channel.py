"""A channel: one session id on this bridge, whether or not a workflow of that id exists yet."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from kai_flow.bridge.lookup import look_up_while
from kai_flow.bridge.session import Session
from kai_flow.stream.callback import HandMade
from kai_flow.stream.clock import now
from kai_flow.stream.notifier import Notifier, wait_for
from kai_flow.stream.sse import encode_unnumbered
from kai_flow.stream.supervised import supervised

KEPT_HAND_MADE: Final = 100  # events sent by hand, for a first reader that comes a moment later
KEPT_HAND_MADE_BYTES: Final = 1024 * 1024
UNREAD_SECONDS: Final = 10.0  # how long these are kept before the first reader comes
FORGET_SECONDS: Final = 60.0  # without readers and POSTs, before a session is forgotten
MAX_FORMER: Final = 4  # sessions of earlier runs that are kept for their readers


class Channel:
    """The readers of one session id, the session of its newest run, and events sent by hand.

    Everything here happens at once, without an await. Methods that take sessions out of the channel
    return them, and the caller has to stop them: that takes seconds while Temporal does not answer.
    """

    def __init__(self, session_id: str) -> None:
        self.id = session_id
        self.notifier = Notifier()
        self.former: list[Session] = []  # of earlier runs that still have readers
        self.readers = 0
        self.touched = now()  # last event sent by hand or change of readers
        self.shown = 0  # how many events were sent by hand: the n of the last one's id 0.0.n
        self.waiter: asyncio.Task[None] | None = None  # looks the workflow up until it exists
        self.held = 0  # bytes of the events sent by hand that are kept
        self._newest: Session | None = None  # of the newest run
        self._hand_made: deque[bytes] = deque()  # their frames
        self._visited = False  # it has had a reader

    @property
    def session(self) -> Session | None:
        """The session of the newest run; None while none is known, also after a reset."""
        newest = self._newest
        return None if newest is None or newest.ends_without_done else newest

    @property
    def sessions(self) -> list[Session]:
        """Every session of this id that the bridge holds."""
        return self.former if self._newest is None else [*self.former, self._newest]

    def session_of(self, incarnation: str) -> Session | None:
        """The session of this incarnation, if it goes on."""
        mine = [one for one in self.sessions if one.run.incarnation == incarnation]
        return next((one for one in reversed(mine) if not one.ends_without_done), None)

    # Events sent by hand

    def show(self, event: HandMade) -> int:
        """Show an event sent by hand to the readers of now, or to the first to come; its number."""
        self.shown += 1
        self.touched = now()
        frame = encode_unnumbered(event.type, event.data)
        self._hand_made.append(frame)
        self.held += len(frame)
        while len(self._hand_made) > KEPT_HAND_MADE or self.held > KEPT_HAND_MADE_BYTES:
            self.held -= len(self._hand_made.popleft())
        self.notifier.notify()
        return self.shown

    def hand_made(self, after: int) -> list[bytes]:
        """The frames of the events sent by hand after number `after` that are still kept."""
        new = self.shown - after
        return list(self._hand_made)[-new:] if new else []

    def forget(self) -> None:
        """Drop the events sent by hand: they are never stored."""
        self._hand_made.clear()
        self.held = 0

    # Readers

    def enter(self) -> int:
        """A reader comes. Return the number of the last event sent by hand that it does not get."""
        self.readers += 1
        self.touched = now()
        first_reader = self.readers == 1 and not self._visited
        self._visited = True
        return 0 if first_reader else self.shown

    def leave(self) -> None:
        """A reader goes."""
        self.readers -= 1
        self.touched = now()

    @property
    def stray(self) -> bool:
        """It has no reader, and Temporal has confirmed no session of this id."""
        return not (self.readers or self.sessions)

    def idle(self, moment: float) -> bool:
        """Whether everything that is held here may be forgotten."""
        if self.readers:
            return False
        if not self.sessions:
            return moment - self.touched >= UNREAD_SECONDS  # before that a first reader may come
        return all(moment - session.touched > FORGET_SECONDS for session in self.sessions)

    # Sessions

    def take_over(self, session: Session) -> list[Session]:
        """Make `session` the one of the newest run; return former ones that are now too many.

        The session that it replaces goes on for its readers. `session` may be a former one.
        """
        self.forget()  # from here on the channel shows the events of a workflow
        if self._newest is not None:
            self.former.append(self._newest)
        if session in self.former:
            self.former.remove(session)
        self._newest = session
        excess = []
        while len(self.former) > MAX_FORMER:
            excess.append(next((one for one in self.former if not one.readers), self.former[0]))
            self.former.remove(excess[-1])
        self.notifier.notify()
        return excess

    def remove_unread(self) -> list[Session]:
        """Take out the former sessions that have no reader any more."""
        unread = [session for session in self.former if not session.readers]
        self.former = [session for session in self.former if session.readers]
        return unread

    def await_workflow(self, look_up: Callable[[], Awaitable[object]]) -> None:
        """Look the workflow up again and again, while there are readers and no session.

        One task does it for all readers. It ends when a session has come, or by `stop_waiting`.
        """
        if self.waiter is None or self.waiter.done():
            what = f"wait for the workflow of session {self.id}"
            waiting = partial(look_up_while, self._lacks_session, look_up, self._pause)
            self.waiter = asyncio.create_task(supervised(what, waiting, self.id))

    def stop_waiting(self) -> None:
        """End that task: the last reader has gone, and the channel with it."""
        if self.waiter is not None:
            self.waiter.cancel()

    def _lacks_session(self) -> bool:
        return self.readers > 0 and self.session is None

    async def _pause(self, seconds: float) -> None:
        await wait_for(self.notifier.next, seconds)
