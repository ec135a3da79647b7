"""The publisher of a session: makes what the session's log holds durable, batch by batch."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from temporalio.client import Client
from temporalio.service import RPCError

from kai_flow.bridge.readback import PAUSE_SECONDS, DurableCopy
from kai_flow.bridge.storage_limit import StorageLimit
from kai_flow.stream.attempt_window import AttemptWindow
from kai_flow.stream.batches import Batch
from kai_flow.stream.cadence import Cadence
from kai_flow.stream.callback import ProducerPost
from kai_flow.stream.clock import now
from kai_flow.stream.events import held_bytes
from kai_flow.stream.ids import EventId
from kai_flow.stream.notifier import Notifier, wait_for
from kai_flow.stream.run import Run
from kai_flow.stream.session_log import SessionLog
from kai_flow.stream.signals import SessionClosed, SignalsRefused, publish

log = logging.getLogger(__name__)

FLUSH_SECONDS: Final = 2.0  # wait until all is durable, of a final POST or a stopping session
SETTLE_SECONDS: Final = 2.0  # between two reads of what POSTs call durable, if another signals
SETTLE_BYTES: Final = 1024 * 1024  # of waiting events, before such a read is worth its cost


class Publisher:
    """Signals the events of one session's log at the pace of the protocol (§4.5).

    `run` is one task at a time. It ends when nothing is left to signal, and is started again by the
    next POST. While it awaits Temporal, POSTs go on changing the log, what the producer wants
    (`instruct`) and whose final POST has come (`posted`). These invariants hold all the same:

    * One signal is under way at most, because only this task signals and it awaits each answer.
    * A batch does not change once it was read from the log, and its acknowledgement marks as
      durable what was in that batch, whatever has come meanwhile.
    * No wake-up is lost: the event is cleared before the log is read, and set after it was changed.
    * Only Temporal makes an event durable: by an acknowledgement, or in a read (`_settle`).
    """

    def __init__(
        self,
        client: Client,
        session_id: str,
        run: Run,
        session_log: SessionLog,
        durable: DurableCopy,
        notifier: Notifier,
        *,
        signal_interval: float,
        mark_durable: Callable[[EventId], None],
    ) -> None:
        self.signalling = True  # the producer has named no other bridge to do it (§6.13)
        self._client = client
        self._session_id = session_id
        self._run_id = run.run_id
        self._log = session_log
        self._durable = durable
        self._notifier = notifier  # wakes readers, and POSTs that wait for durability
        self._mark_durable = mark_durable
        self._cadence = Cadence(signal_interval, now())
        self._storage = StorageLimit(client, session_id, run)
        self._refused = False  # for good: Temporal takes no signal, or the run stores all it may
        self._flushing = False  # the session is stopping: pauses are cut short
        self._finished: tuple[int, int] | None = None  # the attempt of the last final POST
        self._settled_at = now() - SETTLE_SECONDS  # last read of what POSTs call durable
        self._woken = asyncio.Event()

    @property
    def storage_full(self) -> bool:
        """The run stores as much as it may."""
        return self._storage.full

    def instruct(self, *, signalling: bool, age: float) -> None:
        """Take over from a POST whether to signal, and for how long the session has streamed."""
        self.signalling = signalling
        self._cadence.learn_age(age, now())

    def posted(self, post: ProducerPost, *, news: bool) -> None:
        """The log has taken this POST; `news`: it had new events."""
        key = post.base.attempt_key
        if post.done:
            self._finished = key
        elif news and self._finished == key:
            self._finished = None  # more events came after its final POST
        self._woken.set()

    def flush(self) -> None:
        """Signal what is left without pauses: the session is stopping."""
        self._flushing = True
        self._woken.set()

    async def run(self) -> None:
        """Signal until nothing is left to signal, or nothing more can be."""
        while (attempt := self._log.signal_next()) is not None:
            self._woken.clear()
            if attempt.doubtful and await self._settle(attempt):
                continue
            if self._refused or not self.signalling:
                return
            if not attempt.ready:  # a hole lies before what waits, and Temporal does not show it
                await wait_for(self._woken, PAUSE_SECONDS)
                continue
            pause = self._pause(attempt)
            if pause is None or pause > 0:
                await wait_for(self._woken, pause)
                continue
            batch = Batch(self._run_id, attempt.undurable())
            self._cadence.sent()
            if not await self._publish(batch):
                return

    async def _publish(self, batch: Batch) -> bool:
        """Signal a batch; False when the publisher has to end."""
        try:
            if not await self._storage.admits(sum(len(event.data) for event in batch.events)):
                self._refused = True
                return False
            await publish(self._client, self._session_id, batch)
        except SessionClosed:
            log.info(
                "session %s has ended, or never existed: %s is too late",
                self._session_id, batch.first,
            )  # fmt: skip
            self._log.closed = True
            return False
        except SignalsRefused as error:
            log.warning("session %s, event %s: %s", self._session_id, batch.first, error.message)
            self._refused = True  # the producer signals by itself, is refused, and ends the session
            return False
        except Exception as error:
            self._cadence.failed(now())  # first of all: else the signal would be under way for ever
            if not isinstance(error, RPCError):
                raise  # such as a codec's: the restarted task sends the batch again
            log.warning(
                "session %s: the signal of %s failed: %s",
                self._session_id, batch.first, error.message,
            )  # fmt: skip
        else:
            self._cadence.acknowledged(now())
            self._mark_durable(batch.last)
            self._notifier.notify()
        return True

    def _pause(self, attempt: AttemptWindow) -> float | None:
        """Seconds until its next signal is due; None: not before an answer has come."""
        flush = self._flushing or attempt.attempt_key == self._finished
        due = self._cadence.due(attempt.waiting, attempt.waiting_bytes, flush=flush)
        return None if due is None else due - now()

    async def _settle(self, attempt: AttemptWindow) -> bool:
        """Read from Temporal what only POSTs have called durable; True when that moved something.

        The read frees what another sender has made durable. A `base` alone frees nothing: it may be
        forged, and then the bridge would drop events that exist nowhere else.
        """
        if not self.signalling:
            # The read would only free memory. A session of ordinary size costs Temporal none.
            waiting = held_bytes(attempt.waiting, attempt.waiting_bytes)
            if waiting < SETTLE_BYTES or now() - self._settled_at < SETTLE_SECONDS:
                return False
        self._settled_at = now()
        before = attempt.durable
        await self._durable.read(max(attempt.claimed, before))
        moved = attempt.durable > before or self._log.signal_next() is not attempt
        if moved:
            self._notifier.notify()
        return moved
