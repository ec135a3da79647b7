"""Batches: the document of the wire contract, to the letter."""

import json

import pytest

from kai_flow.stream.batches import Batch, decode_batch, encode_batch
from kai_flow.stream.errors import InvalidBatch
from kai_flow.stream.events import NumberedEvent, encode_event
from kai_flow.stream.ids import EventId


def test_the_documented_batch() -> None:
    """Readable JSON: one item for `tool_start`, one for the two tokens, with their lengths."""
    said = [
        {"type": "tool_start", "tool": "sql"},
        {"type": "token", "content": "halo "},
        {"type": "token", "content": "dunia"},
    ]
    events = tuple(
        NumberedEvent(EventId(1, 1, seq), *encode_event(event))
        for seq, event in enumerate(said, 12)
    )
    document = encode_batch(Batch("run", events))
    assert json.loads(document) == {
        "v": 1,
        "run_id": "run",
        "producer": 1,
        "attempt": 1,
        "first": 12,
        "items": [
            {"event": {"type": "tool_start", "tool": "sql"}},
            {"tokens": {"type": "token", "content": "halo dunia"}, "cuts": [5, 5]},
        ],
    }
    batch = decode_batch(document)
    assert (batch.first, batch.last) == (EventId(1, 1, 12), EventId(1, 1, 14))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"v": 2}, "not a batch: Invalid enum value 2"),
        ({"items": []}, "a batch holds at least one event"),
        ({"first": 0}, "a batch cannot begin at 1.1.0"),
        ({"items": [{"event": {"x": 1}}]}, "not a batch: an event needs a 'type'"),
        ({"items": [{}]}, "an item is either {'event'} or {'tokens', 'cuts'}"),
    ],
)
def test_a_refusal_says_what_is_wrong(change: dict[str, object], sentence: str) -> None:
    """A batch of the wrong shape is refused with one clear sentence."""
    right = {"v": 1, "run_id": "r", "producer": 1, "attempt": 1, "first": 1}
    wire = {**right, "items": [{"event": {"type": "a"}}], **change}
    with pytest.raises(InvalidBatch) as caught:
        decode_batch(json.dumps(wire).encode())
    assert sentence in str(caught.value)
