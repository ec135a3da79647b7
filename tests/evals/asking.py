"""One schema is asked all its questions: the analyst's rows beside those of the expected query."""

import asyncio
import re
import time
from collections import defaultdict
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

__all__ = ["EVERYTHING", "OUTCOMES", "Choice", "Outcome", "ask_all", "expected_rows"]

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


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Which questions to ask."""

    group: str = ""
    """The further set; the evaluation itself without it."""
    kinds: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()

    def has(self, question: Question) -> bool:
        """Whether a question is asked; an empty choice leaves nothing out."""
        return (
            question.kind in (self.kinds or (question.kind,))
            and question.language in (self.languages or (question.language,))
            and question.id in (self.ids or (question.id,))
        )


EVERYTHING: Final = Choice()


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


def ask_all(
    schema: str, folder: Path, choice: Choice = EVERYTHING, *, copy: bool = False
) -> list[Outcome]:
    """The outcome of the chosen questions of a schema, or of its copy, built in ``folder``."""
    questions = [each for each in load(schema, choice.group) if choice.has(each)]
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
        outcome=_judge(question, events, expected, database),
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


def _judge(question: Question, events: dict[str, Any], expected: Rows, database: Database) -> str:
    if "done" not in events:
        return "crashed"
    if "clarify" in events:
        return "right" if question.ask_back else "asked"
    if events["done"]["result"]["status"] != "completed":
        return "right" if question.decline else "declined"
    if not question.sql:
        return "answered"
    if question.kind == "catalogue" and _mentions(expected, events, database):
        return "right"
    return _judge_rows(question, events.get("sql_result"), expected)


def _judge_rows(question: Question, shown: dict[str, Any] | None, expected: Rows) -> str:
    if shown is None:  # words, and no number that could be wrong
        return "declined"
    right = same_rows(expected, shown["data"], ordered=question.ordered)
    return "right" if right and not shown["truncated"] else "wrong"


def _mentions(expected: Rows, events: dict[str, Any], database: Database) -> bool:
    """Whether an answer names everything that is there, in its rows or in its text.

    The names of the copy are translations: an answer may call a thing by either.
    """
    rows = events.get("sql_result", {}).get("data", [])
    text = f"{events['done']['result']['final_answer']} {rows}".casefold()
    other: dict[str, set[str]] = defaultdict(set)
    for pair in database.shape.names.items():
        old, new = (name.rpartition(".")[2] for name in pair)
        other[old].add(new)
        other[new].add(old)
    return all(
        any(spelling in text for name in {cell, *other[cell]} for spelling in _spellings(name))
        for row in expected
        for cell in map(str, row)
    )


def _spellings(name: str) -> tuple[str, ...]:
    """A name as it is, in words, and as the one thing that a table of a star holds many of."""
    name = name.casefold()
    plain = re.sub(r"^(dim|fact)_", "", name).removesuffix("s")
    return name, name.replace("_", " "), plain.replace("_", " ")
