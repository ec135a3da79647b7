"""The reference documents agree with the code: limits, settings, examples, map of modules.

Read out of the Markdown and held against the code, so that neither can drift from the other.
"""

import ast
import importlib
import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kai_flow.agents import Task
from kai_flow.settings import _VARIABLES, Settings, SettingsError, load_settings
from kai_flow.stream import callback, control, list_form, pages
from kai_flow.stream.attempt import OWN_FIELDS
from kai_flow.stream.batches import (
    decode_record,
    decode_signal,
    encode_record,
    encode_signal,
)
from kai_flow.stream.buffer import EventBuffer, Limits
from kai_flow.stream.errors import InvalidBatch
from kai_flow.stream.events import MAX_EVENT_BYTES, NumberedEvent
from kai_flow.stream.events import encode_event as encode
from kai_flow.stream.gaps import Gap, Missing
from kai_flow.stream.header import (
    TOO_MANY_BESIDE,
    Refused,
    decode_carried,
    decode_header,
    encode_carried,
    encode_header,
)
from kai_flow.stream.ids import EventId
from kai_flow.stream.liveness import ProducerDetail
from kai_flow.stream.place import Cursor, Place, from_ranges, to_ranges
from kai_flow.stream.posts import Post, Reply
from kai_flow.stream.progress import Progress
from kai_flow.stream.recorded import Scheduled
from kai_flow.stream.sse import RETRY, encode_done, encode_event
from kai_flow.worker.chat_activities import STATUSES, _result
from kai_flow.workflows import RETRY as RETRY_POLICY
from kai_flow.workflows import KaiChatInput
from tests.unit.protocol_limits import CONSTANTS

ROOT = Path(__file__).parents[2]
PROTOCOL = (ROOT / "docs/reference/protocol.md").read_text()
SETTINGS = (ROOT / "docs/reference/settings.md").read_text()
DESIGN = (ROOT / "docs/design.md").read_text()
LIMITS_SECTION = PROTOCOL[PROTOCOL.index("\n## 9. ") : PROTOCOL.index("\n## 10. ")]

UNITS: dict[str, Any] = {
    "": 1,
    "KiB": 1024,
    "MiB": 1024**2,
    "s": timedelta(seconds=1),
    "min": timedelta(minutes=1),
}
BOUND_BY_THE_CONTRACT = (
    "kai_flow/access",
    "kai_flow/stream",
    "kai_flow/bridge",
    "kai_flow/web",
    "api",
)


def _cells(markdown: str, heading: str) -> list[list[str]]:
    """The rows of the first table that begins with `heading`."""
    lines = markdown[markdown.index(f"\n| {heading} |") :].lstrip().splitlines()[2:]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return rows


def _value(written: str) -> Any:
    """`256 KiB`, `0.25 s`, `1,000` or `2^53 - 1` as a number or a duration."""
    power = re.fullmatch(r"(\d+)\^(\d+) - 1", written)
    if power:
        return int(power[1]) ** int(power[2]) - 1
    match = re.fullmatch(r"([\d,.]+) ?(\w*)", written)
    assert match is not None, written
    number = float(match[1].replace(",", ""))
    return number * UNITS[match[2]]


def _limits() -> dict[str, Any]:
    """The rows of all tables of §9: what is limited, and to what."""
    lines = [line for line in LIMITS_SECTION.splitlines() if line.startswith("| ")]
    rows = [line.strip("| ").split(" | ") for line in lines if not line.startswith("| limit |")]
    assert len({row[0] for row in rows}) == len(rows), "two rows have the same text"
    return {row[0]: _value(row[1]) for row in rows}


LIMITS = _limits()
VARIABLES = {row[0].strip("`"): row for row in _cells(SETTINGS, "variable")}


def _modules() -> Iterator[Path]:
    for folder in ("kai_flow", "api"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT)


def _constants(path: Path) -> Iterator[str]:
    """The public numbers and durations that a module defines."""
    module = ".".join(path.with_suffix("").parts)
    for node in ast.parse((ROOT / path).read_text()).body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name))
            ) if name.isupper() and not name.startswith("_"):
                value = getattr(importlib.import_module(module), name)
                if isinstance(value, (int, float, timedelta)):
                    yield f"{module}.{name}"
            case _:
                pass


@pytest.mark.parametrize("row", LIMITS)
def test_a_limit_is_what_the_protocol_says(row: str) -> None:
    """§9: every constant has the value that its row gives."""
    module, _, constant = CONSTANTS[row].rpartition(".")
    actual = getattr(importlib.import_module(module), constant)
    written = LIMITS[row]
    if isinstance(written, timedelta) and not isinstance(actual, timedelta):
        actual = timedelta(seconds=actual)
    assert actual == written


def test_no_limit_is_left_out() -> None:
    """§9: every number of library, bridge and web app has a row, and every row a number."""
    bound = [path for path in _modules() if str(path).startswith(BOUND_BY_THE_CONTRACT)]
    assert {name for path in bound for name in _constants(path)} <= set(CONSTANTS.values())
    assert set(CONSTANTS) == set(LIMITS)


def test_the_prose_repeats_the_right_numbers() -> None:
    """§3.2, §7.3: attempts, first pause and `retry:` are as written."""
    assert (RETRY_POLICY.maximum_attempts, RETRY_POLICY.initial_interval) == (
        3,
        timedelta(seconds=1),
    )
    assert RETRY == b"retry: 1000\n\n"
    assert {f"`{status}`" for status in STATUSES} <= set(re.findall(r"`\w+`", PROTOCOL))


def _example(label: str) -> bytes:
    """The JSON block of the protocol with this label, on one line."""
    block = re.search(rf"```json {label}\n(.*?)```", PROTOCOL, re.DOTALL)
    assert block is not None, label
    return msgspec.json.encode(json.loads(block[1]))


def test_the_signal_example_is_what_a_sender_writes() -> None:
    """§4.1: the example reads as three events and is written again byte for byte."""
    run_id, (batch,) = decode_signal(_example("signal"))
    assert [str(event.id) for event in batch.events] == ["1.1.12", "1.1.13", "1.1.14"]
    assert encode_signal(run_id, [batch]) == _example("signal")


def test_the_record_example_is_what_a_workflow_writes() -> None:
    """§4.7: the example reads as one event of the workflow, and is written again byte for byte."""
    batch = decode_record(_example("record"))
    assert [str(event.id) for event in batch.events] == ["0.1.4"]
    assert encode_record(batch.events) == _example("record")


@pytest.mark.parametrize("label", ["single", "batch"])
def test_a_callback_example_is_what_a_producer_writes(label: str) -> None:
    """§6.2, §6.3: each form reads as a delivery and is written again byte for byte."""
    body = callback.decode_post(_example(label))
    assert isinstance(body, callback.ProducerPost)
    assert body.first_run_id is not None
    post = Post(body.base, body.events, batch=label == "batch")
    origin = callback.Origin(body.workflow_id, body.run_id, body.first_run_id)
    done = callback.done_event(None, body.base)
    assert callback.encode_post(post, origin, body.signaller, done) == _example(label)


@pytest.mark.parametrize("label", ["single", "batch"])
def test_stored_stands_beside_base(label: str) -> None:
    """§6.2, §6.15: both forms carry it once it is known; one of another attempt is refused."""
    example, word = json.loads(_example(label)), {"stored": "1.1.30"}
    body = callback.decode_post(json.dumps(example | word).encode())
    assert isinstance(body, callback.ProducerPost)
    assert body.stored == EventId(1, 1, 30)
    post = Post(body.base, body.events, batch=label == "batch", stored=body.stored)
    origin = callback.Origin(body.workflow_id, body.run_id, body.first_run_id or "")
    done = callback.done_event(None, body.base)
    written = callback.encode_post(post, origin, body.signaller, done)
    assert json.loads(written) == example | word
    for other in ("1.2.30", "2.1.30", "1.1.0"):
        with pytest.raises(InvalidBatch, match="'stored'"):
            callback.decode_post(json.dumps(example | {"stored": other}).encode())


@pytest.mark.parametrize("label", ["single", "batch"])
def test_age_stands_beside_base(label: str) -> None:
    """§6.2: both forms carry it from the first second on; without it a session is young."""
    example, word = json.loads(_example(label)), {"age": 431}
    young = callback.decode_post(_example(label))
    assert isinstance(young, callback.ProducerPost)
    assert young.age == 0
    body = callback.decode_post(json.dumps(example | word).encode())
    assert isinstance(body, callback.ProducerPost)
    assert body.age == 431
    post = Post(body.base, body.events, batch=label == "batch")
    origin = callback.Origin(body.workflow_id, body.run_id, body.first_run_id or "")
    done = callback.done_event(None, body.base)
    written = callback.encode_post(post, origin, body.signaller, done, body.age)
    assert json.loads(written) == example | word


@pytest.mark.parametrize("label", ["single", "batch"])
def test_a_codec_is_told_beside_base(label: str) -> None:
    """§6.2, §8.8: both forms carry it if the producer's client has one."""
    example, word = json.loads(_example(label)), {"codec": True}
    body = callback.decode_post(json.dumps(example | word).encode())
    assert isinstance(body, callback.ProducerPost)
    assert body.codec
    post = Post(body.base, body.events, batch=label == "batch")
    origin = callback.Origin(body.workflow_id, body.run_id, body.first_run_id or "", codec=True)
    done = callback.done_event(None, body.base)
    assert json.loads(callback.encode_post(post, origin, body.signaller, done)) == example | word


def test_the_hand_made_example_needs_no_id() -> None:
    """§6.6: session id and event are enough."""
    assert isinstance(callback.decode_post(_example("by-hand")), callback.HandMade)


def test_the_answers_are_what_a_bridge_writes() -> None:
    """§6.7, §6.8: a producer understands both examples; the 200 is written byte for byte."""
    answer = callback.read_answer(_example("answer"))
    assert answer is not None
    assert answer.accepts_batch
    told = (answer.received, answer.durable, answer.bridge, answer.pace)
    assert callback.encode_answer(*told, lists=answer.accepts_list) == _example("answer")
    assert callback.read_expected(_example("conflict")) == EventId(1, 1, 31)


def test_the_list_examples_are_what_producer_and_bridge_write() -> None:
    """§6.16: each document of the list is a body, and each answer that of a bridge."""
    documents = list_form.decode_list(_example("list"))
    assert list_form.encode_list(documents) == _example("list")
    for document in documents:
        assert isinstance(callback.decode_post(document), callback.ProducerPost)
    answer = list_form.read_list_answer(Reply(200, _example("list-answer")), len(documents))
    replies = [reply for reply in answer.replies if reply is not None]
    assert list_form.encode_replies(replies) == _example("list-answer")
    taken = callback.read_answer(replies[0].body)
    assert taken is not None
    assert taken.accepts_list
    assert (replies[1].status, replies[1].retry_after) == (503, 1.0)


def test_the_query_examples_are_what_a_workflow_reads_and_writes() -> None:
    """§5.1 to §5.3: the argument converts, the answers have exactly these keys in this order."""
    request = msgspec.json.decode(_example("events-argument"), type=pages.PageRequest)
    assert request.max_bytes == pages.DEFAULT_PAGE_BYTES
    page = pages.read_page(_example("events-answer"))
    place = Place.parse(request.after or "")
    assert page.start == place
    for event in page.events:
        place = place.advance(event.id, page.beside[event.id.producer])
    assert page.next == place
    buffer = EventBuffer("run", Limits())
    empty = pages.answer(buffer, pages.PageRequest(), closed=False)
    assert list(json.loads(empty)) == list(json.loads(_example("events-answer")))
    progress, written = Progress(), json.loads(_example("progress"))
    buffer.take(Scheduled(1, "answer", "1"))
    verdicts, _ = buffer.take(decode_signal(_example("signal"))._replace(run_id="run"))
    progress.observe(buffer.fold, verdicts)
    shown = progress.describe(buffer, 0)
    assert list(shown) == list(written)
    assert list(shown["buffer"]) == list(written["buffer"])
    assert [list(one) for one in shown["producers"]] == [list(one) for one in written["producers"]]


def test_the_other_examples_are_what_the_code_reads_and_writes() -> None:
    """§2.3, §3.1, §3.3, §3.4, §3.6, §6.14: these documents have the form shown."""
    detail = msgspec.convert(json.loads(_example("heartbeat")), ProducerDetail)
    assert msgspec.to_builtins(detail) == json.loads(_example("heartbeat"))
    assert msgspec.json.decode(_example("input"), type=KaiChatInput).connection_id == "koperasi"
    assert encode_header(decode_header(_example("header"))) == _example("header")
    assert encode_carried(decode_carried(_example("carried"))) == _example("carried")
    _, omitted = encode({"type": "sql_result", "data": "x" * MAX_EVENT_BYTES})
    assert list(json.loads(omitted)) == list(json.loads(_example("event")))
    result = _result(Task("i", "s", "p", "c"), {}, 0.0, None)
    assert list(result) == list(json.loads(_example("result")))


def test_started_has_the_fields_of_the_stream() -> None:
    """§2.5: `started` has exactly these fields, and `beside` is written as numbers and ranges."""
    started = json.loads(_example("started"))
    assert set(started) == OWN_FIELDS
    beside = msgspec.json.encode(to_ranges(from_ranges(started["beside"], started["producer"])))
    assert json.loads(beside) == started["beside"]


def test_an_activity_without_a_number_gets_the_header_shown() -> None:
    """§3.3: the header that refuses a number reads as shown."""
    refused = json.dumps({"refused": TOO_MANY_BESIDE})
    assert f"`{refused}`" in PROTOCOL
    assert json.loads(encode_header(Refused(TOO_MANY_BESIDE))) == json.loads(refused)


@pytest.mark.parametrize(
    "event",
    [
        control.ended(4, "completed"),
        control.superseded(EventId(4, 1, 9)),
        control.gap(Gap((Missing(EventId(1, 1, 1), EventId(1, 1, 3)),))),
        control.reset(),
        control.idle_timeout(),
    ],
    ids=lambda event: event["type"],
)
def test_a_control_event_is_as_shown(event: control.ControlEvent) -> None:
    """§7.5: each control event is the JSON in the table."""
    assert f"`{msgspec.json.encode(event).decode()}`" in PROTOCOL


def test_the_cursors_are_as_shown() -> None:
    """§1.4: the examples of places and cursors are read, and written again as they are."""
    for text in ("0.1.3,4.1.12,6.1.3", "8-207.0.0", "0.0.0"):
        assert f"`{text}`" in PROTOCOL
        assert str(Place.parse(text)) == text
    for text in ("6.1.3,0.1.3,4.1.12@4f3a9c1e", "end@4f3a9c1e"):
        assert f"`{text}`" in PROTOCOL
        assert str(Cursor.parse(text)._replace(leading=6)) == text


def test_the_frames_are_what_a_bridge_sends() -> None:
    """§7.2, §7.7: the frames shown are the frames made."""
    event = NumberedEvent(EventId(1, 1, 57), "token", b'{"type":"token","content":"halo"}')
    cursor = Cursor(Place({1: (1, 57)}), "4f3a9c1e", leading=1)
    assert encode_event(event, cursor).decode() in PROTOCOL
    done = encode_done(b'{"type":"done","result":{\xe2\x80\xa6}}', "4f3a9c1e")
    assert done.decode() in PROTOCOL
    assert str(Cursor.parse("1.1.57@4f3a9c1e")) in PROTOCOL


def test_every_setting_is_documented() -> None:
    """The table of settings has every variable, and no other, in the order of the code."""
    assert list(VARIABLES) == list(_VARIABLES)


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_setting_is_as_documented(variable: str) -> None:
    """Default, example and both ends of the range are what the table says."""
    _, _, _, default, example = (cell.strip("`") for cell in VARIABLES[variable])
    attribute = _VARIABLES[variable][0]
    if default != "none":
        found = getattr(load_settings({variable: default}), attribute)
        assert found == getattr(Settings(), attribute)
    elif variable != "ORG_ID":
        assert getattr(Settings(), attribute) in {None, ()}
    assert load_settings({variable: example}) != Settings()
    for end in re.findall(r"^`(\w+)` to `(\w+)`$", VARIABLES[variable][2]):
        assert load_settings({variable: end[0]}) != load_settings({variable: end[1]})


@pytest.mark.parametrize(
    ("variable", "beyond"),
    [
        ("KAI_BRIDGE_PORT", "65536"),
        ("KAI_SIGNAL_INTERVAL", "49ms"),
        ("KAI_SIGNAL_INTERVAL", "5001ms"),
        ("KAI_SIGNALS_PER_SECOND", "4"),
        ("KAI_SIGNALS_PER_SECOND", "1001"),
        ("KAI_BUFFER_EVENTS", "99"),
        ("KAI_BUFFER_EVENTS", "20001"),
        ("KAI_BUFFER_BYTES", "255KiB"),
        ("KAI_BUFFER_BYTES", "1025KiB"),
        ("KAI_STREAM_IDLE_TIMEOUT", "999ms"),
        ("KAI_STREAM_IDLE_TIMEOUT", "25h"),
        ("KAI_HEARTBEAT_TIMEOUT", "4s"),
        ("KAI_HEARTBEAT_TIMEOUT", "11m"),
    ],
)
def test_just_beyond_a_documented_range_is_refused(variable: str, beyond: str) -> None:
    """The ends of each documented range are its ends: one step further is refused by name."""
    with pytest.raises(SettingsError, match=variable):
        load_settings({variable: beyond})


def test_every_module_is_on_the_map() -> None:
    """The map in the design names every module of `kai_flow` and `api` once, and no other."""
    named = re.findall(r"^\| `((?:kai_flow|api)/[\w/]+\.py)` \| \S", DESIGN, re.MULTILINE)
    assert sorted(named) == sorted(str(path) for path in _modules())


def _links(path: Path) -> Iterator[str]:
    for target in re.findall(r"\]\(([^)#\s]+)", path.read_text()):
        if "://" not in target:
            yield target


@pytest.mark.parametrize(
    "document",
    ["docs/reference/protocol.md", "docs/reference/settings.md", "docs/design.md",
     "docs/explanation/delivery.md", "CHANGELOG.md", "CONTRIBUTING.md"],
)  # fmt: skip
def test_the_links_of_these_documents_lead_somewhere(document: str) -> None:
    """Every relative link names a file that exists."""
    path = ROOT / document
    assert [link for link in _links(path) if not (path.parent / link).exists()] == []


def test_every_section_that_is_cited_exists() -> None:
    """Each section number that documents, tables and docstrings cite is one of the protocol."""
    headings = set(re.findall(r"^#+ (\d+(?:\.\d+)?)\.? ", PROTOCOL, re.MULTILINE))
    read: Callable[[Path], str] = Path.read_text
    texts = [PROTOCOL, SETTINGS, DESIGN, *(read(ROOT / path) for path in _modules())]
    texts += [read(path) for path in (ROOT / "tests").rglob("test_*.py")]
    cited = {number for text in texts for number in re.findall(r"§(\d+(?:\.\d+)?)", text)}
    # Columns with the heading "§": the last one of the limits, the first one of the differences.
    cells = re.findall(r"\| ([\d., ]+) \|$", LIMITS_SECTION, re.MULTILINE)
    cells += re.findall(r"^\| ([\d., ]+) \|", DESIGN, re.MULTILINE)
    assert len(cells) > len(LIMITS) / 2
    cited |= {number for cell in cells for number in cell.split(", ")}
    assert cited <= headings
