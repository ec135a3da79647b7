"""Batches: the documents of the wire contract, to the letter."""

import json

import pytest

from kai_flow.stream.batches import (
    Batch,
    decode_record,
    decode_signal,
    encode_record,
    encode_signal,
    records_of,
)
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
    document = encode_signal("run", [Batch(events)])
    assert json.loads(document) == {
        "v": 1,
        "run_id": "run",
        "batches": [
            {
                "producer": 1,
                "attempt": 1,
                "first": 12,
                "items": [
                    {"event": {"type": "tool_start", "tool": "sql"}},
                    {"tokens": {"type": "token", "content": "halo dunia"}, "cuts": [5, 5]},
                ],
            }
        ],
    }
    run_id, (batch,) = decode_signal(document)
    assert run_id == "run"
    assert (batch.first, batch.last) == (EventId(1, 1, 12), EventId(1, 1, 14))


def test_the_documented_record() -> None:
    """§4.7: the first number, and the same items as in a signal; the workflow is producer 0."""
    (record,) = records_of([{"type": "plan", "steps": 3}], 3)
    document = encode_record(record.events)
    assert document == b'{"v":1,"first":4,"items":[{"event":{"type":"plan","steps":3}}]}'
    assert decode_record(document) == record
    assert record.first == EventId(0, 1, 4)


@pytest.mark.parametrize(
    ("signal", "batch", "sentence"),
    [
        ({"v": 2}, {}, "not a batch: Invalid enum value 2"),
        ({"batches": []}, {}, "not a batch: Expected `array` of length >= 1"),
        ({}, {"items": []}, "a batch holds at least one event"),
        ({}, {"first": 0}, "a batch cannot begin at 1.1.0"),
        ({}, {"attempt": 0}, "a batch cannot begin at 1.0.1"),
        ({}, {"producer": 0}, "producer 0 is the workflow itself: no signal brings its events"),
        ({}, {"items": [{"event": {"x": 1}}]}, "not a batch: an event needs a 'type'"),
        ({}, {"items": [{"event": {"type": "ended"}}]}, "an event of the type 'ended' has no id"),
        ({}, {"items": [{}]}, "an item is either {'event'} or {'tokens', 'cuts'}"),
    ],
)
def test_a_refusal_says_what_is_wrong(
    signal: dict[str, object], batch: dict[str, object], sentence: str
) -> None:
    """A signal of the wrong form is refused with one clear sentence."""
    items = [{"event": {"type": "a"}}]
    part = {"producer": 1, "attempt": 1, "first": 1, "items": items, **batch}
    wire = {"v": 1, "run_id": "r", "batches": [part], **signal}
    with pytest.raises(InvalidBatch) as caught:
        decode_signal(json.dumps(wire).encode())
    assert sentence in str(caught.value)


def test_a_producer_is_in_a_signal_once() -> None:
    """Two batches of one producer are refused, because the fold could not tell their order."""
    part = {"producer": 1, "attempt": 1, "first": 1, "items": [{"event": {"type": "a"}}]}
    wire = {"v": 1, "run_id": "r", "batches": [part, {**part, "first": 2}]}
    with pytest.raises(InvalidBatch, match="at most one batch of each producer"):
        decode_signal(json.dumps(wire).encode())
