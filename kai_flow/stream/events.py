"""Events: checks them where they come in, and encodes each of them once.

An event is a JSON object with a string `type`. It is encoded as one line when it gets its number.
From then on its bytes travel unchanged, so that every copy of an event is equal byte for byte.
"""

import re
from itertools import accumulate
from typing import Any, Final, NamedTuple

import msgspec

from kai_flow.stream.errors import InvalidEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.wire_names import NEVER_NUMBERED, OMITTED

MAX_EVENT_BYTES: Final = 256 * 1024  # UTF-8 JSON of one event; a larger event is replaced
MAX_DEPTH: Final = 100  # levels of nesting; deeper documents overflow some parsers on the way
MAX_TYPE_CHARS: Final = 128
MAX_NUMBER_CHARS: Final = 4_300  # the longest number that Python and msgspec read and write

# `is_deeper` counts brackets in the text. Walking the decoded values would take five times as long,
# and a signal full of brackets would then delay its workflow.
_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')
_STEP: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKET: Final = bytes(byte for byte in range(256) if byte not in _STEP)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
EVENT_OVERHEAD_BYTES: Final = 256  # memory of an event beside its data: CPython's objects

_TOO_LOW: Final = -(10 ** (MAX_NUMBER_CHARS - 1))  # the sign counts as a character
_TOO_HIGH: Final = 10**MAX_NUMBER_CHARS


class NumberedEvent(NamedTuple):
    """An encoded event with its id."""

    id: EventId
    type: str
    data: bytes
    """The whole event object as one line of UTF-8 JSON."""

    def decode(self) -> dict[str, Any]:
        """The event object."""
        event: dict[str, Any] = msgspec.json.decode(self.data)
        return event


def held_bytes(count: int, size: int) -> int:
    """Bytes of memory for `count` events that have `size` bytes of data in all."""
    return size + count * EVENT_OVERHEAD_BYTES


def encode_event(event: object) -> tuple[str, bytes]:
    """Check an agent's event and encode it: (its type, one line of UTF-8 JSON).

    A value that JSON cannot express is repaired instead of refused, because it must not fail an
    agent in the middle of its work. A lone surrogate becomes U+FFFD; NaN, infinities and numbers of
    over MAX_NUMBER_CHARS become null; an unknown object becomes its `str`. An event that exceeds
    MAX_EVENT_BYTES or MAX_DEPTH becomes `{"type": "omitted", …}`. Raises InvalidEvent when the
    value is not an object with a valid `type`.
    """
    return encode_within(event, MAX_EVENT_BYTES)


def encode_within(event: object, max_bytes: int) -> tuple[str, bytes]:
    """`encode_event` with another limit than MAX_EVENT_BYTES, which must not be higher."""
    kind = _type_of(event)
    try:
        data = encode_json(event)
    except RecursionError:
        return _omitted(kind, 0)
    if len(data) > max_bytes or is_deeper(data, MAX_DEPTH):
        return _omitted(kind, len(data))
    return kind if kind.isascii() else _repaired(kind), data


def encode_json(value: object) -> bytes:
    """Any value as one line of UTF-8 JSON, repaired as `encode_event` does it.

    Raises RecursionError when it is nested too deeply.
    """
    try:
        data = msgspec.json.encode(value, enc_hook=_text)
    except (TypeError, ValueError):  # a key, a surrogate or a number that msgspec cannot write
        return msgspec.json.encode(_repaired(value))
    return data if _is_line_of_json(data) else msgspec.json.encode(_repaired(value))


def read_event(raw: bytes) -> tuple[str, bytes]:
    """Check an event that arrived as JSON: (its type, one line of UTF-8 JSON). Raises InvalidEvent.

    The bytes are kept as they are if they are on one line. Otherwise they are encoded again: a JSON
    string cannot contain a raw line break, so every CR or LF is only layout.
    """
    try:
        event = msgspec.json.decode(raw)
        kind = _type_of(event)
        data = msgspec.json.encode(event) if b"\n" in raw or b"\r" in raw else bytes(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InvalidEvent(f"the event is not valid JSON: {error}") from None
    if is_deeper(within_limit(data), MAX_DEPTH):
        raise InvalidEvent(f"the event is nested deeper than {MAX_DEPTH} levels")
    return kind, data


def within_limit(data: bytes) -> bytes:
    """`data`, an encoded event. Raises InvalidEvent when it exceeds MAX_EVENT_BYTES."""
    if len(data) > MAX_EVENT_BYTES:
        raise InvalidEvent(f"the event has {len(data):,} bytes; at most {MAX_EVENT_BYTES:,}")
    return data


def read_numbered(raw: bytes) -> tuple[str, bytes]:
    """`read_event` for an event with an id, in a POST or in a signal. Raises InvalidEvent.

    Types such as `done` and `gap` are refused: subscribers rely on them as the bridge's own.
    """
    kind, data = read_event(raw)
    if kind in NEVER_NUMBERED:
        raise InvalidEvent(f"an event of the type {kind!r} has no id")
    return kind, data


def _type_of(event: object) -> str:
    if not isinstance(event, dict):
        raise InvalidEvent("an event is a JSON object with a 'type'")
    kind = event.get("type")
    if not isinstance(kind, str) or not 1 <= len(kind) <= MAX_TYPE_CHARS:
        raise InvalidEvent(f"an event needs a 'type': a string of 1 to {MAX_TYPE_CHARS} characters")
    if _CONTROL.search(kind):
        # The type becomes a line of the SSE stream, and a line break in it would forge a frame.
        raise InvalidEvent("an event's 'type' must not contain control characters")
    return kind


def _omitted(kind: str, size: int) -> tuple[str, bytes]:
    return OMITTED, msgspec.json.encode({"type": OMITTED, "of": _repaired(kind), "bytes": size})


def _repaired(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case dict():
            return {_key(key): _repaired(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_repaired(item) for item in value]
        case None | bool() | int() | float():
            return None if _is_huge(value) else value
        case msgspec.Raw():
            return _repaired(_parsed(value))
        case _:
            return _repaired(_built(value))


def _is_line_of_json(data: bytes) -> bool:
    """Whether a reader can read it, and it has no line break.

    msgspec does not check this: it writes a msgspec.Raw as it is, and numbers that it cannot read.
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
    repaired: str = _repaired(key if isinstance(key, str) else _text(key))
    return repaired


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001  an agent's object may raise anything; its event still goes out
        return f"<{type(value).__name__}>"


def is_deeper(data: bytes, levels: int) -> bool:
    """Whether JSON is nested more deeply than this. It need not be valid."""
    if data.count(b"[") + data.count(b"{") <= levels:  # cheap, and true for nearly all events
        return False
    brackets = _STRING.sub(b"", data).translate(None, _NO_BRACKET)
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0) > levels
