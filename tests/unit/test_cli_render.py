"""`kai_flow.cli.render` and `kai_flow.cli.text`: what a person sees of a session."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from kai_flow.cli import text
from kai_flow.cli.consoles import console_for
from kai_flow.cli.figures import written
from kai_flow.cli.render import Event, Renderer

SQL = "SELECT name FROM t"
HOSTILE = "\x1b[31mred\x1b]0;title\x07 [bold]x[/bold] \x9b2J \u202egnp \ud800 :smile:"

SESSION: list[Event] = [
    {"type": "started", "producer": 1, "attempt": 1},
    {"type": "thinking", "content": "let me "},
    {"type": "thinking", "content": "see"},
    {"type": "tool_start", "tool": "query", "input": {"sql": SQL}},
    {"type": "tool_end", "tool": "query", "output": {"row_count": 2}},
    {
        "type": "sql_result",
        "sql": SQL,
        "columns": ["name", {"name": "value"}],
        "data": [["a", 1.5], {"name": "b", "value": None}, ["short"]],
        "row_count": 3,
        "truncated": False,
    },
    {
        "type": "chart_config",
        "widget_type": "bar",
        "widget_title": "Values",
        "widget_data": [{"k": "a", "v": 10}, {"k": "b", "v": -5}, {"k": "c", "v": None}],
        "x_axis_key": "k",
        "y_axis_key": "v",
    },
    {"type": "token", "content": "The answer"},
    {"type": "token", "content": " is a.\n"},
    {"type": "suggestions", "content": ["And b?"]},
    {"type": "brand_new", "x": 1},
    {"type": "error", "error": "something broke"},
    {"type": "done", "result": {}},
]


def printed(events: list[Event], *, terminal: bool = False, width: int = 120) -> str:
    """What the events look like."""
    file = io.StringIO()
    console = Console(
        file=file, force_terminal=terminal, width=width, markup=False, emoji=False, highlight=False
    )
    renderer = Renderer(console)
    for event in events:
        renderer.show(event)
    renderer.close_line()
    return file.getvalue()


def test_every_kind_of_event_is_shown() -> None:
    """Steps, thinking, SQL, table, chart, text, suggestions and errors all appear, in order."""
    output = printed(SESSION)
    places = [
        output.index(part)
        for part in ("let me see", "▸ query", SQL, "✓ query", "1.50", "Values", "The answer is a.")
    ]
    assert places == sorted(places)
    for part in ("1.50", "3 rows", "And b?", "brand_new", "✗ something broke", "█", "row_count: 2"):
        assert part in output


def test_what_happened_to_the_stream_is_shown() -> None:
    """Each missing part of a gap, what is taken back, and an end that is no success."""
    shown = printed(
        [
            {"type": "gap", "missing": [{"after": "1.1.1", "before": "1.1.3"}, {"after": "2.1.4"}]},
            {"type": "superseded", "producer": 2, "after": "2.1.9"},
            {"type": "ended", "producer": 1, "status": "completed"},
            {"type": "ended", "producer": 2, "status": "timed_out"},
        ]
    )
    assert "the events after 1.1.1 and before 1.1.3 are lost" in shown
    assert "the events after 2.1.4 and before" in shown
    assert "the events after 2.1.9 do not count" in shown
    assert "completed" not in shown
    assert "an activity has ended: timed_out" in shown


def test_the_same_statement_is_shown_once() -> None:
    """The SQL of a tool's input is not repeated by its result."""
    assert printed(SESSION).count(SQL) == 1


def test_a_tool_takes_one_line() -> None:
    """A tool's output is cut at the end of the line, and of lists in it only the size is shown."""
    output = {"table_count": 2, "tables": [{"name": "a"}, {"name": "b"}], "note": "long " * 30}
    shown = printed([{"type": "tool_end", "tool": "scan", "output": output}], width=60)
    assert "tables: (2 items)" in shown
    assert [len(line) for line in shown.splitlines()] == [60]


def test_a_narrow_terminal_gets_whole_words_and_short_bars() -> None:
    """No word is broken and no bar is wider than the terminal."""
    events = [SESSION[6], {"type": "error", "error": "wide " * 20}]
    lines = printed(events, terminal=True, width=30).splitlines()
    seen = [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in lines]
    assert max(map(len, seen)) <= 30
    assert max(line.count("█") for line in seen) > 8
    assert {word for line in seen for word in line.split()} >= {"wide"}
    assert not {"wid", "ide", "wi", "de"} & {word for line in seen for word in line.split()}


def test_without_a_terminal_there_is_no_escape_sequence() -> None:
    """A pipe gets plain text."""
    assert "\x1b" not in printed(SESSION)
    assert "\x1b" in printed(SESSION, terminal=True)


def test_tokens_are_written_as_they_come() -> None:
    """Each token is on its way before the next one arrives, and no line is broken by us."""
    file = io.StringIO()
    renderer = Renderer(Console(file=file, width=20, markup=False, emoji=False, highlight=False))
    long = "word " * 20
    for content in ("Jawa", " Barat", long):
        renderer.show({"type": "token", "content": content})
        assert file.getvalue().endswith(content)
    assert "\n" not in file.getvalue()


def test_a_new_attempt_takes_the_earlier_one_back() -> None:
    """`started` of a later attempt is told, that of the first is not."""
    assert "attempt" not in printed([{"type": "started", "producer": 1, "attempt": 1}])
    assert "attempt 2" in printed([{"type": "started", "producer": 1, "attempt": 2}])


def result(columns: list[str], *data: list[object]) -> list[Event]:
    """A session that is one result."""
    return [{"type": "sql_result", "columns": columns, "data": list(data), "row_count": len(data)}]


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([1234567.8900001, 5], ["1 234 567.89", "5.00"]),
        ([130237692, -9876, 0], ["130 237 692", "-9 876", "0"]),
        ([2021, 2022], ["2021", "2022"]),
        ([9999.5, 3.0], ["9999.50", "3.00"]),
        ([12.0, 10000.0], ["12", "10 000"]),
        ([0.0123, 0.5], ["0.012", "0.500"]),
        ([0.05, 1.5], ["0.05", "1.50"]),
        ([-0.004, 3.25], ["-0.004", "3.250"]),
        ([5e-17, 1000.5], ["5e-17", "1000.50"]),
        ([0.1 + 0.2], ["0.30"]),
        ([1e300, 12345.0], ["1e+300", "12 345"]),
        ([2**60, 12345], [str(2**60), "12 345"]),
        ([float("nan"), float("-inf"), 1.5], ["nan", "-inf", "1.50"]),
        ([-0.0, 0], ["0", "0"]),
        ([], []),
    ],
)
def test_the_numbers_of_a_column_have_one_form(values: list[float], shown: list[str]) -> None:
    """Groups from five digits on, the same decimals for all, and no small number shown as zero."""
    assert written(values) == shown


@given(st.lists(st.floats(-1e14, 1e14) | st.integers(-(10**14), 10**14)))
def test_a_number_can_be_read_back(values: list[float]) -> None:
    """What is shown is the number, to 0.005 or a twentieth of it, whatever stands beside it."""
    for value, shown in zip(values, written(values), strict=True):
        assert float(shown.replace(" ", "")) == pytest.approx(value, rel=0.05, abs=0.005)


def test_numbers_stand_below_each_other() -> None:
    """A column of numbers is aligned by its decimal point, and an empty cell stands at its end."""
    output = printed(result(["name", "sum"], ["a", 1234567.8900001], ["b", 12.5], ["c", None]))
    lines = {line.split()[0]: line.rstrip() for line in output.splitlines() if line.strip()}
    assert lines["a"].endswith(" 1 234 567.89")
    assert lines["a"].index(".89") == lines["b"].index(".50")
    assert len(lines["c"]) == len(lines["a"])


def test_ids_are_shown_as_they_are() -> None:
    """A number that only tells things apart has no groups: it is copied, not compared."""
    output = printed(result(["ID", "shop_id", "paid"], [1234567, 7654321, 1000000]))
    assert "1234567" in output
    assert "7654321" in output
    assert "1 000 000" in output


@pytest.mark.parametrize("width", [10, 40, 80])
def test_no_number_is_cut_or_broken(width: int) -> None:
    """However narrow the terminal is, texts give way and numbers stay whole on their line."""
    row: list[object] = ["a name of many words " * 2, 130237692.31, 2021, 1000000000000]
    output = printed(result(["name", "average_of_something", "year", "sum"], row), width=width)
    assert re.search(r" 130 237 692\.31 +2021 +1 000 000 000 000 *$", output, re.MULTILINE)


def test_the_numbers_of_a_chart_have_one_form() -> None:
    """Bars end with numbers as a table shows them."""
    points = [{"k": "a", "v": 1234567.8900001}, {"k": "b", "v": -20}]
    keys = {"x_axis_key": "k", "y_axis_key": "v"}
    output = printed([{"type": "chart_config", "widget_data": points, **keys}])
    assert re.search(r"█ 1 234 567\.89$", output, re.MULTILINE)
    assert re.search(r"█ -20\.00$", output, re.MULTILINE)


def test_every_series_of_a_chart_has_its_bars() -> None:
    """Where a chart has several series, each point has one bar for each, with its name."""
    points = [{"k": "May", "paid": 4, "open": 2}, {"k": "June", "paid": 1, "open": None}]
    keys = {"x_axis_key": "k", "y_axis_key": ["paid", "open"]}
    output = printed([{"type": "chart_config", "widget_data": points, **keys}])
    labels = re.findall(r"^  (\w+ · \w+) ", output, re.MULTILINE)
    assert labels == ["May · paid", "May · open", "June · paid"]


def test_suggestions_bring_no_words_of_ours() -> None:
    """Questions in Indonesian stand under no English heading."""
    output = printed([{"type": "suggestions", "content": ["Berapa?", "Di mana?"]}])
    assert output == "→ Berapa?\n→ Di mana?\n"


@pytest.mark.parametrize("terminal", [False, True])
def test_no_event_can_speak_to_the_terminal(terminal: bool) -> None:
    """Escape sequences, markup and direction marks in any field come out as visible text."""
    events: list[Event] = [
        {"type": "token", "content": HOSTILE},
        {"type": "thinking", "content": HOSTILE},
        {"type": "tool_start", "tool": HOSTILE, "input": {"sql": HOSTILE, HOSTILE: HOSTILE}},
        {"type": "tool_end", "tool": HOSTILE, "output": HOSTILE},
        {"type": "sql_result", "sql": HOSTILE, "columns": [HOSTILE], "data": [[HOSTILE]]},
        {
            "type": "chart_config",
            "widget_title": HOSTILE,
            "widget_type": HOSTILE,
            "widget_data": [{"k": HOSTILE, "v": 1}],
            "x_axis_key": "k",
            "y_axis_key": "v",
        },
        {"type": "suggestions", "content": [HOSTILE]},
        {"type": "error", "error": HOSTILE},
        {"type": "gap", "missing": [{"after": HOSTILE, "before": HOSTILE}]},
        {"type": "superseded", "after": HOSTILE},
        {"type": "ended", "status": HOSTILE},
        {"type": "omitted", "of": HOSTILE, "bytes": HOSTILE},
        {"type": HOSTILE},
    ]
    output = printed(events, terminal=terminal)
    output.encode()  # no lone surrogate is left
    ours = re.compile(r"\x1b\[[0-9;]*m")  # colours, which rich itself writes
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", ours.sub("", output))
    assert "\x1b[31mred" not in output
    assert output.count("[bold]x[/bold]") >= 10


ANYTHING: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda more: st.lists(more, max_size=3) | st.dictionaries(st.text(), more, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(SESSION), st.data())
def test_no_event_can_stop_the_renderer(event: Event, data: st.DataObject) -> None:
    """Whatever an agent of somebody else puts into its events, printing goes on."""
    fields = sorted(set(event) - {"type"})
    spoilt = {key: data.draw(ANYTHING) for key in fields if data.draw(st.booleans())}
    printed([{**event, **spoilt}])


@given(st.text())
def test_text_is_harmless_whatever_it_was(value: str) -> None:
    """No control character passes but the newline and tab of a block, and all can be encoded."""
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", text.block(value))
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", text.line(value))
    assert len(text.line(value, 10)) <= 10


def test_plain_means_no_colour_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--plain` writes no escape sequence, even where rich would be told to."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    console = console_for(plain=True)
    with console.capture() as capture:
        console.print("x", style="bold red")
    assert capture.get() == "x\n"
