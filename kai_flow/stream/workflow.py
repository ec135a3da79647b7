"""The workflow's side: remembers the stream, answers queries, numbers the producers.

Create one `WorkflowEventStream` in `@workflow.init`. It registers the signal `publish_events` and
the queries `progress` and `events`. It issues no Temporal command of its own but a timer should the
last events be late, so adding it to a workflow costs one signal per batch.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, Final

import msgspec
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue
from temporalio.exceptions import is_cancelled_exception
from temporalio.workflow import ContinueAsNewError

from kai_flow.stream.batches import Batch, decode_batch
from kai_flow.stream.buffer import EventBuffer, Limits
from kai_flow.stream.errors import InvalidBatch, InvalidQuery
from kai_flow.stream.fold import Fold
from kai_flow.stream.ids import EventId
from kai_flow.stream.interceptor import LIVENESS_CHECK, ProducerNumber, appointed
from kai_flow.stream.names import EVENTS, PROGRESS, PUBLISH_EVENTS
from kai_flow.stream.pages import PageRequest, answer
from kai_flow.stream.progress import LIVENESS_SECONDS, Liveness, Progress, Status

QUIET: Final = timedelta(seconds=LIVENESS_SECONDS)  # without an event; then `progress` asks
DRAIN_TIMEOUT: Final = timedelta(seconds=10)
REFUSALS_EVERY: Final = timedelta(seconds=10)  # between two lines in the log about bad signals


class WorkflowEventStream:
    """The session's bounded buffer inside its workflow.

    `limits` bound what queries can read back; the history keeps everything in any case. They may
    differ between a run and its replay: no command depends on them.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        info = workflow.info()
        self._first_run_id = info.first_execution_run_id
        self._began = info.start_time
        self._ended: datetime | None = None  # when the workflow's code ended
        self._last_event_at = info.start_time  # when the last event was accepted
        self._buffer = EventBuffer(info.run_id, limits or Limits())
        # What commands depend on may not depend on the run's own id: after a reset the new run
        # repeats the decisions of the old one from the batches of the old one, and a Replayer of
        # that history takes it for the old run altogether. So `drain` considers all of these.
        self._folds: dict[str, Fold] = {}  # by the run that the batches are meant for
        self._progress = Progress()
        self._logged_at: datetime | None = None  # the last line about refused signals
        self._unlogged = 0  # refused since
        self._producers = 0  # streaming activities started so far
        self._producing = False  # one is under way
        self._streams_since: datetime | None = None  # when the first one was called
        workflow.set_signal_handler(PUBLISH_EVENTS, _of_any_number(self._publish))
        workflow.set_query_handler(PROGRESS, self._answer_progress)
        workflow.set_query_handler(EVENTS, self._answer_events)

    async def execute_activity(self, activity: Callable[..., Any] | str, **options: Any) -> Any:
        """`workflow.execute_activity` for an activity that uses `EventProducer`.

        Gives it the next producer number. Producers follow one another: starting a second one
        while one is under way raises RuntimeError.
        """
        if self._producing:
            raise RuntimeError("a streaming activity is already under way in this workflow")
        self._producers += 1
        self._producing = True
        self._streams_since = self._streams_since or workflow.now()
        age = (workflow.now() - self._streams_since).total_seconds()
        size = workflow.info().get_current_history_size()
        number = ProducerNumber(self._producers, self._first_run_id, age, size)
        try:
            token = appointed.set(number)
            try:
                handle = workflow.start_activity(activity, **options)
            finally:
                appointed.reset(token)
            return await handle
        finally:
            self._producing = False

    async def drain(self, last_event_id: str | None, timeout: timedelta = DRAIN_TIMEOUT) -> bool:
        """Wait until the stream has reached `last_event_id`; False when it did not in time.

        Reached is also the last event before it that is stored. Call it before completing: a signal
        that comes after the completion is refused.
        """
        if last_event_id is None:
            return True
        last = EventId.parse(last_event_id)
        if self._has_reached(last):  # nearly always: no timer then
            return True
        try:
            await workflow.wait_condition(lambda: self._has_reached(last), timeout=timeout)
        except TimeoutError:
            workflow.logger.warning("the stream ends before %s", last_event_id)
            return False
        return True

    def _has_reached(self, last: EventId) -> bool:
        """Whether one of the runs that have spoken has said `last`, or all of it that is stored."""
        return any(_includes(fold, last) for fold in self._folds.values())

    @contextmanager
    def session(self) -> Iterator["WorkflowEventStream"]:
        """Around the workflow's whole `run`: when it is left, `progress` says how it ended."""
        try:
            yield self
        except GeneratorExit:  # a worker that stops drops the workflow: nothing has ended
            raise
        except ContinueAsNewError:  # the session goes on, in the next run
            self._ended = workflow.now()
            self._progress.close("running", "continued")
            raise
        except BaseException as error:
            self.close("cancelled" if is_cancelled_exception(error) else "failed")
            raise
        if self._ended is None:
            self.close("completed")

    def close(self, status: Status) -> None:
        """The workflow's code ends here, with `status`."""
        self._ended = workflow.now()
        self._progress.close(status)

    def _publish(self, batch: RawValue) -> None:
        try:
            decoded = decode_batch(batch.payload.data)
        except InvalidBatch as error:
            # Refused, not fatal: whoever can signal this workflow must not be able to break it.
            self._log_refused(error)
            return
        if self._counts_for_drain(decoded):
            self._folds.setdefault(decoded.run_id, Fold(decoded.run_id)).apply(decoded)
        verdict = self._buffer.apply(decoded)  # nothing, when it is meant for another run
        self._progress.observe(verdict)
        if verdict.events:
            self._last_event_at = workflow.now()

    def _counts_for_drain(self, batch: Batch) -> bool:
        """Whether a batch may say how far the stream has come.

        A run counts from the first event of an attempt on, of a producer that was started. What
        belongs to another session is nearly always something else. Whether the run is our own must
        not matter here.
        """
        if batch.run_id in self._folds:
            return True
        return batch.first.seq == 1 and batch.first.producer <= max(1, self._producers)

    def _log_refused(self, error: InvalidBatch) -> None:
        """One line in REFUSALS_EVERY: thousands in one workflow task would outlast its time."""
        self._unlogged += 1
        if self._logged_at is None or workflow.now() - self._logged_at >= REFUSALS_EVERY:
            workflow.logger.warning(
                "a publish_events signal was refused: %s (%d since the last line)",
                error, self._unlogged,
            )  # fmt: skip
            self._logged_at, self._unlogged = workflow.now(), 0

    def _answer_progress(self) -> dict[str, Any]:
        with workflow.unsafe.sandbox_unrestricted():
            # The workflow's own time stands still between signals; an answer is no command, so it
            # may look at the real one, and ask the server.
            now = datetime.now(UTC)
            quiet = self._ended is None and abs(now - self._last_event_at) >= QUIET
            liveness = self._check_liveness() if quiet else None
        elapsed_ms = max(0, round(((self._ended or now) - self._began) / timedelta(milliseconds=1)))
        return self._progress.describe(self._buffer, elapsed_ms, liveness)

    def _check_liveness(self) -> Liveness | None:
        """Whether anybody works at this session, when no event says it."""
        check = workflow.extern_functions().get(LIVENESS_CHECK)
        info = workflow.info()
        liveness = None if check is None else check(info.workflow_id, info.run_id)
        # Before, between and after streaming activities what is pending is something else.
        return liveness if self._producing or (liveness is not None and liveness.ended) else None

    def _answer_events(self, request: dict[str, Any] | None = None) -> RawValue:
        try:
            asked = msgspec.convert(request or {}, PageRequest)
        except msgspec.ValidationError as error:
            raise InvalidQuery(f"not an argument of the events query: {error}") from None
        page = answer(self._buffer, asked, closed=self._ended is not None)
        return RawValue(Payload(metadata={"encoding": b"json/plain"}, data=page))


def _includes(fold: Fold, last: EventId) -> bool:
    """Whether a stream has come to `last`, the last event of the attempt that has succeeded."""
    position = fold.position
    if position.attempt_key == last.attempt_key:
        return position >= last or fold.unstored
    return position.producer > last.producer


def _of_any_number(handler: Callable[[RawValue], None]) -> Callable[..., None]:
    """`handler` for a signal that may carry no value or several, which is as good as garbage.

    A signal that does not fit its handler's signature would fail the workflow task, for ever.
    """

    @wraps(handler)  # also its signature, which tells the SDK to leave the one value as it is
    def handle(*values: RawValue) -> None:
        handler(values[0] if len(values) == 1 else RawValue(Payload()))

    return handle
