"""The callback on the wire: bodies and answers of `POST /events/{session_id}` (§6 of the protocol).

A receiver gets the single form, with one event, until an answer states that it accepts the batch
form. Producers and bridges both use this module.
"""

from typing import Annotated, Any, Final, NamedTuple

import msgspec

from kai_flow.stream.batches import MAX_BATCH_EVENTS
from kai_flow.stream.errors import InvalidBatch, InvalidEvent, InvalidId
from kai_flow.stream.events import NumberedEvent, read_event, read_numbered
from kai_flow.stream.ids import MAX_NUMBER, EventId
from kai_flow.stream.posts import Acknowledged, Post
from kai_flow.stream.wire_names import DONE, NEVER_NUMBERED

ACCEPTS_BATCH: Final = "batch"
MAX_BODY_BYTES: Final = 2 * 1024 * 1024  # far more than a full batch with its ids

MAX_BRIDGE_CHARS: Final = 128  # of a bridge's boot id; ours have 16
MAX_DETAIL_CHARS: Final = 300  # of the reason that a receiver gives for a refusal, in the log


class Origin(NamedTuple):
    """Where a producer's events come from."""

    workflow_id: str
    run_id: str
    first_run_id: str
    codec: bool = False
    """The client of the producer has a payload codec: what it signals is encoded."""


class _Item(msgspec.Struct):
    id: str
    event: msgspec.Raw


class _Single(msgspec.Struct):
    session_id: str
    workflow_id: str
    run_id: str
    first_run_id: str
    base: str
    stored: str | msgspec.UnsetType  # left out while all events are stored
    age: int | msgspec.UnsetType  # left out in the first second
    codec: bool | msgspec.UnsetType  # left out without a payload codec
    id: str
    event: msgspec.Raw


class _Batch(msgspec.Struct):
    session_id: str
    workflow_id: str
    run_id: str
    first_run_id: str
    base: str
    stored: str | msgspec.UnsetType
    age: int | msgspec.UnsetType
    codec: bool | msgspec.UnsetType
    signaller: str | None
    events: list[_Item]


class _Body(msgspec.Struct):
    """Any body: the fields of both forms, and of events sent by hand."""

    session_id: str
    workflow_id: str | None = None
    run_id: str | None = None
    first_run_id: str | None = None
    base: str | None = None
    stored: str | None = None
    age: Annotated[int, msgspec.Meta(ge=0, le=MAX_NUMBER)] = 0
    codec: bool = False
    signaller: str | None = None
    id: str | None = None
    event: msgspec.Raw = msgspec.Raw()  # empty if there is none; null is refused as an event
    events: list[_Item] | None = None


class _Problem(msgspec.Struct):
    detail: str


class _Type(msgspec.Struct):
    type: str


_BootId = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_BRIDGE_CHARS)]


class _Answer(msgspec.Struct):
    received: str
    durable: str
    bridge: _BootId
    accepts: str | None = None
    pace: float | msgspec.UnsetType = msgspec.UNSET  # left out while no session waits
    lists: Any = msgspec.UNSET  # whatever it is, the answer is a bridge's


class _Expected(msgspec.Struct):
    expected: str


class _Refusal(msgspec.Struct):
    bridge: _BootId


class HandMade(NamedTuple):
    """An event sent by hand: without an id, shown and never stored.

    It is never a `done` or a control event.
    """

    session_id: str
    type: str
    data: bytes


class ProducerPost(NamedTuple):
    """A producer's POST, in either form."""

    session_id: str
    workflow_id: str
    run_id: str
    first_run_id: str | None
    base: EventId
    """Everything before it is durable or live only: a claim of the sender, not a proof."""
    stored: EventId | None
    """The last event that is to be stored; None: all are."""
    signaller: str | None
    events: tuple[NumberedEvent, ...]
    """Consecutive, of one attempt; empty in a probe."""
    done: bool
    """It is the final POST of its attempt: no more events will come."""
    age: int = 0
    """For how many seconds the session has been streaming."""
    codec: bool = False
    """The producer's client has a payload codec."""


def encode_post(
    post: Post, origin: Origin, signaller: str | None, done: NumberedEvent, age: int = 0
) -> bytes:
    """The body of `post`; `done` is the event of the final POST, if `post` is that one."""
    stored = msgspec.UNSET if post.stored is None else str(post.stored)
    unset = msgspec.UNSET
    head = (
        *(origin.workflow_id, origin.workflow_id, origin.run_id, origin.first_run_id),
        *(str(post.base), stored, age or unset, origin.codec or unset),
    )
    if post.batch:
        items = [_Item(str(event.id), msgspec.Raw(event.data)) for event in post.events]
        return msgspec.json.encode(_Batch(*head, signaller, items))
    event = done if post.done else post.events[0]
    return msgspec.json.encode(_Single(*head, str(event.id), msgspec.Raw(event.data)))


def decode_post(document: bytes) -> HandMade | ProducerPost:
    """Read a body. Raises InvalidBatch, InvalidEvent or InvalidId, with what is wrong."""
    try:
        body = msgspec.json.decode(document, type=_Body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise InvalidBatch(f"the body is not a callback: {error}") from None
    if body.events is not None and len(body.events) > MAX_BATCH_EVENTS:
        raise InvalidBatch(
            f"the body has {len(body.events):,} events; a POST carries at most {MAX_BATCH_EVENTS:,}"
        )
    single = bytes(body.event)
    if not single and body.events is None:
        raise InvalidBatch("the body needs an 'event' (or, in batch form, 'events')")
    if single and body.events is not None:
        raise InvalidBatch("the body has both 'event' and 'events'; send one of them")
    if single and body.id is None:
        return _made_by_hand(body.session_id, single)
    return _producer_post(body)


def _made_by_hand(session_id: str, document: bytes) -> HandMade:
    kind, data = read_event(document)
    if kind == DONE:
        # A reader that believed it would stop waiting for the real session.
        raise InvalidEvent(
            "a 'done' cannot be sent by hand: only the session's workflow ends its stream"
        )
    if kind in NEVER_NUMBERED:
        # A reader would take it for the word of the bridge: that its token is over, for example.
        raise InvalidEvent(f"a {kind!r} event cannot be sent by hand: only the bridge says so")
    return HandMade(session_id, kind, data)


def _producer_post(body: _Body) -> ProducerPost:
    if body.run_id is None or body.workflow_id is None or body.base is None:
        raise InvalidBatch("numbered events need 'workflow_id', 'run_id' and 'base' beside them")
    items = body.events
    if items is None:
        items = [_Item(body.id or "", body.event)]
    base = EventId.parse(body.base)
    stored = None if body.stored is None else EventId.parse(body.stored)
    done = bool(items) and _is_done(items[-1])
    if done:
        items = items[:-1]
    events = [NumberedEvent(EventId.parse(i.id), *read_numbered(bytes(i.event))) for i in items]
    for position, event in enumerate(events):
        if event.id != events[0].id.offset(position) or event.id.attempt_key != base.attempt_key:
            raise InvalidBatch(
                f"event {event.id} is out of order: ids are consecutive, in the attempt of 'base'"
            )
    if min(base) < 1 or (events and base > events[0].id):
        raise InvalidBatch(f"'base' {base} is not the oldest event that the producer holds")
    if stored is not None and (stored.attempt_key != base.attempt_key or stored.seq < 1):
        raise InvalidBatch(f"'stored' {stored} is not an event of the attempt of 'base' {base}")
    return ProducerPost(
        body.session_id,
        body.workflow_id,
        body.run_id,
        body.first_run_id,
        base,
        stored,
        body.signaller,
        tuple(events),
        done,
        body.age,
        body.codec,
    )


def _is_done(item: _Item) -> bool:
    """Whether it is the `done` of a final POST; the size of its result is not limited here."""
    try:
        return msgspec.json.decode(item.event, type=_Type).type == DONE
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False


def encode_answer(
    received: EventId, durable: EventId, bridge: str, pace: float = 0.0, *, lists: bool = False
) -> bytes:
    """The body of a bridge's 200.

    `pace`: for how many seconds the session waits for its turn. `lists`: the bridge accepts the
    list form.
    """
    milliseconds = round(1_000 * pace) or msgspec.UNSET  # even a turn at once takes some µs
    head = (str(received), str(durable), bridge, ACCEPTS_BATCH, milliseconds)
    return msgspec.json.encode(_Answer(*head, lists or msgspec.UNSET))


def read_answer(document: bytes) -> Acknowledged | None:
    """A bridge's 200. None: another receiver answered, so that it means delivery only."""
    try:
        answer = msgspec.json.decode(document, type=_Answer)
        return Acknowledged(
            EventId.parse(answer.received),
            EventId.parse(answer.durable),
            answer.bridge,
            answer.accepts == ACCEPTS_BATCH,
            0.0 if answer.pace is msgspec.UNSET else answer.pace / 1_000,
            answer.lists is True,
        )
    except (msgspec.MsgspecError, UnicodeError, RecursionError, InvalidId):
        return None


def read_expected(document: bytes) -> EventId | None:
    """The id that a 409 asks for; None if it names none."""
    try:
        return EventId.parse(msgspec.json.decode(document, type=_Expected).expected)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, InvalidId):
        return None


def is_bridge(document: bytes) -> bool:
    """Whether a refusal comes from a bridge: a 410 of another receiver stops no agent."""
    try:
        msgspec.json.decode(document, type=_Refusal)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
    return True


def read_detail(document: bytes) -> str:
    """The reason in a problem document (RFC 9457), on one line of bounded length; "" without one.

    Any receiver can be the author of it, and it is for the log.
    """
    try:
        detail = msgspec.json.decode(document, type=_Problem).detail
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return ""
    line = "".join(c if c.isprintable() else " " for c in detail[: MAX_DETAIL_CHARS + 1])
    return line if len(line) <= MAX_DETAIL_CHARS else line[:-1] + "…"


def read_retry_after(header: str | None) -> float:
    """The seconds of a `Retry-After`, if it is a whole number; 0 for a date or anything else."""
    return float(header) if header and header.isascii() and header.isdigit() else 0.0


def done_event(result: Any, last: EventId) -> NumberedEvent:
    """The `done` of a final POST; it has the id after the last event of the attempt."""
    return NumberedEvent(
        last.offset(1), DONE, msgspec.json.encode({"type": DONE, "result": result})
    )
