"""Finds follow-up questions in a thread: each of them is read once, which takes milliseconds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from kai_flow.analyst.answer.asking import asked
from kai_flow.analyst.answer.suggestions import same, starters, suggestions
from kai_flow.analyst.engines.threads import Stop, in_thread
from kai_flow.analyst.lexicon.data import Language
from kai_flow.analyst.query.nodes import Query
from kai_flow.analyst.reading.reader import Understood, read
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.model import SemanticModel

__all__ = ["Reader", "first_questions", "follow_ups", "prompts"]

DEADLINE_S = 5.0
"""Seconds for suggestions; an answer without them is better than one that comes late."""


@dataclass(frozen=True)
class Reader:
    """Reads questions about one database."""

    model: SemanticModel
    index: Index
    today: date

    def taken(self, text: str) -> Query | None:
        """What a question is taken for; None if it would not be answered."""
        outcome, _ = read(text, self.model, self.index, self.today)
        return outcome.query if isinstance(outcome, Understood) else None


async def follow_ups(query: Query, reader: Reader, language: Language) -> list[str]:
    """Questions close to one that was answered."""
    return await _in_time(lambda: suggestions(query, reader.model, language, reader.taken))


async def first_questions(reader: Reader, language: Language) -> list[str]:
    """Questions for someone whose question was not understood."""
    return await _in_time(lambda: starters(reader.model, language, reader.taken))


async def prompts(
    queries: Sequence[Query | None], reader: Reader, language: Language
) -> tuple[str, ...]:
    """For each of several readings a question that has only this one; empty where none is found."""

    def work(_stop: Stop) -> tuple[str, ...]:
        return tuple("" if query is None else _prompt(query, reader, language) for query in queries)

    try:
        return await in_thread(work, DEADLINE_S)
    except TimeoutError:
        return ("",) * len(queries)


def _prompt(query: Query, reader: Reader, language: Language) -> str:
    texts = asked(query, reader.model, language)
    return next((text for text in texts if same(reader.taken(text), query)), "")


async def _in_time(find: Callable[[], Sequence[tuple[Query, str]]]) -> list[str]:
    try:
        found = await in_thread(lambda _stop: find(), DEADLINE_S)
    except TimeoutError:
        return []
    return [text for _, text in found]
