"""`WorkflowEventStream`, the workflow's side: buffers the stream and numbers the producers.

Create one in `@workflow.init`. It registers the signal `publish_events` and the queries `progress`
and `events`. The only Temporal command of its own is a timer, if the last events are late. So it
costs a workflow one signal per batch.
"""

from collections.abc import Callable, Iterator, Sequence
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
from kai_flow.stream.pages import PageRequest, answer
from kai_flow.stream.progress import LIVENESS_SECONDS, Liveness, Progress, Status
from kai_flow.stream.wire_names import EVENTS, PROGRESS, PUBLISH_EVENTS

QUIET: Final = timedelta(seconds=LIVENESS_SECONDS)  # no event for so long: `progress` asks
DRAIN_TIMEOUT: Final = timedelta(seconds=10)
REFUSALS_EVERY: Final = timedelta(seconds=10)  # between two log lines about refused signals


class WorkflowEventStream:
    """The session's stream inside its workflow: buffer, progress and producer numbers.

    `limits` bound what queries can read; the history keeps everything in any case. They may differ
    between a run and its replay, because no Temporal command depends on them.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        info = workflow.info()
        self._first_run_id = info.first_execution_run_id
        self._began = info.start_time
        self._ended: datetime | None = None  # when the workflow's code ended
        self._last_event_at = info.start_time  # when the last event was accepted
        self._buffer = EventBuffer(info.run_id, limits or Limits())
        # Determinism: no command may depend on the run's own id. After a reset the new run replays
        # the decisions of the old one, from batches that are meant for the old run; and a Replayer
        # takes that history for the old run's altogether. So `drain`, which may start a timer,
        # considers the batches of every run that has a fold here.
        self._folds: dict[str, Fold] = {}  # by the run that the batches are meant for
        self._progress = Progress()
        self._logged_at: datetime | None = None  # the last line about refused signals
        self._unlogged = 0  # signals refused since that line
        self._producers = 0  # streaming activities started so far
        self._producing = False  # a streaming activity is running
        self._streams_since: datetime | None = None  # when the first one was started
        workflow.set_signal_handler(PUBLISH_EVENTS, _accepting_any_values(self._publish))
        workflow.set_query_handler(PROGRESS, self._answer_progress)
        workflow.set_query_handler(EVENTS, self._answer_events)

    async def execute_activity(self, activity: Callable[..., Any] | str, **options: Any) -> Any:
        """Like `workflow.execute_activity`, for an activity that uses `EventProducer`.

        It gives the activity the next producer number. Producers run one after the other: starting
        one while another is running raises RuntimeError.
        """
        if self._producing:
            raise RuntimeError(
                "a streaming activity is already running in this workflow: await it before you "
                "start the next one"
            )
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

    async def drain(
        self, last_event_id: str | Sequence[int] | None, timeout: timedelta = DRAIN_TIMEOUT
    ) -> bool:
        """Wait until the stream includes `last_event_id`; False if it does not within `timeout`.

        Call it before the workflow completes: the server refuses signals after that. Of an attempt
        with live-only events, everything that is stored suffices. None returns True at once.

        The id may also be an EventId, or the list of numbers that an EventId becomes when an
        activity returns it: Temporal encodes values as JSON.
        """
        if last_event_id is None:
            return True
        if not isinstance(last_event_id, str):
            last_event_id = ".".join(str(number) for number in last_event_id)
        last = EventId.parse(last_event_id)
        if self._has_reached(last):  # nearly always, and then there is no timer in the history
            return True
        try:
            await workflow.wait_condition(lambda: self._has_reached(last), timeout=timeout)
        except TimeoutError:
            workflow.logger.warning("the stream ends before %s", last_event_id)
            return False
        return True

    def _has_reached(self, last: EventId) -> bool:
        """Whether the stream of some run includes `last`, or all that its attempt has stored."""
        return any(_includes(fold, last) for fold in self._folds.values())

    @contextmanager
    def session(self) -> Iterator["WorkflowEventStream"]:
        """Wraps the workflow's whole `run`: when it is left, `progress` reports how it ended."""
        try:
            yield self
        except GeneratorExit:  # a stopping worker evicts the workflow, which has not ended
            raise
        except ContinueAsNewError:  # the session continues in the next run
            self._ended = workflow.now()
            self._progress.close("running", "continued")
            raise
        except BaseException as error:
            self.close("cancelled" if is_cancelled_exception(error) else "failed")
            raise
        if self._ended is None:
            self.close("completed")

    def close(self, status: Status) -> None:
        """The workflow's code ends now, with `status`."""
        self._ended = workflow.now()
        self._progress.close(status)

    def _publish(self, batch: RawValue) -> None:
        try:
            decoded = decode_batch(batch.payload.data)
        except InvalidBatch as error:
            # Not raised: a program that can signal this workflow must not be able to break it.
            self._log_refused(error)
            return
        if self._counts_for_drain(decoded):
            self._folds.setdefault(decoded.run_id, Fold(decoded.run_id)).apply(decoded)
        verdict = self._buffer.apply(decoded)  # accepts nothing that is meant for another run
        self._progress.observe(verdict)
        if verdict.events:
            self._last_event_at = workflow.now()

    def _counts_for_drain(self, batch: Batch) -> bool:
        """Whether `drain` considers a batch.

        A run is recognised when it sends the first event of an attempt, of a producer that this
        workflow has started; its later batches count as well. A batch of another session is nearly
        always something else. Whether the run is this one must not matter (see `_folds`).
        """
        if batch.run_id in self._folds:
            return True
        return batch.first.seq == 1 and batch.first.producer <= max(1, self._producers)

    def _log_refused(self, error: InvalidBatch) -> None:
        """Log one line in REFUSALS_EVERY: thousands would exceed the timeout of a workflow task."""
        self._unlogged += 1
        if self._logged_at is None or workflow.now() - self._logged_at >= REFUSALS_EVERY:
            workflow.logger.warning(
                "a publish_events signal was refused: %s (%d since the last line)",
                error, self._unlogged,
            )  # fmt: skip
            self._logged_at, self._unlogged = workflow.now(), 0

    def _answer_progress(self) -> dict[str, Any]:
        with workflow.unsafe.sandbox_unrestricted():
            # The workflow's own clock stands still between signals. The answer to a query is no
            # command and need not be deterministic: it may use the real time, and ask the server.
            now = datetime.now(UTC)
            quiet = self._ended is None and abs(now - self._last_event_at) >= QUIET
            liveness = self._check_liveness() if quiet else None
        elapsed_ms = max(0, round(((self._ended or now) - self._began) / timedelta(milliseconds=1)))
        return self._progress.describe(self._buffer, elapsed_ms, liveness)

    def _check_liveness(self) -> Liveness | None:
        """Ask the server whether a worker is working on this session; None: it is unknown."""
        check = workflow.extern_functions().get(LIVENESS_CHECK)
        info = workflow.info()
        liveness = None if check is None else check(info.workflow_id, info.run_id)
        # While no streaming activity runs, a pending activity does not belong to the stream.
        return liveness if self._producing or (liveness is not None and liveness.ended) else None

    def _answer_events(self, request: dict[str, Any] | None = None) -> RawValue:
        try:
            asked = msgspec.convert(request or {}, PageRequest)
        except msgspec.ValidationError as error:
            raise InvalidQuery(f"not an argument of the events query: {error}") from None
        page = answer(self._buffer, asked, closed=self._ended is not None)
        return RawValue(Payload(metadata={"encoding": b"json/plain"}, data=page))


def _includes(fold: Fold, last: EventId) -> bool:
    """Whether a stream includes `last`, the last event of the attempt that has succeeded."""
    position = fold.position
    if position.attempt_key == last.attempt_key:
        return position >= last or fold.unstored
    return position.producer > last.producer


def _accepting_any_values(handler: Callable[[RawValue], None]) -> Callable[..., None]:
    """`handler`, called with an empty value if the signal carries no value or several.

    A signal that does not fit the signature of its handler would fail the workflow task at every
    retry, without end.
    """

    @wraps(handler)  # the SDK reads the signature too: RawValue tells it not to decode the value
    def handle(*values: RawValue) -> None:
        handler(values[0] if len(values) == 1 else RawValue(Payload()))

    return handle
