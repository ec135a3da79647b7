"""Follows a session in its Temporal history, without a bridge and without a worker."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any, TypeVar

import msgspec
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from kai_flow.stream import control
from kai_flow.stream.chain import Chain, Link, cross, enter
from kai_flow.stream.control import ControlEvent
from kai_flow.stream.errors import InvalidId
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.fold import Fold
from kai_flow.stream.followed import Followed, pauses
from kai_flow.stream.liveness import liveness_to_show, observe
from kai_flow.stream.log_fields import about
from kai_flow.stream.narration import Narration
from kai_flow.stream.outcome import Outcome, outcome_of
from kai_flow.stream.place import NOWHERE, Cursor, Place
from kai_flow.stream.progress import LIVENESS_SECONDS, Liveness
from kai_flow.stream.recorded import Recorded
from kai_flow.stream.run import Run, find_run
from kai_flow.stream.signals import LONG_POLL_TIMEOUT
from kai_flow.stream.supervised import retried
from kai_flow.stream.tail import QUIET_PAGES, SHORT_POLL_TIMEOUT, RunHistory
from kai_flow.stream.unknown_place import what_never_was

log = logging.getLogger(__name__)

T = TypeVar("T")


async def from_temporal(
    client: Client, session_id: str, cursor: Cursor | None
) -> AsyncGenerator[Followed, None]:
    """Every durable event after `cursor`, to the end of the session.

    Raises InvalidId for a cursor that cannot be one of this session, CodecMissing, and what the
    client's payload codec raises.
    """
    while True:
        run = await _find(client, session_id)
        place = NOWHERE
        if cursor is not None:
            if cursor.is_end_of(run.incarnation):
                return
            if not cursor.is_of(run.incarnation) or cursor.place is None:
                yield Followed(None, control.reset())
            else:
                place = cursor.place
        last: str | None = None
        async with aclosing(_Stream(client, session_id, run, place).follow()) as events:
            async for event in events:
                last = event.id or last
                yield event
        if last is not None:
            cursor = Cursor.parse(last)
            if cursor.place is None:
                return


class _Stream:
    """One reader's way through the stream of one incarnation, from run to run."""

    def __init__(self, client: Client, session_id: str, run: Run, place: Place) -> None:
        self._client = client
        self._session_id = session_id
        self._incarnation = run.incarnation
        self._chain = Chain(client, session_id, run.run_id)
        self._fold = Fold(run.run_id)  # of the run that is being read
        self._narration = Narration(place, self._fold)
        self._again = False  # the reader has to begin with the run again, or with another one

    async def follow(self) -> AsyncGenerator[Followed, None]:
        """What comes after the reader's place; `done` if the session ends with this stream."""
        link: Link | None = None
        while True:
            if link is None:
                link = await self._find_link()
                self._narration.place, gap = enter(self._narration.place, link.start)
                if gap is not None:
                    yield Followed(None, control.gap(gap))
            history = RunHistory(self._client, self._session_id, link.run_id)
            async with aclosing(self._from_run(link, history)) as events:
                async for event in events:
                    yield event
            if self._again:
                link = link if link in self._chain.links else None
                continue
            following = await self._following(link, history)
            if following is None:
                break
            for notice in _controls(self._narration.end()):
                yield notice
            self._narration.place = cross(self._narration.place, following.start)
            link = following
        outcome = await self._outcome(history)
        if outcome is not None:  # otherwise another stream follows, and this one is discarded
            for notice in _controls(self._narration.end()):
                yield notice
            done = str(Cursor(None, self._incarnation))
            yield Followed(done, msgspec.json.decode(outcome.data))

    async def _from_run(self, link: Link, history: RunHistory) -> AsyncGenerator[Followed, None]:
        """What one run has for the reader, and meanwhile the changes of its liveness.

        The next page is read in a task of its own, because that may be a long poll. It returns
        before the history ends when the reader has to begin with the run again.
        """
        self._again = False
        while not (history.ended or self._again):
            reading = asyncio.create_task(self._read(link, history))
            try:
                changes = _liveness_changes(
                    self._client, self._session_id, link.run_id, until=reading
                )
                async with aclosing(changes):
                    async for liveness in changes:
                        yield Followed(None, control.status(liveness))
            finally:
                await _end_task(reading)
            for followed in self._shown(reading.result()):
                yield followed
        if history.ended:
            self._fold.close()

    def _shown(self, items: Sequence[Recorded]) -> Iterator[Followed]:
        for item in items:
            verdicts, _ = self._fold.take(item)
            before = self._narration.place
            yield from _controls(self._narration.notices())
            # What the reader took back may have hidden events that count, further up in the run.
            self._again = not self._narration.place.includes(before)
            if self._again:
                return
            for verdict in verdicts:
                yield from self._events(verdict.events)

    def _events(self, events: Sequence[NumberedEvent]) -> Iterator[Followed]:
        for event in events:
            if not self._narration.place.covers(event.id):
                yield from _controls(self._narration.tell(event.id))
                cursor = Cursor(self._narration.place, self._incarnation, event.id.producer)
                yield Followed(str(cursor), event.decode())

    async def _read(self, link: Link, history: RunHistory) -> Sequence[Recorded]:
        """The next page with something in it; empty at the end. Waits for Temporal to be back.

        When retention has deleted the run while a later one is left, it leaves the chain.
        """

        def failed(error: RPCError, _pause: float) -> None:
            if error.status == RPCStatusCode.NOT_FOUND and self._chain.after(link) is not None:
                raise error
            log.info(
                "session %s: waiting for Temporal: %s",
                self._session_id, error.message,
                extra=about("waiting_for_temporal", self._session_id),
            )  # fmt: skip

        items: Sequence[Recorded] = ()
        while not (items or history.ended):
            begun = history.start is not None
            doubt = what_never_was(self._narration.place, self._fold) if begun else None
            if doubt is not None and history.quiet >= QUIET_PAGES:
                raise InvalidId(doubt)
            timeout = LONG_POLL_TIMEOUT if doubt is None else SHORT_POLL_TIMEOUT
            read = partial(history.read, timeout)
            try:
                items = await retried(read, pauses(), on=RPCError, failed=failed)
            except RPCError:
                self._chain.cut(link)
                self._again = True
                break
            if not begun:  # the first page, which tells how the run begins
                self._fold = self._narration.knowledge = history.fold()
        return items

    async def _find_link(self) -> Link:
        """The run that holds the reader's place; waits for Temporal to be back."""
        find = partial(self._chain.find, self._narration.place)
        return await _until_answered(self._session_id, find)

    async def _following(self, link: Link, history: RunHistory) -> Link | None:
        """The run that continues this one; None: the stream ends. Waits for Temporal to be back."""
        go_on = partial(self._chain.go_on, link, history.next_run)
        following = await _until_answered(self._session_id, go_on)
        doubt = what_never_was(self._narration.place, self._fold)
        if following is None and doubt is not None:
            raise InvalidId(doubt)
        return following

    async def _outcome(self, history: RunHistory) -> Outcome | None:
        """How the session ended; None: another stream follows. Waits for Temporal to be back."""
        closed = history.closed or HistoryEvent()
        outcome = partial(outcome_of, self._client, self._session_id, history.run_id, closed)
        return await _until_answered(self._session_id, outcome)


def _controls(events: Iterable[ControlEvent]) -> Iterator[Followed]:
    return (Followed(None, event) for event in events)


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
            seen = observing.result()
            liveness = liveness_to_show(None if seen is None else seen.session, shown)
        except RPCError as error:
            log.info(
                "session %s: its liveness is unknown: %s",
                session_id, error.message,
                extra=about("liveness_unknown", session_id),
            )  # fmt: skip
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
            log.info(
                "session %s: waiting for Temporal: %s",
                session_id, error.message,
                extra=about("waiting_for_temporal", session_id),
            )  # fmt: skip

    return await retried(call, pauses(), on=RPCError, failed=failed)
