"""The built-in agent: scan, plan, SQL and answer of a question, with events for each step."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from kai_flow.agents import BadTask, Task
from kai_flow.analyst.answer.catalogue import catalogue
from kai_flow.analyst.answer.charts import chart
from kai_flow.analyst.answer.finding import answer, found_nothing
from kai_flow.analyst.answer.insights import insights
from kai_flow.analyst.answer.outcomes import assumptions, sampled
from kai_flow.analyst.answer.reading import understood
from kai_flow.analyst.answer.story import Story
from kai_flow.analyst.engines import Engine, Limits, engine_for
from kai_flow.analyst.engines.contract import QUERY_DEADLINE_S, SCAN_DEADLINE_S
from kai_flow.analyst.engines.threads import in_thread
from kai_flow.analyst.errors import AnalysisError, UnclearQuestion
from kai_flow.analyst.explore import explore
from kai_flow.analyst.guard import check
from kai_flow.analyst.query.lowering import lower
from kai_flow.analyst.query.nodes import Query
from kai_flow.analyst.questions import (
    Asked,
    asked_back,
    glossary,
    otherwise,
    read_question,
    too_slow,
    why_not,
)
from kai_flow.analyst.reading.choices import Note
from kai_flow.analyst.reading.reader import Catalogue, Declined, Unclear, Understood
from kai_flow.analyst.report import Event, Report, overview, tool_end, tool_start
from kai_flow.analyst.semantics.cache import BUILD_S, Models, Understanding
from kai_flow.analyst.semantics.rephrasing import skilled
from kai_flow.analyst.suggesting import follow_ups, other_questions
from kai_flow.connections.knowledge import Knowledge
from kai_flow.connections.store import Connection, ConnectionStore, StoreError
from kai_flow.connections.turns import BadConversation, Begun, Turn, chosen
from kai_flow.traces import spans

__all__ = ["MAX_PROMPT_BYTES", "Analyst"]

MAX_PROMPT_BYTES = 32 * 1024
"""Bytes of a question in UTF-8 at most; a longer one is refused."""


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
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
    ) -> None:
        self._store = store
        self._today = today
        self._deadline_s = query_deadline_s
        self._scan_deadline_s = scan_deadline_s
        self._models = Models()

    async def execute(self, task: Task) -> dict[str, Any]:
        """Answer a question; the same steps as ``stream_execute``, without the events.

        In the mode ``autonomous`` it then answers the questions that the answer suggests.
        """
        first = await self._answer(task)
        if task.mode != "autonomous":
            return first
        alone = replace(task, context={})  # the suggestions are no part of the conversation
        return await explore(first, lambda prompt: self._answer(replace(alone, prompt=prompt)))

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
            with spans.step("look up connection"):
                connection, known = await in_thread(
                    lambda _stop: self._look_up(task.db_connection_id), self._deadline_s
                )
        except (StoreError, TimeoutError) as error:
            raise BadTask(str(error)) from error
        report = Report()
        begun = await self._begin(task, connection)
        try:
            asked = chosen(begun.last if begun else None, prompt) or prompt
            async for event in self._steps(asked, connection, known, report, begun):
                yield event
        except AnalysisError as error:
            report.status, report.error = "failed", str(error)
            report.answer = [str(error)]
            yield {"type": "error", "error": str(error)}
            if report.suggested_questions:  # what can be asked instead
                yield {"type": "suggestions", "content": report.suggested_questions}
        await self._record(task, connection, report)
        yield {"type": "done", "result": report.result()}

    async def _begin(self, task: Task, connection: Connection) -> Begun | None:
        """What a question of a conversation builds on; every attempt of a session gets the same."""
        name = task.conversation_id
        if name is None:
            return None
        begin, session, prompt = self._store.conversations.begin, task.session_id, task.prompt
        try:
            return await in_thread(
                lambda _stop: begin(name, connection.id, session, prompt), self._deadline_s
            )
        except BadConversation as error:
            raise BadTask(str(error)) from error

    async def _record(self, task: Task, connection: Connection, report: Report) -> None:
        """Keep the question for the next one, which may come as soon as it is answered."""
        name = task.conversation_id
        if name is None:
            return
        turn = Turn(
            session_id=task.session_id,
            question=task.prompt,
            reading=report.reading,
            query=report.query,
            choices=report.choices,
            language=report.language,
        )
        record = self._store.conversations.record
        await in_thread(lambda _stop: record(name, connection.id, turn), self._deadline_s)

    def _look_up(self, id_or_alias: str) -> tuple[Connection, Knowledge]:
        """A connection and what is known about it."""
        connection = self._store.resolve(id_or_alias)
        return connection, self._store.knowledge(connection)

    async def _steps(
        self,
        prompt: str,
        connection: Connection,
        known: Knowledge,
        report: Report,
        begun: Begun | None,
    ) -> AsyncIterator[Event]:
        """The analysis, step by step."""
        engine = engine_for(connection.uri, self._store.files(connection))
        yield tool_start("scan_schema", {"connection": connection.alias})
        with spans.step("understand database"):
            known_by = await self._understanding(prompt, connection, engine, known)
        yield tool_end("scan_schema", overview(known_by.model.schema))
        with spans.step("read question") as span:
            asked = await read_question(skilled(prompt, known), known_by, self._today(), begun)
            span.set("kai.outcome", type(asked.outcome).__name__.lower())
        report.language = asked.language
        match asked.outcome:
            case Declined(why):
                report.suggested_questions = await other_questions(
                    asked.question, why, asked.reader, asked.language
                )
                raise UnclearQuestion(why_not(why, asked, prompt))
            case Unclear(readings):
                yield await asked_back(asked, readings, report)
            case Catalogue(tables):
                report.answer.append(catalogue(asked.model, asked.language, tables))
                yield {"type": "token", "content": report.answer[0]}
            case Understood(query, notes):
                async for event in self._answered(engine, prompt, asked, query, notes, report):
                    yield event

    async def _understanding(
        self, prompt: str, connection: Connection, engine: Engine, known: Knowledge
    ) -> Understanding:
        """The model of a connection, from a new scan only if something has changed."""
        try:
            return await self._models.get(
                connection.id, engine, known, scan_deadline_s=self._scan_deadline_s
            )
        except TimeoutError as error:
            raise too_slow(prompt, BUILD_S) from error

    async def _answered(
        self,
        engine: Engine,
        prompt: str,
        asked: "Asked",
        query: Query,
        notes: tuple[Note, ...],
        report: Report,
    ) -> AsyncIterator[Event]:
        """Write the SQL of a query, run it, and explain its rows."""
        model, language = asked.model, asked.language
        notes_told = (
            *glossary(asked),
            *assumptions(notes, model, language),
            *sampled(model, query, language),
        )
        report.reading = " ".join([understood(query, model, language), *notes_told])
        yield {"type": "thinking", "content": report.reading}
        yield tool_start("write_sql", {"question": prompt})
        statement = lower(query, model)
        sql = check(statement.text, model.schema.sources, model.schema.dialect)
        report.sql_queries.append(sql)
        yield tool_end("write_sql", {"sql": sql})
        yield tool_start("run_sql", {"sql": sql})
        limits = Limits(deadline_s=self._deadline_s)
        rows = await engine.run(sql, limits, tables=model.schema.tables.keys())
        report.query = msgspec.json.encode(query).decode()
        yield {
            "type": "sql_result",
            "sql": sql,
            "columns": list(rows.columns),
            "data": [list(row) for row in rows.data],
            "row_count": len(rows.data),
            "truncated": rows.truncated,
        }
        yield tool_end("run_sql", {"row_count": len(rows.data), "truncated": rows.truncated})
        story = Story(query, rows, model, language, notes_told)
        picture = chart(story)
        if picture is not None:
            report.charts.append(picture)
            yield {"type": "chart_config", **picture}
        found = insights(story)
        report.insights = list(found)
        for phrase in answer(story, found):
            report.answer.append(phrase)
            yield {"type": "token", "content": phrase}
        others = await otherwise(asked, query) if found_nothing(story) else ()
        if others:  # that nothing was found speaks against this reading
            report.answer.append("\n\n")
            yield await asked_back(asked, others, report, instead=True)
            return
        report.suggested_questions = await follow_ups(query, asked.reader, language)
        if report.suggested_questions:
            yield {"type": "suggestions", "content": report.suggested_questions}


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
