"""Pages: argument and answer of the `events` query, written and read (§5.2 of the protocol)."""

from typing import Final

import msgspec

from kai_flow.stream.buffer import EventBuffer
from kai_flow.stream.errors import InvalidEvent, InvalidId, InvalidQuery
from kai_flow.stream.events import NumberedEvent, read_numbered
from kai_flow.stream.gaps import Gap, Missing
from kai_flow.stream.ids import EventId
from kai_flow.stream.place import NOWHERE, Place, Ranges, from_ranges, to_ranges
from kai_flow.stream.unknown_place import what_never_was

MIN_PAGE_BYTES: Final = 16 * 1024
MAX_PAGE_BYTES: Final = 1024 * 1024
DEFAULT_PAGE_BYTES: Final = 256 * 1024


class PageRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Argument of the `events` query."""

    after: str | None = None
    """The place of the reader; None reads from the beginning."""
    max_bytes: int = DEFAULT_PAGE_BYTES
    """The sum of the encoded events of a page: MIN_PAGE_BYTES to MAX_PAGE_BYTES."""


class _Event(msgspec.Struct):
    id: str
    event: msgspec.Raw


class _Missing(msgspec.Struct):
    after: str | None
    before: str | None


class _Gap(msgspec.Struct):
    missing: list[_Missing]


class _Page(msgspec.Struct):
    events: list[_Event]
    beside: dict[str, Ranges]
    first: str | None
    last: str | None
    durable: str | None
    next: str | None
    has_more: bool
    gap: _Gap | None
    start: str | None
    closed: bool


class Page(msgspec.Struct, frozen=True):
    """One answer of the `events` query."""

    events: tuple[NumberedEvent, ...]
    beside: dict[int, frozenset[int]]
    """The producers that begin on this page, and those beside each of them."""
    durable: Place
    """Everything that the workflow has accepted."""
    next: Place
    """The `after` of the next query."""
    has_more: bool
    """Whether the buffer has more events after this page."""
    gap: Gap | None
    """What is missing before the events of the page, if anything."""
    start: Place
    """The place before the first event of the page: `after`, or that after the gap."""
    closed: bool
    """The workflow's code has ended: nothing will be added."""


def answer(buffer: EventBuffer, request: PageRequest, *, closed: bool) -> bytes:
    """The answer to `request`, as JSON. Raises InvalidQuery or InvalidId."""
    if not MIN_PAGE_BYTES <= request.max_bytes <= MAX_PAGE_BYTES:
        raise InvalidQuery(
            f"max_bytes is {request.max_bytes}; allowed are {MIN_PAGE_BYTES} to {MAX_PAGE_BYTES}"
        )
    after = _place(request.after)
    wrong = what_never_was(after, buffer.fold)
    if wrong is not None:
        raise InvalidQuery(wrong)
    part = buffer.read(after, request.max_bytes)
    start = part.start or after
    begun = dict.fromkeys(e.id.producer for e in part.events if e.id.producer > start.newest)
    return msgspec.json.encode(
        _Page(
            events=[_Event(str(event.id), msgspec.Raw(event.data)) for event in part.events],
            beside={str(p): to_ranges(buffer.fold.beside(p)) for p in begun},
            first=_text(buffer.first),
            last=_text(buffer.last),
            durable=_text(buffer.fold.place),
            next=_text(part.next),
            has_more=part.has_more,
            gap=_Gap([_Missing(**one) for one in part.gap.to_json()]) if part.gap else None,
            start=_text(start),
            closed=closed,
        )
    )


def read_page(document: bytes) -> Page:
    """Read an answer of the `events` query. Raises InvalidQuery when it is not one."""
    try:
        page = msgspec.json.decode(document, type=_Page)
        return Page(
            tuple(
                NumberedEvent(EventId.parse(item.id), *read_numbered(bytes(item.event)))
                for item in page.events
            ),
            dict(_beside(producer, ranges) for producer, ranges in page.beside.items()),
            _place(page.durable),
            _place(page.next),
            page.has_more,
            _gap(page.gap),
            _place(page.start),
            page.closed,
        )
    except (msgspec.MsgspecError, UnicodeError, RecursionError, InvalidId, InvalidEvent) as error:
        raise InvalidQuery(f"not an answer of the events query: {error}") from None


def _text(place: Place | EventId | None) -> str | None:
    return None if place is None or place == NOWHERE else str(place)


def _place(text: str | None) -> Place:
    return NOWHERE if text is None else Place.parse(text)


def _id(text: str | None) -> EventId | None:
    return None if text is None else EventId.parse(text)


def _beside(producer: str, ranges: Ranges) -> tuple[int, frozenset[int]]:
    number = EventId.parse(f"{producer}.0.0").producer
    return number, from_ranges(ranges, number)


def _gap(gap: _Gap | None) -> Gap | None:
    if gap is None:
        return None
    return Gap(tuple(Missing(_id(one.after), _id(one.before)) for one in gap.missing))
