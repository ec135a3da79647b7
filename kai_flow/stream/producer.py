"""`EventProducer`, the activity's side: streams what an agent does.

    async with EventProducer(callback_url=url) as producer:
        async for event in agent_events():
            await producer.send(event)
        await producer.settle()
        result = {...}
        await producer.finish(result)

In a thread, and so in a `def` activity, write `with` instead of `async with`, and no `await` (see
`sync_producer`).

Here is the block: how an attempt begins and ends, and who cancels whom. Its events are sent beside
the agent, see `sending`. Leaving the block waits until every event is durable.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import AsyncExitStack, suppress
from enum import Enum
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeVar

from temporalio import activity
from temporalio.client import Client

from kai_flow.stream.activity_interceptor import (
    default_callback,
    own_number,
    require_plugin,
    signing_keys,
)
from kai_flow.stream.attempt import OWN_FIELDS, given_number, start_of, started_event
from kai_flow.stream.background import to_completion
from kai_flow.stream.cadence import Cadence
from kai_flow.stream.callback import Origin
from kai_flow.stream.clock import now
from kai_flow.stream.delivery import Delivery
from kai_flow.stream.errors import Finished, InvalidEvent, Superseded
from kai_flow.stream.events import encode_event
from kai_flow.stream.header import ProducerHeader
from kai_flow.stream.ids import EventId
from kai_flow.stream.outbox import Outbox
from kai_flow.stream.sending import Sending
from kai_flow.stream.sync_producer import SyncProducer
from kai_flow.stream.threads import (
    WorkerLoop,
    loop_of_thread,
    require_event_loop,
    require_this_process,
)
from kai_flow.stream.wire_names import RESERVED

if TYPE_CHECKING:  # only a producer with a callback URL imports httpx, which takes up to 0.25 s
    import httpx

    from kai_flow.stream.callback_client import CallbackClient

T = TypeVar("T")

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
    #   from then on whatever waits in `sending` sees that the attempt is over, and raises.
    # - `__aexit__` completes its cleanup even if it is cancelled meanwhile, so that no task and no
    #   connection is left behind.
    # - When the attempt is over, `__aexit__` raises the reason, which stands for every cancellation
    #   in the block, and takes those back. Otherwise one leaves the block as CancelledError.

    def __init__(
        self,
        *,
        callback_url: str | Literal[Default.BRIDGE] | None = Default.BRIDGE,
        client: Client | None = None,
        http: "httpx.AsyncClient | None" = None,
        signal_interval: float = 0.25,
        started: Mapping[str, Any] | None = None,
        producer: int | None = None,
        beside: Iterable[int] | None = None,
    ) -> None:
        if isinstance(callback_url, str):
            from kai_flow.stream.direct_http import require_callback_url  # noqa: PLC0415  (see above)

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
        self._cleanup = AsyncExitStack()  # ends what the block has begun
        self._leaving = False  # the agent has left the block
        self._agent_cancelled = False  # by this producer
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
                self._sending.end()
                with suppress(TimeoutError, Superseded):
                    async with asyncio.timeout(LEAVE_SECONDS):
                        await self._sending.drain()
        finally:
            await to_completion(self._cleanup.aclose())

    async def _unless_over(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Do `work` for a thread. Raises the reason if the attempt is over."""
        if self._sending.over:
            raise await self._sending.reason()
        try:
            return await work()
        except Superseded:
            raise await self._sending.reason() from None

    async def __aenter__(self) -> Self:
        require_this_process()
        number = own_number(self._given_number)
        require_event_loop()
        try:
            await self._begin(number)
        except BaseException:
            await self._cleanup.aclose()
            raise
        return self

    async def _begin(self, number: ProducerHeader) -> None:
        info = activity.info()
        self._owner = None if self._in_thread else asyncio.current_task()
        self._cancelled_before = 0 if self._owner is None else self._owner.cancelling()
        self._sending = await self._prepared(info, number)
        self._cleanup.push_async_callback(self._sending.stop)
        self._sending.start()
        await self._sending.send(*encode_event(started_event(info, number, self._started)))

    async def _prepared(self, info: activity.Info, number: ProducerHeader) -> Sending:
        """What sends the events of this attempt."""
        client = self._given_client or activity.client()
        url = default_callback() if self._given_url is Default.BRIDGE else self._given_url
        origin, storable, age = await start_of(client, info, number)
        outbox = Outbox(number.producer, info.attempt, max_stored=storable)
        moment = now()
        delivery = Delivery(
            outbox,
            Cadence(self._interval, moment, age, beside=len(number.beside)),
            callback=url is not None,
            now=moment,
        )
        post = None if url is None else (await self._callback(url, origin, delivery)).post
        return Sending(delivery, outbox, client, origin, callback=post, ended=self._stop_agent)

    async def _callback(self, url: str, origin: Origin, delivery: Delivery) -> "CallbackClient":
        """What makes the POSTs of this attempt."""
        from kai_flow.stream.callback_client import callback_to  # noqa: PLC0415  (see above)

        callback = callback_to(url, self._given_http, origin, delivery, signing_keys())
        return await self._cleanup.enter_async_context(callback)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leaving = True
        sending = self._sending
        try:
            sending.end(well=error is None)
            if error is None:
                await sending.drain()
            elif not sending.over:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LEAVE_SECONDS):
                        await sending.fail(_why_failed(error))
        except (Superseded, asyncio.CancelledError):
            if not sending.over:
                raise
        finally:
            _, cancellations = await to_completion(self._cleanup.aclose())
            if cancellations and not sending.over:
                raise asyncio.CancelledError
        if sending.over:
            reason, _ = await to_completion(sending.reason())
            self._withdraw_cancellations()
            if reason is error:  # raised by `send` in a thread
                return
            raise reason from None if self._in_thread or reason is sending.broken else error

    def _stop_agent(self) -> None:
        """The attempt is over: cancel the agent, once, unless it has left the block."""
        if self._owner is not None and not (self._leaving or self._agent_cancelled):
            self._agent_cancelled = True
            self._owner.cancel()

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
        return await self._sending.send(kind, data)

    async def settle(self) -> None:
        """No more events will come: wait until each was POSTed or given up.

        Takes SETTLE_SECONDS at most, so that a failing callback cannot hold up the result. After
        it, `events_sent` and `events_failed` are the numbers for the result. Raises Superseded.
        """
        await self._sending.settle()

    async def finish(self, result: Any) -> None:
        """POST `done` with the result, and wait until every event is durable.

        Raises Finished the second time, and after the block: there is one final POST. Raises
        Superseded.
        """
        if self._sending.done is not None or self._leaving:
            raise Finished("finish() is called once, inside the block")
        await self._sending.finish(result)

    @property
    def last_event_id(self) -> EventId:
        """The newest event sent."""
        return self._sending.outbox.last

    @property
    def events_sent(self) -> int:
        """Events whose callback POST has succeeded, each counted once."""
        return self._sending.outbox.sent

    @property
    def events_failed(self) -> int:
        """Events whose callback POST has not succeeded; 0 when there is no callback."""
        return self._sending.failed


def _why_failed(error: BaseException) -> str | None:
    """What `attempt_failed` says; None: nothing, because the session itself is being cancelled."""
    details = activity.cancellation_details()
    if details is not None and details.cancel_requested:
        return None
    if details is not None and details.worker_shutdown:
        return "the worker is shutting down"
    return str(error)[:MAX_ERROR_CHARS] or type(error).__name__
