"""The headers that carry producer numbers: into each activity, and into the next run of a chain.

Every reader of the history reads them too, so they are in the history as plain JSON, whatever data
converter the user's values go through.
"""

from typing import Final, NamedTuple, TypeVar

import msgspec

from kai_flow.stream.errors import InvalidId
from kai_flow.stream.ids import MAX_NUMBER
from kai_flow.stream.place import Ranges, from_ranges, to_ranges

TOO_MANY_BESIDE: Final = "too_many_beside"
"""The reason in `Refused`: the activities under way need more parts than `MAX_PARTS` allows."""


class ProducerHeader(NamedTuple):
    """The number of an activity that may stream (header `kai-producer`)."""

    producer: int
    """From 1, in the order of scheduling, through all runs of the chain."""
    beside: frozenset[int]
    """The producers that had been scheduled and had not ended when this one was scheduled."""
    first_run_id: str
    """The run in which the stream began: the first run of the chain."""
    age: float = 0.0
    """Seconds from the run's first producer to this one."""
    history_bytes: int = 0
    """The size of the history by then, without the latest events: so the server reports it."""


class Refused(NamedTuple):
    """The header of an activity that got no number: it runs normally and cannot stream."""

    refused: str
    """Why."""


class Carried(NamedTuple):
    """What a run hands to the run that continues it as new (header `kai-stream`)."""

    first_run_id: str
    """The run in which the stream began."""
    run_id: str
    """The run that wrote this. A run made in another way has the header of a run before that."""
    producer: int
    """The last number given; 0 if there is none."""
    spoken: int
    """The number of the last event that the workflow itself has published; 0 if there is none."""


class _Header(msgspec.Struct):
    producer: int
    beside: Ranges
    first_run_id: str
    age: float = 0.0
    history_bytes: int = 0


class _Refused(msgspec.Struct):
    refused: str


class _Carried(msgspec.Struct):
    first_run_id: str
    run_id: str
    producer: int
    spoken: int


_Wire = TypeVar("_Wire", _Header, _Carried)


def encode_header(header: ProducerHeader | Refused) -> bytes:
    """The content of the header `kai-producer`, as JSON."""
    if isinstance(header, Refused):
        return msgspec.json.encode(_Refused(header.refused))
    producer, beside, first_run_id, age, history_bytes = header
    return msgspec.json.encode(
        _Header(producer, to_ranges(beside), first_run_id, age, history_bytes)
    )


def decode_header(document: bytes) -> ProducerHeader | Refused:
    """Read the header `kai-producer`. Raises InvalidId when it names no valid number."""
    try:
        return Refused(msgspec.json.decode(document, type=_Refused).refused)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        found = _read(document, _Header)  # the other form, or none at all
    if not 1 <= found.producer <= MAX_NUMBER:
        raise InvalidId(f"producers are numbered from 1 to 2^53 - 1, not {found.producer}")
    return ProducerHeader(
        found.producer,
        from_ranges(found.beside, found.producer),
        found.first_run_id,
        max(0.0, found.age),
        max(0, found.history_bytes),
    )


def encode_carried(carried: Carried) -> bytes:
    """The content of the header `kai-stream`, as JSON."""
    return msgspec.json.encode(_Carried(*carried))


def decode_carried(document: bytes) -> Carried:
    """Read the header `kai-stream`. Raises InvalidId when it has no valid numbers."""
    found = _read(document, _Carried)
    if not (0 <= found.producer < MAX_NUMBER and 0 <= found.spoken < MAX_NUMBER):
        raise InvalidId("a stream cannot go on behind these numbers: they are 0 to 2^53 - 2")
    return Carried(found.first_run_id, found.run_id, found.producer, found.spoken)


def _read(document: bytes, form: type[_Wire]) -> _Wire:
    try:
        return msgspec.json.decode(document, type=form)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise InvalidId(f"not a header of a stream: {error}") from None
