"""Pages: argument and answer of the `events` query, written and read (§5.2 of the protocol)."""

from typing import Final

import msgspec

from kai_flow.stream.buffer import EventBuffer
from kai_flow.stream.errors import InvalidEvent, InvalidId, InvalidQuery
from kai_flow.stream.events import NumberedEvent, read_event
from kai_flow.stream.fold import Gap
from kai_flow.stream.ids import START, EventId

MIN_PAGE_BYTES: Final = 16 * 1024
MAX_PAGE_BYTES: Final = 1024 * 1024
DEFAULT_PAGE_BYTES: Final = 256 * 1024


class PageRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Argument of the `events` query."""

    after: str | None = None
    """The last event id that the reader has; None reads from the beginning."""
    max_bytes: int = DEFAULT_PAGE_BYTES
    """The sum of the encoded events of a page: MIN_PAGE_BYTES to MAX_PAGE_BYTES."""


class _Event(msgspec.Struct):
    id: str
    event: msgspec.Raw


class _Gap(msgspec.Struct):
    after: str | None
    before: str | None


class _Page(msgspec.Struct):
    events: list[_Event]
    first: str | None
    last: str | None
    next: str | None
    has_more: bool
    gap: _Gap | None
    closed: bool


class Page(msgspec.Struct, frozen=True):
    """One answer of the `events` query."""

    events: tuple[NumberedEvent, ...]
    last: EventId | None
    """The newest event in the buffer, on this page or not: everything up to it is durable."""
    next: EventId
    """The `after` of the next query."""
    has_more: bool
    """Whether the buffer has more events after this page."""
    gap: Gap | None
    """The events between `after` and the first event of the page that the buffer lacks, if any."""
    closed: bool
    """The workflow's code has ended: nothing will be added."""


def answer(buffer: EventBuffer, request: PageRequest, *, closed: bool) -> bytes:
    """The answer to `request`, as JSON. Raises InvalidQuery or InvalidId."""
    if not MIN_PAGE_BYTES <= request.max_bytes <= MAX_PAGE_BYTES:
        raise InvalidQuery(
            f"max_bytes is {request.max_bytes}; allowed are {MIN_PAGE_BYTES} to {MAX_PAGE_BYTES}"
        )
    after = START if request.after is None else EventId.parse(request.after)
    part = buffer.read(after, request.max_bytes)
    return msgspec.json.encode(
        _Page(
            events=[_Event(str(event.id), msgspec.Raw(event.data)) for event in part.events],
            first=_text(buffer.first),
            last=_text(buffer.last),
            next=_text(part.next),
            has_more=part.has_more,
            gap=_Gap(_text(part.gap.after), _text(part.gap.before)) if part.gap else None,
            closed=closed,
        )
    )


def read_page(document: bytes) -> Page:
    """Read an answer of the `events` query. Raises InvalidQuery when it is not one."""
    try:
        page = msgspec.json.decode(document, type=_Page)
        return Page(
            tuple(
                NumberedEvent(EventId.parse(item.id), *read_event(bytes(item.event)))
                for item in page.events
            ),
            None if page.last is None else EventId.parse(page.last),
            _id(page.next),
            page.has_more,
            _gap(page.gap),
            page.closed,
        )
    except (msgspec.MsgspecError, UnicodeError, RecursionError, InvalidId, InvalidEvent) as error:
        raise InvalidQuery(f"not an answer of the events query: {error}") from None


def _text(place: EventId | None) -> str | None:
    return None if place is None or place == START else str(place)


def _id(text: str | None) -> EventId:
    return START if text is None else EventId.parse(text)


def _gap(gap: _Gap | None) -> Gap | None:
    if gap is None:
        return None
    return Gap(_id(gap.after), None if gap.before is None else EventId.parse(gap.before))
