"""The activity's side: an async context manager that streams what an agent does.

    async with EventProducer(callback_url=url) as producer:
        async for event in agent_events():
            await producer.send(event)
        await producer.settle()
        result = {...}
        await producer.finish(result)

POSTs and signals run beside the agent, never in its path; it only waits while the outbox is full.
Leaving the block returns once everything is durable. What is decided is decided in `delivery`.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx
from temporalio import activity
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.client import Client
from temporalio.service import RPCError

from kai_flow.stream.anomalies import Anomaly, in_conflict, in_success
from kai_flow.stream.batches import Batch
from kai_flow.stream.cadence import Cadence
from kai_flow.stream.callback import (
    Origin,
    done_event,
    encode_post,
    is_bridge,
    read_answer,
    read_expected,
    read_retry_after,
)
from kai_flow.stream.clock import now
from kai_flow.stream.delivery import Delivery, Post
from kai_flow.stream.direct import direct_http, network_errors, require_callback_url
from kai_flow.stream.errors import Finished, InvalidEvent, OutboxFull, SessionEnded, Superseded
from kai_flow.stream.events import NumberedEvent, encode_event
from kai_flow.stream.ids import EventId
from kai_flow.stream.interceptor import ProducerNumber, heartbeat_throttle, own_number
from kai_flow.stream.liveness import details_of
from kai_flow.stream.names import ATTEMPT_FAILED, RESERVED, STARTED
from kai_flow.stream.outbox import MAX_STORED_BYTES, Outbox
from kai_flow.stream.run import describe, run_in
from kai_flow.stream.signals import SessionClosed, SignalsRefused, publish

POST_TIMEOUT_SECONDS: Final = 3.0
HEARTBEAT_SECONDS: Final = 1.0  # how soon a cancellation is noticed at the latest
HEARTBEAT_EVENTS: Final = 5
SETTLE_SECONDS: Final = 10.0  # for the last POSTs, before the result is built without them
LEAVE_SECONDS: Final = 5.0  # for what is left when the attempt ends in an error or is cancelled
MAX_ERROR_CHARS: Final = 1_000  # of an error's text in `attempt_failed`
MAX_ANSWER_BYTES: Final = 64 * 1024

_OWN_FIELDS: Final = frozenset({"type", "producer", "attempt"})  # of `started`
_ENDS: Final[Mapping[int, str]] = {
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED: "the session was cancelled",
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TERMINATED: (
        "the session was terminated, or reset"
    ),
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TIMED_OUT: "the session timed out",
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW: (
        "the session has continued as new"
    ),
}


_Result = TypeVar("_Result")


class EventProducer:
    """Streams the events of one activity attempt.

    `callback_url` is where events are POSTed. Without one they are signalled to the workflow, and a
    bridge or `follow` that reads its history shows them up to a signal interval later.
    `client` defaults to the worker's own. `started` adds fields to the first event. `http` may be
    shared between producers; the caller closes it; without one, proxies of the environment are
    ignored. Raises InvalidUrl, and InvalidEvent for a `started` that speaks of the stream itself.

    The block raises Superseded when a newer attempt has taken over, or SessionEnded: the agent
    inside is cancelled. It raises ApplicationError, before anything is sent, when the activity was
    given no producer number.
    """

    def __init__(
        self,
        *,
        callback_url: str | None = None,
        client: Client | None = None,
        http: httpx.AsyncClient | None = None,
        signal_interval: float = 0.25,
        started: Mapping[str, Any] | None = None,
    ) -> None:
        if callback_url is not None:
            require_callback_url(callback_url)
        if _OWN_FIELDS.intersection(started or ()):
            raise InvalidEvent("'type', 'producer' and 'attempt' of `started` are the stream's own")
        self._url = callback_url
        self._given_client = client
        self._given_http = http
        self._interval = signal_interval
        self._started = dict(started or {})
        self._wake = asyncio.Event()  # the driver has something to look at
        self._changed = asyncio.Event()  # set and replaced whenever something came of an action
        self._tasks: set[asyncio.Task[None]] = set()  # driver, heartbeat, POST and signal under way
        self._done: NumberedEvent | None = None  # the `done` of the final POST, once known
        self._failing: str | None = None  # why the last POST failed, if it did
        self._noted: set[Anomaly] = set()  # what the log was told of the receiver
        self._leaving = False  # the agent has ended: nobody is left to be stopped
        self._stopped_agent = False  # the agent was cancelled by us
        self._broken: BaseException | None = None  # a mistake of ours, or SignalsRefused: the end

    async def __aenter__(self) -> Self:
        number = own_number()
        self._http = self._given_http or direct_http(POST_TIMEOUT_SECONDS)
        try:
            await self._begin(number)
        except BaseException:
            await self._stop()
            raise
        return self

    async def _begin(self, number: ProducerNumber) -> None:
        info = activity.info()
        self._client = self._given_client or activity.client()
        self._owner = asyncio.current_task()
        workflow_id, run_id = info.workflow_id or "", info.workflow_run_id or ""
        place = (number.producer, info.attempt)
        # A run that is not the first of its chain may have been made by a reset: its stream is its
        # own then. And what earlier attempts have stored only the server knows.
        if number.first_run_id != run_id or info.attempt > 1:
            first_run_id, budget = await self._ask(workflow_id, run_id, number)
        else:
            first_run_id, budget = run_id, _left_after(number.history_bytes)
        self._origin = Origin(workflow_id, run_id, first_run_id)
        self._outbox = Outbox(*place, max_stored=budget)
        moment = now()
        self._delivery = Delivery(
            self._outbox,
            Cadence(self._interval, moment, _age(info, number)),
            callback=self._url is not None,
            now=moment,
        )
        self._spawn(self._drive())
        self._spawn(self._beat())
        said = {"producer": place[0], "attempt": place[1]}
        await self._send(*encode_event({"type": STARTED, **said, **self._started}))

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leaving = True
        try:
            self._delivery.finish(now())
            if error is None:
                await self._until(lambda: self._delivery.drained)
            elif not self._stopped:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LEAVE_SECONDS):
                        await self._leave(error)
        except (Superseded, asyncio.CancelledError):
            if not self._stopped:
                raise
        finally:
            _, cancellations = await _to_completion(self._stop())
            if cancellations and not self._stopped:
                raise asyncio.CancelledError
        if self._stopped:
            ended, later = await _to_completion(self._ended())
            self._withdraw_cancellations(cancellations + later)
            raise ended from None if ended is self._broken else error

    async def _leave(self, error: BaseException) -> None:
        """Say that the attempt broke, unless the session itself is being cancelled, and drain."""
        self._delivery.drop_final_post()
        details = activity.cancellation_details()
        # After a final POST there is no `attempt_failed`: a receiver may hold the `done` of that
        # POST under the number that `attempt_failed` would get.
        untold = not self._delivery.final_posted
        if untold and (details is None or not details.cancel_requested):
            why = str(error)[:MAX_ERROR_CHARS] or type(error).__name__
            if details is not None and details.worker_shutdown:
                why = "the worker is shutting down"
            await self._send(*encode_event({"type": ATTEMPT_FAILED, "error": why}))
        await self._until(lambda: self._delivery.drained)

    @property
    def _stopped(self) -> bool:
        """The attempt ends here, whatever the agent is at."""
        return self._delivery.superseded or self._broken is not None

    def _withdraw_cancellations(self, of_others: int) -> None:
        """Take back the cancellations of the agent's task that the raised error stands for."""
        if self._owner is not None:
            for _ in range(self._stopped_agent + of_others):
                self._owner.uncancel()

    async def _ended(self) -> BaseException:
        """Why the attempt ends here."""
        return self._broken or await self._superseded()

    async def _superseded(self) -> Superseded:
        """What has happened, as the server says: a 410 or a refused signal does not tell."""
        last, session_id = self._outbox.last, self._origin.workflow_id
        kind, why = Superseded, "a newer attempt has taken over"
        try:
            description = await describe(self._client, session_id, self._origin.run_id)
        except RPCError:
            why = "a newer attempt, or the session's end, has taken over"
        else:
            status = description.workflow_execution_info.status
            if status != WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING:
                kind, why = SessionEnded, _ENDS.get(status, "the session has ended")
        activity.logger.warning(
            "the agent was stopped: %s (session %s, event %s)", why, session_id, last
        )
        return kind(f"{last}: {why}")

    async def send(self, event: Mapping[str, Any]) -> EventId:
        """Number an event and see to its delivery; returns its id.

        Waits only while the outbox is full. Raises InvalidEvent or Finished (nothing is sent), or
        Superseded.
        """
        kind, data = encode_event(event)
        if kind in RESERVED:
            raise InvalidEvent(f"events of the type {kind!r} are the stream's own")
        return await self._send(kind, data)

    async def _send(self, kind: str, data: bytes) -> EventId:
        numbered = None
        while numbered is None:
            # Each time: all may have been said while this one waited for room.
            if self._delivery.finished and kind != ATTEMPT_FAILED:
                raise Finished("no event can follow settle() or finish(), or the end of the block")
            try:
                numbered = self._outbox.append(kind, data)
            except OutboxFull:
                await self._until(lambda: self._has_room(len(data)))
        self._delivery.appended(now())
        self._wake.set()
        if numbered.id.seq % HEARTBEAT_EVENTS == 0:
            self._heartbeat()
        return numbered.id

    def _has_room(self, size: int) -> bool:
        room = self._outbox.has_room(size)
        if not room:
            self._delivery.held_up(now())
        return room

    async def settle(self) -> None:
        """No more events will come: wait until each was POSTed, or given up.

        Bounded by SETTLE_SECONDS, so that a failing callback never holds up the result. After it,
        `events_sent` and `events_failed` are what the result should say.
        """
        self._delivery.finish(now())
        self._wake.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_SECONDS):
                await self._until(lambda: self._outbox.posted == self._outbox.last or not self._url)

    async def finish(self, result: Any) -> None:
        """POST `done` with the result, and wait until every event is durable.

        Raises Finished the second time, and after the block: there is one final POST.
        """
        if self._done is not None or self._leaving:
            raise Finished("finish() is called once, inside the block")
        self._done = done_event(result, self._outbox.last)
        self._delivery.add_final_post(now())
        self._wake.set()
        await self._until(lambda: self._delivery.drained)

    @property
    def last_event_id(self) -> EventId:
        """The newest event sent."""
        return self._outbox.last

    @property
    def events_sent(self) -> int:
        """Events whose callback POST has succeeded, each counted once."""
        return self._outbox.sent

    @property
    def events_failed(self) -> int:
        """Events whose callback POST has not succeeded; 0 when there is no callback."""
        return self._outbox.last.seq - self._outbox.sent if self._url else 0

    async def _drive(self) -> None:
        while True:
            self._wake.clear()
            moment = now()
            if self._delivery.give_up_late(moment):
                self._notify()
            post = self._delivery.next_post(moment)
            if post is not None:
                self._spawn(self._post(post))
            events = self._delivery.next_signal(moment)
            if events:
                self._spawn(self._signal(Batch(self._origin.run_id, events)))
            wake_at = self._delivery.wake_at()
            with suppress(TimeoutError):
                async with asyncio.timeout(None if wake_at is None else max(0, wake_at - moment)):
                    await self._wake.wait()

    async def _post(self, post: Post) -> None:
        assert self._url is not None  # noqa: S101 - Delivery makes no POST without a callback
        done = self._done or done_event(None, self._outbox.last)
        age = int(self._delivery.cadence.age(now()))
        body = encode_post(post, self._origin, self._delivery.signaller, done, age)
        # An answer is read as it comes: a compressed one of a few KiB could fill the memory.
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        try:
            with network_errors():
                async with (
                    asyncio.timeout(POST_TIMEOUT_SECONDS),
                    self._http.stream("POST", self._url, content=body, headers=headers) as response,
                ):
                    answer = await _read_limited(response)
        except (httpx.HTTPError, TimeoutError) as error:
            self._post_failed(post, f"{type(error).__name__} {error}".strip())
        else:
            # Outside of the `try`: nothing that a receiver says raises in there, so what does is a
            # mistake of ours, and breaks the attempt rather than pass for a callback that fails.
            self._take_answer(post, response, answer)
        self._notify()

    def _take_answer(self, post: Post, response: httpx.Response, answer: bytes) -> None:
        moment, delivery = now(), self._delivery
        if response.is_success:
            acknowledged = read_answer(answer)
            self._note(in_success(delivery, answer, acknowledged), post)
            if acknowledged is not None:
                delivery.acknowledged(post, acknowledged, moment)
            else:
                delivery.post_succeeded(post, moment)
            self._failing = None
        elif response.status_code == httpx.codes.CONFLICT and (expected := read_expected(answer)):
            self._note(in_conflict(delivery, expected), post)
            delivery.gap_reported(expected, moment)
            self._failing = None
        elif response.status_code == httpx.codes.GONE and is_bridge(answer):
            self._refused_as_superseded()
        else:
            pause = read_retry_after(response.headers.get("Retry-After"))
            self._post_failed(post, f"HTTP {response.status_code}", retry_after=pause)

    def _refused_as_superseded(self) -> None:
        before = self._delivery.superseded
        self._delivery.refused_as_superseded()
        if self._delivery.superseded and not before:
            self._stop_agent()

    def _stop_agent(self) -> None:
        # Once the agent has ended there is only `_until` to be told, and that looks by itself.
        if not self._leaving and not self._stopped_agent and self._owner is not None:
            self._stopped_agent = True
            self._owner.cancel()

    def _note(self, anomaly: Anomaly | None, post: Post) -> None:
        if anomaly is not None and anomaly not in self._noted:
            if anomaly is Anomaly.PLAIN and self._noted:
                return  # something worse was said, which says that as well
            self._noted.add(anomaly)
            level = logging.INFO if anomaly is Anomaly.PLAIN else logging.WARNING
            self._log(level, f"callback: {anomaly.value}", post)

    def _log(self, level: int, what: str, post: Post) -> None:
        about = str(post.events[0].id if post.events else post.base)
        if not post.events:
            about += " (done)" if post.done else " (probe)"
        activity.logger.log(
            level, "%s (session %s, event %s, %s)",
            what, self._origin.workflow_id, about, self._url,
        )  # fmt: skip

    def _post_failed(self, post: Post, why: str, retry_after: float = 0.0) -> None:
        if why != self._failing:  # a receiver that is down is one line, not one a POST
            self._failing = why
            self._log(logging.WARNING, f"callback failed: {why}", post)
        jitter = random.random()
        self._delivery.post_failed(post, now(), jitter=jitter, retry_after=retry_after)

    async def _signal(self, batch: Batch) -> None:
        try:
            await publish(self._client, self._origin.workflow_id, batch)
        except SessionClosed:
            self._refused_as_superseded()
        except SignalsRefused as error:
            self._broken = self._broken or error
            self._stop_agent()
        except Exception as error:  # noqa: BLE001  a codec may raise anything: it is tried again
            activity.logger.warning(
                "signal failed: %s (session %s, event %s)",
                error, self._origin.workflow_id, batch.first,
                exc_info=None if isinstance(error, RPCError) else error,
            )  # fmt: skip
            self._delivery.signal_failed(now())
        else:
            self._delivery.signalled(batch.last, now())
        self._notify()

    async def _beat(self) -> None:
        while True:
            self._heartbeat()
            await asyncio.sleep(HEARTBEAT_SECONDS)

    def _heartbeat(self) -> None:
        progress = f"event {self._outbox.last}, durable to {self._outbox.durable}"
        throttle = heartbeat_throttle.get()
        details = [] if throttle is None else [details_of(throttle)]
        activity.heartbeat(progress, *details)

    async def _ask(self, workflow_id: str, run_id: str, number: ProducerNumber) -> tuple[str, int]:
        """The first run of this stream, and how many bytes are left for this attempt to store."""
        try:
            description = await describe(self._client, workflow_id, run_id)
        except RPCError as error:
            activity.logger.warning("the size of the history is unknown: %s", error.message)
            # Three attempts like that stay well below the 50 MiB.
            return number.first_run_id, MAX_STORED_BYTES // 4
        size = description.workflow_execution_info.history_size_bytes
        return run_in(description).first_run_id, _left_after(size)

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            if self._stopped:
                raise Superseded(f"{self._outbox.last}: the agent is to stop")  # why: `__aexit__`
            changed = self._changed
            self._wake.set()
            await changed.wait()

    def _notify(self) -> None:
        self._wake.set()
        self._changed.set()
        self._changed = asyncio.Event()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._reap)

    def _reap(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._broken = self._broken or error
            self._stop_agent()  # better a failed attempt than an agent without an audience
            self._notify()

    async def _stop(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._given_http is None:
            await self._http.aclose()


async def _to_completion(work: Coroutine[Any, Any, _Result]) -> tuple[_Result, int]:
    """Await `work` although this task may be cancelled meanwhile; its result, and how often it was.

    Two parties cancel the agent's task, and neither knows of the other: the producer, when a POST
    or a signal is refused, and Temporal's worker, when a heartbeat finds the attempt gone. Both
    follow from the same event, the end of the session, often within milliseconds. Without this the
    second cancellation would break off the closing that the first has begun, and a CancelledError
    would leave the block in place of the reason.
    """
    task = asyncio.create_task(work)
    cancellations = 0
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            cancellations += 1
    return task.result(), cancellations


def _left_after(history_bytes: int) -> int:
    """How many bytes an attempt may store that finds so many in the history."""
    return max(0, MAX_STORED_BYTES - history_bytes)


def _age(info: activity.Info, number: ProducerNumber) -> float:
    """How long the session has been streaming when this attempt begins.

    Both times are the server's, and of this run: a reset schedules a pending activity anew.
    """
    if info.attempt == 1:
        return number.age  # that it had to wait for a worker does not count
    return number.age + max(0.0, (info.started_time - info.scheduled_time).total_seconds())


async def _read_limited(response: httpx.Response) -> bytes:
    answer = b""
    async for chunk in response.aiter_raw():
        answer += chunk
        if len(answer) > MAX_ANSWER_BYTES:
            break  # whatever it is, it is not a bridge's answer
    return answer
