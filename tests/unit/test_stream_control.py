"""Control events: each is exactly what the protocol writes, wherever it is told."""

import re
from pathlib import Path

import msgspec

from kai_flow.stream import control
from kai_flow.stream.gaps import Gap, Missing
from kai_flow.stream.ids import EventId
from kai_flow.stream.progress import Liveness
from kai_flow.stream.sse import encode_control
from kai_flow.stream.wire_names import DONE, NEVER_NUMBERED

PROTOCOL = Path(__file__).parents[2] / "docs/reference/protocol.md"
BUILT = {
    "gap": control.gap(Gap((Missing(EventId(1, 1, 1), EventId(1, 1, 3)),))),
    "ended": control.ended(4, "completed"),
    "superseded": control.superseded(EventId(4, 1, 9)),
    "reset": control.reset(),
    "status": control.status(Liveness("waiting", 1)),
    "idle_timeout": control.idle_timeout(),
    "token_expired": control.token_expired(),
}


def test_every_control_event_is_as_the_protocol_writes_it() -> None:
    """§7.5: the events of its table, byte for byte, and no other has such a type."""
    rows = re.findall(r"^\| `(\w+)` \| `(\{.*?\})` \|", PROTOCOL.read_text(), re.MULTILINE)
    assert {kind: encode_control(event) for kind, event in BUILT.items()} == {
        kind: f"event: {kind}\ndata: {data}\n\n".encode() for kind, data in rows
    }
    assert BUILT.keys() | {DONE} == NEVER_NUMBERED


def test_a_gap_without_beginning_or_end_says_null() -> None:
    """`after` is null at the beginning of the session, `before` when nothing behind is held."""
    missing = Gap((Missing(None, EventId(2, 1, 1)), Missing(EventId(3, 1, 7), None)))
    assert msgspec.json.encode(control.gap(missing)) == (
        b'{"type":"gap","missing":[{"after":null,"before":"2.1.1"},{"after":"3.1.7","before":null}]}'
    )
