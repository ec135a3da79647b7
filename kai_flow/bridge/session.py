"""One session on one bridge: its log, its state, and the tasks that connect it to Temporal.

There are four tasks, each started when it is needed. The *publisher* makes events durable, the
*watcher* waits for the close of the workflow, the *follower* reads what becomes durable while
no producer POSTs here, and the *observer* finds out whether a worker is alive while no event comes.
Readers are woken by the channel's notifier and read the log by themselves: none has a queue.
"""

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum
from functools import partial
from typing import Final

from temporalio.client import Client

from kai_flow.bridge.attempts import KnownAttempts
from kai_flow.bridge.frames import PageFrames
from kai_flow.bridge.history_follower import HistoryFollower
from kai_flow.bridge.intake import Intake
from kai_flow.bridge.liveness_observer import LivenessObserver
from kai_flow.bridge.memory_budget import MemoryBudget
from kai_flow.bridge.publisher import FLUSH_SECONDS, Publisher
from kai_flow.bridge.readback import DurableCopy, Part
from kai_flow.bridge.watcher import Watcher
from kai_flow.stream.attempt_window import Answer, Taken
from kai_flow.stream.buffer import Slice
from kai_flow.stream.callback import ProducerPost
from kai_flow.stream.clock import now
from kai_flow.stream.ids import EventId
from kai_flow.stream.notifier import Notifier
from kai_flow.stream.outcome import Outcome
from kai_flow.stream.progress import Liveness
from kai_flow.stream.run import Run
from kai_flow.stream.session_log import SessionLog
from kai_flow.stream.sse import encode_event
from kai_flow.stream.supervised import supervised


class State(Enum):
    """Where a session stands on this bridge. It begins OPEN, and only `_become` changes it."""

    OPEN = "open"
    """Its workflow runs, as far as this bridge has seen."""
    CLOSED = "closed"
    """Its workflow has ended: readers get the rest of its history, and then `done`."""
    REPLACED = "replaced"
    """A reset has ended its run: streams end without `done`, and readers that come back get the
    session of the new run."""
    STOPPED = "stopped"
    """The bridge has forgotten it: streams end without `done`, and no task is started any more."""


_NEXT: Final = {
    State.OPEN: {State.CLOSED, State.REPLACED, State.STOPPED},
    State.CLOSED: {State.STOPPED},
    State.REPLACED: {State.STOPPED},
    State.STOPPED: set[State](),
}
"""The transitions. A stopped session stays so, although its watcher may still see the close."""


class Session:
    """The stream of one chain of runs, from whichever copy is nearest.

    The state is about the run that Temporal has. `log.closed` is about POSTs, and can come earlier:
    it is set as soon as a signal is refused because the run has ended.
    """

    def __init__(
        self,
        client: Client,
        session_id: str,
        run: Run,
        notifier: Notifier,
        *,
        signal_interval: float,
        boot_id: str,
        memory: MemoryBudget,
    ) -> None:
        self.id = session_id
        self.run = run
        self.notifier = notifier  # wakes readers when there is something new
        self.state = State.OPEN
        self.outcome: Outcome | None = None  # how the workflow ended; set in CLOSED, and kept
        self.proven = False  # Temporal has shown that there is such a run
        self.readers = 0
        self.touched = now()  # last POST or change of readers: what is idle is forgotten
        self.log = SessionLog(partial(encode_event, incarnation=run.incarnation))
        self.durable = DurableCopy(client, session_id, run.run_id, self._mark_durable, memory)
        self.frames = PageFrames(run.incarnation)  # of what was read back
        self._attempts = KnownAttempts(client, session_id, run.run_id)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._publisher = Publisher(
            client,
            session_id,
            run,
            self.log,
            self.durable,
            notifier,
            signal_interval=signal_interval,
            mark_durable=self._mark_durable,
        )
        self._intake = Intake(
            session_id,
            self.log,
            self._attempts,
            self._publisher,
            notifier,
            boot_id=boot_id,
            taken=self._taken,
        )
        self._watcher = Watcher(client, session_id, run.run_id, closed=self._closed)
        self._follower = HistoryFollower(
            client,
            session_id,
            run.run_id,
            self.log,
            self.durable,
            memory,
            wanted=self._is_read,
            show_news=self._show_news,
        )
        self._observer = LivenessObserver(
            client, session_id, run.run_id, self.log, notifier, wanted=self._is_read
        )

    # POSTs

    async def receive(self, post: ProducerPost) -> Answer:
        """Take in one POST of a producer; a final POST is answered once all is durable."""
        self.touched = now()
        return await self._intake.receive(post)

    def _taken(self, answer: Taken) -> None:
        """The log has taken a POST: show what is new, and make it durable."""
        if answer.held:
            self._follower.fed()
        if answer.news:
            self._show_news()
        self._start("publisher", self._publish)

    # Memory

    @property
    def held(self) -> int:
        """Bytes of memory that all events held take."""
        return self.log.bytes + self.durable.held + self.frames.held

    def forget(self) -> None:
        """Drop everything that can be read back from Temporal."""
        if self.log.current is not None:
            self.log.current.forget_durable()
        self.durable.forget()
        self.frames.forget()

    # Reading

    @property
    def liveness(self) -> Liveness | None:
        """Whether a worker is alive, as readers are shown it; None: they are shown nothing."""
        return self._observer.liveness

    @property
    def watched(self) -> bool:
        """It is open, and this bridge would learn of its close at once."""
        watcher = self._tasks.get("watcher")
        return self.state is State.OPEN and watcher is not None and not watcher.done()

    @property
    def ends_without_done(self) -> bool:
        """Its streams end here, and readers have to come back for the rest."""
        return self.state in {State.REPLACED, State.STOPPED}

    def attend(self) -> None:
        """A reader has come: start the tasks that find out what it will need."""
        self.readers += 1
        self.touched = now()
        if self.state is State.OPEN:
            self._start("watcher", self._watcher.run)
            self._start("follower", self._follower.run)
            self._start("observer", self._observer.run)

    def leave(self) -> None:
        """A reader has gone."""
        self.readers -= 1
        self.touched = now()

    def lacks_rest(self, last: Part) -> bool:
        """Whether a closed session had more events than its last part has and this bridge holds.

        Events that were live only are known only to a bridge that they were POSTed to.
        """
        return last.stops_short and not self.log.ended_at(last.page.next)

    def encode(self, page: Slice) -> bytes:
        """The frames of a page read back: made once for all readers that get the same page."""
        if page.gap is not None and self.log.ended_at(page.gap.after):
            page = page._replace(gap=None)  # what is missing was live only, and this reader has it
        return self.frames.of(page)

    def _show_news(self) -> None:
        self._observer.event_shown()
        self.notifier.notify()

    def _mark_durable(self, last: EventId) -> None:
        if self.log.mark_durable(last):
            self._show_news()

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
        if self.state is not State.STOPPED and (task is None or task.done()):
            what = f"{name} of session {self.id}"
            self._tasks[name] = asyncio.create_task(supervised(what, work))

    async def _publish(self) -> None:
        await self._publisher.run()
        if self.log.closed and self.state is State.OPEN:  # a signal came too late
            self._start("watcher", self._watcher.run)

    def _closed(self, outcome: Outcome | None) -> None:
        """The run has closed; None: by a reset. A final history gives the rest of the stream."""
        self.log.closed = True
        if outcome is None:
            self._become(State.REPLACED)
        else:
            self.outcome = outcome
            self.durable.close(outcome.run_id)
            self._become(State.CLOSED)

    async def stop(self) -> None:
        """Make durable what is held, within FLUSH_SECONDS, and end every task.

        Readers are woken first: their streams end while the publisher flushes.
        """
        self._become(State.STOPPED)
        publisher = self._tasks.get("publisher")
        if publisher is not None and not publisher.done():
            self._publisher.flush()
            await asyncio.wait([publisher], timeout=FLUSH_SECONDS)
        for task in self._tasks.values():
            task.cancel()
        others = (self.durable.stop(), self._attempts.stop())
        await asyncio.gather(*self._tasks.values(), *others, return_exceptions=True)
