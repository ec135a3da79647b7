"""The callback's wire: what is refused at its border, and how answers are read."""

import json
from typing import Any

import pytest

from kai_flow.stream.batches import MAX_BATCH_EVENTS, decode_signal
from kai_flow.stream.callback import (
    MAX_BRIDGE_CHARS,
    MAX_DETAIL_CHARS,
    HandMade,
    ProducerPost,
    decode_post,
    encode_answer,
    is_bridge,
    read_answer,
    read_detail,
    read_retry_after,
)
from kai_flow.stream.errors import InvalidBatch, InvalidEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.wire_names import NEVER_NUMBERED, RESERVED

HEAD: dict[str, Any] = {"session_id": "s", "workflow_id": "s", "run_id": "r", "base": "1.1.1"}
TOKEN: dict[str, Any] = {"id": "1.1.1", "event": {"type": "token", "content": "a"}}


@pytest.mark.parametrize("kind", sorted(NEVER_NUMBERED))
def test_a_post_forges_no_word_of_the_bridge(kind: str) -> None:
    """§2.5, §6.6: in both forms and wherever it stands, with an id and by hand."""
    forged: dict[str, Any] = {"id": "1.1.2", "event": {"type": kind, "result": {}}}
    bodies: list[dict[str, Any]] = [{**HEAD, "events": [TOKEN, forged, {**TOKEN, "id": "1.1.3"}]}]
    if kind != "done":  # with nothing after it, that is a final POST
        bodies += [{**HEAD, "events": [TOKEN, forged]}, {**HEAD, **forged}]
    for body in bodies:
        with pytest.raises(InvalidEvent, match=f"'{kind}' has no id"):
            decode_post(json.dumps(body).encode())
    by_hand = json.dumps({"session_id": "s", "event": forged["event"]}).encode()
    says = (
        "only the session's workflow ends its stream"
        if kind == "done"
        else "only the bridge says so"
    )
    with pytest.raises(InvalidEvent, match=says):
        decode_post(by_hand)


@pytest.mark.parametrize("kind", sorted({"note"} | (RESERVED - NEVER_NUMBERED)))
def test_by_hand_a_producer_may_be_played(kind: str) -> None:
    """§6.6: any other type may be tried, also those that a producer itself writes."""
    by_hand = json.dumps({"session_id": "s", "event": {"type": kind}}).encode()
    assert isinstance(decode_post(by_hand), HandMade)


def test_a_done_may_be_the_last_of_a_post() -> None:
    """§6.5: a `done` with nothing after it makes the POST a final one, in either form."""
    done = {"id": "1.1.2", "event": {"type": "done", "result": {}}}
    for body in ({**HEAD, "events": [TOKEN, done]}, {**HEAD, **done}):
        post = decode_post(json.dumps(body).encode())
        assert isinstance(post, ProducerPost)
        assert post.done
        assert len(post.events) == len(body.get("events", [done])) - 1


@pytest.mark.parametrize("kind", sorted(NEVER_NUMBERED))
def test_a_signal_forges_no_word_of_the_bridge(kind: str) -> None:
    """§2.5, §4.3: a signal with such an event is refused whole, so that no reader ends at it."""
    head = {"producer": 1, "attempt": 1, "first": 1}
    token = {"event": TOKEN["event"]}
    merged = {"tokens": {"type": kind, "content": "ab"}, "cuts": [1, 1]}
    for item in ({"event": {"type": kind}}, merged):
        signal = {"v": 1, "run_id": "r", "batches": [{**head, "items": [token, item]}]}
        with pytest.raises(InvalidBatch, match=f"'{kind}' has no id"):
            decode_signal(json.dumps(signal).encode())


def test_a_post_carries_as_many_events_as_a_batch() -> None:
    """§6.3: a body with more events than a batch may hold is refused, however small they are."""
    items = [{"id": f"1.1.{n}", "event": {"type": "t"}} for n in range(1, MAX_BATCH_EVENTS + 2)]
    post = decode_post(json.dumps({**HEAD, "events": items[:-1]}).encode())
    assert isinstance(post, ProducerPost)
    assert len(post.events) == MAX_BATCH_EVENTS
    with pytest.raises(InvalidBatch, match="1,001 events; a POST carries at most 1,000"):
        decode_post(json.dumps({**HEAD, "events": items}).encode())


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 0), ("", 0), ("0", 0), ("7", 7), ("3600", 3600), ("9" * 400, float("inf")),
        ("\u00b2", 0), ("\u0661", 0), ("-1", 0), ("1.5", 0), ("1e3", 0), (" 7", 0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 0),
    ],
)  # fmt: skip
def test_a_retry_after_is_whole_seconds_or_nothing(header: str | None, seconds: float) -> None:
    """§6.11: any number of seconds is read, and whatever else stands there is no pause."""
    assert read_retry_after(header) == seconds


@pytest.mark.parametrize("length", [0, 1, MAX_BRIDGE_CHARS, MAX_BRIDGE_CHARS + 1, 60_000])
def test_a_boot_id_has_its_length(length: int) -> None:
    """Without a name, or with an endless one, neither a 200 nor a 410 is a bridge's."""
    name = "b" * length
    answer = f'{{"received":"1.1.1","durable":"1.1.0","bridge":"{name}"}}'.encode()
    fits = 1 <= length <= MAX_BRIDGE_CHARS
    assert (read_answer(answer) is not None) == fits
    assert is_bridge(answer) == fits


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (b'{"detail":"send it\\nagain\\u001b[31m"}', "send it again [31m"),
        (b'{"detail":7}', ""),
        (b"<html>", ""),
        (b"", ""),
        (b"[" * 5_000, ""),
        (b'{"detail":"%s"}' % (b"x" * 5_000), "x" * MAX_DETAIL_CHARS + "…"),
    ],
)
def test_the_reason_of_a_refusal_is_one_short_line(answer: bytes, line: str) -> None:
    """Whatever a receiver answers, it cannot forge or flood the log."""
    assert read_detail(answer) == line


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("", 0.0), (',"pace":1840', 1.84), (',"pace":0.5', 0.0005), (',"pace":-7', -0.007)],
)
def test_an_answer_may_tell_a_pace(said: str, seconds: float) -> None:
    """§6.7: a bridge that does not tell its pace, as older ones, is understood as before."""
    answer = read_answer(b'{"received":"1.1.2","durable":"1.1.1","bridge":"b"%b}' % said.encode())
    assert answer is not None
    assert answer.pace == seconds


def test_a_pace_is_told_only_while_there_is_one() -> None:
    """Without one the answer is the same, byte for byte, as that of older bridges."""
    one, two = EventId(1, 1, 1), EventId(1, 1, 2)
    assert b"pace" not in encode_answer(two, one, "b")
    assert b"pace" not in encode_answer(two, one, "b", 0.0004)
    assert encode_answer(two, one, "b", 0.0109).endswith(b'"accepts":"batch","pace":11}')
