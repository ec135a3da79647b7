"""Words: events that are out of the ordinary, each beside what everybody must be shown for it.

What must be shown is written out by hand from the protocol, not worked out by the code that does
it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import msgspec


class Word(NamedTuple):
    """An event as an agent says it, and as everybody must see it."""

    given: Any
    shown: dict[str, Any]


class _Sulky:
    """An object that cannot say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no")


class _Thing:
    """An object that JSON knows nothing of."""

    def __str__(self) -> str:
        return "a thing"


@dataclass
class _Row:
    """An object that has a form in JSON."""

    name: str
    size: Any


def _same(**event: Any) -> Word:
    return Word(event, event)


def _token(given: Any, shown: Any, **more: Any) -> Word:
    return Word(
        {"type": "token", "content": given, **more}, {"type": "token", "content": shown, **more}
    )


def _output(given: Any, shown: Any) -> Word:
    return Word({"type": "tool_end", "output": given}, {"type": "tool_end", "output": shown})


def _nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


def _omitted(event: dict[str, Any], size: int | None = None) -> Word:
    if size is None:
        size = len(json.dumps(event, separators=(",", ":")))
    return Word(event, {"type": "omitted", "of": event["type"], "bytes": size})


_LOOP: Final[list[Any]] = []
_LOOP.append(_LOOP)

ODD: Final = (
    _token("a\ud800b", "a\ufffdb"),
    _token("\ud83d\ude00", "😀"),  # two halves of one character
    _same(type="token", content=""),
    _same(type="token", content="line\nline\r\nline\rnul \0 line\u2028line\u2029line\x85"),
    _same(type="token", content="combining e\u0301, 👩\u200d🚀, \U0010ffff"),
    _same(type="token"),
    _same(type="token", content=5),
    _same(type="token", content="1", n=1),  # 1, 1.0 and true are the same to Python alone
    _same(type="token", content="2", n=1.0),
    _same(type="token", content="3", n=True),
    _same(type="token", content="4", lang="id"),
    _same(type="token", content="5", lang="id"),
    _same(type="tool_start", tool="sql", input={"q": "select 1"}),
    _same(type="tool_start"),
    _same(type="thinking", content="…"),
    _same(type="suggestions", content=[]),
    _same(type="data: x", id="1.1.1", event="done"),
    _output(float("nan"), None),
    _output([float("inf"), 1.5, 2**64], [None, 1.5, 2**64]),
    _output([10**4_400, "\udfff"], [None, "\ufffd"]),
    _output([10**4_299, -(10**4_299), 1 - 10**4_299], [10**4_299, None, 1 - 10**4_299]),
    _output(_Thing(), "a thing"),
    _output(_Sulky(), "<_Sulky>"),
    _output({"\ud800": (_Thing(), {3}), None: []}, {"\ufffd": ["a thing", [3]], "None": []}),
    _output(["\ud800", _Row("x", float("nan"))], ["\ufffd", {"name": "x", "size": None}]),
    _output(["\ud800", _Row("x", {None: 1})], ["\ufffd", "_Row(name='x', size={None: 1})"]),
    _output({(1, 2): b"\0\1"}, {"(1, 2)": "AAE="}),
    _output(msgspec.Raw(b'{"rows":\r\n[1]}'), {"rows": [1]}),  # kept as it came, it broke the line
    _output(msgspec.Raw(b'{"rows":'), '{"rows":'),
    Word({"type": "odd\ud800", 7: "x"}, {"type": "odd\ufffd", "7": "x"}),
    _omitted({"type": "tool_end", "output": _nested(120)}),
    _same(type="tool_end", output=_nested(99), more=_nested(20)),
    Word({"type": "x", "y": _LOOP}, {"type": "omitted", "of": "x", "bytes": 0}),
    Word({"type": "\ud800", "y": _LOOP}, {"type": "omitted", "of": "\ufffd", "bytes": 0}),
)  # fmt: skip

REFUSED: Final = (
    {"type": "gap"},
    {"type": "done", "result": {}},
    {"type": ""},
    {"type": "line\nbreak"},
    {"type": "long" * 40},
    {"content": "no type"},
    ["no object"],
)

LARGE: Final[tuple[Callable[[str], Word], ...]] = (
    lambda content: _same(type="sql_result", content=content + "y" * 60_000),
    lambda content: _same(type="sql_result", content=content + "é" * 100_000),
    lambda content: _omitted({"type": "sql_result", "content": content + "z" * 300_000}),
    lambda content: _same(type="token", content=content + "t" * 90_000),
)
