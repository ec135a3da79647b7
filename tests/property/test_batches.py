"""Batches: what goes into a signal comes out of it, event by event, id by id."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kai_flow.stream.batches import (
    MAX_BATCH_BYTES,
    MAX_BATCH_EVENTS,
    MAX_DOCUMENT_BYTES,
    Batch,
    decode_batch,
    encode_batch,
    take,
)
from kai_flow.stream.errors import InvalidBatch
from kai_flow.stream.events import MAX_EVENT_BYTES, NumberedEvent, read_event
from kai_flow.stream.ids import MAX_NUMBER, EventId
from tests.property.strategies import (
    RUN,
    canonical,
    events,
    json_values,
    lookalikes,
    near_ids,
    numbered,
    plain,
    run_of,
    texts,
)

firsts = near_ids.map(lambda near: near.offset(1))


def token(content: str, **extra: object) -> dict[str, Any]:
    """A token event."""
    return {"type": "token", "content": content, **extra}


@given(firsts, st.lists(events, min_size=1, max_size=12))
@example(EventId(1, 1, 1), [token("a", n=1), token("b", n=True), token("c", n=1.0)])
@example(EventId(1, 1, 1), [token("halo "), token("dunia"), token(""), token("😀é")])
@example(EventId(1, 1, 1), [token("a", n=0.0), token("b", n=-0.0)])
@example(EventId(1, 1, 1), [token("a", n={"x": 1}), token("b", n={"x": True})])
def test_a_batch_survives_the_wire(first: EventId, said: list[dict[str, Any]]) -> None:
    """Every event comes back equal as JSON, under its own id, whatever was merged."""
    batch = Batch(RUN, numbered(first, said))
    again = decode_batch(encode_batch(batch))
    assert again.run_id == RUN
    assert [e.id for e in again.events] == [first.offset(n) for n in range(len(said))]
    assert [e.type for e in again.events] == [event["type"] for event in said]
    assert [canonical(e.decode()) for e in again.events] == [canonical(event) for event in said]


# One value has many ways to be written, and a foreign sender may choose any.
raw_values = st.sampled_from(
    [
        *("1e15", "1E5", "1E+05", "-0.0", "-0", "0e0", "1.0", "1.50", "1e-7", "1e300", "9" * 40),
        *(r'"\u0041"', '"A"', r'"\u00e9"', '"é"', r'"\/"', r'"\ud83d\ude00"', r'"\n"', '""'),
        *("true", "[1e15, 1]", '{"a":1e15,"a":2}'),
    ]
)
raw_keys = st.sampled_from(['"content"', r'"\u0063ontent"', '"x"', '"y"'])


@st.composite
def raw_tokens(draw: st.DrawFn) -> str:
    """The text of a token as somebody else may write it: spaced, escaped, with a key twice."""
    members = [('"type"', '"token"'), *draw(st.lists(st.tuples(raw_keys, raw_values), max_size=4))]
    space = draw(st.sampled_from(["", "", " "]))
    return "{" + f",{space}".join(f"{key}:{space}{value}" for key, value in members) + "}"


@given(firsts, st.lists(raw_tokens(), min_size=1, max_size=6))
@example(EventId(1, 1, 1), 2 * ['{"type":"token","content":"a","x":-0.0}'])
@example(EventId(1, 1, 1), 2 * [r'{"type":"token","content":"\u0041"}'])
@example(EventId(1, 1, 1), 2 * ['{"type":"token","content":"a","content":"b"}'])
def test_what_comes_out_of_a_batch_are_the_bytes_that_went_in(
    first: EventId, raw: list[str]
) -> None:
    """However an event was written, it is not rewritten, so no limit of a reader can refuse it."""
    said = [read_event(one.encode()) for one in raw]
    events = tuple(NumberedEvent(first.offset(n), *one) for n, one in enumerate(said))
    assert decode_batch(encode_batch(Batch(RUN, events))).events == events


def test_values_that_grow_when_rewritten_are_left_alone() -> None:
    """Two tokens near the size limit, full of numbers like 1e15, come back as they were."""
    data = b'{"type":"token","content":"a","x":[1' + b",1e15" * 50_000 + b"]}"
    kind, data = read_event(data)
    assert MAX_EVENT_BYTES - 20_000 < len(data) <= MAX_EVENT_BYTES
    events = tuple(NumberedEvent(EventId(1, 1, n), kind, data) for n in (1, 2))
    assert take(events) == events
    batch = decode_batch(encode_batch(Batch(RUN, events)))
    assert [event.data == data for event in batch.events] == [True, True]


@given(firsts, st.lists(texts, min_size=2, max_size=30), lookalikes)
def test_a_token_run_is_written_once(
    first: EventId, contents: list[str], extra: dict[str, Any]
) -> None:
    """Tokens that differ only in content become one readable item, smaller than one by one."""
    said = numbered(first, [token(content, **extra) for content in contents])
    document = encode_batch(Batch(RUN, said))
    (item,) = json.loads(document)["items"]
    assert item["tokens"]["content"] == "".join(contents)
    assert item["cuts"] == [len(content) for content in contents]
    apart = sum(len(encode_batch(Batch(RUN, (event,)))) for event in said)
    assert len(document) < apart
    assert len(document) <= sum(len(event.data) + 4 for event in said) + 160


@given(firsts, st.lists(events, min_size=1, max_size=6), st.data())
def test_a_damaged_document_is_refused(
    first: EventId, said: list[dict[str, Any]], data: st.DataObject
) -> None:
    """Whatever is put in the place of a part of a batch: a batch comes out, or InvalidBatch."""
    wire = json.loads(encode_batch(Batch(RUN, numbered(first, said))))
    where = data.draw(st.sampled_from([*wire, "item", "cut"]))
    junk = data.draw(st.one_of(json_values, st.integers(-3, 3), st.just(MAX_NUMBER)))
    if where == "item":
        wire["items"][0] = junk
    elif where == "cut":
        wire["items"][0] = {"tokens": {"type": "token", "content": "abc"}, "cuts": junk}
    elif data.draw(st.booleans()):
        wire[where] = junk
    else:
        del wire[where]
    try:
        batch = decode_batch(json.dumps(wire).encode())
    except InvalidBatch:
        return
    assert min(batch.first) >= 1
    assert max(batch.last) <= MAX_NUMBER
    assert all(e.id == batch.first.offset(n) for n, e in enumerate(batch.events))


@given(st.one_of(st.binary(max_size=60), json_values.map(lambda value: json.dumps(value).encode())))
@example(b"[" * 5000)
@example(b'{"v":1,"items":' + b"[" * 5000)
@example(
    b'{"v":2,"run_id":"r","producer":1,"attempt":1,"first":1,"items":[{"event":{"type":"a"}}]}'
)
@example(
    b'{"v":1,"run_id":"r","producer":1,"attempt":1,"first":1,"items":[{"event":{"type":"\xff"}}]}'
)
def test_what_is_no_batch_is_refused(document: bytes) -> None:
    """Bytes that are no batch are InvalidBatch and nothing else."""
    with pytest.raises(InvalidBatch):
        decode_batch(document)


@given(st.lists(st.integers(-3, 6), max_size=6), texts)
def test_cuts_must_fit_their_content(cuts: list[int], content: str) -> None:
    """Merged tokens are taken apart only when the lengths are right; else InvalidBatch."""
    item = {"tokens": {"type": "token", "content": content}, "cuts": cuts}
    wire = {"v": 1, "run_id": RUN, "producer": 1, "attempt": 1, "first": 1, "items": [item]}
    right = bool(cuts) and min(cuts) >= 0 and sum(cuts) == len(content)
    try:
        batch = decode_batch(json.dumps(wire).encode())
    except InvalidBatch:
        assert not right
        return
    assert right
    assert [len(event.decode()["content"]) for event in batch.events] == cuts


def test_a_small_document_cannot_become_a_huge_batch() -> None:
    """A merged run that would unfold beyond what any batch holds is refused on the way."""
    item = {"tokens": {"type": "token", "content": "", "x": "y" * 200_000}, "cuts": [0] * 100_000}
    wire = {"v": 1, "run_id": RUN, "producer": 1, "attempt": 1, "first": 1, "items": [item]}
    with pytest.raises(InvalidBatch):
        decode_batch(json.dumps(wire).encode())


@pytest.mark.parametrize("count", [MAX_BATCH_EVENTS, MAX_BATCH_EVENTS + 1])
@pytest.mark.parametrize("merged", [False, True])
def test_a_batch_has_so_many_events_and_no_more(count: int, *, merged: bool) -> None:
    """A thousand events are taken, one more is refused, merged into few items or not."""
    one = {"event": {"type": "a"}}
    tokens = {"tokens": {"type": "token", "content": ""}, "cuts": [0] * (count - 1)}
    items = [tokens, one] if merged else [one] * count
    wire = {"v": 1, "run_id": RUN, "producer": 1, "attempt": 1, "first": 1, "items": items}
    document = json.dumps(wire).encode()
    if count > MAX_BATCH_EVENTS:
        with pytest.raises(InvalidBatch):
            decode_batch(document)
    else:
        assert len(decode_batch(document).events) == count


def test_a_document_may_be_so_large_and_no_larger() -> None:
    """A document is taken up to the limit and refused beyond it, whatever it holds."""
    document = encode_batch(Batch(RUN, run_of(EventId(1, 1, 1), 1)))
    padded = document + b" " * (MAX_DOCUMENT_BYTES - len(document))
    assert decode_batch(padded) == decode_batch(document)
    with pytest.raises(InvalidBatch, match="1,048,576 bytes"):
        decode_batch(padded + b" ")


@given(
    st.lists(st.integers(0, 200_000), max_size=12)
    | st.integers(MAX_BATCH_EVENTS - 1, MAX_BATCH_EVENTS + 2).map(lambda count: [0] * count)
)
def test_a_batch_takes_what_fits(paddings: list[int]) -> None:
    """As many events from the front as the limits allow, not one more, but always one."""
    waiting: list[NumberedEvent] = []
    for padding in paddings:
        waiting.append(plain(EventId(1, 1, len(waiting) + 1), padding))
    taken = take(iter(waiting))
    if taken:
        assert len(encode_batch(Batch(RUN, taken))) < MAX_DOCUMENT_BYTES // 2 * 1.1
    assert list(taken) == waiting[: len(taken)]
    fits = [
        n
        for n in range(1, len(waiting) + 1)
        if n <= MAX_BATCH_EVENTS and sum(len(e.data) for e in waiting[:n]) <= MAX_BATCH_BYTES
    ]
    assert len(taken) == max(fits, default=min(1, len(waiting)))
