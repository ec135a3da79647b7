"""The publisher of a run: makes what the session's log holds durable, signal by signal."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Final

from temporalio.service import RPCError

from kai_flow.bridge.shared import Scope
from kai_flow.bridge.storage_limit import StorageLimit
from kai_flow.stream.attempt_window import AttemptWindow
from kai_flow.stream.batches import Batch
from kai_flow.stream.cadence import Cadence
from kai_flow.stream.callback import ProducerPost
from kai_flow.stream.clock import now
from kai_flow.stream.ids import EventId
from kai_flow.stream.log_fields import about
from kai_flow.stream.notifier import wait_for
from kai_flow.stream.outbox import MAX_BYTES, MAX_EVENTS
from kai_flow.stream.run import Run
from kai_flow.stream.signals import SessionClosed, SignalsRefused, publish
from kai_flow.stream.tally import Lag
from kai_flow.stream.wire_names import ATTEMPT_FAILED
from kai_flow.traces import spans
from kai_flow.traces.spans import NO_SPAN, Span

log = logging.getLogger(__name__)

_SAMPLE_SECONDS: Final = 0.1  # between two events whose way into the history is timed
_MAX_LAGS: Final = 16  # attempts whose events are timed, before those that wait for nothing go

posted_in: Final[ContextVar[Span]] = ContextVar("posted_in", default=NO_SPAN)
"""While a POST is answered: its span. It is the parent of the signal that carries its events."""

FLUSH_SECONDS: Final = 2.0  # wait until all is durable, of a final POST or a stopping session


class Publisher:
    """Signals the events of all producers of one run, at the pace of the protocol (§4.5).

    When its next signal is due by the session's own pace, it waits for its turn among all sessions
    of the bridge.

    `run` is one task at a time. It ends when nothing is left to signal, and is started again by the
    next POST. While it awaits Temporal, POSTs go on changing the log, and which attempts have ended
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
        readable: Callable[[], bool] = lambda: True,
    ) -> None:
        shared = scope.shared
        self.closed = False  # Temporal takes no signal any more, because the run has ended
        self._client = shared.client
        self._turns = shared.turns
        self._session_id = scope.session_id
        self._run_id = run.run_id
        self._log = scope.log
        self._sent = scope.sent
        self._mark_durable = mark_durable  # called for what a signal has brought
        self._readable = readable  # the client has the session's codec, as far as is known
        self._cadence = Cadence(shared.signal_interval, now())
        self._storage = StorageLimit(shared.client, scope.session_id, run)
        self._refused = False  # for good: Temporal takes no signal, or the run stores all it may
        self._flushing = False  # the session is stopping: pauses are cut short
        self._finished: set[tuple[int, int]] = set()  # attempts that have ended
        self._woken = asyncio.Event()
        self._counts = shared.counts
        self._span = NO_SPAN  # of the newest POST that has one and was not signalled yet
        self._lags: dict[tuple[int, int], Lag] = {}  # of the events that wait, by attempt

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
        if post.done or (post.events and post.events[-1].type == ATTEMPT_FAILED):
            self._finished.add(key)
        elif added:
            self._finished.discard(key)  # more events came after its final POST
        if added:
            self._note(post.base)
        if added or post.done:  # a final POST hastens the signal of what came before it
            self._span = posted_in.get() or self._span
        self.wake()

    def wake(self) -> None:
        """The log has changed."""
        self._woken.set()

    def flush(self) -> None:
        """Signal what is left without pauses: the session is stopping."""
        self._flushing = True
        self.wake()

    @property
    def pace(self) -> float:
        """For how many seconds the session waits at present for its turn among all sessions."""
        return 0.0 if self._refused or self.closed else self._turns.pace(self)

    @property
    def lag(self) -> float:
        """For how many seconds the oldest event has been waiting to become durable."""
        self._drop_idle_lags()
        return max((lag.age(now()) for lag in self._lags.values()), default=0.0)

    def _note(self, base: EventId) -> None:
        """Time the way of what this attempt has sent last, if it is signalled from here."""
        window = self._log.received.window(base)
        if window is None or not (window.waiting and window.signalling):
            return
        lag = self._lags.get(base.attempt_key)
        if lag is None:
            if len(self._lags) >= _MAX_LAGS:
                self._drop_idle_lags()
            lag = self._lags[base.attempt_key] = Lag(_SAMPLE_SECONDS)
        last = window.received if window.stored is None else min(window.received, window.stored)
        lag.note(last.seq, now())

    def _drop_idle_lags(self) -> None:
        """Forget the samples of attempts of which nothing waits: Temporal has it otherwise."""
        waiting = {one.attempt_key for one in self._log.received.all() if one.waiting}
        self._lags = {key: lag for key, lag in self._lags.items() if key in waiting}

    async def run(self) -> None:
        """Signal until nothing is left to signal, or nothing more can be."""
        try:
            while self._log.received.waiting and not (self._refused or self.closed):
                self._woken.clear()
                windows = self._log.received.to_signal
                # Without one a hole lies before what waits. The tail will show what fills it.
                pause = self._pause(windows) if windows else None
                if pause is None or pause > 0:
                    self._turns.leave(self)
                    await wait_for(self._woken, pause)
                elif self._turns.has_come(self, hurried=self._hurries(windows)):
                    self._cadence.sent()
                    await self._publish(self._log.received.batches())
                    self._turns.leave(self)
                else:
                    await wait_for(self._woken)
        finally:
            self._turns.leave(self)

    async def _publish(self, batches: tuple[Batch, ...]) -> None:
        """Signal these batches, unless they would be the only thing of the session unencrypted."""
        if not self._readable():
            self._cadence.failed(now())
            return
        try:
            size = sum(len(event.data) for batch in batches for event in batch.events)
            if not await self._storage.admits(size):
                self._refused = True
                return
            began, span, self._span = now(), self._span, NO_SPAN
            with spans.within(span):
                await publish(self._client, self._session_id, self._run_id, batches, self._sent)
        except SessionClosed:
            self._counts.signals["closed"] += 1
            log.info(
                "session %s has ended, or never existed: %s is too late",
                self._session_id, batches[0].first,
                extra=about("signal_too_late", self._session_id, batches[0].first),
            )  # fmt: skip
            self.closed = True
        except SignalsRefused as error:
            self._counts.signals["refused"] += 1
            log.warning(
                "session %s, event %s: %s", self._session_id, batches[0].first, error.message,
                extra=about("signal_refused", self._session_id, batches[0].first),
            )  # fmt: skip
            self._refused = True  # the producer signals by itself, is refused, and ends the session
        except Exception as error:
            self._counts.signals["failed"] += 1
            self._cadence.failed(now())  # first of all: else the signal would be under way for ever
            if not isinstance(error, RPCError):
                raise  # such as a codec's: the restarted task sends the batches again
            log.warning(
                "session %s: the signal of %s failed: %s",
                self._session_id, batches[0].first, error.message,
                extra=about("signal_failed", self._session_id, batches[0].first),
            )  # fmt: skip
        else:
            self._cadence.acknowledged(now())
            self._count(batches, began)
            for batch in batches:
                self._mark_durable(batch.last)

    def _count(self, batches: Iterable[Batch], began: float) -> None:
        """Temporal has acknowledged a signal of these batches."""
        counts, moment = self._counts, now()
        counts.signals["sent"] += 1
        counts.signal_seconds.observe(moment - began)
        for batch in batches:
            counts.signalled += len(batch.events)
            lag = self._lags.get(batch.last.attempt_key)
            if lag is not None:
                counts.became_durable(lag.reach(batch.last.seq, moment))

    def _pause(self, windows: Iterable[AttemptWindow]) -> float | None:
        """Seconds until the next signal is due; None: not before an answer has come.

        `windows` are those of which it would carry events. The events are not gathered before it is
        due: every POST wakes the publisher, and there may be hundreds.
        """
        due = self._cadence.due(
            self._log.received.waiting,
            self._log.received.waiting_bytes,
            flush=self._flushes(windows),
        )
        return None if due is None else due - now()

    def _flushes(self, windows: Iterable[AttemptWindow]) -> bool:
        """Whether what waits is signalled without a pause."""
        return self._flushing or any(one.attempt_key in self._finished for one in windows)

    def _hurries(self, windows: Iterable[AttemptWindow]) -> bool:
        """Whether somebody waits for it: the end of an attempt, a reader, or soon an agent."""
        return self._flushes(windows) or any(
            2 * one.waiting >= MAX_EVENTS
            or 2 * one.waiting_bytes >= MAX_BYTES
            or self._is_hidden(one)
            for one in windows
        )

    def _is_hidden(self, window: AttemptWindow) -> bool:
        """Whether readers are shown an attempt only once the history has its first event."""
        return not window.confirmed and (window.attempt_key[1] > 1 or not self._log.fold.marked)
