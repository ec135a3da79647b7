"""One session on one bridge: its log, and the tasks that join it to Temporal.

Four tasks, each started when needed: the *signaller* makes events durable, the *watcher* waits
for the close of the workflow, the *follower* reads what comes while nobody POSTs here, the
*observer* finds out whether a worker is alive while nothing comes. Readers are woken by the
channel's notifier; none of them has a queue.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from kai_flow.bridge.attempts import KnownAttempts
from kai_flow.bridge.frames import PageFrames
from kai_flow.bridge.memory_budget import MemoryBudget
from kai_flow.bridge.notifier import Notifier, wait_for
from kai_flow.bridge.readback import DurableCopy, Part
from kai_flow.bridge.storage import Storage
from kai_flow.runtime.log_limiter import LogLimiter
from kai_flow.stream.batches import Batch
from kai_flow.stream.buffer import Slice
from kai_flow.stream.cadence import Cadence
from kai_flow.stream.callback import ProducerPost
from kai_flow.stream.clock import now
from kai_flow.stream.events import NumberedEvent, held_bytes
from kai_flow.stream.ids import START, EventId
from kai_flow.stream.liveness import news, observe
from kai_flow.stream.log import Answer, Attempt, Full, SessionLog, Taken
from kai_flow.stream.outcome import Outcome, wait_for_outcome
from kai_flow.stream.progress import LIVENESS_SECONDS, Liveness
from kai_flow.stream.run import Run
from kai_flow.stream.signals import SessionClosed, SignalsRefused, publish
from kai_flow.stream.sse import encode_event
from kai_flow.stream.supervised import supervised
from kai_flow.stream.tail import HistoryTail

log = logging.getLogger(__name__)

UNFED_SECONDS: Final = 2.0  # without a useful POST before the session is followed in Temporal
PAUSE_SECONDS: Final = 1.0  # after a failed call, before the next
SETTLE_SECONDS: Final = 2.0  # between two reads of what POSTs call durable, for who does not signal
SETTLE_BYTES: Final = 1024 * 1024  # of waiting events, before such a read is worth its cost
FLUSH_SECONDS: Final = 2.0  # how long the answer to a final POST waits for durability
MAX_PAUSE_SECONDS: Final = 10.0


class Session:
    """The stream of one chain of runs, from whichever copy is nearest."""

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
        self.notifier = notifier  # notifies readers that there is something new
        self.outcome: Outcome | None = None  # set once, when the workflow has closed
        self.proven = False  # Temporal has said that there is such a run
        self.replaced = False  # a reset has closed it: the newest run's session goes on instead
        self.liveness: Liveness | None = None  # as readers are shown it while no event comes
        self.readers = 0
        self.stopping = False  # set once: streams end, and no task begins any more
        self.touched = now()  # last POST or reader, for forgetting the idle
        self.log = SessionLog(partial(encode_event, incarnation=run.incarnation))
        self.durable = DurableCopy(client, session_id, run.run_id, self._mark_durable, memory)
        self.frames = PageFrames(run.incarnation)  # of what was read back
        self._client = client
        self._boot_id = boot_id
        self._memory = memory
        self._attempts = KnownAttempts(client, session_id, run.run_id)
        self._cadence = Cadence(signal_interval, now())
        self._storage = Storage(client, session_id, run)
        self._signalling = True  # no other bridge is to do it
        self._refused = False  # no more signals: Temporal takes none, or the run stores all it may
        self._limiter = LogLimiter()
        self._settled_at = now() - SETTLE_SECONDS  # last read of what POSTs call durable
        self._finished: tuple[int, int] | None = None  # the attempt whose final POST has come
        self._wake_signaller = asyncio.Event()
        self._fed_at = now()  # last POST that brought this log up to date
        self._tail = HistoryTail(client, session_id, run.run_id)
        self._tailing = False  # all that the tail has skipped is known
        self._tasks: dict[str, asyncio.Task[None]] = {}

    # POSTs

    async def receive(self, post: ProducerPost) -> Answer:
        """Take in one POST of a producer; a final POST is answered once all is durable."""
        self.touched = now()
        if not (self.log.closed or await self._attempts.include(post.base.attempt_key)):
            nothing = post.base.offset(-1)
            return Taken(nothing, nothing, held=False)
        self._signalling = post.signaller in (None, self._boot_id)
        self._cadence.learn_age(post.age, now())
        if self._storage.full and self._would_store(post):
            return Full(stored=True)
        answer = self._take(post, post.events)
        if isinstance(answer, Taken):
            if answer.held:
                self._fed_at = now()
            if answer.news:
                self._show_news()
            if post.done:
                self._finished = post.base.attempt_key
            elif answer.news and self._finished == post.base.attempt_key:
                self._finished = None  # more events came after its final POST
            self._start("signaller", self._signal)
            self._wake_signaller.set()
            if post.done:
                answer = await self._flushed(answer, post)
        return answer

    def _take(self, post: ProducerPost, events: Sequence[NumberedEvent]) -> Answer:
        self._mention(post)
        return self.log.receive(post.base, events, stored=post.stored, signalling=self._signalling)

    def _would_store(self, post: ProducerPost) -> bool:
        """Whether something of it is new, and to be signalled."""
        last = post.events[-1].id if post.events else post.base.offset(-1)
        last = last if post.stored is None else min(last, post.stored)
        return bool(post.events) and last > (self.log.position or post.base.offset(-1))

    def _mention(self, post: ProducerPost) -> None:
        """Log a POST that moves the log by its mere word: seldom, and harmless to the result."""
        attempt = self.log.current
        if attempt is None or attempt.attempt_key != post.base.attempt_key:
            return
        if post.base > attempt.received.offset(1) and self._limiter.due("base") is not None:
            log.info(
                "session %s: on to %s at its producer's word; what is between is read back",
                self.id, post.base,
            )  # fmt: skip
        if post.stored not in (None, attempt.stored) and self._limiter.due("stored") is not None:
            log.info("session %s: what comes after %s is live only", self.id, post.stored)

    def _show_news(self) -> None:
        self.liveness = None  # an event says more
        self.notifier.notify()

    async def _flushed(self, answer: Taken, post: ProducerPost) -> Answer:
        deadline = now() + FLUSH_SECONDS
        while now() < deadline:
            last = answer.received if post.stored is None else min(answer.received, post.stored)
            if answer.durable >= last:
                break
            await wait_for(self.notifier.next, deadline - now())
            again = self._take(post, ())
            if not isinstance(again, Taken):
                return again
            answer = again
        return answer

    # Memory

    @property
    def held(self) -> int:
        """Bytes of all events held."""
        return self.log.bytes + self.durable.held + self.frames.held

    def forget(self) -> None:
        """Let go of everything that can be read back from Temporal."""
        if self.log.current is not None:
            self.log.current.forget_durable()
        self.durable.forget()
        self.frames.forget()

    # Reading

    @property
    def watched(self) -> bool:
        """Its close would be known by now."""
        watcher = self._tasks.get("watcher")
        return self.outcome is None and watcher is not None and not watcher.done()

    def attend(self) -> None:
        """A reader has come: see to what it will need to know."""
        self.readers += 1
        self.touched = now()
        if self.outcome is None and not self.replaced:
            self._start("watcher", self._watch)
            self._start("follower", self._follow)
            self._start("observer", self._observe)

    def leave(self) -> None:
        """A reader has gone."""
        self.readers -= 1
        self.touched = now()

    def lacks_rest(self, last: Part) -> bool:
        """Whether a closed session is known to have said more than its last part and than is here.

        What was not stored is known only to a bridge that was given it.
        """
        return last.stops_short and not self.log.ended_at(last.page.next)

    def encode(self, page: Slice) -> bytes:
        """The frames of a page read back: made once, for all readers who are given the same."""
        if page.gap is not None and self.log.ended_at(page.gap.after):
            page = page._replace(gap=None)  # it was not stored, and this reader has seen it
        return self.frames.of(page)

    def _mark_durable(self, last: EventId) -> None:
        if self.log.mark_durable(last):
            self._show_news()

    # Tasks

    def _start(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        task = self._tasks.get(name)
        if not self.stopping and (task is None or task.done()):
            what = f"{name} of session {self.id}"
            self._tasks[name] = asyncio.create_task(supervised(what, work))

    async def _signal(self) -> None:
        while (attempt := self.log.signal_next()) is not None:
            self._wake_signaller.clear()
            if attempt.doubtful and await self._settle(attempt):
                continue
            if self._refused or not self._signalling:
                return
            if not attempt.ready:
                await wait_for(self._wake_signaller, PAUSE_SECONDS)
                continue
            pause = self._pause(attempt)
            if pause is None or pause > 0:
                await wait_for(self._wake_signaller, pause)
                continue
            batch = Batch(self.run.run_id, attempt.undurable())
            self._cadence.sent()
            if not await self._publish(batch):
                return

    async def _publish(self, batch: Batch) -> bool:
        """Signal a batch; False when no other need be tried."""
        try:
            if not await self._storage.admits(sum(len(event.data) for event in batch.events)):
                self._refused = True
                return False
            await publish(self._client, self.id, batch)
        except SessionClosed:
            log.info("session %s has ended, or never was: %s is too late", self.id, batch.first)
            self.log.closed = True
            self._start("watcher", self._watch)
            return False
        except SignalsRefused as error:
            log.warning("session %s, event %s: %s", self.id, batch.first, error.message)
            self._refused = True  # its producer will ask for itself, and end the session
            return False
        except Exception as error:
            self._cadence.failed(now())  # or it would count as under way for ever
            if not isinstance(error, RPCError):
                raise  # a codec's, say: it goes again when this task is begun anew
            log.warning(
                "session %s: the signal of %s failed: %s", self.id, batch.first, error.message
            )
        else:
            self._cadence.acknowledged(now())
            self._mark_durable(batch.last)
            self.notifier.notify()
        return True

    def _pause(self, attempt: Attempt) -> float | None:
        """Seconds until its next signal is due; None: not before an answer has come."""
        flush = self.stopping or attempt.attempt_key == self._finished
        due = self._cadence.due(attempt.waiting, attempt.waiting_bytes, flush=flush)
        return None if due is None else due - now()

    async def _settle(self, attempt: Attempt) -> bool:
        """Read from Temporal what POSTs alone have called durable; True when that moved something.

        It frees what another sender has made durable. What a `base` says is not taken for that: it
        may be forged, and events that are in no other place would be let go.
        """
        if not self._signalling:
            # It only frees memory. A session of an ordinary size costs Temporal no read for it.
            waiting = held_bytes(attempt.waiting, attempt.waiting_bytes)
            if waiting < SETTLE_BYTES or now() - self._settled_at < SETTLE_SECONDS:
                return False
        self._settled_at = now()
        before = attempt.durable
        await self.durable.read(max(attempt.told, before))
        moved = attempt.durable > before or self.log.signal_next() is not attempt
        if moved:
            self.notifier.notify()
        return moved

    async def _watch(self) -> None:
        pause = PAUSE_SECONDS
        while True:
            try:
                self.outcome = await wait_for_outcome(self._client, self.id, self.run.run_id)
                break
            except RPCError as error:
                if error.status == RPCStatusCode.NOT_FOUND:
                    log.warning("session %s has no run %s", self.id, self.run.run_id)
                    return
                log.info("session %s: waiting for Temporal: %s", self.id, error.message)
                await asyncio.sleep(pause)
                pause = min(2 * pause, MAX_PAUSE_SECONDS)
        self.replaced = self.outcome is None
        if self.outcome is not None:
            self.durable.close(self.outcome.run_id)
        self.log.closed = True
        self.notifier.notify()

    async def _follow(self) -> None:
        """Tail the history while no POST keeps this log up to date."""
        while self.outcome is None and self.readers and not self._tail.ended:
            unfed = now() - self._fed_at
            if unfed < UNFED_SECONDS:
                await asyncio.sleep(UNFED_SECONDS - unfed)
                continue
            try:
                events = await self._read_tail()
            except RPCError as error:
                log.info("session %s cannot be followed: %s", self.id, error.message)
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            self._memory.grew(held_bytes(len(events), sum(len(event.data) for event in events)))
            if events and self.log.absorb(events):
                self._show_news()

    async def _read_tail(self) -> list[NumberedEvent]:
        """What has become durable since the last time; at first: since now. Raises RPCError."""
        if self._tailing:
            return await self._tail.read()
        # The end first, then what is there by now: nothing can come between the two. The history
        # itself may be long, and readers have most of it.
        await self._tail.skip()
        await self.durable.catch_up(self.log.position or START)
        self._tailing = True
        return []

    async def _observe(self) -> None:
        """Say whether anybody works at the session while no event comes."""
        while True:
            shown = self.log.position
            await asyncio.sleep(LIVENESS_SECONDS)
            if self.outcome is not None or not self.readers:
                break
            liveness = None
            if self.log.position == shown:
                try:
                    liveness = await observe(self._client, self.id, self.run.run_id)
                except RPCError as error:
                    log.info("session %s: its liveness is unknown: %s", self.id, error.message)
                    continue
            liveness = news(liveness, self.liveness) if self.log.position == shown else None
            if liveness != self.liveness:
                self.liveness = liveness
                self.notifier.notify()
        self.liveness = None

    async def stop(self) -> None:
        """Make durable what is held, within FLUSH_SECONDS, and end every task."""
        self.stopping = True
        self.notifier.notify()
        signaller = self._tasks.get("signaller")
        if signaller is not None and not signaller.done():
            self._wake_signaller.set()
            await asyncio.wait([signaller], timeout=FLUSH_SECONDS)
        for task in self._tasks.values():
            task.cancel()
        others = (self.durable.stop(), self._attempts.stop())
        await asyncio.gather(*self._tasks.values(), *others, return_exceptions=True)
