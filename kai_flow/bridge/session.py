"""One session on one bridge: its log, its state, and the tasks that connect it to Temporal.

There are three tasks, each started when it is needed. The *tail* reads what Temporal has, from the
session's beginning to its end. The *publisher* (see `incoming`) makes events durable, and the
*observer* finds out whether a worker is alive while no event comes. Readers are woken by the
channel's notifier and read the log by themselves: none has a queue.
"""

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Final

from kai_flow.bridge.attempts import ASK_SECONDS
from kai_flow.bridge.broadcast import Broadcast
from kai_flow.bridge.frames import PageFrames
from kai_flow.bridge.incoming import Incoming
from kai_flow.bridge.liveness_observer import LivenessObserver
from kai_flow.bridge.readback import Present, ReadBack
from kai_flow.bridge.session_tail import SessionTail
from kai_flow.bridge.shared import Scope, Shared
from kai_flow.stream.attempt_window import Answer, Stale, Taken
from kai_flow.stream.callback import ProducerPost
from kai_flow.stream.clock import now
from kai_flow.stream.notifier import Notifier
from kai_flow.stream.outcome import Outcome
from kai_flow.stream.place import Cursor, Place
from kai_flow.stream.progress import Liveness
from kai_flow.stream.run import Run
from kai_flow.stream.session_log import SessionLog
from kai_flow.stream.signals import SentSignals
from kai_flow.stream.supervised import supervised
from kai_flow.stream.unknown_place import what_never_was

UNREADABLE: Final = Liveness("unreadable", 1)


class State(Enum):
    """Where a session stands on this bridge."""

    OPEN = "open"
    """Its workflow runs, as far as this bridge has seen. Everything that exists begins here."""
    CLOSED = "closed"
    """Its workflow has ended: readers get the rest of its stream, and then `done`."""
    REPLACED = "replaced"
    """Its session id goes on with another stream, by a reset or a run that does not continue it:
    streams end without `done`, and readers that come back get the session of the new run."""
    STOPPED = "stopped"
    """The bridge has forgotten it: streams end without `done`, and no task is started any more."""


_NEXT: Final = {
    State.OPEN: {State.CLOSED, State.REPLACED, State.STOPPED},
    State.CLOSED: {State.STOPPED},
    State.REPLACED: {State.STOPPED},
    State.STOPPED: set[State](),
}
"""The transitions. A stopped session stays so, although its tail may still see the close."""


class Session:
    """The stream of one incarnation: of a chain of runs, each of which continues the one before."""

    def __init__(self, shared: Shared, session_id: str, run: Run, notifier: Notifier) -> None:
        self.id = session_id
        self.run = run  # the newest one of the chain that this bridge knows
        self.notifier = notifier  # wakes readers when there is something new
        self.state = State.OPEN
        self.outcome: Outcome | None = None  # how the workflow ended; set in CLOSED, and kept
        self.readers = 0
        self.touched = now()  # last POST or change of readers: what is idle is forgotten
        self.log = SessionLog(run.incarnation)
        self.stored = ReadBack(shared, session_id, run.run_id, self._present)
        self.frames = PageFrames()  # of what was read back
        self._counts = shared.counts
        self._gaps = 0  # of the log, as counted last
        self.broadcast: Broadcast | None = None  # made when its first reader is up to date
        self._tasks: dict[str, asyncio.Task[None]] = {}
        scope = Scope(shared, session_id, self.log, SentSignals(), notifier)
        self.tail = SessionTail(
            scope,
            run.run_id,
            news=self._show_news,
            continued=self._continued,
            closed=self._closed,
        )
        self._incoming = Incoming(scope, run, self.tail, shown=self._show_news)
        self._observer = LivenessObserver(scope, run_id=self._run_id, wanted=self._is_read)

    # POSTs

    async def receive(self, post: ProducerPost) -> Answer:
        """Take in one POST of a producer; a final POST is answered once all is durable.

        Its run is the newest one, as Temporal has shown. The tail may not have come to it yet.
        """
        self.touched = now()
        self._start("tail", self.tail.run)
        if post.run_id != self.run.run_id:
            await self._catch_up(ASK_SECONDS, lambda: post.run_id == self.run.run_id)
        if self.state in {State.CLOSED, State.REPLACED}:
            return Stale()
        if post.run_id != self.run.run_id or self.state is State.STOPPED:
            nothing = post.base.offset(-1)  # Temporal does not answer, or the bridge forgets this
            return Taken(nothing, nothing, held=False)
        return await self._incoming.receive(post)

    @property
    def lag(self) -> float:
        """For how many seconds the oldest event has been waiting to become durable."""
        return self._incoming.lag

    # Memory

    @property
    def held(self) -> int:
        """Bytes of memory that all events held take."""
        return self.log.held + self.stored.held + self.frames.held

    def forget(self) -> None:
        """Drop everything that can be read back from Temporal."""
        self.log.forget_durable()
        self.stored.forget()
        self.frames.forget()

    # Reading

    @property
    def liveness(self) -> Liveness | None:
        """Whether a worker is alive, as readers are shown it; None: they are shown nothing.

        A session that the bridge cannot read is `unreadable`, whoever works on it.
        """
        return self._observer.liveness if self.tail.missing is None else UNREADABLE

    @property
    def watched(self) -> bool:
        """It is open, and this bridge would learn of its close at once."""
        tail = self._tasks.get("tail")
        return self.state is State.OPEN and tail is not None and not tail.done()

    def is_behind(self, cursor: Cursor | None) -> bool:
        """Whether a reader with this cursor has seen what this bridge, watching it, has not."""
        if cursor is None:
            return False
        return cursor.place is None or not cursor.is_of(self.run.incarnation)

    @property
    def ends_without_done(self) -> bool:
        """Its streams end here, and readers have to come back for the rest."""
        return self.state in {State.REPLACED, State.STOPPED}

    def attend(self) -> None:
        """A reader has come: start the tasks that find out what it will need."""
        self.readers += 1
        self.touched = now()
        if self.state is State.OPEN:
            self._start("tail", self.tail.run)
            self._start("observer", self._observer.run)

    def leave(self) -> None:
        """A reader has gone."""
        self.readers -= 1
        self.touched = now()

    async def what_never_was(self, place: Place, seconds: float) -> str | None:
        """A sentence about what a place names and Temporal does not have.

        None: it may be right, or Temporal does not tell within so many seconds.
        """
        # Without a mark so far, the first one may be on the next page.
        if self.log.begun and self.log.fold.marked and not what_never_was(place, self.log.fold):
            return None
        return what_never_was(place, self.log.fold) if await self._catch_up(seconds) else None

    async def _catch_up(self, seconds: float, enough: Callable[[], bool] = lambda: False) -> bool:
        """Read what Temporal has now, or `enough` of it; False: not within so many seconds."""
        self._start("tail", self.tail.run)
        try:
            async with asyncio.timeout(seconds):
                await self.tail.refresh(enough)
        except TimeoutError:
            return False
        return self.log.begun

    def _show_news(self) -> None:
        if self.log.gaps != self._gaps:
            self._counts.gaps += self.log.gaps - self._gaps
            self._gaps = self.log.gaps
        self._observer.event_shown()
        self._incoming.wake()
        if self.broadcast is not None:
            self.broadcast.begin()
        self.notifier.notify()

    def _present(self) -> Present | None:
        """The run whose workflow can be asked for its events."""
        begins = self.tail.begins
        if begins is None or self.state is not State.OPEN:
            return None
        return Present(self.tail.run_id, begins)

    def _run_id(self) -> str:
        return self.run.run_id

    def _is_read(self) -> bool:
        return self.state is State.OPEN and self.readers > 0

    # State and tasks

    def _become(self, state: State) -> None:
        """Change the state and wake all who wait, unless this transition comes too late."""
        if state in _NEXT[self.state]:
            self.state = state
            self.notifier.notify()

    def _start(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Start a task unless it runs. One that breaks is restarted until its work has ended."""
        task = self._tasks.get(name)
        if self.state is State.OPEN and (task is None or task.done()):
            what = f"{name} of session {self.id}"
            self._tasks[name] = asyncio.create_task(supervised(what, work, self.id))

    def _continued(self, run_id: str) -> None:
        """The session goes on in this run: what was meant for the one before cannot count."""
        self.run = Run(run_id, self.run.first_run_id, task_queue=self.run.task_queue)
        self._incoming.continue_in(self.run)
        self.stored.continue_in_next_run()
        self._show_news()

    def _closed(self, outcome: Outcome | None) -> None:
        """The session has ended; None: its id goes on with another stream."""
        self.outcome = outcome
        self._become(State.REPLACED if outcome is None else State.CLOSED)

    async def stop(self) -> None:
        """Make durable what is held, within FLUSH_SECONDS, and end every task.

        Readers are woken first: their streams end while the publisher flushes.
        """
        self._become(State.STOPPED)
        await self._incoming.stop()
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), self.stored.stop(), return_exceptions=True)
