"""What a session takes in: the POSTs of its present run, and the signals that they become."""

import asyncio
from collections.abc import Callable

from kai_flow.bridge.intake import Intake
from kai_flow.bridge.publisher import FLUSH_SECONDS, Publisher
from kai_flow.bridge.session_tail import SessionTail
from kai_flow.bridge.shared import Scope
from kai_flow.stream.attempt_window import Answer, Taken
from kai_flow.stream.callback import ProducerPost
from kai_flow.stream.ids import EventId
from kai_flow.stream.run import Run
from kai_flow.stream.supervised import supervised


class Incoming:
    """The intake and the publisher of the present run, and the task that publishes."""

    def __init__(
        self, scope: Scope, run: Run, tail: SessionTail, *, shown: Callable[[], None]
    ) -> None:
        self._scope = scope
        self._tail = tail
        self._shown = shown  # called when there is something new to show
        self._task: asyncio.Task[None] | None = None
        self._publisher, self._intake = self._made_for(run)

    def _made_for(self, run: Run) -> tuple[Publisher, Intake]:
        publisher = Publisher(
            self._scope,
            run,
            mark_durable=self._mark_durable,
            readable=lambda: self._tail.missing is None,
        )
        intake = Intake(self._scope, run.run_id, self._tail, publisher, taken=self._taken)
        return publisher, intake

    async def receive(self, post: ProducerPost) -> Answer:
        """Take in one POST of a producer; a final POST is answered once all is durable."""
        return await self._intake.receive(post)

    @property
    def lag(self) -> float:
        """For how many seconds the oldest event has been waiting to become durable."""
        return self._publisher.lag

    def wake(self) -> None:
        """The log has changed: perhaps what waits can be signalled now."""
        self._publisher.wake()

    def continue_in(self, run: Run) -> None:
        """The session goes on in this run: what waits for the one before is signalled no more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None  # it takes a moment to end: the next POST does not wait for that
        self._intake.retire()
        self._publisher, self._intake = self._made_for(run)

    async def stop(self) -> None:
        """Make durable what waits, within FLUSH_SECONDS, and end every task."""
        if self._task is not None and not self._task.done():
            self._publisher.flush()
            await asyncio.wait([self._task], timeout=FLUSH_SECONDS)
            self._task.cancel()
            await asyncio.wait([self._task])
        self._intake.retire()

    def _taken(self, answer: Taken) -> None:
        """The log has taken a POST: show what is new, and make it durable."""
        if answer.news:
            self._shown()
        if self._task is None or self._task.done():
            session_id = self._scope.session_id
            what = f"publisher of session {session_id}"
            self._task = asyncio.create_task(supervised(what, self._publisher.run, session_id))

    def _mark_durable(self, last: EventId) -> None:
        if self._scope.log.mark_durable(last):
            self._shown()
        self._tail.moved.notify()  # a final POST may wait for it
