"""Finds follow-up questions in a thread: each of them is read once, which takes milliseconds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from kai_flow.analyst.answer.asking import asked
from kai_flow.analyst.answer.nearest import reworded
from kai_flow.analyst.answer.suggestions import MAX_SUGGESTIONS, same, starters, suggestions
from kai_flow.analyst.engines.threads import Stop, in_thread
from kai_flow.analyst.lexicon.data import Language
from kai_flow.analyst.query.nodes import Query
from kai_flow.analyst.reading.choices import Note
from kai_flow.analyst.reading.reader import Declined, Outcome, Understood, read
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.model import SemanticModel

__all__ = ["Reader", "follow_ups", "other_questions", "prompts"]

UNKNOWN = "unknown_word"
"""The reason of a refusal that names the words which mean nothing here."""

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
        outcome = self.outcome(text)
        return outcome.query if isinstance(outcome, Understood) else None

    def outcome(self, text: str) -> Outcome:
        """What becomes of a question."""
        return read(text, self.model, self.index, self.today)[0]


async def follow_ups(query: Query, reader: Reader, language: Language) -> list[str]:
    """Questions close to one that was answered."""

    def find() -> list[str]:
        return [text for _, text in suggestions(query, reader.model, language, reader.taken)]

    return await _in_time(find)


async def other_questions(
    question: str, why: Note, reader: Reader, language: Language
) -> list[str]:
    """Questions for someone whose question was not understood: the nearest ones, then any."""
    unknown = dict(why.values).get("words", "").split(", ") if why.key == UNKNOWN else []

    def find() -> list[str]:
        near = [
            text
            for text in reworded(question, unknown, reader.model, language)
            if not isinstance(reader.outcome(text), Declined)
        ]
        firsts = [text for _, text in starters(reader.model, language, reader.taken)]
        return [*near, *firsts][:MAX_SUGGESTIONS]

    return await _in_time(find)


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


async def _in_time(find: Callable[[], list[str]]) -> list[str]:
    try:
        return await in_thread(lambda _stop: find(), DEADLINE_S)
    except TimeoutError:
        return []
