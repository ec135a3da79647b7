"""What is fuzzed: everything that reads bytes of a stranger. Each target has valid inputs."""

import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from opentelemetry.sdk.trace import TracerProvider

from kai_flow.access.errors import TokenRefused
from kai_flow.access.key_ring import KeyRing, Secret
from kai_flow.access.tokens import Expected, verify
from kai_flow.stream.batches import decode_signal
from kai_flow.stream.callback import decode_post, read_answer, read_detail, read_expected
from kai_flow.stream.errors import StreamError
from kai_flow.stream.ids import EventId
from kai_flow.stream.list_form import decode_list, read_list_answer
from kai_flow.stream.place import Cursor
from kai_flow.stream.posts import Reply
from kai_flow.stream.signing import SigningKeys, Unsigned
from kai_flow.traces import spans
from kai_flow.traces.open_telemetry import OpenTelemetryTracer
from tests.issuing import KEY, token

RUN: Final = b'"run_id":"0197c3a2-7b1e-7c55-9a2f-12d84f3a9c1e"'
SINGLE: Final = (
    b'{"session_id":"a","workflow_id":"a",' + RUN + b',"base":"1.1.30","id":"1.1.31",'
    b'"event":{"type":"token","content":"halo"}}'
)
BATCH: Final = (
    b'{"session_id":"a","workflow_id":"a",' + RUN + b',"base":"1.1.30","stored":"1.1.40","age":7,'
    b'"signaller":null,"events":[{"id":"1.1.31","event":{"type":"started","beside":[2,[4,5]]}},'
    b'{"id":"1.1.32","event":{"type":"token","content":"\\u00e9"}}]}'
)
HAND: Final = b'{"session_id":"a","event":{"type":"note"}}'
SIGNAL: Final = (
    b'{"v":1,' + RUN + b',"batches":[{"producer":1,"attempt":1,"first":12,"items":['
    b'{"event":{"type":"tool_end","output":{"row_count":5}}},'
    b'{"tokens":{"type":"token","content":"halo dunia"},"cuts":[4,6]}]}]}'
)
ANSWER: Final = (
    b'{"received":"1.1.57","durable":"1.1.40","bridge":"05c8","accepts":"batch","pace":9}'
)
SECRET: Final = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
TRACEPARENT: Final = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
_TRACER: Final = OpenTelemetryTracer(TracerProvider(shutdown_on_exit=False))
_SIGNING: Final = SigningKeys([SECRET])
_RING: Final = KeyRing((Secret(None, KEY),))


class Target(NamedTuple):
    """Something that reads bytes."""

    name: str
    seeds: Sequence[bytes]
    read: Callable[[bytes], bool]
    """Whether the bytes were accepted. What it raises is a defect."""


def _refusing(read: Callable[[bytes], object], *errors: type[Exception]) -> Callable[[bytes], bool]:
    def tried(data: bytes) -> bool:
        try:
            read(data)
        except errors:
            return False
        return True

    return tried


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _signed(data: bytes) -> bool:
    """Header fields, a line each, and the body after an empty line."""
    head, _, body = data.partition(b"\n\n")
    fields = dict(line.split(": ", 1) for line in _text(head).split("\n") if ": " in line)
    found = _SIGNING.verify_post(fields, time.time(), body)
    return not isinstance(found, Unsigned)


def _signature_seeds() -> list[bytes]:
    fields = _SIGNING.sign_post("msg_0123456789abcdef", time.time(), BATCH)
    lines = "\n".join(f"{name}: {value}" for name, value in fields.items())
    return [lines.encode() + b"\n\n" + BATCH]


def _traced(data: bytes) -> bool:
    spans.use(_TRACER)
    try:
        span = spans.received("POST", [(b"traceparent", data)])
    finally:
        spans.use(None)
    span.end()
    return bool(span)


def _answered(data: bytes) -> bool:
    read_expected(data)
    read_detail(data)
    read_list_answer(Reply(200, data), 2)
    return read_answer(data) is not None


def _verified(data: bytes) -> object:
    return verify(_text(data), _RING, Expected("kai-bridge", None), time.time())


def targets() -> list[Target]:
    """All targets, with inputs that are valid now."""
    lists = [b"[" + SINGLE + b"," + BATCH + b"]", b"[" + HAND + b"]"]
    ids = [b"1.2.57", b"0.0.0", b"9007199254740991.1.1"]
    cursors = [b"6.1.3,0.1.3,4.1.12@4f3a9c1e", b"end@4f3a9c1e", b"8-207.0.0", b"1.1.1"]
    answers = [ANSWER, b'{"status":409,"detail":"again","expected":"1.1.31","bridge":"9f2c"}']
    return [
        Target("POST", [SINGLE, BATCH, HAND], _refusing(decode_post, StreamError)),
        Target("list", lists, _refusing(decode_list, StreamError)),
        Target("answer", answers, _answered),
        Target("signal", [SIGNAL], _refusing(decode_signal, StreamError)),
        Target("event id", ids, _refusing(lambda data: EventId.parse(_text(data)), StreamError)),
        Target("cursor", cursors, _refusing(lambda data: Cursor.parse(_text(data)), StreamError)),
        Target("signature", _signature_seeds(), _signed),
        Target("traceparent", [TRACEPARENT], _traced),
        Target("token", [token("a", seconds=600).encode()], _refusing(_verified, TokenRefused)),
    ]
