"""Mutants: the shells and the core, each time with one plausible mistake in it.

Each is planted at a seam (see tests/planting.py). What the core alone can get wrong is shared with
the properties; what is here takes a shell, or several parts of the core together. Those that
replace a private method say why.
"""

import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, suppress
from types import SimpleNamespace
from typing import Any, Final, cast

import httpx
import msgspec
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client
from temporalio.common import RawValue
from temporalio.service import RPCError, RPCStatusCode

from kai_flow.bridge.channel import Channel
from kai_flow.bridge.hub import Hub
from kai_flow.bridge.intake import Intake
from kai_flow.bridge.publisher import Publisher
from kai_flow.bridge.session import Session
from kai_flow.bridge.signal_turns import SignalTurns, Waiting
from kai_flow.bridge.subscription import subscribe
from kai_flow.stream import history_event, storage
from kai_flow.stream.attempt import started_event
from kai_flow.stream.attempt_window import Answer
from kai_flow.stream.batches import Batch
from kai_flow.stream.cadence import Cadence
from kai_flow.stream.callback import HandMade, ProducerPost, decode_post, is_bridge
from kai_flow.stream.chain import Link
from kai_flow.stream.delivery import Delivery
from kai_flow.stream.errors import InvalidEvent
from kai_flow.stream.events import NumberedEvent, encode_json
from kai_flow.stream.fold import Fold, Verdict
from kai_flow.stream.header import Carried, decode_carried
from kai_flow.stream.ids import EventId
from kai_flow.stream.log_reader import LogReader
from kai_flow.stream.numbering import Numbered, Numbering
from kai_flow.stream.outbox import Outbox
from kai_flow.stream.outcome import Outcome
from kai_flow.stream.place import NOWHERE, Cursor
from kai_flow.stream.posts import Acknowledged, Post
from kai_flow.stream.producer import EventProducer
from kai_flow.stream.recorded import Closing, Recorded, Scheduled, Spoken
from kai_flow.stream.run import Run
from kai_flow.stream.run_start import RunStart, start_in
from kai_flow.stream.run_stream import RunStream, carried_into
from kai_flow.stream.session_log import SessionLog
from kai_flow.stream.sse import Decoder, Message
from kai_flow.stream.tail import RunHistory
from kai_flow.stream.wire_names import STARTED, STREAM_HEADER, UNSTORED
from tests.planting import Mutation, changed_result, everywhere, instead, together
from tests.property import log_mutants as logs
from tests.property import mutants as senders
from tests.property import shared_mutants as shared
from tests.property import stored_mutants as stored
from tests.simulation.client import Handle
from tests.simulation.follower import WebFollower

# The producer


def lower_received_not_heeded() -> Mutation:
    """A bridge that has lost events is sent them again only when it answers 409."""
    real = Delivery.acknowledged

    def acknowledged(self: Delivery, post: Post, answer: Acknowledged, now: float) -> None:
        with senders.rewind_not_honoured():
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


# Numbers and marks


def numbered_one() -> Mutation:
    """Every activity gets the number 1."""
    return changed_result(Numbering, "next", lambda number: number and Numbered(1, frozenset()))


def beside_nobody() -> Mutation:
    """No activity is said to be beside another one."""
    return changed_result(Numbering, "next", lambda one: one and one._replace(beside=frozenset()))


def beside_what_has_ended() -> Mutation:
    """An activity goes on to be beside others when it has ended."""
    return instead(Numbering, "ended", lambda self, producer: None)


def retry_is_beside_nobody() -> Mutation:
    """A later attempt names other producers beside it than the first."""
    real = started_event

    def started(info: Any, number: Any, fields: Any) -> dict[str, Any]:
        alone = number._replace(beside=frozenset()) if info.attempt > 1 else number
        return real(info, alone, fields)

    return everywhere(started_event, started)


def started_closes() -> Mutation:
    """Producers are closed by the `started` of a later one, and not when it is scheduled."""
    scheduled, apply = Fold.scheduled, Fold.apply
    marks: dict[tuple[Fold, int], Scheduled] = {}

    def only_open(self: Fold, mark: Scheduled) -> tuple[Closing, ...]:
        marks[self, mark.producer] = mark
        return scheduled(self, mark._replace(beside=mark.beside | frozenset(self.open)))

    def close(self: Fold, batch: Batch, run_id: str) -> Verdict:
        mark = marks.pop((self, batch.first.producer), None)
        closings: tuple[Closing, ...] = ()
        if mark is not None and batch.events[0].type == STARTED:
            # Private: nothing else closes without a mark.
            closings = self._close(
                [p for p in self.open if p < mark.producer and p not in mark.beside]
            )
        verdict = apply(self, batch, run_id)
        return verdict._replace(closings=(*closings, *verdict.closings))

    return together(instead(Fold, "scheduled", only_open), instead(Fold, "apply", close))


def end_closes_nothing() -> Mutation:
    """The end of the run closes no producer, so its live events stay."""
    return instead(Fold, "close", lambda self: ())


def any_attempt_is_real() -> Mutation:
    """A POST is believed without a look at Temporal: its producer, and its attempt."""

    async def believed(self: Intake, key: tuple[int, int]) -> bool:
        return True

    # Private: what a bridge believes is not told.
    return together(logs.no_sync(), logs.believe(), instead(Intake, "_is_real", believed))


# The workflow's voice


def published(change: Callable[[Any, RunStream, tuple[object, ...]], None]) -> Mutation:
    """The workflow publishes otherwise."""
    real = RunStream.publish
    return instead(RunStream, "publish", lambda self, events: change(real, self, events))


def record_lost_in_replay() -> Mutation:
    """A replay of the workflow does not take in again what the workflow has published."""
    begun: Counter[str] = Counter()
    replayed: dict[RunStream, bool] = {}
    init = RunStream.__init__

    def note(self: RunStream, info: Any) -> None:
        init(self, info)
        replayed[self] = begun[info.run_id] > 0
        begun[info.run_id] += 1

    def publish(real: Any, self: RunStream, events: tuple[object, ...]) -> None:
        if not replayed[self]:
            real(self, events)

    return together(instead(RunStream, "__init__", note), published(publish))


def voice_is_not_in_the_buffer() -> Mutation:
    """What the workflow publishes is recorded, and queries do not have it."""
    take = RunStream._take  # private: `publish` both records and keeps

    def kept(self: RunStream, item: Recorded) -> None:
        if not isinstance(item, Spoken):
            take(self, item)

    return instead(RunStream, "_take", kept)


def voice_behind_the_activity() -> Mutation:
    """What the workflow publishes comes after the activities that it schedules afterwards."""
    real = RunHistory.read

    async def read(self: RunHistory, *args: Any) -> list[Recorded]:
        items = await real(self, *args)
        late = [item for item in items if isinstance(item, Spoken)]
        return [item for item in items if not isinstance(item, Spoken)] + late

    return instead(RunHistory, "read", read)


# Continue-as-new


def carried(**other: Any) -> Mutation:
    """A run begins with something else than what the run before has carried over."""
    real = carried_into
    return everywhere(carried_into, lambda info: real(info)._replace(**other))


def numbers_begin_again() -> Mutation:
    """The activities of a run that continues another one are numbered from 1."""
    return carried(producer=0)


def voice_begins_again() -> Mutation:
    """The workflow's own events are numbered anew in each run."""
    return carried(spoken=0)


def header_of_a_retry_is_believed() -> Mutation:
    """A run that a retry has made goes on with the stream that the failed run went on with."""
    start, taken_over = start_in, carried_into

    def writer(header: Payload | None, otherwise: str | None) -> str | None:
        return otherwise if header is None else decode_carried(header.data).run_id

    async def believing(client: Client, run_id: str, event: HistoryEvent) -> RunStart:
        started = event.workflow_execution_started_event_attributes
        before = started.continued_execution_run_id
        header = started.header.fields.get(STREAM_HEADER)
        started.continued_execution_run_id = writer(header, before) or ""
        try:
            return await start(client, run_id, event)
        finally:
            started.continued_execution_run_id = before

    def taking(info: Any) -> Carried:
        header = info.headers.get(STREAM_HEADER)
        run = SimpleNamespace(**vars(info))
        run.continued_run_id = writer(header, info.continued_run_id)
        return taken_over(cast("workflow.Info", run))

    return together(everywhere(start_in, believing), everywhere(carried_into, taking))


def tail_stops_at_the_seam() -> Mutation:
    """Who reads a history takes a run that continues as new for the end."""
    return instead(history_event, "next_run", lambda event: "")


def runs_are_skipped() -> Mutation:
    """A reader begins in the newest run, whatever it lacks of the ones before."""
    return instead(Link, "holds", lambda self, place: True)


# The bridge's log


def undurable_is_forgotten() -> Mutation:
    """A bridge that has to free memory drops events that no other copy has."""
    real = SessionLog.forget_durable

    def forget(self: SessionLog) -> None:
        for window in self.received.all():
            window.mark_durable(window.received)
        real(self)

    return instead(SessionLog, "forget_durable", forget)


def what_came_before_is_not_read_back() -> Mutation:
    """A log that begins in the middle of a session is taken for the whole."""
    real = SessionLog.begin

    def begin(self: SessionLog, fold: Fold) -> None:
        real(self, fold)
        self._shown.base = NOWHERE  # private: only the log tells where it begins

    return instead(SessionLog, "begin", begin)


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
    real = RunHistory._item  # private: no seam sees transient events
    seen: dict[RunHistory, int] = {}

    async def item(self: RunHistory, event: HistoryEvent) -> Recorded | None:
        if event.event_id <= seen.get(self, 0):
            return None
        seen[self] = event.event_id
        return await real(self, event)

    return instead(RunHistory, "_item", item)


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
        return answer

    return together(everywhere(decode_post, remember), instead(Session, "receive", end))


def done_comes_before_the_last_events() -> Mutation:
    """Once the workflow has closed, a reader gets `done` at once, wherever it is."""
    real = LogReader.read

    def read(self: LogReader, max_bytes: int) -> Any:
        return None if self._log.ended else real(self, max_bytes)

    return instead(LogReader, "read", read)


_POSITION = re.compile(rb"^id: (\d+\.\d+\.\d+)", re.MULTILINE)
_END = re.compile(rb"^id: end", re.MULTILINE)


def done_has_the_next_number() -> Mutation:
    """`done` has the id after the last event, which a later event may have, too."""
    real = subscribe

    async def numbered(*args: Any, plain: bool, sink: object) -> AsyncIterator[bytes]:
        del sink  # all frames pass here
        last = EventId(1, 1, 0)
        async with aclosing(real(*args, plain=plain)) as frames:
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


def cursor_of_another_run_is_believed() -> Mutation:
    """The incarnation of a cursor is ignored."""
    real = subscribe

    def anywhere(
        hub: Hub, session_id: str, cursor: Cursor | None, run: Run | None, **how: Any
    ) -> AsyncIterator[bytes]:
        place = None if cursor is None else Cursor(cursor.place, None)
        return real(hub, session_id, place, run, **how)

    return everywhere(subscribe, anywhere)


def nobody_follows_the_history() -> Mutation:
    """A bridge that receives no POSTs does not follow the history."""

    def attend(self: Session) -> None:
        self.readers += 1

    return instead(Session, "attend", attend)


def budget_ignored() -> Mutation:
    """A session signals at its own pace, whatever the others do."""
    real = SignalTurns.has_come

    def has_come(self: SignalTurns, session: Waiting, *, hurried: bool) -> bool:
        return isinstance(session, Publisher) or real(self, session, hurried=hurried)

    return instead(SignalTurns, "has_come", has_come)


def pace_is_not_told() -> Mutation:
    """A bridge does not say that its sessions wait for their turns."""
    return instead(Publisher, "pace", property(lambda self: 0.0))


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
    "received counts as durable": senders.durable_on_received,
    "a lower received is not heeded": lower_received_not_heeded,
    "a 410 is ignored": senders.goes_on_after_a_410,
    "it never signals itself": never_signals_itself,
    "each producer has the whole pace": senders.each_sender_has_the_whole_pace,
    "the outbox takes everything": outbox_takes_everything,
    "an unknown signal counts as stored": lambda: unknown_signal_counts("worker"),
    "signals are not pinned to the run": signals_not_pinned,
    "the pace is not added": senders.pace_is_not_added,
    "a plain receiver's answer counts as durable": plain_answer_is_durable,
    "anybody's 410 stops the agent": any_410_stops,
    "it never gives a receiver up": senders.never_gives_up_on_a_receiver,
    "a retransmission counts as sent again": senders.sent_counts_retransmissions,
    "a refused event takes a number": refused_event_takes_a_number,
    "each attempt may store as much anew": each_attempt_stores_anew,
    "nobody is told that the store has ended": end_of_store_not_told,
    "what is live only is stored": senders.stores_without_end,
    "replies of a list are mixed up": shared.replies_in_another_order,
    # The encoding
    "tokens that differ are merged": stored.merge_whatever_differs,
    "tokens are compared as Python does": stored.merge_by_python_equality,
    "ready-made JSON is not checked": ready_made_json_not_checked,
    "a line ends where Unicode says": line_ends_where_unicode_says,
    # Numbers and marks
    "all activities are number 1": numbered_one,
    "nobody is beside anybody": beside_nobody,
    "what has ended is still beside": beside_what_has_ended,
    "a retry changes beside": retry_is_beside_nobody,
    "marks close nothing": stored.marks_close_nothing,
    "started closes": started_closes,
    "the end of an activity closes it": stored.ends_close,
    "the end of the run closes nothing": end_closes_nothing,
    "a POST is proof of its attempt": any_attempt_is_real,
    # The fold and the buffer
    "a batch of another run is folded": stored.run_id_not_checked,
    "the fold skips dedup": stored.skip_dedup,
    "the fold knows no supersession": stored.ignore_supersession,
    "what was evicted is not missed": stored.gap_not_reported,
    # The workflow's voice
    "the voice is lost in a replay": record_lost_in_replay,
    "the voice is not in the buffer": voice_is_not_in_the_buffer,
    "the voice comes behind the activity": voice_behind_the_activity,
    # Continue-as-new
    "numbers begin again": numbers_begin_again,
    "the voice begins again": voice_begins_again,
    "the header of a retry is believed": header_of_a_retry_is_believed,
    "the tail stops at the seam": tail_stops_at_the_seam,
    "a reader skips runs": runs_are_skipped,
    "producers of earlier runs are forgotten": logs.beside_of_the_present_run_only,
    # The bridge's log
    "base is ignored": logs.base_ignored,
    "base is proof": logs.base_is_proof,
    "a live event is shown past a hole": logs.shown_past_a_hole,
    "a bridge signals past a hole": logs.signalled_past_a_hole,
    "a bridge acknowledges what it has not": logs.received_higher_than_held,
    "the log never closes a producer": logs.never_close,
    "the log never shrinks": logs.log_never_shrinks,
    "what left the log is not read back": logs.base_stays,
    "what came before the log is not read back": what_came_before_is_not_read_back,
    "what is not durable is let go": undurable_is_forgotten,
    "a window takes everything": logs.full_is_taken,
    "a bridge signals what is live only": logs.live_only_is_signalled,
    # The readers
    "cursors forget who has not begun": stored.unbegun_are_forgotten,
    "cursors forget the workflow": stored.the_workflow_is_forgotten,
    "cursors list everybody for ever": stored.everything_stays_listed,
    "a reader is taken to have everything": logs.synced_too_early,
    "the end of a producer is not told": logs.end_not_told,
    "nothing is taken back": logs.nothing_taken_back,
    "what is nowhere any more is not said": logs.lost_silently,
    "a hole is not noticed": stored.anything_follows,
    "follow forgets its cursor": follow_forgets_its_cursor,
    "the tail skips by event_id": tail_skips_by_event_id,
    "hand-made events are numbered": hand_made_events_are_numbered,
    # The bridge
    "done comes from the producer": done_comes_from_the_producer,
    "done comes before the last events": done_comes_before_the_last_events,
    "done has the next number": done_has_the_next_number,
    "a fallen reader loses an entry": logs.fallen_reader_loses_an_entry,
    "a fallen reader gets all again": logs.fallen_reader_gets_all_again,
    "closed readers stay live": logs.closed_readers_stay_live,
    "every replica signals": every_replica_signals,
    "an unknown signal of the bridge counts as stored": lambda: unknown_signal_counts("bridge"),
    "a cursor of another run is believed": cursor_of_another_run_is_believed,
    "nobody follows the history": nobody_follows_the_history,
    "progress asks nobody": stored.liveness_ignored,
    "the budget is ignored": budget_ignored,
    "the pace is not told": pace_is_not_told,
    "an older POST takes a session over": older_post_takes_a_session_over,
}
