import asyncio
import json
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kai_flow.agents import Agent, BadAgent, BadTask, Task, load_agent
from kai_flow.analyst import questions
from kai_flow.analyst.agent import MAX_PROMPT_BYTES, Analyst
from kai_flow.analyst.lexicon.lexicon import Language
from kai_flow.analyst.lexicon.tokens import tokenize
from kai_flow.analyst.reading.reader import MOST_TOKENS, Outcome, read
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.model import SemanticModel
from kai_flow.connections.store import DEMO_ALIAS, ConnectionStore

QUESTION = "Tampilkan top 5 provinsi dengan rata-rata modal awal koperasi tertinggi"


@pytest.fixture
def store(tmp_path: Path) -> ConnectionStore:
    return ConnectionStore(tmp_path / "home", folders=(tmp_path,))


def task(prompt: str = QUESTION, connection: str = DEMO_ALIAS) -> Task:
    return Task("t", "s", prompt, connection)


async def events_of(analyst: Analyst, asked: Task) -> list[dict[str, Any]]:
    return [event async for event in analyst.stream_execute(asked)]


def make_database(store: ConnectionStore, folder: Path, script: str) -> str:
    path = folder / "own.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(script)
    store.add("own", f"sqlite://{path}", "own")
    return "own"


async def test_events_come_in_the_order_of_the_work(store: ConnectionStore) -> None:
    """Scan, SQL, rows, chart, words, suggestions, done: nothing before its cause."""
    types = [event["type"] for event in await events_of(Analyst(store), task())]
    assert list(dict.fromkeys(types)) == [
        "tool_start", "tool_end", "thinking", "sql_result", "chart_config", "token",
        "suggestions", "done",
    ]  # fmt: skip
    assert types.count("tool_start") == types.count("tool_end") == 3
    assert types.count("done") == 1


async def test_each_event_has_its_fields(store: ConnectionStore) -> None:
    """Every event carries exactly the keys of its type, and all are JSON."""
    keys = {
        "thinking": {"content"},
        "tool_start": {"tool", "input"},
        "tool_end": {"tool", "output"},
        "sql_result": {"sql", "columns", "data", "row_count", "truncated"},
        "chart_config": {
            "widget_type", "widget_data", "widget_title", "x_axis_key", "y_axis_key"
        },
        "token": {"content"},
        "suggestions": {"content"},
        "done": {"result"},
    }  # fmt: skip
    for event in await events_of(Analyst(store), task()):
        assert set(event) - {"type"} == keys[event["type"]]
        assert json.loads(json.dumps(event, allow_nan=False)) == event


async def test_tokens_are_the_final_answer(store: ConnectionStore) -> None:
    """What was streamed word by word is the answer of the result."""
    events = await events_of(Analyst(store), task())
    tokens = [event["content"] for event in events if event["type"] == "token"]
    assert "".join(tokens).strip() == events[-1]["result"]["final_answer"]
    assert len(tokens) > 10


async def test_execute_gives_the_same_result(store: ConnectionStore) -> None:
    """Without streaming the result is the same."""
    analyst = Analyst(store)
    streamed = (await events_of(analyst, task()))[-1]["result"]
    assert await analyst.execute(task()) == streamed
    assert set(streamed) == {
        "status", "final_answer", "sql_queries", "charts", "insights", "suggested_questions",
        "error",
    }  # fmt: skip
    assert streamed["status"] == "completed"
    assert streamed["error"] is None
    assert len(streamed["sql_queries"]) == 1


async def test_a_retry_produces_the_same_events(store: ConnectionStore) -> None:
    """The analyst is deterministic: another attempt says the same."""
    analyst = Analyst(store)
    assert await events_of(analyst, task()) == await events_of(analyst, task())


@pytest.mark.parametrize(
    ("prompt", "names", "suggests"),
    [
        ("hello", "cooperatives (cooperative name, type, ", "How many cooperatives are there by "),
        ("halo", "koperasi (nama koperasi, jenis koperasi, ", "Berapa jumlah koperasi per "),
    ],
)
async def test_what_can_be_asked_is_named_in_the_language_of_the_question(
    store: ConnectionStore, prompt: str, names: str, suggests: str
) -> None:
    """Comments name the tables and columns when only they have the language of the question."""
    result = await Analyst(store).execute(task(prompt))
    assert names in result["error"]
    assert any(question.startswith(suggests) for question in result["suggested_questions"])


@pytest.mark.parametrize(
    ("prompt", "says"),
    [
        ("total sold in 2024", "where the day is in 2024"),
        ("total sold tahun 2024", "dengan syarat hari pada tahun 2024"),
    ],
)
async def test_a_year_of_a_date_is_named_as_such(
    store: ConnectionStore, tmp_path: Path, prompt: str, says: str
) -> None:
    """A period says which date it refers to, and the date is among what can be asked."""
    own = make_database(
        store,
        tmp_path,
        "CREATE TABLE sales (city TEXT, sold INTEGER, day DATE);"
        "INSERT INTO sales VALUES ('Palu', 10, '2024-02-29'), ('Medan', 8, '2023-01-31')",
    )
    assert says in (await Analyst(store).execute(task(prompt, own)))["final_answer"]
    assert "(city, sold, day)" in (await Analyst(store).execute(task("hello", own)))["error"]


@pytest.mark.parametrize("prompt", ["", "  \n\t", "x" * (MAX_PROMPT_BYTES + 1), "é" * 20_000])
async def test_an_empty_or_huge_prompt_is_a_bad_task(store: ConnectionStore, prompt: str) -> None:
    """No retry mends an empty or huge question: both ways of asking raise BadTask."""
    with pytest.raises(BadTask):
        await Analyst(store).execute(task(prompt))
    with pytest.raises(BadTask):
        await events_of(Analyst(store), task(prompt))


async def test_a_question_has_a_bounded_number_of_words(store: ConnectionStore) -> None:
    """A question of as many words as allowed is answered; one more is refused with both numbers."""
    longest = f"{QUESTION} {'tolong ' * (MOST_TOKENS - len(tokenize(QUESTION)))}"
    result = await Analyst(store).execute(task(longest))
    assert result["status"] == "completed", result
    for prompt in (f"{longest} tolong", "maksimal " * (MAX_PROMPT_BYTES // 9)):
        result = await Analyst(store).execute(task(prompt))
        assert result["status"] == "failed"
        assert f"{len(tokenize(prompt))} kata; paling banyak {MOST_TOKENS}" in result["error"]


async def test_the_event_loop_runs_while_a_question_is_understood(
    store: ConnectionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question that takes long to understand holds up no heartbeat of another session."""
    loop, loop_ran = asyncio.get_running_loop(), threading.Event()

    def slow_read(
        prompt: str, model: SemanticModel, index: Index, today: date
    ) -> tuple[Outcome, Language]:
        loop.call_soon_threadsafe(loop_ran.set)
        assert loop_ran.wait(60), "the event loop stood still"
        return read(prompt, model, index, today)

    monkeypatch.setattr(questions, "read", slow_read)
    result = await Analyst(store).execute(task())
    assert result["status"] == "completed", result


async def test_an_unknown_connection_is_a_bad_task(store: ConnectionStore) -> None:
    """An unknown connection raises with the aliases that exist."""
    with pytest.raises(BadTask, match=DEMO_ALIAS):
        await Analyst(store).execute(task(connection="nope"))


async def test_a_missing_database_file_fails_with_a_sentence(
    store: ConnectionStore, tmp_path: Path
) -> None:
    """A stored connection whose file is gone ends as failed, with error before done."""
    store.add("gone", f"sqlite://{tmp_path}/gone.db", "gone")
    events = await events_of(Analyst(store), task(connection="gone"))
    assert [event["type"] for event in events[-2:]] == ["error", "done"]
    assert "does not exist" in events[-1]["result"]["error"]
    assert events[-1]["result"]["status"] == "failed"


async def test_a_file_that_is_no_database_fails_with_a_sentence(
    store: ConnectionStore, tmp_path: Path
) -> None:
    """Something else than SQLite behind the URI is said plainly."""
    (tmp_path / "text.db").write_text("hello " * 500)
    store.add("text", f"sqlite://{tmp_path}/text.db", "text")
    result = await Analyst(store).execute(task(connection="text"))
    assert result["status"] == "failed"
    assert "not a database" in result["error"]


async def test_an_empty_database_fails_with_a_sentence(
    store: ConnectionStore, tmp_path: Path
) -> None:
    """A database without tables leaves nothing to ask about, and that is said."""
    own = make_database(store, tmp_path, "CREATE TABLE x (i); DROP TABLE x;")
    result = await Analyst(store).execute(task(connection=own))
    assert result["status"] == "failed"
    assert "tidak memiliki tabel" in result["error"]


SLOW = """
CREATE TABLE numbers (number_id INTEGER PRIMARY KEY, amount INTEGER NOT NULL);
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000)
INSERT INTO numbers SELECT i, i FROM n;
CREATE VIEW pairs AS
SELECT a.amount * b.amount % c.amount AS strength FROM numbers a, numbers b, numbers c;
"""


async def test_a_slow_query_times_out_after_its_tool_start(
    store: ConnectionStore, tmp_path: Path
) -> None:
    """The tool_start of a slow query is seen while it runs; at the deadline it fails cleanly."""
    own = make_database(store, tmp_path, SLOW)
    analyst = Analyst(store, query_deadline_s=0.3, scan_deadline_s=0.3)
    stream = analyst.stream_execute(task("total strength", own))
    seen: list[dict[str, Any]] = []
    async for event in stream:
        seen.append(event)
        if event["type"] == "tool_start" and event["tool"] == "run_sql":
            break
    began = asyncio.get_running_loop().time()
    rest = [event async for event in stream]
    assert asyncio.get_running_loop().time() - began > 0.2
    assert [event["type"] for event in rest] == ["error", "done"]
    assert "0.3 s" in rest[-1]["result"]["error"]


async def test_cancelling_stops_a_running_analysis(store: ConnectionStore, tmp_path: Path) -> None:
    """Cancelling the task in the middle of a query ends it, long before its deadline."""
    own = make_database(store, tmp_path, SLOW)
    analyst = Analyst(store, query_deadline_s=60, scan_deadline_s=0.2)
    running = asyncio.create_task(analyst.execute(task("total strength", own)))
    await asyncio.sleep(0.6)
    assert not running.done()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 30)


async def test_names_that_need_quotes_work(store: ConnectionStore, tmp_path: Path) -> None:
    """Spaces, quotes, reserved words and Unicode in names of a schema are no obstacle."""
    own = make_database(
        store,
        tmp_path,
        'CREATE TABLE "order" ("order id" INTEGER PRIMARY KEY, "unit ""price""" REAL,'
        ' "größe" INTEGER, "select" TEXT);'
        "INSERT INTO \"order\" VALUES (1, 2.5, 10, 'from'), (2, 3.5, 30, 'where');",
    )
    analyst = Analyst(store)
    for question, expected in [
        ("average unit price of orders", [[3.0]]),
        ("total größe per select", [["where", 30], ["from", 10]]),
    ]:
        events = await events_of(analyst, task(question, own))
        [shown] = [event for event in events if event["type"] == "sql_result"]
        assert shown["data"] == expected


class Good:
    async def execute(self, task: Task) -> dict[str, Any]:
        return {"final_answer": task.prompt}

    async def stream_execute(self, task: Task) -> AsyncIterator[dict[str, Any]]:
        yield {"type": "done", "result": await self.execute(task)}


class NoStream:
    async def execute(self, task: Task) -> dict[str, Any]:
        return {}


class NotAsync(Good):
    def execute(self, task: Task) -> dict[str, Any]:  # type: ignore[override]
        return {}


class ReturnsEvents(Good):
    async def stream_execute(self, task: Task) -> list[dict[str, Any]]:  # type: ignore[override]
        return [{"type": "done", "result": await self.execute(task)}]


def broken() -> Agent:
    raise RuntimeError("no key")


NOT_CALLABLE = 5


def test_without_a_spec_the_default_agent_is_made() -> None:
    """An unset or blank KAI_AGENT means the built-in agent."""
    assert isinstance(load_agent(None, Good), Good)
    assert isinstance(load_agent(" ", Good), Good)


def test_a_spec_names_a_factory() -> None:
    """package.module:factory is imported and called."""
    assert type(load_agent(f"{__name__}:Good", Analyst)).__name__ == "Good"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("nonsense", "package.module:factory"),
        ("a b:c", "package.module:factory"),
        (":x", "package.module:factory"),
        ("no_such_module_here:x", "no module 'no_such_module_here'"),
        ("json.nothing:x", "no module 'json.nothing'"),
        ("json:nothing", "has no 'nothing'"),
        (f"{__name__}:NOT_CALLABLE", "not callable"),
        (f"{__name__}:NoStream", "no method stream_execute"),
        (f"{__name__}:NotAsync", "async def"),
        (f"{__name__}:ReturnsEvents", "stream_execute must yield its events"),
        (f"{__name__}:broken", "no key"),
    ],
)
def test_a_wrong_spec_says_what_is_wrong(spec: str, says: str) -> None:
    """Each way to get KAI_AGENT wrong has its own clear sentence."""
    with pytest.raises(BadAgent, match="KAI_AGENT") as caught:
        load_agent(spec, Good)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
