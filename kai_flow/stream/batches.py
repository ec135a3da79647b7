"""Batches: the document of one `publish_events` signal, with merged tokens (§4 of the protocol).

Tokens that are written one by one take four times the bytes. So consecutive `token` events that
differ only in `content` become one item: the joined content, and the lengths of its parts in
Unicode code points. Every other event is an item of its own, and so is a token that is not written
exactly as this library writes JSON.

The merge is lossless: unpacking restores every event byte for byte. So an event that has passed a
sender's limits also passes a reader's.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec

from kai_flow.stream.errors import InvalidBatch, InvalidEvent
from kai_flow.stream.events import NumberedEvent, read_numbered, within_limit
from kai_flow.stream.ids import MAX_NUMBER, EventId

WIRE_VERSION: Final = 1
MAX_BATCH_EVENTS: Final = 1_000  # in one batch; so many waiting events are signalled at once
FLUSH_BYTES: Final = 128 * 1024  # so many waiting bytes are signalled at once
MAX_BATCH_BYTES: Final = 512 * 1024  # of events in one batch; above it the server warns
MAX_DOCUMENT_BYTES: Final = 1024 * 1024  # of a batch as it travels; our senders need 530 KiB
MAX_UNFOLDED_BYTES: Final = 2 * 1024 * 1024  # of its events; our senders need 512 KiB


class Batch(NamedTuple):
    """Consecutive events of one attempt, on their way into the workflow."""

    run_id: str
    """The run that they are meant for; every other run ignores them."""
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


_NOTHING: Final = msgspec.Raw()


# A hundred thousand events in one signal would delay a workflow until its task times out, again at
# every retry. So too many are refused early, while they are still undecoded parts of the document.
_AtMostABatch = msgspec.Meta(max_length=MAX_BATCH_EVENTS)


class _Item(msgspec.Struct, omit_defaults=True):
    event: msgspec.Raw = _NOTHING  # empty if there is none: msgspec decodes no union with Raw
    tokens: dict[str, Any] | None = None
    cuts: Annotated[list[int], _AtMostABatch] | None = None


class _Wire(msgspec.Struct):
    v: Literal[1]
    run_id: str
    producer: int
    attempt: int
    first: int
    items: Annotated[list[_Item], _AtMostABatch]


def encode_batch(batch: Batch) -> bytes:
    """The batch as one JSON document, readable in the Temporal UI."""
    first = batch.first
    return msgspec.json.encode(
        _Wire(WIRE_VERSION, batch.run_id, *first, items=list(_merge(batch.events))),
    )


def decode_batch(document: bytes) -> Batch:
    """The batch of one JSON document, with its events byte for byte. Raises InvalidBatch."""
    if len(document) > MAX_DOCUMENT_BYTES:
        raise InvalidBatch(f"a batch is a document of at most {MAX_DOCUMENT_BYTES:,} bytes")
    try:
        wire = msgspec.json.decode(document, type=_Wire)
        first = EventId(wire.producer, wire.attempt, wire.first)
        parts = list(_unfold(wire.items))
    except (msgspec.MsgspecError, UnicodeError, RecursionError, InvalidEvent) as error:
        raise InvalidBatch(f"not a batch: {error}") from None
    if not parts:
        raise InvalidBatch("a batch holds at least one event")
    if min(first) < 1 or max(first.offset(len(parts) - 1)) > MAX_NUMBER:
        raise InvalidBatch(f"a batch cannot begin at {first}")
    events = (NumberedEvent(first.offset(n), *part) for n, part in enumerate(parts))
    return Batch(wire.run_id, tuple(events))


def take(events: Iterable[NumberedEvent]) -> tuple[NumberedEvent, ...]:
    """The first of `events`, as many as one batch may hold; at least one if there is any."""
    taken: list[NumberedEvent] = []
    size = 0
    for event in events:
        size += len(event.data)
        if taken and (size > MAX_BATCH_BYTES or len(taken) == MAX_BATCH_EVENTS):
            break
        taken.append(event)
    return tuple(taken)


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


def _unfold(items: Sequence[_Item]) -> Iterator[tuple[str, bytes]]:
    if sum(1 if item.cuts is None else len(item.cuts) for item in items) > MAX_BATCH_EVENTS:
        raise InvalidBatch(f"a batch holds at most {MAX_BATCH_EVENTS:,} events")
    size = 0
    for item in items:
        for part in _split(item):
            size += len(part[1])
            if size > MAX_UNFOLDED_BYTES:  # a few bytes of `cuts` could repeat a huge key
                raise InvalidBatch(f"a batch holds at most {MAX_UNFOLDED_BYTES:,} bytes of events")
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
