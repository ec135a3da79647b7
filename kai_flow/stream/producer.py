"""`EventProducer`, the activity's side: streams what an agent does.

    async with EventProducer(callback_url=url) as producer:
        async for event in agent_events():
            await producer.send(event)
        await producer.settle()
        result = {...}
        await producer.finish(result)

In a thread, and so in a `def` activity, write `with` instead of `async with`, and no `await` (see
`sync_producer`).

POSTs and signals run in tasks beside the agent, which waits only while the outbox is full. What to
do next is decided in `delivery`, without I/O. Leaving the block waits until every event is durable.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from enum import Enum
from types import TracebackType
from typing import Any, Final, Literal, Self, TypeVar

import httpx
from temporalio import activity
from temporalio.client import Client
from temporalio.service import RPCError

from kai_flow.stream.activity_interceptor import (
    default_callback,
    heartbeat_throttle,
    own_number,
    require_plugin,
)
from kai_flow.stream.attempt import (
    OWN_FIELDS,
    given_number,
    history_size,
    start_of,
    started_event,
    why_superseded,
)
from kai_flow.stream.background import BackgroundTasks, to_completion
from kai_flow.stream.batches import Batch
from kai_flow.stream.cadence import Cadence
from kai_flow.stream.callback import done_event
from kai_flow.stream.callback_client import POST_TIMEOUT_SECONDS, CallbackClient
from kai_flow.stream.clock import now
from kai_flow.stream.delivery import Delivery
from kai_flow.stream.direct_http import direct_http, require_callback_url
from kai_flow.stream.errors import Finished, InvalidEvent, OutboxFull, Superseded
from kai_flow.stream.events import NumberedEvent, encode_event
from kai_flow.stream.header import ProducerHeader
from kai_flow.stream.heartbeats import producer_heartbeat
from kai_flow.stream.ids import EventId
from kai_flow.stream.notifier import Notifier, wait_for
from kai_flow.stream.outbox import Outbox
from kai_flow.stream.posts import Post
from kai_flow.stream.signals import SessionClosed, SignalsRefused, publish
from kai_flow.stream.sync_producer import SyncProducer
from kai_flow.stream.threads import (
    WorkerLoop,
    loop_of_thread,
    require_event_loop,
    require_this_process,
)
from kai_flow.stream.wire_names import ATTEMPT_FAILED, RESERVED

T = TypeVar("T")

HEARTBEAT_SECONDS: Final = 1.0  # a cancellation arrives with the answer to a heartbeat
HEARTBEAT_EVENTS: Final = 5
SETTLE_SECONDS: Final = 10.0  # for the last POSTs, before the result is built without them
LEAVE_SECONDS: Final = 5.0  # for what is left when the attempt ends with an error or is cancelled
MAX_ERROR_CHARS: Final = 1_000  # of an error's text in `attempt_failed`


class Default(Enum):
    """Values of arguments that are not given."""

    BRIDGE = "the bridge of the worker"


class EventProducer:
    """Streams the events of one activity attempt: `async with`, or `with` in a thread.

    `callback_url` is where events are POSTed, by default to the bridge of the worker's StreamPlugin
    if it has one. None: nowhere. Then events are only signalled to the workflow, and a bridge or
    `follow` that reads its history shows them up to a signal interval later.
    `client` defaults to the worker's own. `http` may be shared between producers, and the caller
    closes it; by default the producer makes one that ignores the proxies of the environment.
    `signal_interval` is the least number of seconds between two signals. `started` adds fields to
    the first event. `producer` and `beside` are only for the activities of a workflow that is
    written in another language: the number that the workflow has given to this activity, and those
    of the activities that it had scheduled and that had not ended by then.

    Raises InvalidUrl for a URL at which nothing can be reached, InvalidEvent when `started` has a
    field of the stream's own, and InvalidId for numbers that cannot be.

    The block raises Superseded when a newer attempt has taken over, or its subclass SessionEnded:
    the agent inside is cancelled. A thread cannot be cancelled: there `send` raises them. Entering
    the block raises ApplicationError, before anything is sent, when the activity was given no
    producer number, runs in a process pool, or needs the other form of `with`, and RuntimeError
    outside an activity.
    """

    # Cancellation. Two parties cancel the agent's task independently of each other: this producer,
    # when a POST or a signal is refused for good, and Temporal's worker, when a heartbeat shows
    # that the attempt is gone. Both react to the same event, the end of the session, often within
    # milliseconds. These invariants hold in every order:
    #
    # - The producer cancels the agent once at most, and never after the agent has left the block:
    #   from then on `_until` sees that the attempt is over, and raises.
    # - `__aexit__` completes its cleanup even if it is cancelled meanwhile, so that no task and no
    #   connection is left behind.
    # - When the attempt is over, `__aexit__` raises the reason, which stands for every cancellation
    #   in the block, and takes those back. Otherwise one leaves the block as CancelledError.

    def __init__(
        self,
        *,
        callback_url: str | Literal[Default.BRIDGE] | None = Default.BRIDGE,
        client: Client | None = None,
        http: httpx.AsyncClient | None = None,
        signal_interval: float = 0.25,
        started: Mapping[str, Any] | None = None,
        producer: int | None = None,
        beside: Iterable[int] | None = None,
    ) -> None:
        if isinstance(callback_url, str):
            require_callback_url(callback_url)
        taken = sorted(OWN_FIELDS.intersection(started or ()))
        if taken:
            raise InvalidEvent(
                f"{', '.join(taken)}: these fields of `started` are the stream's own"
            )
        self._given_number = given_number(producer, beside)
        self._given_url = callback_url
        self._given_client = client
        self._given_http = http
        self._interval = signal_interval
        self._started = dict(started or {})
        self._tasks = BackgroundTasks(self._task_failed)  # driver, heartbeat, POST, signal
        self._wake = asyncio.Event()  # wakes the driver
        self._reports = Notifier()  # notifies after every report to the delivery
        self._done: NumberedEvent | None = None  # the `done` of the final POST, once known
        self._leaving = False  # the agent has left the block
        self._agent_cancelled = False  # by this producer
        self._broken: BaseException | None = None  # the error of a task here, or SignalsRefused
        self._superseded: Superseded | None = None  # why, once the server was asked
        self._in_thread = False  # the agent is a thread, which this producer cannot cancel

    def __enter__(self) -> SyncProducer:
        require_this_process()
        require_plugin()  # without it nothing is known of the loop either
        loop = loop_of_thread()
        loop.run(lambda: self._enter_from_thread(loop))
        return SyncProducer(self, lambda work: loop.run(lambda: self._unless_over(work)))

    async def _enter_from_thread(self, loop: WorkerLoop) -> None:
        self._in_thread = True
        self._given_client = self._given_client or loop.client
        await self.__aenter__()
        await loop.at_end(self._left_behind)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # A cancellation stops the agent in the block. One that comes later stops what follows here.
        already = activity.is_cancelled()
        with activity.shield_thread_cancel_exception():
            loop_of_thread().run_to_end(
                lambda: self.__aexit__(kind, error, traceback),
                cancelled=lambda: activity.is_cancelled() and not already,
            )

    async def _left_behind(self) -> None:
        """The activity has ended. A thread that is still in the block will not leave it in order.

        What the thread has sent counts, and is made durable as at the end of a cancelled block.
        """
        try:
            if not self._leaving:
                self._leaving = True
                self._delivery.finish(now())
                with suppress(TimeoutError, Superseded):
                    async with asyncio.timeout(LEAVE_SECONDS):
                        await self._until(lambda: self._delivery.drained)
        finally:
            await to_completion(self._close())

    async def _unless_over(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Do `work` for a thread. Raises the reason if the attempt is over."""
        if self._over:
            raise await self._reason()
        try:
            return await work()
        except Superseded:
            raise await self._reason() from None

    async def __aenter__(self) -> Self:
        require_this_process()
        number = own_number(self._given_number)
        require_event_loop()
        given = self._given_url
        self._url = default_callback() if given is Default.BRIDGE else given
        self._http = self._given_http or direct_http(POST_TIMEOUT_SECONDS)
        try:
            await self._begin(number)
        except BaseException:
            await self._close()
            raise
        return self

    async def _begin(self, number: ProducerHeader) -> None:
        info = activity.info()
        self._client = self._given_client or activity.client()
        self._owner = None if self._in_thread else asyncio.current_task()
        self._cancelled_before = 0 if self._owner is None else self._owner.cancelling()
        self._origin, storable, age = await start_of(self._client, info, number)
        self._outbox = Outbox(number.producer, info.attempt, max_stored=storable)
        moment = now()
        self._delivery = Delivery(
            self._outbox,
            Cadence(self._interval, moment, age, beside=len(number.beside)),
            callback=self._url is not None,
            now=moment,
        )
        # Without a callback the delivery makes no POST, and this is never used.
        self._callback = CallbackClient(self._url or "", self._http, self._origin, self._delivery)
        self._tasks.spawn(self._drive())
        self._tasks.spawn(self._beat())
        await self._send(*encode_event(started_event(info, number, self._started)))

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
            elif not self._over:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LEAVE_SECONDS):
                        await self._leave(error)
        except (Superseded, asyncio.CancelledError):
            if not self._over:
                raise
        finally:
            _, cancellations = await to_completion(self._close())
            if cancellations and not self._over:
                raise asyncio.CancelledError
        if self._over:
            reason, _ = await to_completion(self._reason())
            self._withdraw_cancellations()
            if reason is error:  # raised by `send` in a thread
                return
            raise reason from None if self._in_thread or reason is self._broken else error

    async def _leave(self, error: BaseException) -> None:
        """Send `attempt_failed`, unless the session itself is being cancelled, and drain."""
        self._delivery.drop_final_post()
        details = activity.cancellation_details()
        # After a final POST there is no `attempt_failed`: a receiver may hold the `done` of that
        # POST under the number that `attempt_failed` would get.
        untold = not self._delivery.phase.final_posted
        if untold and (details is None or not details.cancel_requested):
            why = str(error)[:MAX_ERROR_CHARS] or type(error).__name__
            if details is not None and details.worker_shutdown:
                why = "the worker is shutting down"
            await self._send(*encode_event({"type": ATTEMPT_FAILED, "error": why}))
        await self._until(lambda: self._delivery.drained)

    async def _close(self) -> None:
        await self._tasks.stop()
        if self._given_http is None:
            await self._http.aclose()

    @property
    def _over(self) -> bool:
        """Whether the attempt ends here, whatever the agent is doing."""
        return self._delivery.superseded or self._broken is not None

    async def _reason(self) -> BaseException:
        """Why the attempt is over."""
        if self._broken is not None:
            return self._broken
        if self._superseded is None:
            self._superseded = await why_superseded(self._client, self._origin, self._outbox.last)
        return self._superseded

    def _withdraw_cancellations(self) -> None:
        """Take back all cancellations of the agent's task in this block, of both parties."""
        while self._owner is not None and self._owner.cancelling() > self._cancelled_before:
            self._owner.uncancel()

    async def send(self, event: Mapping[str, Any]) -> EventId:
        """Number an event and see to its delivery; returns its id.

        Waits only while the outbox is full. Raises InvalidEvent for what cannot be an agent's
        event, and Finished after `settle` or `finish`; nothing is sent then. Raises Superseded.
        """
        kind, data = encode_event(event)
        if kind in RESERVED:
            raise InvalidEvent(f"events of the type {kind!r} are the stream's own")
        return await self._send(kind, data)

    async def _send(self, kind: str, data: bytes) -> EventId:
        numbered = None
        while numbered is None:
            # Checked each time: another task may have called `finish` while this one waited.
            if self._delivery.phase.finished and kind != ATTEMPT_FAILED:
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
        """No more events will come: wait until each was POSTed or given up.

        Takes SETTLE_SECONDS at most, so that a failing callback cannot hold up the result. After
        it, `events_sent` and `events_failed` are the numbers for the result. Raises Superseded.
        """
        self._delivery.finish(now())
        self._wake.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_SECONDS):
                await self._until(lambda: self._outbox.posted == self._outbox.last or not self._url)

    async def finish(self, result: Any) -> None:
        """POST `done` with the result, and wait until every event is durable.

        Raises Finished the second time, and after the block: there is one final POST. Raises
        Superseded.
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
        """Do what the delivery decides, until cancelled.

        `_wake` is cleared before the delivery is asked. So what is reported while it decides sets
        `_wake` again, and no report is missed.
        """
        while True:
            self._wake.clear()
            moment = now()
            if self._delivery.give_up_late(moment):
                self._notify()
            post = self._delivery.next_post(moment)
            if post is not None:
                self._tasks.spawn(self._post(post))
            events = self._delivery.next_signal(moment)
            if events:
                self._tasks.spawn(self._signal(Batch(events)))
            if self._delivery.next_reading():
                self._tasks.spawn(self._read_history_size())
            wake_at = self._delivery.wake_at()
            await wait_for(self._wake, None if wake_at is None else max(0, wake_at - moment))

    async def _post(self, post: Post) -> None:
        await self._callback.post(post, self._done or done_event(None, self._outbox.last))
        self._reported()

    async def _signal(self, batch: Batch) -> None:
        try:
            await publish(self._client, self._origin.workflow_id, self._origin.run_id, [batch])
        except SessionClosed:
            self._delivery.refused_as_superseded()
        except SignalsRefused as error:
            self._broken = self._broken or error
        except Exception as error:  # noqa: BLE001  a codec may raise anything: it is tried again
            activity.logger.warning(
                "signal failed: %s (session %s, event %s)",
                error, self._origin.workflow_id, batch.first,
                exc_info=None if isinstance(error, RPCError) else error,
            )  # fmt: skip
            self._delivery.signal_failed(now())
        else:
            self._delivery.signalled(batch.last, now())
        self._reported()

    async def _read_history_size(self) -> None:
        self._delivery.history_read(await history_size(self._client, self._origin))

    def _task_failed(self, error: BaseException) -> None:
        """A task raised: the attempt fails, because the agent's events would not be seen."""
        self._broken = self._broken or error
        self._reported()

    def _reported(self) -> None:
        """Act on what was reported to the delivery: stop the agent, or let it go on."""
        if self._over and not (self._leaving or self._agent_cancelled) and self._owner is not None:
            self._agent_cancelled = True
            self._owner.cancel()
        self._notify()

    async def _beat(self) -> None:
        while True:
            self._heartbeat()
            await asyncio.sleep(HEARTBEAT_SECONDS)

    def _heartbeat(self) -> None:
        position = f"event {self._outbox.last}, durable to {self._outbox.durable}"
        producer_heartbeat(position, heartbeat_throttle.get())

    async def _until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition that only reports can change. Raises Superseded, without a reason.

        There is no `await` between the check of the condition and the wait: a report that comes
        later sets the event that this task waits for.
        """
        while not condition():
            if self._over:
                raise Superseded(f"{self._outbox.last}: the attempt is over")
            self._wake.set()
            await self._reports.next.wait()

    def _notify(self) -> None:
        """Wake the driver and all that wait in `_until`."""
        self._wake.set()
        self._reports.notify()
