"""Events: one line of JSON each, whatever an agent says."""

import json
import math
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kai_flow.stream.errors import InvalidEvent
from kai_flow.stream.events import (
    MAX_DEPTH,
    MAX_EVENT_BYTES,
    MAX_TYPE_CHARS,
    encode_event,
    read_event,
)
from tests.property.strategies import canonical, events, json_values, texts

surrogates = st.characters(categories=["Cs"])
broken_texts = st.text(st.one_of(surrogates, st.characters()), max_size=8)


class Unprintable:
    """An object that cannot even be turned into text."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


@dataclass
class Note:
    """An agent's own type, with anything in it."""

    text: object


# What a careless agent puts into an event.
anything: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        json_values,
        broken_texts,
        st.floats(),
        st.binary(max_size=8),
        st.builds(object),
        st.builds(PurePosixPath, broken_texts.map(lambda text: text.replace("\x00", ""))),
        st.builds(Note, broken_texts),
        st.builds(Unprintable),
        st.integers(-(10**1000), 10**1000),
        st.complex_numbers(),
        st.datetimes(),
        st.uuids(),
        st.sets(broken_texts, max_size=2),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner),
        st.dictionaries(
            st.one_of(broken_texts, st.integers(), st.none(), st.tuples(st.integers())),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=5,
)


def nested(depth: int) -> dict[str, Any]:
    """An event of `depth` levels, itself the first."""
    inside: Any = 0
    for _ in range(depth - 1):
        inside = [inside]
    return {"type": "deep", "x": inside}


@given(events)
def test_an_event_is_one_line_that_says_the_same(event: dict[str, Any]) -> None:
    """What JSON can say is said on one line, and reading it gives an equal event."""
    kind, data = encode_event(event)
    assert kind == event["type"]
    assert b"\n" not in data
    assert b"\r" not in data
    assert b"\x00" not in data
    assert canonical(json.loads(data)) == canonical(event)
    assert read_event(data) == (kind, data)


@given(st.dictionaries(broken_texts, anything, max_size=3), broken_texts)
@example({"x": PurePosixPath("/x\udcff")}, "file")
@example({"x": Note("\udcff")}, "note")
@example({"x": Unprintable()}, "object")
@example({"x": Note({None: "\ud800"})}, "note")
@example({"x": 10**5000}, "number")
@example({"x": 10**4299}, "number")
@example({"x": -(10**4299)}, "number")
@example({"x": ["\ud800", -(10**4299)]}, "number")
@example({"x": msgspec.Raw(b'{"rows":\r\n[1]}')}, "ready-made")
@example({"x": msgspec.Raw(b'{"rows":')}, "ready-made")
@example({"x": msgspec.Raw(b'["\xff"]')}, "ready-made")
@example({"x": msgspec.Raw(b"[" * 100_000 + b"]" * 100_000)}, "ready-made")
def test_a_careless_event_is_mended_or_refused(extra: dict[Any, Any], kind: str) -> None:
    """An agent's event becomes one line that any reader takes; else it is InvalidEvent."""
    try:
        got, data = encode_event({**extra, "type": kind})
    except InvalidEvent:
        assert not 1 <= len(kind) <= MAX_TYPE_CHARS or any(c < " " or c == "\x7f" for c in kind)
        return
    assert read_event(data) == (got, data)
    text = data.decode("utf-8")
    assert len(text.split("\n")) == len(text.split("\r")) == 1
    assert json.loads(text)["type"] == got


@given(st.one_of(anything, st.builds(lambda kind: {"type": kind}, anything)))
def test_what_is_no_event_is_refused(value: object) -> None:
    """Only an object with a usable `type` is an event; anything else is InvalidEvent."""
    usable = isinstance(value, dict) and isinstance(value.get("type"), str)
    try:
        encode_event(value)
    except InvalidEvent:
        return
    assert usable


@given(texts, surrogates, texts)
@example("\ufeff", "\ud800", "")
def test_a_lone_surrogate_becomes_the_replacement_character(a: str, lone: str, b: str) -> None:
    """A lone surrogate becomes U+FFFD, in keys, values and types; all else stays as it was."""
    broken, mended = a + lone + b, a + "\ufffd" + b
    _, data = encode_event({"type": "t", "x": [broken], broken + "key": 1})
    assert json.loads(data) == {"type": "t", "x": [mended], mended + "key": 1}
    kind, _ = encode_event({"type": "t" + lone})
    assert kind == "t\ufffd"


@given(st.sampled_from([math.nan, math.inf, -math.inf]))
def test_what_is_no_number_is_null(value: float) -> None:
    """NaN and the infinities, which JSON lacks, become null."""
    assert encode_event({"type": "t", "x": value}) == ("t", b'{"type":"t","x":null}')


@given(st.integers(-2, 2), st.sampled_from(["x", "é", "😀", '"']), st.booleans())
def test_the_size_limit_is_exact(over: int, char: str, surrogate: bool) -> None:
    """An event of at most 256 KiB passes; one byte more and it is `omitted`, with its size."""
    event = {"type": "big", "x": ""}
    if surrogate:
        event["x"] = "\ud800"  # takes the slow path; becomes three bytes
    width = len(json.dumps(char, ensure_ascii=False).encode()) - 2
    room = MAX_EVENT_BYTES + over - len(b'{"type":"big","x":""}') - 3 * len(event["x"])
    event["x"] += char * (room // width) + "." * (room % width)
    kind, data = encode_event(event)
    if over <= 0:
        assert (kind, len(data)) == ("big", MAX_EVENT_BYTES + over)
        assert read_event(data) == (kind, data)
    else:
        assert kind == "omitted"
        assert json.loads(data) == {"type": "omitted", "of": "big", "bytes": MAX_EVENT_BYTES + over}


@given(st.integers(1, 1_100))
@example(MAX_DEPTH)
@example(MAX_DEPTH + 1)
@example(994)
@example(995)
def test_the_depth_limit_is_exact(depth: int) -> None:
    """An event of at most 100 levels passes; a deeper one is `omitted`, however deep."""
    kind, data = encode_event(nested(depth))
    assert kind == ("deep" if depth <= MAX_DEPTH else "omitted")
    assert read_event(data) == (kind, data)


@given(st.lists(st.text('[]{}",\\ x', max_size=20), max_size=10), st.integers(90, 110))
@example(['"', "[" * 200, "\\"], 90)
def test_brackets_in_strings_are_no_depth(words: list[str], depth: int) -> None:
    """What a string says has no part in how deep an event is nested."""
    event = {"words": [[]] * 120 + words, **nested(depth), "more": words}
    data = json.dumps(event).encode()
    if depth <= MAX_DEPTH:
        assert read_event(data) == ("deep", data)
    else:
        with pytest.raises(InvalidEvent, match="nested deeper"):
            read_event(data)


@given(
    st.one_of(st.binary(max_size=40), anything.map(lambda v: repr(v).encode("utf-8", "replace")))
)
@example(b'{"type":"a","x":"\xed\xa0\x80"}')
@example(b'{"type":"a","x":"\\ud800"}')
@example(b'{"type":"a","x":1e400}')
@example(b'{"type":"a","x":' + b"[" * 5000 + b"]" * 5000 + b"}")
def test_bytes_that_are_no_event_are_refused(raw: bytes) -> None:
    """Bytes that are no event are InvalidEvent and nothing else."""
    try:
        kind, data = read_event(raw)
    except InvalidEvent:
        return
    assert json.loads(data)["type"] == kind


@given(events, st.sampled_from([None, 1, 2]), st.sampled_from(["\n", "\r", "\r\n", " "]))
def test_layout_is_no_content(event: dict[str, Any], indent: int | None, breaks: str) -> None:
    """JSON that came on several lines is kept on one, equal to what came."""
    raw = json.dumps(event, indent=indent).replace("\n", breaks) + breaks
    kind, data = read_event(raw.encode())
    assert kind == event["type"]
    assert b"\n" not in data
    assert b"\r" not in data
    assert canonical(json.loads(data)) == canonical(event)
