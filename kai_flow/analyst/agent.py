"""The built-in agent: scan, plan, SQL and answer of a question, with events for each step."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from kai_flow.agents import BadTask, Task
from kai_flow.analyst.answer import messages, remarks
from kai_flow.analyst.answer.catalogue import catalogue
from kai_flow.analyst.answer.charts import chart
from kai_flow.analyst.answer.finding import answer
from kai_flow.analyst.answer.formula_faults import asked_for, told
from kai_flow.analyst.answer.insights import insights
from kai_flow.analyst.answer.outcomes import assumptions, choices, question_back, refusal, sampled
from kai_flow.analyst.answer.reading import understood
from kai_flow.analyst.answer.story import Story
from kai_flow.analyst.conversing import in_conversation, spoken
from kai_flow.analyst.engines import Engine, Limits, engine_for
from kai_flow.analyst.engines.contract import QUERY_DEADLINE_S, SCAN_DEADLINE_S
from kai_flow.analyst.engines.threads import Stop, in_thread
from kai_flow.analyst.errors import AnalysisError, UnclearQuestion
from kai_flow.analyst.explore import explore
from kai_flow.analyst.guard import check
from kai_flow.analyst.lexicon.lexicon import Language, detect
from kai_flow.analyst.lexicon.tokens import tokenize
from kai_flow.analyst.query.lowering import lower
from kai_flow.analyst.query.nodes import Query
from kai_flow.analyst.reading.choices import Note
from kai_flow.analyst.reading.reader import Catalogue, Declined, Outcome, Unclear, Understood, read
from kai_flow.analyst.reading.reading import Reading
from kai_flow.analyst.schema import Schema
from kai_flow.analyst.semantics.cache import BUILD_S, Models, Understanding
from kai_flow.analyst.semantics.model import SemanticModel
from kai_flow.analyst.semantics.rephrasing import rephrased, skilled
from kai_flow.analyst.suggesting import Reader, first_questions, follow_ups, prompts
from kai_flow.connections.conversations import BadConversation, Begun, Choice, Turn, chosen
from kai_flow.connections.knowledge import Knowledge, Term
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
    reading: str = ""
    """How the question was read, in words."""
    query: str = ""
    """The query that was run, as JSON."""
    choices: tuple[Choice, ...] = ()
    """What was asked back."""
    language: str = ""

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
            connection, known = await in_thread(
                lambda _stop: self._look_up(task.db_connection_id), self._deadline_s
            )
        except (StoreError, TimeoutError) as error:
            raise BadTask(str(error)) from error
        report = _Report()
        begun = await self._begin(task, connection)
        try:
            asked = chosen(begun.last if begun else None, prompt) or prompt
            async for event in self._steps(asked, connection, known, report, begun):
                yield event
        except AnalysisError as error:
            report.status, report.error = "failed", str(error)
            report.answer = [str(error)]
            yield {"type": "error", "error": str(error)}
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

    async def _record(self, task: Task, connection: Connection, report: _Report) -> None:
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
        report: _Report,
        begun: Begun | None,
    ) -> AsyncIterator[Event]:
        """The analysis, step by step."""
        engine = engine_for(connection.uri, self._store.files(connection))
        yield _tool_start("scan_schema", {"connection": connection.alias})
        known_by = await self._understanding(prompt, connection, engine, known)
        yield _tool_end("scan_schema", _overview(known_by.model.schema))
        asked = await _read(skilled(prompt, known), known_by, self._today(), begun)
        report.language = asked.language
        match asked.outcome:
            case Declined(why):
                report.suggested_questions = await first_questions(asked.reader, asked.language)
                raise UnclearQuestion(_refusal(why, asked, prompt))
            case Unclear(readings):
                yield await _clarified(asked, readings, report)
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
            raise _too_slow(prompt, BUILD_S) from error

    async def _answered(
        self,
        engine: Engine,
        prompt: str,
        asked: "_Read",
        query: Query,
        notes: tuple[Note, ...],
        report: _Report,
    ) -> AsyncIterator[Event]:
        """Write the SQL of a query, run it, and explain its rows."""
        model, language = asked.model, asked.language
        notes_told = (
            *_glossary(asked),
            *assumptions(notes, model, language),
            *sampled(model, query, language),
        )
        report.reading = " ".join([understood(query, model, language), *notes_told])
        yield {"type": "thinking", "content": report.reading}
        yield _tool_start("write_sql", {"question": prompt})
        statement = lower(query, model)
        sql = check(statement.text, model.schema.sources, model.schema.dialect)
        report.sql_queries.append(sql)
        yield _tool_end("write_sql", {"sql": sql})
        yield _tool_start("run_sql", {"sql": sql})
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
        yield _tool_end("run_sql", {"row_count": len(rows.data), "truncated": rows.truncated})
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
        report.suggested_questions = await follow_ups(query, asked.reader, language)
        if report.suggested_questions:
            yield {"type": "suggestions", "content": report.suggested_questions}


def _refusal(why: Note, asked: "_Read", prompt: str) -> str:
    """Why a question is not answered: also a taught formula that it mentions may be at fault."""
    faulty = asked_for(prompt, asked.model.faulty)
    if faulty is not None:
        return told(faulty, asked.language)
    return refusal(why, asked.model, asked.language)


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


@dataclass(frozen=True)
class _Read:
    """A question that was read."""

    outcome: Outcome
    language: Language
    reader: Reader
    replaced: tuple[Term, ...] = ()
    """Words of the question that were replaced by the phrases that they were taught to mean."""

    @property
    def model(self) -> SemanticModel:
        """The database."""
        return self.reader.model


async def _read(prompt: str, known_by: Understanding, today: date, begun: Begun | None) -> _Read:
    """Read the question in a thread: the event loop also sends the heartbeats of other sessions."""

    def work(_stop: Stop) -> _Read:
        reader = Reader(known_by.model, known_by.index, today)
        said = rephrased(prompt, reader.model.phrases, reader.index)
        outcome, language = read(said.question, reader.model, reader.index, today)
        if begun is not None:
            outcome = in_conversation(
                said.question, outcome, begun, reader.model, reader.index, today
            )
            language = spoken(said.question, begun)
        return _Read(outcome, language, reader, said.replaced)

    try:
        return await in_thread(work, READING_DEADLINE_S)
    except TimeoutError as error:
        raise _too_slow(prompt, READING_DEADLINE_S) from error


def _too_slow(prompt: str, seconds: float) -> UnclearQuestion:
    language = detect(tokenize(prompt))
    return UnclearQuestion(messages.TOO_SLOW.say(language, seconds=f"{seconds:g}"))


def _glossary(asked: _Read) -> tuple[str, ...]:
    """A remark on the words that were replaced by what they mean."""
    if not asked.replaced:
        return ()
    pairs = "; ".join(f"“{term.term}” = {term.meaning}" for term in asked.replaced)
    return (remarks.GLOSSARY.say(asked.language, pairs=pairs),)


async def _clarified(asked: _Read, readings: tuple[Reading, ...], report: _Report) -> Event:
    """The question back, with one choice for each reading."""
    labels = choices(readings, asked.model, asked.language)
    question = question_back(labels, asked.language)
    queries = [reading.query for reading in readings if reading.query is not None]
    found = await prompts(queries, asked.reader, asked.language)
    report.status = "needs_clarification"
    report.choices = tuple(
        Choice(label, prompt or label) for label, prompt in zip(labels, found, strict=True)
    )
    numbered = [f"{place}. {label}" for place, label in enumerate(labels, 1)]
    report.answer.append("\n".join([question, "", *numbered]))
    return {
        "type": "clarify",
        "question": question,
        "choices": [msgspec.to_builtins(choice) for choice in report.choices],
    }


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
