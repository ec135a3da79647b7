"""The publisher of a run: makes what the session's log holds durable, signal by signal."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from temporalio.service import RPCError

from kai_flow.bridge.shared import Scope
from kai_flow.bridge.storage_limit import StorageLimit
from kai_flow.stream.batches import Batch
from kai_flow.stream.cadence import Cadence
from kai_flow.stream.callback import ProducerPost
from kai_flow.stream.clock import now
from kai_flow.stream.ids import EventId
from kai_flow.stream.notifier import wait_for
from kai_flow.stream.run import Run
from kai_flow.stream.signals import SessionClosed, SignalsRefused, publish

log = logging.getLogger(__name__)

FLUSH_SECONDS: Final = 2.0  # wait until all is durable, of a final POST or a stopping session


class Publisher:
    """Signals the events of all producers of one run, at the pace of the protocol (§4.5).

    `run` is one task at a time. It ends when nothing is left to signal, and is started again by the
    next POST. While it awaits Temporal, POSTs go on changing the log, and whose final POST has come
    (`posted`). These invariants hold all the same:

    * One signal is under way at most, because only this task signals and it awaits each answer.
    * A batch does not change once it was read from the log, and its acknowledgement marks as
      durable what was in that batch, whatever has come meanwhile.
    * No wake-up is lost: the event is cleared before the log is read, and set after it was changed.
    * Only Temporal makes an event durable: by an acknowledgement, or by what the tail reads.
    """

    def __init__(
        self,
        scope: Scope,
        run: Run,
        *,
        mark_durable: Callable[[EventId], None],
    ) -> None:
        shared = scope.shared
        self.closed = False  # Temporal takes no signal any more, because the run has ended
        self._client = shared.client
        self._session_id = scope.session_id
        self._run_id = run.run_id
        self._log = scope.log
        self._sent = scope.sent
        self._mark_durable = mark_durable  # called for what a signal has brought
        self._cadence = Cadence(shared.signal_interval, now())
        self._storage = StorageLimit(shared.client, scope.session_id, run)
        self._refused = False  # for good: Temporal takes no signal, or the run stores all it may
        self._flushing = False  # the session is stopping: pauses are cut short
        self._finished: set[tuple[int, int]] = set()  # attempts whose final POST has come
        self._woken = asyncio.Event()

    @property
    def storage_full(self) -> bool:
        """The run stores as much as it may."""
        return self._storage.full

    def learn_age(self, age: float) -> None:
        """Take over from a POST for how long the session has been streaming."""
        self._cadence.learn_age(age, now())

    def posted(self, post: ProducerPost, *, added: bool) -> None:
        """The log has taken this POST; `added`: it had events that had not come before."""
        key = post.base.attempt_key
        if post.done:
            self._finished.add(key)
        elif added:
            self._finished.discard(key)  # more events came after its final POST
        self.wake()

    def wake(self) -> None:
        """The log has changed."""
        self._woken.set()

    def flush(self) -> None:
        """Signal what is left without pauses: the session is stopping."""
        self._flushing = True
        self.wake()

    async def run(self) -> None:
        """Signal until nothing is left to signal, or nothing more can be."""
        while self._log.received.waiting and not (self._refused or self.closed):
            self._woken.clear()
            ready = self._log.received.ready
            # If nothing is ready, a hole lies before what waits. The tail will show what fills it.
            pause = self._pause(ready) if ready else None
            if pause is None or pause > 0:
                await wait_for(self._woken, pause)
                continue
            self._cadence.sent()
            await self._publish(self._log.received.batches())

    async def _publish(self, batches: tuple[Batch, ...]) -> None:
        """Signal these batches."""
        try:
            size = sum(len(event.data) for batch in batches for event in batch.events)
            if not await self._storage.admits(size):
                self._refused = True
                return
            await publish(self._client, self._session_id, self._run_id, batches, self._sent)
        except SessionClosed:
            log.info(
                "session %s has ended, or never existed: %s is too late",
                self._session_id, batches[0].first,
            )  # fmt: skip
            self.closed = True
        except SignalsRefused as error:
            log.warning(
                "session %s, event %s: %s", self._session_id, batches[0].first, error.message
            )
            self._refused = True  # the producer signals by itself, is refused, and ends the session
        except Exception as error:
            self._cadence.failed(now())  # first of all: else the signal would be under way for ever
            if not isinstance(error, RPCError):
                raise  # such as a codec's: the restarted task sends the batches again
            log.warning(
                "session %s: the signal of %s failed: %s",
                self._session_id, batches[0].first, error.message,
            )  # fmt: skip
        else:
            self._cadence.acknowledged(now())
            for batch in batches:
                self._mark_durable(batch.last)

    def _pause(self, ready: set[tuple[int, int]]) -> float | None:
        """Seconds until the next signal is due; None: not before an answer has come.

        `ready` are the attempts of which it would carry events. They are not gathered before it is
        due: every POST wakes the publisher, and there may be hundreds.
        """
        flush = self._flushing or not ready.isdisjoint(self._finished)
        due = self._cadence.due(
            self._log.received.waiting, self._log.received.waiting_bytes, flush=flush
        )
        return None if due is None else due - now()
