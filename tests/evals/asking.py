"""One schema is asked all its questions: the analyst's rows beside those of the expected query."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from kai_flow.agents import BadTask, Task
from kai_flow.analyst.agent import Analyst
from kai_flow.connections.knowledge import Term
from kai_flow.connections.store import ConnectionStore
from tests.evals.compare import same_rows
from tests.evals.databases import SCHEMAS, Database, build
from tests.evals.questions import Question, load
from tests.evals.renaming import Names

__all__ = ["OUTCOMES", "Outcome", "ask_all"]

OUTCOMES: Final = {
    "right": "right",
    "wrong": "silently wrong",
    "declined": "declined, though it can be answered or asks for a question in return",
    "asked": "asked back, though it is not ambiguous",
    "answered": "answered, though it must be declined or asked back",
    "crashed": "ended with an exception or took too long",
}
"""What may become of a question."""

PATIENCE_S: Final = 60.0
"""Seconds for one question."""

SHOWN: Final = 5  # rows of a result that a report shows


Rows = Sequence[Sequence[Any]]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a question."""

    id: str
    schema: str
    kind: str
    language: str
    ask: str
    outcome: str
    sql: str = ""
    """The analyst's query."""
    expected: list[Any] = []
    found: list[Any] = []
    said: str = ""
    """The analyst's answer or refusal."""
    seconds: float = 0.0


def ask_all(schema: str, folder: Path, group: str = "", *, copy: bool = False) -> list[Outcome]:
    """The outcome of every question of a schema, or of its renamed copy, built in ``folder``."""
    questions = load(schema, group)
    if not questions:
        return []
    shape = SCHEMAS[schema]
    database = build(shape, folder, copy=copy)
    home = folder / f"{database.name}-home"
    store = ConnectionStore(home, folders=(folder,))
    terms = tuple(Term(*pair) for pair in shape.glossary_of(copy=copy).items())
    for alias, uri in database.uris().items():
        store.teach(store.add(alias, uri, alias), {"glossary": terms})
    return asyncio.run(_ask_each(questions, database, Analyst(store)))


async def _ask_each(
    questions: Sequence[Question], database: Database, analyst: Analyst
) -> list[Outcome]:
    expected = expected_rows(questions, database)
    return [
        await _ask(question, database, analyst, expected.get(question.id, []))
        for question in questions
    ]


async def _ask(question: Question, database: Database, analyst: Analyst, expected: Rows) -> Outcome:
    ask = question.renamed if database.copy and question.renamed else question.ask
    task = Task(question.id, question.id, ask, database.alias(question.table))
    began = time.perf_counter()
    try:
        events = await asyncio.wait_for(_events(analyst, task), PATIENCE_S)
    except BadTask as refused:
        events = {"done": {"result": {"status": "failed", "final_answer": str(refused)}}}
    except Exception as error:  # noqa: BLE001 -- a crash is an outcome as well
        events = {"crashed": {"error": f"{type(error).__name__}: {error}"}}
    seconds = time.perf_counter() - began
    result = events.get("done", {}).get("result", {})
    shown = events.get("sql_result", {})
    return Outcome(
        id=question.id,
        schema=database.name,
        kind=question.kind,
        language=question.language,
        ask=ask,
        outcome=_judge(question, events, expected),
        sql=str(shown.get("sql", "")),
        expected=[list(row) for row in expected[:SHOWN]],
        found=shown.get("data", [])[:SHOWN],
        said=str(result.get("final_answer") or events.get("crashed", {}).get("error", "")),
        seconds=round(seconds, 3),
    )


async def _events(analyst: Analyst, task: Task) -> dict[str, Any]:
    """The last event of each type."""
    return {event["type"]: event async for event in analyst.stream_execute(task)}


def expected_rows(questions: Iterable[Question], database: Database) -> dict[str, Rows]:
    """The rows of the query written for each question that has one, on this database, by id."""
    names = Names(database.shape.names, database.shape.dialect)

    def query(question: Question) -> str:
        if not database.copy:
            return question.sql
        return names.query(question.sql, catalogue=question.kind == "catalogue")

    with database.opened() as run:
        return {each.id: run(query(each)) for each in questions if each.sql}


def _judge(question: Question, events: dict[str, Any], expected: Rows) -> str:
    if "done" not in events:
        return "crashed"
    result = events["done"]["result"]
    if "clarify" in events:
        return "right" if question.ask_back else "asked"
    if result["status"] != "completed":
        return "right" if question.decline else "declined"
    if not question.sql:
        return "answered"
    shown = events.get("sql_result", {})
    rows = shown.get("data", [])
    if question.kind == "catalogue" and _mentions(expected, rows, str(result["final_answer"])):
        return "right"
    right = same_rows(expected, rows, ordered=question.ordered)
    return "right" if right and not shown.get("truncated") else "wrong"


def _mentions(expected: Rows, rows: Rows, answer: str) -> bool:
    """Whether an answer names everything that is there, in its rows or in its text."""
    text = f"{answer} {rows}".casefold()
    return all(
        str(cell).casefold() in text or str(cell).casefold().replace("_", " ") in text
        for row in expected
        for cell in row
    )
