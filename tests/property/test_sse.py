"""Frames: what was written is read, however the bytes are cut, and nothing forges a frame."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.stream.events import NumberedEvent, encode_event, encode_json
from kai_flow.stream.place import NOTHING, Cursor, Place
from kai_flow.stream.sse import (
    HEARTBEAT,
    RETRY,
    Decoder,
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
