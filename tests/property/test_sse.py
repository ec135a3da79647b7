"""Frames: what was written is read, however the bytes are cut, and nothing forges a frame."""

import time
from contextlib import nullcontext

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.stream.events import NumberedEvent, encode_event, encode_json
from kai_flow.stream.place import NOTHING, Cursor, Place
from kai_flow.stream.sse import (
    HEARTBEAT,
    MAX_FRAME_CHARS,
    RETRY,
    Decoder,
    FrameTooLong,
    Message,
    cursor_of,
    encode_cursor,
    encode_done,
    encode_unnumbered,
    unnamed,
    with_cursor,
)
from kai_flow.stream.sse import encode_event as encode_frame
from tests.property.strategies import any_ids, events, json_values, texts

INCARNATION = "4f3a9c1e"
positions = st.tuples(st.integers(1, 3), st.integers(1, 99)) | st.just(NOTHING)
places = st.dictionaries(st.integers(1, 9), positions, min_size=1).map(Place)
cursors = places.map(lambda place: Cursor(place, INCARNATION))
numbered = st.builds(lambda id_, event: NumberedEvent(id_, *encode_event(event)), any_ids, events)


def decoded(stream: bytes, cuts: list[int]) -> list[Message]:
    """What a decoder reads of the stream, cut at these characters."""
    decoder, text, start = Decoder(), stream.decode(), 0
    messages: list[Message] = []
    for cut in [*sorted(cuts), len(text)]:
        messages += decoder.feed(text[start:cut])
        start = max(start, cut)
    return messages


@given(
    st.lists(st.tuples(numbered, cursors), max_size=4),
    json_values,
    st.lists(st.integers(0, 400), max_size=8),
)
def test_a_stream_is_read_as_it_was_written(
    said: list[tuple[NumberedEvent, Cursor]], result: object, cuts: list[int]
) -> None:
    """Every event, its cursor and `done`, wherever the bytes are cut; comments are no messages."""
    done = encode_json({"type": "done", "result": result})
    frames = [encode_frame(event, cursor) + HEARTBEAT for event, cursor in said]
    stream = RETRY + b"".join(frames) + encode_done(done, INCARNATION)
    read = decoded(stream, cuts)
    written = [str(cursor) for _, cursor in said]
    assert [message.id for message in read] == [*written, f"end@{INCARNATION}"]
    data = [event.data for event, _ in said]
    assert [message.data.encode() for message in read] == [*data, done]


@given(numbered, cursors, cursors)
def test_a_frame_is_made_once_for_readers_at_any_place(
    event: NumberedEvent, shared: Cursor, own: Cursor
) -> None:
    """Another cursor is put into the frame, which tells its own."""
    frame = encode_frame(event, shared)
    assert cursor_of(frame) == shared
    assert with_cursor(frame, own) == encode_frame(event, own)


@given(numbered, cursors)
def test_an_unnamed_frame_has_the_same_id_and_data(event: NumberedEvent, cursor: Cursor) -> None:
    """Without its `event:` line a frame says the same to `onmessage`."""
    frame = encode_frame(event, cursor)
    assert b"\nevent: " in frame
    assert b"event: " not in unnamed(frame).replace(event.data, b"")
    assert decoded(unnamed(frame), []) == decoded(frame, [])


@given(cursors, texts)
def test_a_frame_without_id_leaves_the_last_one(cursor: Cursor, text: str) -> None:
    """A cursor is an id without data; a control event is data without an id."""
    data = msgspec.json.encode({"type": "gap", "x": text})
    read = decoded(encode_cursor(cursor) + encode_unnumbered("gap", data), [])
    assert read == [Message(str(cursor), ""), Message(None, data.decode())]


@given(texts.filter(lambda text: "\r" not in text and "\n" not in text and "\0" not in text))
def test_other_line_ends_and_fields_are_read_as_the_standard_says(text: str) -> None:
    """CR, LF and CRLF end a line, U+2028 does not; other fields and an id with NUL are ignored."""
    for end in ("\n", "\r", "\r\n"):
        stream = end.join([f"data:{text}", "data: b", "other: c", "id: a\0b", "id: 1", "", ""])
        first = text.removeprefix(" ")
        assert decoded(stream.encode() + b":\n", []) == [Message("1", f"{first}\nb")]


@given(
    st.lists(st.sampled_from(["\r", "\n", "data:", "id:", ":", "a", "é"]), max_size=40).map(
        "".join
    ),
    st.lists(st.integers(0, 100), max_size=20),
)
def test_it_does_not_matter_where_a_stream_is_cut(text: str, cuts: list[int]) -> None:
    """The same messages come out of it, also if a CR is parted from its LF."""
    stream = f"{text}a".encode()
    assert decoded(stream, cuts) == decoded(stream, [])


LARGEST = "x" * (MAX_FRAME_CHARS - 100)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        (f"data:{LARGEST}\n\n" * 2, True),
        ("data:x\n\n" * 100_000, True),
        (": a heartbeat\n" * (MAX_FRAME_CHARS // 10), True),
        ("x" * (MAX_FRAME_CHARS + 1), False),
        (f"data:{LARGEST}\ndata:{'y' * 20}\n", False),
        ("data\n" * (MAX_FRAME_CHARS // 64 + 1), False),
    ],
    ids=["large", "many", "heartbeats", "no end", "two lines", "empty lines"],
)
def test_no_frame_fills_the_memory(text: str, fits: bool) -> None:
    """What is longer than any frame of a bridge is refused, and heartbeats may come for years."""
    decoder = Decoder()
    parts = [text[start : start + 65_536] for start in range(0, len(text), 65_536)]
    with nullcontext() if fits else pytest.raises(FrameTooLong):
        assert sum(1 for part in parts for _ in decoder.feed(part)) == text.count("\n\n")


def test_a_long_line_is_read_in_linear_time() -> None:
    """A line of 8 MiB in small parts takes well below a second; it used to take minutes."""
    decoder, part, began = Decoder(), "x" * 500, time.process_time()
    for _ in range(MAX_FRAME_CHARS // 500):
        assert not list(decoder.feed(part))
    assert time.process_time() - began < 5
