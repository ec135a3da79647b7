"""The built-in agent: scan, plan, SQL and answer of a question, with events for each step."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

from kai_flow.agents import BadTask, Task
from kai_flow.analyst.engines import Engine, Limits, engine_for
from kai_flow.analyst.engines.contract import QUERY_DEADLINE_S, SCAN_DEADLINE_S
from kai_flow.analyst.engines.study import SAMPLE_ROWS
from kai_flow.analyst.engines.threads import Stop, in_thread
from kai_flow.analyst.errors import AnalysisError, UnclearQuestion
from kai_flow.analyst.explain import Story, phrases
from kai_flow.analyst.explore import explore
from kai_flow.analyst.findings import chart, insights
from kai_flow.analyst.guard import check
from kai_flow.analyst.language import detect
from kai_flow.analyst.messages import say
from kai_flow.analyst.naming import names_for
from kai_flow.analyst.numbers import format_number
from kai_flow.analyst.question import Question, read
from kai_flow.analyst.schema import Schema
from kai_flow.analyst.sql import build
from kai_flow.analyst.suggest import capabilities, suggest
from kai_flow.analyst.taught import Lesson, learn
from kai_flow.analyst.understand import understand
from kai_flow.analyst.words import tokenize
from kai_flow.connections.knowledge import Knowledge
from kai_flow.connections.store import Connection, ConnectionStore, StoreError

__all__ = ["MAX_PROMPT_BYTES", "Analyst"]

MAX_PROMPT_BYTES = 32 * 1024
"""Bytes of a question in UTF-8 at most; a longer one is refused."""

READING_DEADLINE_S = 30.0
"""Seconds for understanding a question, even about thousands of tables."""

Event = dict[str, Any]


@dataclass
class _Report:
    """The agent's part of the result, filled step by step."""

    status: str = "completed"
    answer: list[str] = field(default_factory=list)
    sql_queries: list[str] = field(default_factory=list)
    charts: list[Event] = field(default_factory=list)
    insights: list[str] = field(default_factory=list)
    suggested_questions: list[str] = field(default_factory=list)
    error: str | None = None

    def result(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "status": self.status,
            "final_answer": "".join(self.answer).strip(),
            "sql_queries": self.sql_queries,
            "charts": self.charts,
            "insights": self.insights,
            "suggested_questions": self.suggested_questions,
            "error": self.error,
        }


class Analyst:
    """Answers questions about a connection's database, in Indonesian and English.

    A task that no retry can mend (unknown connection, empty or huge question) raises ``BadTask``;
    an analysis that fails ends with status ``failed`` and a sentence that says what to do.
    """

    def __init__(
        self,
        store: ConnectionStore,
        *,
        query_deadline_s: float = QUERY_DEADLINE_S,
        scan_deadline_s: float = SCAN_DEADLINE_S,
    ) -> None:
        self._store = store
        self._deadline_s = query_deadline_s
        self._scan_deadline_s = scan_deadline_s

    async def execute(self, task: Task) -> dict[str, Any]:
        """Answer a question; the same steps as ``stream_execute``, without the events.

        In the mode ``autonomous`` it then answers the questions that the answer suggests.
        """
        first = await self._answer(task)
        if task.mode != "autonomous":
            return first
        return await explore(first, lambda prompt: self._answer(replace(task, prompt=prompt)))

    async def _answer(self, task: Task) -> dict[str, Any]:
        result: dict[str, Any] = {}
        async for event in self.stream_execute(task):
            if event["type"] == "done":
                result = event["result"]
        return result

    async def stream_execute(self, task: Task) -> AsyncIterator[Event]:
        """Answer a question as events; the last one is ``done`` with the result."""
        prompt = _checked_prompt(task.prompt)
        try:
            # The demo database may have to be generated first, which takes a fraction of a second.
            connection, known = await in_thread(
                lambda _stop: self._look_up(task.db_connection_id), self._deadline_s
            )
        except (StoreError, TimeoutError) as error:
            raise BadTask(str(error)) from error
        report = _Report()
        try:
            async for event in self._steps(prompt, connection, known, report):
                yield event
        except AnalysisError as error:
            report.status, report.error = "failed", str(error)
            report.answer = [str(error)]
            yield {"type": "error", "error": str(error)}
        yield {"type": "done", "result": report.result()}

    def _look_up(self, id_or_alias: str) -> tuple[Connection, Knowledge]:
        """A connection and what is known about it."""
        connection = self._store.resolve(id_or_alias)
        return connection, self._store.knowledge(connection)

    async def _steps(
        self, prompt: str, connection: Connection, known: Knowledge, report: _Report
    ) -> AsyncIterator[Event]:
        """The analysis, step by step."""
        engine = engine_for(connection.uri, self._store.files(connection))
        yield _tool_start("scan_schema", {"connection": connection.alias})
        schema = await engine.scan(deadline_s=self._scan_deadline_s)
        yield _tool_end("scan_schema", _overview(schema))
        lesson, question, story = await _understood(prompt, schema, known, report)
        schema = lesson.schema
        taught = lesson.remark(question.language)
        said = [taught, story.understood(), _sampled(question, story)]
        yield {"type": "thinking", "content": " ".join(each for each in said if each)}
        yield _tool_start("write_sql", {"question": prompt})
        sql = check(story.statement.text, schema.sources, schema.dialect)
        report.sql_queries.append(sql)
        yield _tool_end("write_sql", {"sql": sql})
        async for event in self._run(engine, sql, story, report):
            yield event
        report.suggested_questions = suggest(schema, story.names, story.plan)
        if report.suggested_questions:
            yield {"type": "suggestions", "content": report.suggested_questions}

    async def _run(
        self, engine: Engine, sql: str, story: Story, report: _Report
    ) -> AsyncIterator[Event]:
        """Run the query, show its rows, and explain them."""
        yield _tool_start("run_sql", {"sql": sql})
        limits = Limits(deadline_s=self._deadline_s)
        rows = await engine.run(sql, limits, tables=story.schema.tables.keys())
        yield {
            "type": "sql_result",
            "sql": sql,
            "columns": list(rows.columns),
            "data": [list(row) for row in rows.data],
            "row_count": len(rows.data),
            "truncated": rows.truncated,
        }
        yield _tool_end("run_sql", {"row_count": len(rows.data), "truncated": rows.truncated})
        picture = chart(story, rows)
        if picture is not None:
            report.charts.append(picture)
            yield {"type": "chart_config", **picture}
        report.insights = insights(story, rows)
        for phrase in phrases(story, rows, report.insights):
            report.answer.append(phrase)
            yield {"type": "token", "content": phrase}


def _checked_prompt(prompt: str) -> str:
    """The question without surrounding space, or ``BadTask``."""
    text = prompt.strip()
    if not text:
        raise BadTask("The question is empty; ask something about the data.")
    size = len(text.encode("utf-8", "replace"))
    if size > MAX_PROMPT_BYTES:
        raise BadTask(
            f"The question has {size:,} bytes, and at most {MAX_PROMPT_BYTES:,} are allowed; make"
            " it shorter."
        )
    return text


async def _understood(
    prompt: str, schema: Schema, known: Knowledge, report: _Report
) -> tuple[Lesson, Question, Story]:
    """Read the question in a thread: the event loop also sends the heartbeats of other sessions.

    Returns what was taught about the connection, the question, and the story of its answer.
    """

    def work(_stop: Stop) -> tuple[Lesson, Question, Story]:
        lesson = learn(prompt, schema, known)
        question = read(lesson.prompt, lesson.schema)
        if not schema.tables:
            raise UnclearQuestion(say(question.language, "no_tables"))
        return lesson, question, _story(question, report)

    try:
        return await in_thread(work, READING_DEADLINE_S)
    except TimeoutError as error:
        language, seconds = detect(tokenize(prompt)), f"{READING_DEADLINE_S:g}"
        raise UnclearQuestion(say(language, "too_slow", seconds=seconds)) from error


def _story(question: Question, report: _Report) -> Story:
    """The story of the answer. The refusal of an unclear question lists what can be asked."""
    schema, names = question.schema, names_for(question)
    try:
        plan = understand(question)
    except UnclearQuestion as unclear:
        report.suggested_questions = suggest(schema, names, None)
        things = capabilities(schema, names)
        hint = say(question.language, "can_ask", things=things) if things else ""
        raise UnclearQuestion(f"{unclear} {hint}".strip()) from unclear
    return Story(plan, build(plan, schema, question.language), schema, names, question.language)


def _sampled(question: Question, story: Story) -> str:
    """A remark on the query's tables whose rows were only sampled; empty when there are none."""
    used = {story.plan.fact, *(condition.column.table for condition in story.plan.conditions)}
    tables = [name for name in used if story.schema.tables[name].sampled]
    if not tables:
        return ""
    rows = format_number(SAMPLE_ROWS, question.language)
    return say(question.language, "sampled", tables=", ".join(sorted(tables)), rows=rows)


def _overview(schema: Schema) -> dict[str, Any]:
    """A summary of the scan, small enough for an event."""
    return {
        "table_count": len(schema.tables),
        "tables": [
            {
                "name": table.name,
                "columns": len(table.columns),
                "rows": table.row_count,
                **({"sampled": True} if table.sampled else {}),
                **({} if table.studied else {"studied": False}),
            }
            for table in list(schema.tables.values())[:50]
        ],
    }


def _tool_start(tool: str, given: dict[str, Any]) -> Event:
    return {"type": "tool_start", "tool": tool, "input": given}


def _tool_end(tool: str, output: dict[str, Any]) -> Event:
    return {"type": "tool_end", "tool": tool, "output": output}
