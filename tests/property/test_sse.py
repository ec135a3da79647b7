"""Frames: what was written is read, however the bytes are cut, and nothing forges a frame."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.stream.events import NumberedEvent, encode_event, encode_json
from kai_flow.stream.ids import Cursor, EventId
from kai_flow.stream.sse import (
    HEARTBEAT,
    RETRY,
    Decoder,
    Message,
    encode_cursor,
    encode_done,
    encode_unnumbered,
    unnamed,
)
from kai_flow.stream.sse import encode_event as encode_frame
from tests.property.strategies import any_ids, events, json_values, texts

INCARNATION = "4f3a9c1e"
numbered = st.builds(lambda id_, event: NumberedEvent(id_, *encode_event(event)), any_ids, events)


def decoded(stream: bytes, cuts: list[int]) -> list[Message]:
    """What a decoder reads of the stream, cut at these characters."""
    decoder, text, start = Decoder(), stream.decode(), 0
    messages: list[Message] = []
    for cut in [*sorted(cuts), len(text)]:
        messages += decoder.feed(text[start:cut])
        start = max(start, cut)
    return messages


@given(st.lists(numbered, max_size=4), json_values, st.lists(st.integers(0, 400), max_size=8))
def test_a_stream_is_read_as_it_was_written(
    said: list[NumberedEvent], result: object, cuts: list[int]
) -> None:
    """Every event, its cursor and `done`, wherever the bytes are cut; comments are no messages."""
    done = encode_json({"type": "done", "result": result})
    frames = [encode_frame(event, INCARNATION) + HEARTBEAT for event in said]
    stream = RETRY + b"".join(frames) + encode_done(done, INCARNATION)
    read = decoded(stream, cuts)
    cursors = [str(Cursor(event.id, INCARNATION)) for event in said]
    assert [message.id for message in read] == [*cursors, f"end@{INCARNATION}"]
    data = [event.data for event in said]
    assert [message.data.encode() for message in read] == [*data, done]


@given(numbered)
def test_an_unnamed_frame_has_the_same_id_and_data(event: NumberedEvent) -> None:
    """Without its `event:` line a frame says the same to `onmessage`."""
    frame = encode_frame(event, INCARNATION)
    assert b"\nevent: " in frame
    assert b"event: " not in unnamed(frame).replace(event.data, b"")
    assert decoded(unnamed(frame), []) == decoded(frame, [])


@given(any_ids, texts)
def test_a_frame_without_id_leaves_the_last_one(place: EventId, text: str) -> None:
    """A cursor is an id without data; a control event is data without an id."""
    cursor = Cursor(place, INCARNATION)
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
