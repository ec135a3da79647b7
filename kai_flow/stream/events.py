"""Events: checking them at the border and the one encoding of each that everybody shares.

An event is a JSON object with a string `type`. It is encoded once, where it is numbered; from then
on its bytes travel unchanged, on one line, so that no copy is ever encoded again.
"""

import re
from itertools import accumulate
from typing import Any, Final, NamedTuple

import msgspec

from kai_flow.stream.errors import InvalidEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.names import NEVER_NUMBERED

MAX_EVENT_BYTES: Final = 256 * 1024  # UTF-8 JSON of one event; a larger one is replaced
MAX_DEPTH: Final = 100  # nesting; deeper documents overflow some parsers on the way
MAX_TYPE_CHARS: Final = 128
MAX_NUMBER_CHARS: Final = 4_300  # what Python and msgspec write and read as one number

# What `_too_deep` counts. Walking the decoded values takes five times as long, and a signal full of
# brackets would then hold its workflow up.
_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')
_STEP: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKET: Final = bytes(byte for byte in range(256) if byte not in _STEP)
EVENT_OVERHEAD_BYTES: Final = 256  # of an event kept in memory, beside its data: CPython's objects

_TOO_LOW: Final = -(10 ** (MAX_NUMBER_CHARS - 1))  # its sign counts as well
_TOO_HIGH: Final = 10**MAX_NUMBER_CHARS


class NumberedEvent(NamedTuple):
    """An event under its id, encoded."""

    id: EventId
    type: str
    data: bytes
    """The whole event object as one line of UTF-8 JSON."""

    def decode(self) -> dict[str, Any]:
        """The event object."""
        event: dict[str, Any] = msgspec.json.decode(self.data)
        return event


def held_bytes(count: int, size: int) -> int:
    """What so many events with so many bytes of data, all taken together, take in memory."""
    return size + count * EVENT_OVERHEAD_BYTES


def encode_event(event: object) -> tuple[str, bytes]:
    """Check an agent's event and encode it: (its type, one line of UTF-8 JSON).

    What JSON cannot say is mended rather than refused, because it happens in the middle of an
    agent's work: lone surrogates become U+FFFD, NaN, infinities and numbers of over
    MAX_NUMBER_CHARS null, unknown objects their `str`. An event over MAX_EVENT_BYTES or MAX_DEPTH
    becomes `{"type": "omitted", …}`. Raises InvalidEvent when it is no object with a usable `type`.
    """
    kind = _type_of(event)
    try:
        data = encode_json(event)
    except RecursionError:
        return _omitted(kind, 0)
    if len(data) > MAX_EVENT_BYTES or _too_deep(data):
        return _omitted(kind, len(data))
    return kind if kind.isascii() else _mended(kind), data


def encode_json(value: object) -> bytes:
    """Any value as one line of UTF-8 JSON, mended as `encode_event` does it.

    Raises RecursionError when it is nested too deep.
    """
    try:
        data = msgspec.json.encode(value, enc_hook=_text)
    except (TypeError, ValueError):  # a key, a surrogate or a number that msgspec cannot write
        return msgspec.json.encode(_mended(value))
    return data if _is_line_of_json(data) else msgspec.json.encode(_mended(value))


def read_event(raw: bytes) -> tuple[str, bytes]:
    """Check an event that came as JSON: (its type, one line of UTF-8 JSON). Raises InvalidEvent.

    The bytes are kept as they are unless they span lines: a JSON string cannot contain a raw
    line break, so any CR or LF is only layout.
    """
    try:
        event = msgspec.json.decode(raw)
        kind = _type_of(event)
        data = msgspec.json.encode(event) if b"\n" in raw or b"\r" in raw else bytes(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InvalidEvent(f"the event is not valid JSON: {error}") from None
    if _too_deep(within_limit(data)):
        raise InvalidEvent(f"the event is nested deeper than {MAX_DEPTH} levels")
    return kind, data


def within_limit(data: bytes) -> bytes:
    """`data`, an encoded event. Raises InvalidEvent when it is larger than one may be."""
    if len(data) > MAX_EVENT_BYTES:
        raise InvalidEvent(f"the event has {len(data):,} bytes; at most {MAX_EVENT_BYTES:,}")
    return data


def read_numbered(raw: bytes) -> tuple[str, bytes]:
    """`read_event` for what has an id, in a POST or in a signal. Raises InvalidEvent.

    A subscriber believes `done`, `gap` and their like as the bridge's own word.
    """
    kind, data = read_event(raw)
    if kind in NEVER_NUMBERED:
        raise InvalidEvent(f"an event of the type {kind!r} has no id of its own")
    return kind, data


def _type_of(event: object) -> str:
    if not isinstance(event, dict):
        raise InvalidEvent("an event is a JSON object with a 'type'")
    kind = event.get("type")
    if not isinstance(kind, str) or not 1 <= len(kind) <= MAX_TYPE_CHARS:
        raise InvalidEvent(f"an event needs a 'type': a string of 1 to {MAX_TYPE_CHARS} characters")
    if any(char < " " or char == "\x7f" for char in kind):
        # The type becomes a line of the SSE stream: a line break in it would forge frames.
        raise InvalidEvent("an event's 'type' must not contain control characters")
    return kind


def _omitted(kind: str, size: int) -> tuple[str, bytes]:
    return "omitted", msgspec.json.encode({"type": "omitted", "of": _mended(kind), "bytes": size})


def _mended(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case dict():
            return {_key(key): _mended(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_mended(item) for item in value]
        case None | bool() | int() | float():
            return None if _is_huge(value) else value
        case msgspec.Raw():
            return _mended(_parsed(value))
        case _:
            return _mended(_built(value))


def _is_line_of_json(data: bytes) -> bool:
    """False when whoever reads it could not, or it spans lines.

    A msgspec.Raw is written as it is, whatever it is; of numbers, more can be written than read.
    """
    try:
        msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError):
        return False
    return b"\n" not in data and b"\r" not in data


def _parsed(raw: msgspec.Raw) -> object:
    try:
        value: object = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeError):
        return bytes(raw).decode(errors="replace")
    return value


def _is_huge(value: object) -> bool:
    return isinstance(value, int) and not _TOO_LOW < value < _TOO_HIGH


def _built(value: object) -> object:
    try:
        return msgspec.to_builtins(value, str_keys=True, enc_hook=_text)
    except (TypeError, ValueError):
        return _text(value)


def _key(key: object) -> str:
    mended: str = _mended(key if isinstance(key, str) else _text(key))
    return mended


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001  an agent's object may raise anything; its event still goes out
        return f"<{type(value).__name__}>"


def _too_deep(data: bytes) -> bool:
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:  # the cheap test that nearly all pass
        return False
    brackets = _STRING.sub(b"", data).translate(None, _NO_BRACKET)
    return max(accumulate(map(_STEP.__getitem__, brackets))) > MAX_DEPTH
