"""`RunStream`, the stream of one run inside its workflow: numbers, voice, buffer and queries.

The interceptor makes one for each workflow, before any code of the workflow runs. A workflow that
publishes nothing pays no command for it.

No command depends on what is signalled, on the buffer's limits, or on the run's own id. Only the
order of the workflow's own steps counts. That makes the numbers the same in a replay, and in the
run that a reset makes from a copy of the history.
"""

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, Final

import msgspec
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue

from kai_flow.stream.batches import decode_signal, encode_record, records_of
from kai_flow.stream.buffer import EventBuffer, Limits
from kai_flow.stream.errors import InvalidBatch, InvalidEvent, InvalidId, InvalidQuery
from kai_flow.stream.header import (
    TOO_MANY_BESIDE,
    Carried,
    ProducerHeader,
    Refused,
    decode_carried,
)
from kai_flow.stream.log_fields import about
from kai_flow.stream.numbering import Numbered, Numbering
from kai_flow.stream.pages import PageRequest, answer
from kai_flow.stream.place import Place
from kai_flow.stream.progress import LIVENESS_SECONDS, Progress, RunLiveness, Status
from kai_flow.stream.recorded import Ended, Recorded, Scheduled, Spoken
from kai_flow.stream.wire_names import (
    EVENTS,
    PROGRESS,
    PUBLISH_EVENTS,
    RESERVED,
    STREAM_HEADER,
    VOICE_MEMO,
)

LIVENESS_CHECK: Final = "kai_flow.liveness_check"  # an extern function of the sandbox
QUIET: Final = timedelta(seconds=LIVENESS_SECONDS)  # no event for so long: `progress` asks
REFUSALS_EVERY: Final = timedelta(seconds=10)  # between two log lines about refused signals


class RunStream:
    """The stream of one run. `info` is the run's; a run that continues another goes on with it."""

    def __init__(self, info: workflow.Info) -> None:
        carried = carried_into(info)
        self._numbering = Numbering(carried.producer)
        self._spoken = carried.spoken  # the number of the last event that the workflow published
        self._first_run_id = carried.first_run_id
        self._run_id = info.run_id
        self._began = info.start_time
        self._streams_since: datetime | None = None  # when the first activity was scheduled
        self._ended: datetime | None = None  # when the workflow's code ended
        self.published: Callable[[], None] = lambda: None  # called after each `publish`
        self._last_event_at = info.start_time  # when the last event was accepted
        begins = Place.before(carried.producer + 1, carried.spoken)
        self._buffer = EventBuffer(
            info.run_id, Limits(), begins, continues=self._first_run_id != info.run_id
        )
        self._progress = Progress()
        self._logged_at: datetime | None = None  # the last line about refused signals
        self._unlogged = 0  # signals refused since that line
        # Marks and ends that the buffer has not taken yet, each with the length of the history by
        # then. In the history an activity is scheduled behind all signals of the same workflow
        # task, also those that are handled after the code that schedules it. So a mark counts from
        # the next task on.
        self._recorded: deque[tuple[int, Recorded]] = deque()

    def register(self) -> None:
        """Register the signal, and the queries that the workflow has no handlers of its own for."""
        workflow.set_signal_handler(PUBLISH_EVENTS, _accepting_any_values(self.receive))
        for name, handler in ((PROGRESS, self.answer_progress), (EVENTS, self.answer_events)):
            if workflow.get_query_handler(name) is None:
                workflow.set_query_handler(name, handler)

    def limit(self, limits: Limits) -> None:
        """Change how much the buffer may hold."""
        self._buffer.limits = limits

    # Activities

    def next_number(self) -> Numbered | None:
        """What the next activity would get; None while too many are under way."""
        return self._numbering.next()

    def header(self, number: Numbered | None) -> ProducerHeader | Refused:
        """The header of an activity that gets this number."""
        if number is None:
            return Refused(TOO_MANY_BESIDE)
        size = workflow.info().get_current_history_size()
        return ProducerHeader(*number, self._first_run_id, self._age(), size)

    def scheduled(self, number: Numbered, activity: str, activity_id: str) -> None:
        """An activity with this number was scheduled."""
        self._numbering.scheduled(number)
        self._streams_since = self._streams_since or workflow.now()
        self._record(Scheduled(number.producer, activity, activity_id, number.beside))

    def ended(self, producer: int) -> None:
        """The activity with this number has ended, or nothing waits for its end any more."""
        self._numbering.ended(producer)
        mark = self._unsent_mark(producer)
        if mark is not None:
            self._recorded.remove(mark)
            return
        # How it has ended is left open: nothing here needs it, and asking its task for the error
        # would keep asyncio from reporting one that the workflow's code has never looked at.
        self._record(Ended(producer, "completed"))

    def _unsent_mark(self, producer: int) -> tuple[int, Recorded] | None:
        """The mark of an activity that the present workflow task has scheduled.

        If such an activity ends, it was cancelled before the server was told of it. Then it is not
        in the history, and no other reader has its mark.
        """
        self._take_recorded(before=workflow.info().get_current_history_length())
        return next(
            (
                one
                for one in self._recorded
                if isinstance(one[1], Scheduled) and one[1].producer == producer
            ),
            None,
        )

    def _record(self, item: Recorded) -> None:
        now = workflow.info().get_current_history_length()
        self._take_recorded(before=now)  # so that few items wait in a workflow without signals
        self._recorded.append((now, item))

    def _age(self) -> float:
        """For how many seconds the run has had activities."""
        if self._streams_since is None:
            return 0.0
        return (workflow.now() - self._streams_since).total_seconds()

    # The workflow's voice

    def publish(self, events: tuple[object, ...]) -> None:
        """Record events of the workflow itself. Raises InvalidEvent, and records none then."""
        if workflow.unsafe.is_read_only():
            raise workflow.ReadOnlyContextError(
                "events cannot be published in a query handler or an update validator: publish "
                "them in the workflow's run, in a signal handler, or in an update handler"
            )
        records = records_of(events, self._spoken)
        for event in (event for record in records for event in record.events):
            if event.type in RESERVED:
                raise InvalidEvent(f"events of the type {event.type!r} are the stream's own")
        for record in records:
            workflow.upsert_memo({VOICE_MEMO: _json(encode_record(record.events))})
            self._spoken = record.last.seq
            self._take(Spoken(record))
        self.published()

    # The run's beginning and end

    def close(self, status: Status, phase: str = "closed") -> None:
        """The workflow's code ends now."""
        self._ended = workflow.now()
        self._progress.close(status, phase)

    @property
    def closed(self) -> bool:
        """Whether the workflow's code has ended, or has said that it ends."""
        return self._ended is not None

    def carried(self) -> Carried:
        """What the next run goes on with."""
        last = self._numbering.last
        return Carried(self._first_run_id, self._run_id, last, self._spoken)

    # Signals and queries

    def receive(self, signal: RawValue) -> None:
        """A `publish_events` signal came."""
        try:
            published = decode_signal(signal.payload.data)
        except InvalidBatch as error:
            # Not raised: a program that can signal this workflow must not be able to break it.
            self._log_refused(error)
            return
        self._take_recorded(before=workflow.info().get_current_history_length())
        self._take(published)

    def _take(self, item: Recorded) -> None:
        verdicts, _ = self._buffer.take(item)
        self._progress.observe(self._buffer.fold, verdicts)
        if any(verdict.events for verdict in verdicts):
            self._last_event_at = workflow.now()

    def _take_recorded(self, before: int | None = None) -> None:
        """Give the marks and ends of earlier workflow tasks to the buffer; without `before` all.

        A query gets all: it is answered when its workflow task is over.
        """
        while self._recorded and (before is None or self._recorded[0][0] < before):
            self._take(self._recorded.popleft()[1])

    def _log_refused(self, error: InvalidBatch) -> None:
        """Log one line in REFUSALS_EVERY: thousands would exceed the timeout of a workflow task."""
        self._unlogged += 1
        if self._logged_at is None or workflow.now() - self._logged_at >= REFUSALS_EVERY:
            workflow.logger.warning(
                "a publish_events signal was refused: %s (%d since the last line)",
                error, self._unlogged,
                extra=about("publish_refused"),
            )  # fmt: skip
            self._logged_at, self._unlogged = workflow.now(), 0

    def answer_progress(self) -> dict[str, Any]:
        """The answer of the query `progress`."""
        self._take_recorded()
        with workflow.unsafe.sandbox_unrestricted():
            # The workflow's own clock stands still between signals. The answer to a query is no
            # command and need not be deterministic: it may use the real time, and ask the server.
            now = datetime.now(UTC)
            quiet = self._ended is None and abs(now - self._last_event_at) >= QUIET
            liveness = self._check_liveness() if quiet else None
        elapsed_ms = max(0, round(((self._ended or now) - self._began) / timedelta(milliseconds=1)))
        return self._progress.describe(self._buffer, elapsed_ms, liveness)

    def _check_liveness(self) -> RunLiveness | None:
        """Ask the server whether a worker is working on this session; None: it is unknown."""
        check = workflow.extern_functions().get(LIVENESS_CHECK)
        info = workflow.info()
        return None if check is None else check(info.workflow_id, info.run_id)

    def answer_events(self, request: dict[str, Any] | None = None) -> RawValue:
        """The answer of the query `events`. Raises InvalidQuery."""
        self._take_recorded()
        try:
            asked = msgspec.convert(request or {}, PageRequest)
        except msgspec.ValidationError as error:
            raise InvalidQuery(f"not an argument of the events query: {error}") from None
        return _json(answer(self._buffer, asked, closed=self._ended is not None))


def carried_into(info: workflow.Info) -> Carried:
    """What a run begins with: what the run before it has carried over, or else nothing.

    A run that a retry or a schedule made has no such header, or that of an earlier run. A run that
    a reset made goes on with the numbers, because its history begins with a copy of another run's,
    but its stream is its own.
    """
    fresh = Carried(info.run_id, info.run_id, producer=0, spoken=0)
    header = info.headers.get(STREAM_HEADER)
    if header is None:
        return fresh
    try:
        carried = decode_carried(header.data)
    except InvalidId:
        return fresh
    if carried.run_id != info.continued_run_id:
        return fresh
    if info.original_execution_run_id != info.run_id:
        return carried._replace(first_run_id=info.run_id)
    return carried


def _json(document: bytes) -> RawValue:
    return RawValue(Payload(metadata={"encoding": b"json/plain"}, data=document))


def _accepting_any_values(handler: Callable[[RawValue], None]) -> Callable[..., None]:
    """`handler`, called with an empty value if the signal carries no value or several.

    A signal that does not fit the signature of its handler would fail the workflow task at every
    retry, without end.
    """

    @wraps(handler)  # the SDK reads the signature too: RawValue tells it not to decode the value
    def handle(*values: RawValue) -> None:
        handler(values[0] if len(values) == 1 else RawValue(Payload()))

    return handle
