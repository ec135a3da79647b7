"""Events: the sentences of refusals and the documented replacement."""

import pytest

from kai_flow.stream.errors import InvalidEvent
from kai_flow.stream.events import NumberedEvent, encode_event, read_event
from kai_flow.stream.ids import EventId


def test_an_event_too_large_is_omitted_as_documented() -> None:
    """It is replaced by `{"type":"omitted","of":…,"bytes":…}`."""
    kind, data = encode_event({"type": "sql_result", "data": "x" * 300_000})
    assert kind == "omitted"
    assert data == b'{"type":"omitted","of":"sql_result","bytes":300031}'


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (None, "an event is a JSON object with a 'type'"),
        (["token"], "an event is a JSON object with a 'type'"),
        ({}, "an event needs a 'type': a string of 1 to 128 characters"),
        ({"type": ""}, "an event needs a 'type': a string of 1 to 128 characters"),
        ({"type": 7}, "an event needs a 'type': a string of 1 to 128 characters"),
        ({"type": "a\nid: 9"}, "an event's 'type' must not contain control characters"),
    ],
)
def test_what_is_no_event_is_refused_in_a_sentence(event: object, sentence: str) -> None:
    """The refusal says what an event is."""
    with pytest.raises(InvalidEvent) as caught:
        encode_event(event)
    assert str(caught.value) == sentence


def test_broken_json_is_refused_in_a_sentence() -> None:
    """The refusal of a POSTed event says that it is not JSON."""
    with pytest.raises(InvalidEvent, match=r"^the event is not valid JSON: "):
        read_event(b'{"type": "token"')


def test_the_line_separators_of_unicode_are_content() -> None:
    """U+2028, U+2029 and U+0085 end no line of JSON or SSE: they travel as they are."""
    _, data = encode_event({"type": "token", "content": "\u2028\u2029\x85"})
    assert data.decode() == '{"type":"token","content":"\u2028\u2029\x85"}'


def test_a_numbered_event_gives_back_its_object() -> None:
    """What was encoded once can be looked at again."""
    event = NumberedEvent(EventId(1, 1, 1), *encode_event({"type": "token", "content": "é"}))
    assert event.decode() == {"type": "token", "content": "é"}
