"""Follows a session in its Temporal history, without a bridge and without a worker."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, TypeVar

import msgspec
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from kai_flow.stream import control
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.followed import Followed, pauses
from kai_flow.stream.ids import START, Cursor, EventId
from kai_flow.stream.liveness import liveness_to_show, observe
from kai_flow.stream.outcome import Outcome, wait_for_outcome
from kai_flow.stream.progress import LIVENESS_SECONDS, Liveness
from kai_flow.stream.run import Run, find_run
from kai_flow.stream.supervised import retried
from kai_flow.stream.tail import HistoryTail

log = logging.getLogger(__name__)

T = TypeVar("T")


async def from_temporal(
    client: Client, session_id: str, cursor: Cursor | None
) -> AsyncGenerator[Followed, None]:
    """Every durable event after `cursor`, run by run, to the end of the session."""
    while True:
        run = await _find(client, session_id)
        position = START
        if cursor is not None:
            if cursor.is_end_of(run.incarnation):
                return
            if cursor.incarnation not in (None, run.incarnation) or cursor.position is None:
                yield Followed(None, control.reset())
            else:
                position = cursor.position
        last: str | None = None
        async with aclosing(_from_run(client, session_id, run, position)) as events:
            async for event in events:
                last = event.id or last
                yield event
        if last is not None:
            cursor = Cursor.parse(last)
            if cursor.position is None:
                return


async def _from_run(
    client: Client, session_id: str, run: Run, position: EventId
) -> AsyncGenerator[Followed, None]:
    """The events of one run after `position`, and `done` if the session ended with it.

    The next page is read in a task of its own, because that may be a long poll. Meanwhile changes
    of the liveness are yielded. Each `position` is later than the one before: the fold accepts only
    growing ids, so nothing is yielded twice.
    """
    tail = HistoryTail(client, session_id, run.run_id)
    while not tail.ended:
        reading = asyncio.create_task(_read(tail, session_id))
        try:
            async with aclosing(
                _liveness_changes(client, session_id, run.run_id, until=reading)
            ) as changes:
                async for liveness in changes:
                    yield Followed(None, control.status(liveness))
        finally:
            await _end_task(reading)
        for event in reading.result():
            if event.id > position:
                if event.id.producer > position.producer and tail.fold.unstored_after(position):
                    yield Followed(None, control.gap(position, event.id))
                position = event.id
                yield Followed(str(Cursor(position, run.incarnation)), event.decode())
    outcome = await _end(client, session_id, run.run_id)
    if outcome is not None:
        if tail.fold.unstored_after(position):
            yield Followed(None, control.gap(position, None))
        yield Followed(str(Cursor(None, run.incarnation)), msgspec.json.decode(outcome.data))


async def _liveness_changes(
    client: Client, session_id: str, run_id: str, *, until: asyncio.Task[Any]
) -> AsyncGenerator[Liveness, None]:
    """The changes of a session's liveness, until the task `until` is done."""
    shown: Liveness | None = None
    while not (await asyncio.wait({until}, timeout=LIVENESS_SECONDS))[0]:
        observing = asyncio.create_task(observe(client, session_id, run_id))
        try:
            await asyncio.wait({until, observing}, return_when=asyncio.FIRST_COMPLETED)
            if until.done():
                return
            liveness = liveness_to_show(observing.result(), shown)
        except RPCError as error:
            log.info("session %s: its liveness is unknown: %s", session_id, error.message)
            continue
        finally:
            await _end_task(observing)
        if liveness is not None and liveness != shown:
            yield liveness
        shown = liveness


async def _end_task(task: asyncio.Task[Any]) -> None:
    """Cancel a task, unless it is done, and wait for its end."""
    task.cancel()
    await asyncio.wait({task})


async def _read(tail: HistoryTail, session_id: str) -> list[NumberedEvent]:
    """The next durable events; an empty list at the end. Waits for Temporal to be back."""
    while not tail.ended:
        if events := await _until_answered(session_id, tail.read):
            return events
    return []


async def _end(client: Client, session_id: str, run_id: str) -> Outcome | None:
    """How the session ended, or None after a reset. Waits for Temporal to be back."""
    return await _until_answered(session_id, lambda: wait_for_outcome(client, session_id, run_id))


async def _find(client: Client, session_id: str) -> Run:
    """The newest run; waits until there is one."""
    return await _until_answered(
        session_id, lambda: find_run(client, session_id), expected=RPCStatusCode.NOT_FOUND
    )


async def _until_answered(
    session_id: str, call: Callable[[], Awaitable[T]], expected: RPCStatusCode | None = None
) -> T:
    """The result of a call to Temporal, repeated while it raises RPCError.

    Errors are logged, except those with the status `expected`.
    """

    def failed(error: RPCError, _pause: float) -> None:
        if error.status != expected:
            log.info("session %s: waiting for Temporal: %s", session_id, error.message)

    return await retried(call, pauses(), on=RPCError, failed=failed)
