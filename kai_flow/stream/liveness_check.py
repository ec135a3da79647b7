"""The liveness check: asks the server about silent sessions, for the queries of one worker.

A query runs in a thread of the worker, where nothing can be awaited. So the server is asked in the
worker's event loop, about one session at a time. At most one thread of the worker waits for an
answer. Every other query is answered at once from what is known, and leaves its question in a
queue, so that a later query finds the answer. Polling many silent sessions while Temporal is slow
therefore holds up one thread, and no other session.
"""

import asyncio
import logging
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from typing import Final, NamedTuple

from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker

from kai_flow.stream.liveness import observe
from kai_flow.stream.log_fields import about
from kai_flow.stream.progress import RunLiveness

log = logging.getLogger(__name__)

LIVENESS_CHECK_SECONDS: Final = 1.0  # the SDK fails a workflow task that blocks for 2 s
REMEMBER_SECONDS: Final = 1.0  # before this the server is not asked about the same run again
STALE_SECONDS: Final = 30.0  # an older answer does not show what is so now
MAX_QUESTIONS: Final = 1_000  # further ones are not kept


class _Run(NamedTuple):
    """The run that a question is about."""

    session_id: str
    run_id: str


class _Known(NamedTuple):
    """What is known about a run. Times are monotonic seconds."""

    asked_at: float  # when the server last answered, or failed to
    answered_at: float  # when it last answered
    liveness: RunLiveness | None  # its last answer


class LivenessCheck:
    """Answers the queries of one worker.

    `_lock` guards `_known`, `_queue` and `_first`, which the event loop and the threads use.
    """

    def __init__(self) -> None:
        self._worker: Worker | None = None  # the running worker; None while it does not run
        self._loop: asyncio.AbstractEventLoop | None = None  # the event loop in which it runs
        self._thread = 0  # the thread of that loop
        self._asking: asyncio.Task[None] | None = None  # asks the server, while there is a question
        self._turn = threading.Lock()  # held by the one thread that waits for an answer
        self._lock = threading.Lock()
        self._known: dict[_Run, _Known] = {}
        self._queue: dict[_Run, None] = {}  # what to ask for later queries, in this order
        self._first: tuple[_Run, Future[None]] | None = None  # what the waiting thread asks

    def begin(self, worker: Worker) -> None:
        """The worker begins to run, in the event loop of the caller."""
        self._worker, self._loop = worker, asyncio.get_running_loop()
        self._thread = threading.get_ident()

    def end(self) -> None:
        """The worker has stopped."""
        self._worker = self._loop = None
        if self._asking is not None:
            self._asking.cancel()

    def __call__(self, session_id: str, run_id: str) -> RunLiveness | None:
        """The liveness of a run; None when it is unknown.

        Blocks the calling thread for LIVENESS_CHECK_SECONDS at most, and not at all while another
        thread waits here.
        """
        run, loop = _Run(session_id, run_id), self._loop
        with self._lock:
            known = self._known.get(run)
        if loop is not None and (known is None or _age(known.asked_at) >= REMEMBER_SECONDS):
            self._ask(run, loop)
            with self._lock:
                known = self._known.get(run)
        if known is None or _age(known.answered_at) >= STALE_SECONDS:
            return None
        return known.liveness

    def _ask(self, run: _Run, loop: asyncio.AbstractEventLoop) -> None:
        """Ask the server, and wait for its answer if no other thread does."""
        # In the SDK's debug mode workflows run in the event loop's thread, which must not wait.
        if threading.get_ident() == self._thread or not self._turn.acquire(blocking=False):
            with self._lock:
                if len(self._queue) < MAX_QUESTIONS:
                    self._queue[run] = None
            self._call(loop)
            return
        try:
            answered: Future[None] = Future()
            with self._lock:
                self._first = run, answered
            self._call(loop)
            answered.result(LIVENESS_CHECK_SECONDS)
        except TimeoutError:
            self._failed(run)
        finally:
            with self._lock:
                self._first = None
            self._turn.release()

    def _call(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let the event loop see to the questions."""
        with suppress(RuntimeError):  # the worker has stopped meanwhile, and the loop is closed
            loop.call_soon_threadsafe(self._begin_to_ask)

    # In the event loop

    def _begin_to_ask(self) -> None:
        if self._asking is None and self._worker is not None:
            self._asking = asyncio.create_task(self._ask_all(self._worker.client))

    async def _ask_all(self, client: Client) -> None:
        """Ask one question after another until there is none.

        There is no `await` between the look at the empty queue and the end of this task. So a
        question that comes later finds no task, and starts one.
        """
        try:
            while (question := self._next()) is not None:
                run, answered = question
                await self._ask_server(client, run)
                if answered is not None:
                    answered.set_result(None)
        finally:
            self._asking = None

    def _next(self) -> tuple[_Run, Future[None] | None] | None:
        with self._lock:
            if self._first is not None:
                first, self._first = self._first, None
                return first
            if not self._queue:
                return None
            run = next(iter(self._queue))
            del self._queue[run]
            return run, None

    async def _ask_server(self, client: Client, run: _Run) -> None:
        try:
            async with asyncio.timeout(LIVENESS_CHECK_SECONDS):
                liveness = await observe(client, run.session_id, run.run_id)
        except (RPCError, TimeoutError) as error:
            log.info(
                "session %s: its liveness is unknown: %r",
                run.session_id, error,
                extra=about("liveness_unknown", run.session_id),
            )  # fmt: skip
            self._failed(run)
        else:
            now = time.monotonic()
            with self._lock:
                self._forget_stale()
                self._known[run] = _Known(now, now, liveness)

    def _failed(self, run: _Run) -> None:
        """The server did not answer: keep what it last answered, and ask nothing in advance."""
        with self._lock:
            self._forget_stale()
            known = self._known.get(run, _Known(0.0, 0.0, None))
            self._known[run] = known._replace(asked_at=time.monotonic())
            self._queue.clear()

    def _forget_stale(self) -> None:
        """Drop what is too old to be used. The caller holds the lock."""
        stale = [run for run, known in self._known.items() if _age(known.asked_at) > STALE_SECONDS]
        for run in stale:
            del self._known[run]


def _age(moment: float) -> float:
    """How many seconds ago a moment was."""
    return time.monotonic() - moment
