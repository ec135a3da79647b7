"""The sending side of a producer: what runs beside the agent.

POSTs, signals and heartbeats run in tasks of their own. What to do next is decided in `delivery`,
without I/O. The agent waits here only while the outbox is full, or for the end of everything sent.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

from temporalio import activity
from temporalio.client import Client
from temporalio.service import RPCError

from kai_flow.stream.activity_interceptor import heartbeat_throttle
from kai_flow.stream.alarm import Alarm
from kai_flow.stream.attempt import history_size, why_superseded
from kai_flow.stream.background import BackgroundTasks
from kai_flow.stream.batches import Batch
from kai_flow.stream.callback import Origin, done_event
from kai_flow.stream.clock import now
from kai_flow.stream.delivery import Delivery
from kai_flow.stream.errors import Finished, OutboxFull, Superseded
from kai_flow.stream.events import NumberedEvent, encode_event
from kai_flow.stream.heartbeats import producer_heartbeat
from kai_flow.stream.ids import EventId
from kai_flow.stream.log_fields import about
from kai_flow.stream.notifier import Notifier
from kai_flow.stream.outbox import Outbox
from kai_flow.stream.post_spans import SpanPace
from kai_flow.stream.posts import Post
from kai_flow.stream.producer_counts import PRODUCERS, Watch
from kai_flow.stream.signals import SessionClosed, SignalsRefused, publish
from kai_flow.stream.wire_names import ATTEMPT_FAILED
from kai_flow.traces import spans
from kai_flow.traces.spans import NO_SPAN

HEARTBEAT_SECONDS: Final = 1.0  # a cancellation arrives with the answer to a heartbeat
SETTLE_SECONDS: Final = 10.0  # for the last POSTs, before the result is built without them


class Sending:
    """Sends the events of one attempt.

    `callback` makes a POST; the event beside it is that of the final POST. With None there are no
    POSTs. `ended` is called when the attempt is over, perhaps several times.
    """

    def __init__(
        self,
        delivery: Delivery,
        outbox: Outbox,
        client: Client,
        origin: Origin,
        *,
        callback: Callable[[Post, NumberedEvent], Awaitable[None]] | None,
        ended: Callable[[], None],
    ) -> None:
        self.delivery: Final = delivery
        self.outbox: Final = outbox
        self.done: NumberedEvent | None = None  # the `done` of the final POST, once known
        self.broken: BaseException | None = None  # the error of a task here, or SignalsRefused
        self._client = client
        self._origin = origin
        self._callback = callback
        self._ended = ended
        self._superseded: Superseded | None = None  # why, once the server was asked
        self._tasks = BackgroundTasks(self._task_failed)  # driver, heartbeat, POST, signal
        self._wake = asyncio.Event()  # wakes the driver
        self._watch = Watch(outbox, PRODUCERS)
        self._span_pace = SpanPace()  # of own signals
        self._reports = Notifier()  # notifies after every report to the delivery

    def start(self) -> None:
        """Let the tasks begin. `stop` ends them."""
        self._watch.begin()
        self._tasks.spawn(self._drive())
        self._tasks.spawn(self._beat())

    async def stop(self) -> None:
        """End all tasks, whatever was not sent."""
        self._watch.end()
        await self._tasks.stop()

    @property
    def over(self) -> bool:
        """Whether the attempt ends here, whatever the agent is doing."""
        return self.delivery.superseded or self.broken is not None

    async def reason(self) -> BaseException:
        """Why the attempt is over."""
        if self.broken is not None:
            return self.broken
        if self._superseded is None:
            self._superseded = await why_superseded(
                self._client, self._origin, activity.info().activity_id, self.outbox.last
            )
        return self._superseded

    @property
    def failed(self) -> int:
        """Events whose callback POST has not succeeded; 0 when there is no callback."""
        return self.outbox.last.seq - self.outbox.sent if self._callback else 0

    # For the agent. All of these raise Superseded when the attempt is over, without a reason.

    async def send(self, kind: str, data: bytes) -> EventId:
        """Number an encoded event and see to its delivery; waits only while the outbox is full."""
        numbered = None
        while numbered is None:
            # Checked each time: another task may have called `finish` while this one waited.
            if self.delivery.phase.finished and kind != ATTEMPT_FAILED:
                raise Finished("no event can follow settle() or finish(), or the end of the block")
            try:
                numbered = self.outbox.append(kind, data)
            except OutboxFull:
                await self._until(lambda: self._has_room(len(data)))
        self._watch.sent(numbered.id)
        if self.delivery.appended(now()):
            self._wake.set()
        return numbered.id

    async def settle(self) -> None:
        """No more events will come: wait until each was POSTed or given up, within a limit."""
        self.delivery.finish(now())
        self._wake.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_SECONDS):
                await self._until(
                    lambda: self.outbox.posted == self.outbox.last or self._callback is None
                )

    async def finish(self, result: Any) -> None:
        """POST `done` with the result, and wait until every event is durable."""
        self.done = done_event(result, self.outbox.last)
        self.delivery.add_final_post(now())
        await self.drain()

    async def fail(self, why: str | None) -> None:
        """Send `attempt_failed`, unless `why` is None, and wait until every event is durable."""
        self.delivery.drop_final_post()
        # After a final POST there is no `attempt_failed`: a receiver may hold the `done` of that
        # POST under the number that `attempt_failed` would get.
        if why is not None and not self.delivery.phase.final_posted:
            await self.send(*encode_event({"type": ATTEMPT_FAILED, "error": why}))
        await self.drain()

    def end(self, *, well: bool = False) -> None:
        """No more events will come. `well`: a bridge is to make those that are left durable now."""
        if well:
            self.delivery.hasten(now())
        else:
            self.delivery.leave(now())
        self._wake.set()

    async def drain(self) -> None:
        """Wait until every event is durable, and the final POST made or given up."""
        await self._until(lambda: self.delivery.drained)

    def _has_room(self, size: int) -> bool:
        room = self.outbox.has_room(size)
        if not room:
            self.delivery.held_up(now())
        return room

    async def _until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition that only reports can change. Raises Superseded, without a reason.

        There is no `await` between the check of the condition and the wait: a report that comes
        later sets the event that this task waits for.
        """
        while not condition():
            if self.over:
                raise Superseded(f"{self.outbox.last}: the attempt is over")
            self._wake.set()
            await self._reports.next.wait()

    # The tasks

    async def _drive(self) -> None:
        """Do what the delivery decides, until cancelled.

        `_wake` is cleared before the delivery is asked. So what is reported while it decides sets
        `_wake` again, and no report is missed.
        """
        alarm = Alarm(self._wake)
        while True:
            self._wake.clear()
            moment = now()
            if self.delivery.give_up_late(moment):
                self._reported()
            post = self.delivery.next_post(moment)
            if post is not None:
                self._tasks.spawn(self._post(post))
            events = self.delivery.next_signal(moment)
            if events:
                self._tasks.spawn(self._signal(Batch(events)))
            if self.delivery.next_reading():
                self._tasks.spawn(self._read_history_size())
            alarm.put(self.delivery.wake_at())
            await self._wake.wait()

    async def _post(self, post: Post) -> None:
        if self._callback is not None:  # without one the delivery asks for no POST
            await self._callback(post, self.done or done_event(None, self.outbox.last))
        self._reported()

    async def _signal(self, batch: Batch) -> None:
        moment = now()
        due = not spans.are_made() or self._span_pace.is_due(moment, self.delivery.age(moment))
        try:
            with NO_SPAN if due else spans.within(NO_SPAN):
                await publish(self._client, self._origin.workflow_id, self._origin.run_id, [batch])
        except SessionClosed:
            self.delivery.refused_as_superseded()
        except SignalsRefused as error:
            self.broken = self.broken or error
        except Exception as error:  # noqa: BLE001  a codec may raise anything: it is tried again
            activity.logger.warning(
                "signal failed: %s (session %s, event %s)",
                error, self._origin.workflow_id, batch.first,
                exc_info=None if isinstance(error, RPCError) else error,
                extra=about("own_signal_failed", self._origin.workflow_id, batch.first),
            )  # fmt: skip
            PRODUCERS.signals["failed"] += 1
            self.delivery.signal_failed(now())
        else:
            PRODUCERS.signals["sent"] += 1
            self.delivery.signalled(batch.last, now())
        self._reported()

    async def _read_history_size(self) -> None:
        self.delivery.history_read(await history_size(self._client, self._origin))

    async def _beat(self) -> None:
        """Heartbeat at once and every second, however many events there are.

        The SDK encodes each heartbeat and hands it to another thread, but the server gets one in
        `heartbeat_throttle`, and with it the newest position. More of them cost and tell nothing.
        """
        while True:
            position = f"event {self.outbox.last}, durable to {self.outbox.durable}"
            producer_heartbeat(position, heartbeat_throttle.get())
            await asyncio.sleep(HEARTBEAT_SECONDS)

    def _task_failed(self, error: BaseException) -> None:
        """A task raised: the attempt fails, because the agent's events would not be seen."""
        self.broken = self.broken or error
        self._reported()

    def _reported(self) -> None:
        """Act on what was reported to the delivery: wake the driver and all that wait here."""
        if self.over:
            self._ended()
        self._watch.look()
        self._wake.set()
        self._reports.notify()
