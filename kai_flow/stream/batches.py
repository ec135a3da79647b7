"""Batches: how events travel into a history, with merged tokens (§4 of the protocol).

The events of activities travel in `publish_events` signals, with one batch of each of several
producers. The workflow's own events are recorded in a memo field, one batch in each record.

Tokens that are written one by one take four times the bytes. So consecutive `token` events that
differ only in `content` become one item: the joined content, and the lengths of its parts in
Unicode code points. Every other event is an item of its own, and so is a token that is not written
exactly as this library writes JSON.

The merge is lossless: unpacking restores every event byte for byte. So an event that has passed a
sender's limits also passes a reader's.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeVar

import msgspec

from kai_flow.stream.errors import InvalidBatch, InvalidEvent
from kai_flow.stream.events import NumberedEvent, encode_within, read_numbered, within_limit
from kai_flow.stream.ids import MAX_NUMBER, EventId

WIRE_VERSION: Final = 1
MAX_SIGNAL_BATCHES: Final = 64  # in one signal, each of another producer
MAX_BATCH_EVENTS: Final = 1_000  # in one signal; so many waiting events are signalled at once
FLUSH_BYTES: Final = 128 * 1024  # so many waiting bytes are signalled at once
MAX_BATCH_BYTES: Final = 512 * 1024  # of events in one signal; above it the server warns
MAX_DOCUMENT_BYTES: Final = 1024 * 1024  # of a signal as it travels; our senders need 535 KiB
MAX_UNFOLDED_BYTES: Final = 2 * 1024 * 1024  # of its events; our senders need 512 KiB
MAX_RECORD_BYTES: Final = 32 * 1024  # of a record: visibility stores keep it, MySQL in 64 KiB
MAX_PUBLISHED_BYTES: Final = 1024 * 1024  # of events in one call: a workflow task takes 4 MiB

VOICE: Final = EventId(0, 1, 0)
"""The events of the workflow itself are `0.1.n`: its code runs once, so it has one attempt."""

_ITEM_BYTES: Final = len('{"event":},')
_RECORD_ROOM: Final = MAX_RECORD_BYTES - 64  # the rest is for the version and the first number


class Batch(NamedTuple):
    """Consecutive events of one attempt, on their way into the workflow."""

    events: tuple[NumberedEvent, ...]
    """At least one. Each id is the next of the one before."""

    @property
    def first(self) -> EventId:
        """The id of its first event."""
        return self.events[0].id

    @property
    def last(self) -> EventId:
        """The id of its last event."""
        return self.events[-1].id


class Published(NamedTuple):
    """The content of one `publish_events` signal."""

    run_id: str
    """The run that it is meant for; every other run ignores it."""
    batches: tuple[Batch, ...]
    """At least one, at most one of each producer."""


_NOTHING: Final = msgspec.Raw()


# A hundred thousand events in one signal would delay a workflow until its task times out, again at
# every retry. So too many are refused early, while they are still undecoded parts of the document.
_AtMostABatch = msgspec.Meta(max_length=MAX_BATCH_EVENTS)


class _Item(msgspec.Struct, omit_defaults=True):
    event: msgspec.Raw = _NOTHING  # empty if there is none: msgspec decodes no union with Raw
    tokens: dict[str, Any] | None = None
    cuts: Annotated[list[int], _AtMostABatch] | None = None


_Items = Annotated[list[_Item], _AtMostABatch]


class _Batch(msgspec.Struct):
    producer: int
    attempt: int
    first: int
    items: _Items


class _Signal(msgspec.Struct):
    v: Literal[1]
    run_id: str
    batches: Annotated[list[_Batch], msgspec.Meta(min_length=1, max_length=MAX_SIGNAL_BATCHES)]


class _Record(msgspec.Struct):
    v: Literal[1]
    first: int
    items: _Items


_Document = TypeVar("_Document", _Signal, _Record)


def encode_signal(run_id: str, batches: Iterable[Batch]) -> bytes:
    """The batches of one signal as a JSON document, readable in the Temporal UI."""
    parts = [_Batch(*batch.first, items=list(_merge(batch.events))) for batch in batches]
    return msgspec.json.encode(_Signal(WIRE_VERSION, run_id, parts))


def decode_signal(document: bytes) -> Published:
    """The batches of one signal, with their events byte for byte. Raises InvalidBatch."""
    wire = _read(document, _Signal)
    _check_count(item for part in wire.batches for item in part.items)
    batches: list[Batch] = []
    room = MAX_UNFOLDED_BYTES
    for part in wire.batches:
        if part.producer < 1:
            raise InvalidBatch("producer 0 is the workflow itself: no signal brings its events")
        batch = _batch(EventId(part.producer, part.attempt, part.first), part.items, room)
        room -= sum(len(event.data) for event in batch.events)
        batches.append(batch)
    if len({batch.first.producer for batch in batches}) < len(batches):
        raise InvalidBatch("a signal holds at most one batch of each producer")
    return Published(wire.run_id, tuple(batches))


def encode_record(events: Sequence[NumberedEvent]) -> bytes:
    """Events of the workflow itself as the JSON document of one record."""
    return msgspec.json.encode(_Record(WIRE_VERSION, events[0].id.seq, list(_merge(events))))


def decode_record(document: bytes) -> Batch:
    """The events of one record, byte for byte. Raises InvalidBatch."""
    wire = _read(document, _Record)
    _check_count(wire.items)
    return _batch(VOICE._replace(seq=wire.first), wire.items, MAX_UNFOLDED_BYTES)


def records_of(events: Iterable[object], last: int) -> tuple[Batch, ...]:
    """The events that a workflow publishes, numbered after `last`, as few records as hold them.

    An event that does not fit in a record is replaced as `encode_event` does it. Raises
    InvalidEvent, before anything has changed, for what cannot be an event, and for more events than
    one call may publish.
    """
    records: list[list[NumberedEvent]] = []
    size = total = 0
    for seq, event in enumerate(events, last + 1):
        numbered = NumberedEvent(VOICE._replace(seq=seq), *encode_within(event, _RECORD_ROOM))
        size += len(numbered.data) + _ITEM_BYTES
        total += len(numbered.data)
        if total > MAX_PUBLISHED_BYTES:
            raise InvalidEvent(
                f"one call publishes at most {MAX_PUBLISHED_BYTES:,} bytes of events: a workflow "
                "task with more would exceed what the server takes. Let an activity stream them"
            )
        if not records or size > _RECORD_ROOM or len(records[-1]) == MAX_BATCH_EVENTS:
            records.append([])
            size = len(numbered.data) + _ITEM_BYTES
        records[-1].append(numbered)
    return tuple(Batch(tuple(record)) for record in records)


class Room:
    """How much more one signal may carry; the batches in it share the room."""

    def __init__(self) -> None:
        self._events = MAX_BATCH_EVENTS
        self._bytes = MAX_BATCH_BYTES

    def admits(self, event: NumberedEvent) -> bool:
        """Whether the event fits, and if so, take the room for it. The first one always fits."""
        size = len(event.data)
        first = self._events == MAX_BATCH_EVENTS
        if not first and (size > self._bytes or not self._events):
            return False
        self._events -= 1
        self._bytes -= size
        return True


def take(events: Iterable[NumberedEvent], room: Room | None = None) -> tuple[NumberedEvent, ...]:
    """The first of `events`, as many as `room` admits; without `room` that is a whole signal's."""
    admits = (room or Room()).admits
    return tuple(takewhile(admits, events))


def _read(document: bytes, form: type[_Document]) -> _Document:
    if len(document) > MAX_DOCUMENT_BYTES:
        raise InvalidBatch(f"a batch is a document of at most {MAX_DOCUMENT_BYTES:,} bytes")
    try:
        return msgspec.json.decode(document, type=form)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise InvalidBatch(f"not a batch: {error}") from None


def _check_count(items: Iterable[_Item]) -> None:
    if sum(1 if item.cuts is None else len(item.cuts) for item in items) > MAX_BATCH_EVENTS:
        raise InvalidBatch(f"a signal holds at most {MAX_BATCH_EVENTS:,} events")


def _batch(first: EventId, items: Sequence[_Item], room: int) -> Batch:
    """The batch that begins at `first`; its events may have `room` bytes in all."""
    try:
        parts = list(_unfold(items, room))
    except (UnicodeError, RecursionError, InvalidEvent) as error:
        raise InvalidBatch(f"not a batch: {error}") from None
    if not parts:
        raise InvalidBatch("a batch holds at least one event")
    producer, attempt, seq = first
    if attempt < 1 or seq < 1 or max(producer, attempt, seq + len(parts) - 1) > MAX_NUMBER:
        raise InvalidBatch(f"a batch cannot begin at {first}")
    return Batch(
        tuple(
            NumberedEvent(EventId(producer, attempt, seq), *part)
            for seq, part in enumerate(parts, seq)
        )
    )


def _merge(events: Sequence[NumberedEvent]) -> Iterator[_Item]:
    index = 0
    while index < len(events):
        run = _token_run(events, index)
        if len(run) > 1:
            contents = [token["content"] for token in run]
            tokens = {**run[0], "content": "".join(contents)}
            yield _Item(tokens=tokens, cuts=[len(content) for content in contents])
        else:
            yield _Item(event=msgspec.Raw(events[index].data))
        index += max(1, len(run))


def _token_run(events: Sequence[NumberedEvent], start: int) -> list[dict[str, Any]]:
    run: list[dict[str, Any]] = []
    alike = None
    for event in events[start:]:
        if event.type != "token":
            break
        token = event.decode()
        if not isinstance(token.get("content"), str):
            break
        # Writing it again may change it: 1e15 becomes longer, and a duplicate key disappears.
        if msgspec.json.encode(token) != event.data:
            break
        # Compared as JSON text: in Python 1, 1.0 and true are equal, in JSON they are not.
        rest = msgspec.json.encode({**token, "content": ""})
        if alike is not None and rest != alike:
            break
        alike = rest
        run.append(token)
    return run


def _unfold(items: Sequence[_Item], room: int) -> Iterator[tuple[str, bytes]]:
    for item in items:
        for part in _split(item):
            room -= len(part[1])
            if room < 0:  # a few bytes of `cuts` could repeat a huge key
                raise InvalidBatch(f"a signal holds at most {MAX_UNFOLDED_BYTES:,} bytes of events")
            yield part


def _split(item: _Item) -> Iterator[tuple[str, bytes]]:
    event = bytes(item.event)
    match item:
        case _Item(tokens=None, cuts=None) if event:
            yield read_numbered(event)
        case _Item(tokens=dict() as tokens, cuts=list() as cuts) if not event:
            content = tokens.get("content")
            if not isinstance(content, str) or min(cuts, default=0) < 0:
                raise InvalidBatch("merged tokens need a 'content' string and lengths from 0")
            if sum(cuts) != len(content):
                raise InvalidBatch("the 'cuts' of merged tokens do not add up to their content")
            # They differ only in their content, so checking one of them checks all.
            kind, _ = read_numbered(msgspec.json.encode({**tokens, "content": ""}))
            start = 0
            for cut in cuts:
                part = {**tokens, "content": content[start : start + cut]}
                yield kind, within_limit(msgspec.json.encode(part))
                start += cut
        case _:
            raise InvalidBatch("an item is either {'event'} or {'tokens', 'cuts'}")
