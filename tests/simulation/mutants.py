"""Mutants: the shells and the core, each time with one plausible mistake in it.

Each is planted at a seam (see tests/planting.py). What the core alone can get wrong is shared with
the properties; what is here takes a shell, or several parts of the core together.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, suppress
from contextvars import ContextVar
from datetime import timedelta
from typing import Any, Final

import httpx
import msgspec
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client
from temporalio.common import RawValue
from temporalio.service import RPCError, RPCStatusCode

from kai_flow.bridge.channel import Channel
from kai_flow.bridge.hub import Hub
from kai_flow.bridge.readback import DurableCopy, Part
from kai_flow.bridge.session import Session
from kai_flow.bridge.subscription import subscribe
from kai_flow.stream import storage
from kai_flow.stream.attempt_window import Answer, AttemptWindow, Chunk, Lost
from kai_flow.stream.batches import Batch
from kai_flow.stream.buffer import Slice
from kai_flow.stream.cadence import Cadence
from kai_flow.stream.callback import HandMade, ProducerPost, decode_post, is_bridge
from kai_flow.stream.delivery import Delivery
from kai_flow.stream.errors import InvalidEvent
from kai_flow.stream.events import NumberedEvent, encode_json
from kai_flow.stream.ids import START, Cursor, EventId
from kai_flow.stream.notifier import Notifier, wait_for
from kai_flow.stream.outbox import Outbox
from kai_flow.stream.outcome import Outcome
from kai_flow.stream.pages import Page
from kai_flow.stream.posts import Acknowledged, Post
from kai_flow.stream.producer import EventProducer
from kai_flow.stream.reader import EventReader
from kai_flow.stream.run import Run
from kai_flow.stream.session_log import SessionLog
from kai_flow.stream.signals import batch_in
from kai_flow.stream.sse import Decoder, Message
from kai_flow.stream.tail import HistoryPages, HistoryTail
from kai_flow.stream.wire_names import UNSTORED
from kai_flow.stream.workflow import WorkflowEventStream
from tests.planting import Mutation, changed_result, everywhere, instead, together
from tests.property import mutants as core
from tests.simulation.client import Handle
from tests.simulation.follower import WebFollower

# The producer


def no_wait_and_no_drain() -> Mutation:
    """The activity ends when everything was POSTed, and the workflow does not drain."""

    async def drain(self: WorkflowEventStream, last_event_id: str | None) -> bool:
        return True

    return together(core.ends_before_all_is_durable(), instead(WorkflowEventStream, "drain", drain))


def lower_received_not_heeded() -> Mutation:
    """A bridge that has lost events is sent them again only when it answers 409."""
    real = Delivery.acknowledged

    def acknowledged(self: Delivery, post: Post, answer: Acknowledged, now: float) -> None:
        with core.rewind_not_honoured():
            real(self, post, answer, now)

    return instead(Delivery, "acknowledged", acknowledged)


def never_signals_itself() -> Mutation:
    """A producer leaves all signals to the bridge, even to one that sends none."""
    real = Delivery.__init__

    class Never(Cadence):
        def due(self, events: int, size: int, *, flush: bool) -> float | None:
            return None

    def init(self: Delivery, box: Outbox, cadence: Cadence, **kwargs: Any) -> None:
        cadence.__class__ = Never
        real(self, box, cadence, **kwargs)

    return instead(Delivery, "__init__", init)


def outbox_takes_everything() -> Mutation:
    """The agent never waits for room."""
    return changed_result(Outbox, "has_room", lambda room: True)


def unknown_signal_counts(of: str) -> Mutation:
    """A signal whose fate is unknown counts as stored."""
    real = Handle.signal

    async def signal(self: Handle, *args: Any, **kwargs: Any) -> None:
        try:
            await real(self, *args, **kwargs)
        except RPCError as error:
            refused = error.status in (RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT)
            if refused or not self.process.name.startswith(of):
                raise

    return instead(Handle, "signal", signal)


def signals_not_pinned() -> Mutation:
    """A signal goes to the newest run of the session id, not to the run it is meant for."""
    real = Handle.signal

    async def signal(self: Handle, name: str, arg: RawValue, **kwargs: Any) -> None:
        await real(self.of_newest_run(), name, arg, **kwargs)

    return instead(Handle, "signal", signal)


def plain_answer_is_durable() -> Mutation:
    """A 2xx answer of a receiver that is not a bridge counts as durable."""
    real = Delivery.post_succeeded

    def succeeded(self: Delivery, post: Post, now: float) -> None:
        real(self, post, now)
        if post.events:
            self.outbox.acknowledge(post.events[-1].id)

    return instead(Delivery, "post_succeeded", succeeded)


def any_410_stops() -> Mutation:
    """A 410 from any receiver stops the agent."""
    return everywhere(is_bridge, lambda answer: True)


def refused_event_takes_a_number() -> Mutation:
    """A refused event still adds one to the stream."""
    real = EventProducer.send

    async def send(self: EventProducer, event: Any) -> EventId:
        try:
            return await real(self, event)
        except InvalidEvent:
            await real(self, {"type": "refused"})
            raise

    return instead(EventProducer, "send", send)


def each_attempt_stores_anew() -> Mutation:
    """The bytes that earlier attempts have stored are not counted."""
    real = Outbox.__init__

    def init(self: Outbox, *args: Any, **kwargs: Any) -> None:
        real(self, *args, **kwargs | {"max_stored": storage.MAX_STORED_BYTES})

    return instead(Outbox, "__init__", init)


def end_of_store_not_told() -> Mutation:
    """The mark that ends the store is replaced by an ordinary event."""
    disguised = b'{"type":"note"}'

    def other(events: Sequence[NumberedEvent]) -> tuple[NumberedEvent, ...]:
        return tuple(
            event._replace(type="note", data=disguised) if event.type == UNSTORED else event
            for event in events
        )

    return together(
        changed_result(Outbox, "undurable", other), changed_result(Outbox, "unposted", other)
    )


# The encoding


def ready_made_json_not_checked() -> Mutation:
    """Ready-made JSON of an agent is not checked."""
    real = encode_json

    def encode(value: object) -> bytes:
        try:
            return msgspec.json.encode(value, enc_hook=str)
        except (TypeError, ValueError):
            return real(value)

    return everywhere(encode_json, encode)


def line_ends_where_unicode_says() -> Mutation:
    """A line of the stream ends at U+2028 and U+2029 too, as `str.splitlines` has it."""
    real = Decoder.feed

    def feed(self: Decoder, text: str) -> Iterator[Message]:
        return real(self, text.replace("\u2028", "\n").replace("\u2029", "\n"))

    return instead(Decoder, "feed", feed)


# The bridge's log


def undurable_is_forgotten() -> Mutation:
    """A bridge that has to free memory drops events that no other copy has."""
    real = AttemptWindow.forget_durable

    def forget(self: AttemptWindow) -> None:
        self.mark_durable(self.received)
        real(self)

    return instead(AttemptWindow, "forget_durable", forget)


def window_takes_everything() -> Mutation:
    """A window has no limit."""
    real = AttemptWindow.__init__

    def init(self: AttemptWindow, first: EventId, encode: Any, max_bytes: int) -> None:
        real(self, first, encode, 2**60)

    return instead(AttemptWindow, "__init__", init)


# The readers


def follow_forgets_its_cursor() -> Mutation:
    """A follower reconnects with the cursor that it began with."""
    real = WebFollower.handle_async_request
    first: dict[WebFollower, str | None] = {}

    async def handle(self: WebFollower, request: httpx.Request) -> httpx.Response:
        cursor = first.setdefault(self, request.headers.pop("Last-Event-ID", None))
        if cursor is not None:
            request.headers["Last-Event-ID"] = cursor
        return await real(self, request)

    return instead(WebFollower, "handle_async_request", handle)


def tail_skips_by_event_id() -> Mutation:
    """A tail uses `event_id` as a cursor and skips ids that it has read before."""
    read, decode = HistoryPages.read, batch_in
    reading: ContextVar[HistoryPages | None] = ContextVar("reading", default=None)
    seen: dict[HistoryPages, int] = {}

    async def read_noting(self: HistoryPages, timeout: timedelta) -> list[Batch]:
        token = reading.set(self)
        try:
            return await read(self, timeout)
        finally:
            reading.reset(token)

    async def decode_new(client: Client, event: HistoryEvent) -> Batch | None:
        pages = reading.get()
        if pages is not None:
            if event.event_id <= seen.get(pages, 0):
                return None
            seen[pages] = event.event_id
        return await decode(client, event)

    return together(instead(HistoryPages, "read", read_noting), everywhere(batch_in, decode_new))


def what_is_nowhere_is_not_told() -> Mutation:
    """A reader is not told of events that are neither stored nor in memory."""
    return changed_result(
        SessionLog,
        "read",
        lambda part: Chunk((), part.next) if isinstance(part, Lost) else part,
    )


def hand_made_events_are_numbered() -> Mutation:
    """Events made by hand have an `id:` line, with which a reader would reconnect."""

    def numbered(frames: list[bytes]) -> list[bytes]:
        return [b"id: 0.0.1\n" + frame for frame in frames]

    return changed_result(Channel, "hand_made", numbered)


# The bridge


def done_comes_from_the_producer() -> Mutation:
    """The final POST of a producer ends the stream; the workflow may still fail, or go on."""
    final: dict[str, bytes] = {}  # the final POST of each run
    receive, decode = Session.receive, decode_post

    def remember(document: bytes) -> ProducerPost | HandMade:
        post = decode(document)
        if isinstance(post, ProducerPost) and post.done:
            body = msgspec.json.decode(document)
            last = body["event"] if "event" in body else body["events"][-1]["event"]
            final[post.run_id] = msgspec.json.encode(last)
        return post

    async def end(self: Session, post: ProducerPost) -> Answer:
        answer = await receive(self, post)
        if post.done and self.outcome is None:
            self.outcome = Outcome(post.run_id, final[post.run_id])
            self.durable.close(post.run_id)
        return answer

    return together(everywhere(decode_post, remember), instead(Session, "receive", end))


def done_comes_before_the_last_events() -> Mutation:
    """Once the workflow has closed, a reader gets `done` at once, wherever it is."""
    read, close = DurableCopy.read, DurableCopy.close
    closed: set[DurableCopy] = set()

    def note(self: DurableCopy, run_id: str) -> None:
        closed.add(self)
        close(self, run_id)

    async def nothing(self: DurableCopy, after: EventId) -> Part | None:
        if self in closed:
            return Part(Slice((), after, has_more=False, gap=None), final=True)
        return await read(self, after)

    return together(instead(DurableCopy, "close", note), instead(DurableCopy, "read", nothing))


def final_is_asked_later() -> Mutation:
    """Whether a page is the last is decided when its reader goes on, not when it was read."""
    real = DurableCopy.read
    complete: set[DurableCopy] = set()

    class Late(Part):
        copy: DurableCopy

        @property
        def final(self) -> bool:  # the mistake: a field that changes
            return self.copy in complete

    async def read(self: DurableCopy, after: EventId) -> Part | None:
        part = await real(self, after)
        if part is None:
            return None
        if part.final:
            complete.add(self)
        late = Late(*part)
        late.copy = self
        return late

    return instead(DurableCopy, "read", read)


_POSITION = re.compile(rb"^id: (\d+\.\d+\.\d+)", re.MULTILINE)
_END = re.compile(rb"^id: end", re.MULTILINE)


def done_has_the_next_number() -> Mutation:
    """`done` has the id after the last event, which a later event may have, too."""
    real = subscribe

    async def numbered(*args: Any) -> AsyncIterator[bytes]:
        last = START
        async with aclosing(real(*args)) as frames:  # type: ignore[type-var]  # it is a generator
            async for frame in frames:
                for position in _POSITION.findall(frame):
                    last = EventId.parse(position.decode())
                yield _END.sub(f"id: {last.offset(1)}".encode(), frame)

    return everywhere(subscribe, numbered)


def every_replica_signals() -> Mutation:
    """A bridge signals all that it is POSTed, even when the producer names another one."""
    real = Session.receive

    async def receive(self: Session, post: ProducerPost) -> Answer:
        return await real(self, post._replace(signaller=None))

    return instead(Session, "receive", receive)


def next_of_an_empty_page_is_durable() -> Mutation:
    """`next` of a page without events is taken for the newest durable event."""
    real = EventReader.page

    async def page(self: EventReader, *args: Any) -> Page:
        page = await real(self, *args)
        return msgspec.structs.replace(page, last=page.last or page.next)

    return instead(EventReader, "page", page)


def notifier_taken_after_the_state() -> Mutation:
    """A change after a reader has read the state, and before it waits, does not wake it."""
    real = wait_for
    owner: dict[asyncio.Event, Notifier] = {}
    notify, init = Notifier.notify, Notifier.__init__

    def begin(self: Notifier) -> None:
        init(self)
        owner[self.next] = self

    def go_on(self: Notifier) -> None:
        notify(self)
        owner[self.next] = self

    async def wait_for_next(event: asyncio.Event, seconds: float | None = None) -> None:
        if event in owner:
            event = owner[event].next
        await real(event, seconds)

    return together(
        instead(Notifier, "__init__", begin),
        instead(Notifier, "notify", go_on),
        everywhere(wait_for, wait_for_next, within="kai_flow.bridge.subscription"),
    )


def cursor_of_another_run_is_believed() -> Mutation:
    """The incarnation of a cursor is ignored."""
    real = subscribe

    def anywhere(
        hub: Hub, session_id: str, cursor: Cursor | None, run: Run | None
    ) -> AsyncIterator[bytes]:
        place = None if cursor is None else Cursor(cursor.position, None)
        return real(hub, session_id, place, run)

    return everywhere(subscribe, anywhere)


def nobody_follows_the_history() -> Mutation:
    """A bridge that receives no POSTs does not follow the history."""

    class Ended(HistoryTail):
        ended = True  # in the place of a property

    return everywhere(HistoryTail, Ended, within="kai_flow.bridge")


def follower_skips_what_came_before() -> Mutation:
    """A bridge that begins to follow the history does not read what came before."""

    async def catch_up(self: DurableCopy, after: EventId) -> None:
        await asyncio.sleep(0)

    return instead(DurableCopy, "catch_up", catch_up)


def older_post_takes_a_session_over() -> Mutation:
    """A POST of an earlier run is handled as one of the newest run."""
    real = Hub.receive

    async def receive(self: Hub, post: ProducerPost) -> Answer:
        newest = None
        with suppress(Exception):  # it cannot be told while Temporal is away
            newest = await self.find(post.session_id)
        return await real(self, post if newest is None else post._replace(run_id=newest.run_id))

    return instead(Hub, "receive", receive)


MUTANTS: Final[dict[str, Callable[[], Mutation]]] = {
    # The producer
    "received counts as durable": core.durable_on_received,
    "no wait and no drain": no_wait_and_no_drain,
    "a lower received is not heeded": lower_received_not_heeded,
    "a 410 is ignored": core.goes_on_after_a_410,
    "it never signals itself": never_signals_itself,
    "the outbox takes everything": outbox_takes_everything,
    "an unknown signal counts as stored": lambda: unknown_signal_counts("worker"),
    "signals are not pinned to the run": signals_not_pinned,
    "a plain receiver's answer counts as durable": plain_answer_is_durable,
    "anybody's 410 stops the agent": any_410_stops,
    "it never gives a receiver up": core.never_gives_up_on_a_receiver,
    "a retransmission counts as sent again": core.sent_counts_retransmissions,
    "a refused event takes a number": refused_event_takes_a_number,
    "each attempt may store as much anew": each_attempt_stores_anew,
    "nobody is told that the store has ended": end_of_store_not_told,
    "what is live only is stored": core.stores_without_end,
    # The encoding
    "tokens that differ are merged": core.merge_whatever_differs,
    "tokens are compared as Python does": core.merge_by_python_equality,
    "ready-made JSON is not checked": ready_made_json_not_checked,
    "a line ends where Unicode says": line_ends_where_unicode_says,
    # The fold and the buffer
    "a batch of another run is folded": core.run_id_not_checked,
    "the fold skips dedup": core.skip_dedup,
    "the fold knows no supersession": core.ignore_supersession,
    "what was evicted is not missed": core.gap_not_reported,
    # The bridge's log
    "base is ignored": core.base_ignored,
    "base is proof": core.base_is_proof,
    "a live event is shown past a hole": core.shown_past_a_hole,
    "a claim is shown before it is durable": core.claim_shown_before_durable,
    "the log never shrinks": core.window_never_shrinks,
    "what is not durable is let go": undurable_is_forgotten,
    "a window takes everything": window_takes_everything,
    # The readers
    "follow forgets its cursor": follow_forgets_its_cursor,
    "the tail skips by event_id": tail_skips_by_event_id,
    "what is nowhere any more is not said": what_is_nowhere_is_not_told,
    "hand-made events are numbered": hand_made_events_are_numbered,
    # The bridge
    "done comes from the producer": done_comes_from_the_producer,
    "done comes before the last events": done_comes_before_the_last_events,
    "whether a read was final is asked later": final_is_asked_later,
    "done has the next number": done_has_the_next_number,
    "every replica signals": every_replica_signals,
    "an unknown signal of the bridge counts as stored": lambda: unknown_signal_counts("bridge"),
    "the next of an empty page counts as durable": next_of_an_empty_page_is_durable,
    "the notifier is taken after the state is read": notifier_taken_after_the_state,
    "a cursor of another run is believed": cursor_of_another_run_is_believed,
    "nobody follows the history": nobody_follows_the_history,
    "a follower skips what came before it": follower_skips_what_came_before,
    "progress asks nobody": core.liveness_ignored,
    "an older POST takes a session over": older_post_takes_a_session_over,
}
