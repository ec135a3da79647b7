"""Batches: what goes into a signal comes out of it, event by event, id by id."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kai_flow.stream.batches import (
    MAX_BATCH_BYTES,
    MAX_BATCH_EVENTS,
    MAX_DOCUMENT_BYTES,
    MAX_RECORD_BYTES,
    MAX_SIGNAL_BATCHES,
    Batch,
    Published,
    Room,
    decode_record,
    decode_signal,
    encode_record,
    encode_signal,
    records_of,
    take,
)
from kai_flow.stream.errors import InvalidBatch, InvalidEvent
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


def encoded(batch: Batch) -> bytes:
    """A signal with one batch."""
    return encode_signal(RUN, [batch])


def decoded(document: bytes) -> Batch:
    """The only batch of a signal."""
    run_id, (batch,) = decode_signal(document)
    assert run_id == RUN
    return batch


def wire_of(*batches: object) -> dict[str, Any]:
    """A signal as somebody else may write it."""
    return {"v": 1, "run_id": RUN, "batches": list(batches)}


def part_of(items: list[Any], producer: int = 1) -> dict[str, Any]:
    """A batch in such a signal."""
    return {"producer": producer, "attempt": 1, "first": 1, "items": items}


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
    batch = Batch(numbered(first, said))
    again = decoded(encoded(batch))
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
    assert decoded(encoded(Batch(events))).events == events


def test_values_that_grow_when_rewritten_are_left_alone() -> None:
    """Two tokens near the size limit, full of numbers like 1e15, come back as they were."""
    data = b'{"type":"token","content":"a","x":[1' + b",1e15" * 50_000 + b"]}"
    kind, data = read_event(data)
    assert MAX_EVENT_BYTES - 20_000 < len(data) <= MAX_EVENT_BYTES
    events = tuple(NumberedEvent(EventId(1, 1, n), kind, data) for n in (1, 2))
    assert take(events) == events
    batch = decoded(encoded(Batch(events)))
    assert [event.data == data for event in batch.events] == [True, True]


@given(firsts, st.lists(texts, min_size=2, max_size=30), lookalikes)
def test_a_token_run_is_written_once(
    first: EventId, contents: list[str], extra: dict[str, Any]
) -> None:
    """Tokens that differ only in content become one readable item, smaller than one by one."""
    said = numbered(first, [token(content, **extra) for content in contents])
    document = encoded(Batch(said))
    (item,) = json.loads(document)["batches"][0]["items"]
    assert item["tokens"]["content"] == "".join(contents)
    assert item["cuts"] == [len(content) for content in contents]
    apart = sum(len(encoded(Batch((event,)))) for event in said)
    assert len(document) < apart
    assert len(document) <= sum(len(event.data) + 4 for event in said) + 175


@given(firsts, st.lists(events, min_size=1, max_size=6), st.data())
def test_a_damaged_document_is_refused(
    first: EventId, said: list[dict[str, Any]], data: st.DataObject
) -> None:
    """Whatever is put in the place of a part of a signal: batches come out, or InvalidBatch."""
    wire = json.loads(encoded(Batch(numbered(first, said))))
    (part,) = wire["batches"]
    where = data.draw(st.sampled_from([*wire, *part, "item", "cut"]))
    junk = data.draw(st.one_of(json_values, st.integers(-3, 3), st.just(MAX_NUMBER)))
    if where == "item":
        part["items"][0] = junk
    elif where == "cut":
        part["items"][0] = {"tokens": {"type": "token", "content": "abc"}, "cuts": junk}
    else:
        holder = wire if where in wire else part
        if data.draw(st.booleans()):
            holder[where] = junk
        else:
            del holder[where]
    try:
        run_id, batches = decode_signal(json.dumps(wire).encode())
    except InvalidBatch:
        return
    assert isinstance(run_id, str)
    for batch in batches:
        assert min(batch.first) >= 1
        assert max(batch.last) <= MAX_NUMBER
        assert all(e.id == batch.first.offset(n) for n, e in enumerate(batch.events))


@given(st.one_of(st.binary(max_size=60), json_values.map(lambda value: json.dumps(value).encode())))
@example(b"[" * 5000)
@example(b'{"v":1,"items":' + b"[" * 5000)
@example(json.dumps(wire_of(part_of([{"event": {"type": "a"}}])) | {"v": 2}).encode())
@example(json.dumps(wire_of(part_of([{"event": {"type": "X"}}]))).encode().replace(b"X", b"\xff"))
@example(json.dumps(wire_of()).encode())
@example(json.dumps(wire_of(part_of([]))).encode())
@example(json.dumps(wire_of(part_of([{"event": {"type": "a"}}], producer=0))).encode())
@example(json.dumps(wire_of(*2 * [part_of([{"event": {"type": "a"}}])])).encode())
@example(json.dumps(wire_of(*2 * [part_of([{"event": {"type": "ended"}}])])).encode())
def test_what_is_no_batch_is_refused(document: bytes) -> None:
    """Bytes that are no signal and no record are InvalidBatch and nothing else."""
    with pytest.raises(InvalidBatch):
        decode_signal(document)
    with pytest.raises(InvalidBatch):
        decode_record(document)


@given(st.lists(st.integers(-3, 6), max_size=6), texts)
def test_cuts_must_fit_their_content(cuts: list[int], content: str) -> None:
    """Merged tokens are taken apart only when the lengths are right; else InvalidBatch."""
    item = {"tokens": {"type": "token", "content": content}, "cuts": cuts}
    wire = wire_of(part_of([item]))
    right = bool(cuts) and min(cuts) >= 0 and sum(cuts) == len(content)
    try:
        batch = decoded(json.dumps(wire).encode())
    except InvalidBatch:
        assert not right
        return
    assert right
    assert [len(event.decode()["content"]) for event in batch.events] == cuts


def test_a_small_document_cannot_become_a_huge_batch() -> None:
    """A merged run that would unfold beyond what any batch holds is refused on the way."""
    item = {"tokens": {"type": "token", "content": "", "x": "y" * 200_000}, "cuts": [0] * 100_000}
    wire = wire_of(part_of([item]))
    with pytest.raises(InvalidBatch):
        decoded(json.dumps(wire).encode())


@pytest.mark.parametrize("count", [MAX_BATCH_EVENTS, MAX_BATCH_EVENTS + 1])
@pytest.mark.parametrize("merged", [False, True])
def test_a_batch_has_so_many_events_and_no_more(count: int, *, merged: bool) -> None:
    """A signal of a thousand events is read, one more is refused, however they are divided."""
    one = {"event": {"type": "a"}}
    tokens = {"tokens": {"type": "token", "content": ""}, "cuts": [0] * (count - 1)}
    items = [tokens, one] if merged else [one] * count
    wire = wire_of(part_of(items[:1]), part_of(items[1:], producer=2))
    document = json.dumps(wire).encode()
    if count > MAX_BATCH_EVENTS:
        with pytest.raises(InvalidBatch, match="1,000"):
            decode_signal(document)
    else:
        assert sum(len(batch.events) for batch in decode_signal(document).batches) == count


def test_a_document_may_be_so_large_and_no_larger() -> None:
    """A document is taken up to the limit and refused beyond it, whatever it holds."""
    document = encoded(Batch(run_of(EventId(1, 1, 1), 1)))
    padded = document + b" " * (MAX_DOCUMENT_BYTES - len(document))
    assert decoded(padded) == decoded(document)
    with pytest.raises(InvalidBatch, match="1,048,576 bytes"):
        decoded(padded + b" ")


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
        assert len(encoded(Batch(taken))) < MAX_DOCUMENT_BYTES // 2 * 1.1
    assert list(taken) == waiting[: len(taken)]
    fits = [
        n
        for n in range(1, len(waiting) + 1)
        if n <= MAX_BATCH_EVENTS and sum(len(e.data) for e in waiting[:n]) <= MAX_BATCH_BYTES
    ]
    assert len(taken) == max(fits, default=min(1, len(waiting)))


def batches_of_producers(*contents: list[dict[str, Any]]) -> tuple[Batch, ...]:
    """One batch of each of several producers."""
    return tuple(
        Batch(numbered(EventId(producer, 1, 1), said)) for producer, said in enumerate(contents, 1)
    )


@given(st.lists(st.lists(events, min_size=1, max_size=4), min_size=1, max_size=4))
def test_one_signal_carries_the_batches_of_several_producers(
    said: list[list[dict[str, Any]]],
) -> None:
    """They come out in the order in which they went in."""
    batches = batches_of_producers(*said)
    assert decode_signal(encode_signal(RUN, batches)) == Published(RUN, batches)


@pytest.mark.parametrize("count", [MAX_SIGNAL_BATCHES, MAX_SIGNAL_BATCHES + 1])
def test_a_signal_has_so_many_batches_and_no_more(count: int) -> None:
    """A signal with the most batches is read, and one with a batch more is refused."""
    document = encode_signal(RUN, batches_of_producers(*count * [[{"type": "a"}]]))
    if count > MAX_SIGNAL_BATCHES:
        with pytest.raises(InvalidBatch):
            decode_signal(document)
    else:
        assert len(decode_signal(document).batches) == count


def test_the_batches_of_a_signal_share_its_limits() -> None:
    """What one batch unfolds to leaves so much less for the others, on both sides."""
    half = {"tokens": {"type": "token", "content": "", "x": "y" * 200_000}, "cuts": [0] * 5}
    with pytest.raises(InvalidBatch, match="2,097,152 bytes of events"):
        decode_signal(
            json.dumps(wire_of(part_of([half], 1), part_of([half], 2), part_of([half], 3))).encode()
        )
    assert (
        len(
            decode_signal(
                json.dumps(wire_of(part_of([half], 1), part_of([half], 2))).encode()
            ).batches
        )
        == 2
    )


@given(
    st.lists(
        st.lists(st.sampled_from([0, 1, 100_000, 250_000]), max_size=6), min_size=1, max_size=4
    )
)
def test_the_producers_of_a_signal_share_its_room(paddings: list[list[int]]) -> None:
    """One after another they take as much as one of them alone could, and never more."""
    waiting = [
        [plain(EventId(producer, 1, seq), size) for seq, size in enumerate(sizes, 1)]
        for producer, sizes in enumerate(paddings, 1)
    ]
    room = Room()
    taken = [event for events in waiting for event in take(events, room)]
    size = sum(len(event.data) for event in taken)
    assert size <= MAX_BATCH_BYTES or len(taken) == 1
    assert (taken == []) == (sum(map(len, waiting)) == 0)


@given(st.integers(0, 9), st.lists(events, min_size=1, max_size=12))
def test_a_record_survives_the_wire(last: int, said: list[dict[str, Any]]) -> None:
    """The workflow's events come out of their record as they went in, numbered on."""
    (record,) = records_of(said, last)
    again = decode_record(encode_record(record.events))
    assert [e.id for e in again.events] == [EventId(0, 1, last + n + 1) for n in range(len(said))]
    assert [canonical(e.decode()) for e in again.events] == [canonical(event) for event in said]


@given(
    st.lists(st.integers(0, 40_000), max_size=9) | st.integers(990, 2_010).map(lambda n: [0] * n)
)
def test_records_are_few_and_fit(paddings: list[int]) -> None:
    """No record exceeds its limits; two neighbours would; what fits in none is `omitted`."""
    said = [{"type": "plan", "pad": "x" * padding} for padding in paddings]
    records = records_of(said, 0)
    events = [event for record in records for event in record.events]
    assert [event.id.seq for event in events] == list(range(1, len(said) + 1))
    for event, padding in zip(events, paddings, strict=True):
        fits = len('{"type":"plan","pad":""}') + padding <= MAX_RECORD_BYTES - 64
        assert event.type == ("plan" if fits else "omitted")
    for record in records:
        assert len(encode_record(record.events)) <= MAX_RECORD_BYTES
        assert len(record.events) <= MAX_BATCH_EVENTS
    for one, other in pairwise(records):
        more = (*one.events, other.events[0])
        assert len(more) > MAX_BATCH_EVENTS or len(encode_record(more)) > MAX_RECORD_BYTES - 64


def test_nothing_is_published_if_one_event_is_wrong() -> None:
    """A call with something that cannot be an event raises before anything is numbered."""
    with pytest.raises(InvalidEvent, match="'type'"):
        records_of([{"type": "a"}, {"no": "type"}], 0)
