"""What a question of a user means, its language, and what is said if it is not answered."""

from dataclasses import dataclass
from datetime import date

import msgspec

from kai_flow.analyst.answer import messages, remarks
from kai_flow.analyst.answer.formula_faults import asked_for, told
from kai_flow.analyst.answer.outcomes import choices, question_back, refusal, undated
from kai_flow.analyst.conversing import in_conversation, spoken
from kai_flow.analyst.engines.threads import Stop, in_thread
from kai_flow.analyst.errors import UnclearQuestion
from kai_flow.analyst.lexicon.lexicon import Language, detect
from kai_flow.analyst.lexicon.tokens import tokenize
from kai_flow.analyst.picking import picked, picking
from kai_flow.analyst.query.nodes import Query
from kai_flow.analyst.reading.choices import Note
from kai_flow.analyst.reading.otherwise import pick, wider_readings
from kai_flow.analyst.reading.reader import Outcome, read
from kai_flow.analyst.reading.reading import Reading
from kai_flow.analyst.report import Event, Report
from kai_flow.analyst.semantics.cache import Understanding
from kai_flow.analyst.semantics.model import SemanticModel
from kai_flow.analyst.semantics.rephrasing import rephrased
from kai_flow.analyst.suggesting import Reader, prompts
from kai_flow.connections.knowledge import Term
from kai_flow.connections.turns import Begun, Choice

__all__ = ["Asked", "asked_back", "glossary", "otherwise", "read_question", "too_slow", "why_not"]

READING_DEADLINE_S = 30.0
"""Seconds for understanding a question, even about thousands of tables."""


@dataclass(frozen=True)
class Asked:
    """A question that was read."""

    prompt: str
    """As it was asked, without the number of a picked reading."""
    question: str
    """As it was read: with what its words were taught to mean."""
    outcome: Outcome
    language: Language
    reader: Reader
    replaced: tuple[Term, ...] = ()
    """Words of the question that were replaced by the phrases that they were taught to mean."""

    @property
    def model(self) -> SemanticModel:
        """The database."""
        return self.reader.model


async def read_question(
    prompt: str, known_by: Understanding, today: date, begun: Begun | None
) -> Asked:
    """Read the question in a thread: the event loop also sends the heartbeats of other sessions."""

    def work(_stop: Stop) -> Asked:
        reader = Reader(known_by.model, known_by.index, today)
        asked, number = picked(prompt)
        said = rephrased(asked, reader.model.phrases, reader.index)
        outcome, language = read(said.question, reader.model, reader.index, today)
        if begun is not None:
            outcome = in_conversation(
                said.question, outcome, begun, reader.model, reader.index, today
            )
            language = spoken(said.question, begun)
        if number is not None:
            outcome = pick(number, outcome, said.question, reader.model, reader.index, today)
        return Asked(asked, said.question, outcome, language, reader, said.replaced)

    try:
        return await in_thread(work, READING_DEADLINE_S)
    except TimeoutError as error:
        raise too_slow(prompt, READING_DEADLINE_S) from error


async def otherwise(asked: Asked, query: Query) -> tuple[Reading, ...]:
    """The reading that found nothing and what else the question may mean; or none."""
    reader = asked.reader

    def work(_stop: Stop) -> tuple[Reading, ...]:
        return wider_readings(asked.question, query, reader.model, reader.index, reader.today)

    try:
        return await in_thread(work, READING_DEADLINE_S)
    except TimeoutError:  # the answer stands as it is
        return ()


def too_slow(prompt: str, seconds: float) -> UnclearQuestion:
    """The error that there was no time to understand a question."""
    language = detect(tokenize(prompt))
    return UnclearQuestion(messages.TOO_SLOW.say(language, seconds=f"{seconds:g}"))


def why_not(why: Note, asked: Asked, prompt: str) -> str:
    """Why a question is not answered: also a taught formula that it mentions may be at fault."""
    faulty = asked_for(prompt, asked.model.faulty)
    if faulty is not None:
        return told(faulty, asked.language)
    return refusal(why, asked.model, asked.language)


def glossary(asked: Asked) -> tuple[str, ...]:
    """A remark on the words that were replaced by what they mean."""
    if not asked.replaced:
        return ()
    pairs = "; ".join(f"“{term.term}” = {term.meaning}" for term in asked.replaced)
    return (remarks.GLOSSARY.say(asked.language, pairs=pairs),)


async def asked_back(
    asked: Asked, readings: tuple[Reading, ...], report: Report, *, instead: bool = False
) -> Event:
    """The question back, with one choice for each reading.

    ``instead``: the first one has been answered, and the others are offered.
    """
    labels = choices(readings, asked.model, asked.language)
    numbers = undated(readings, asked.model, asked.language)
    question = question_back(labels[instead:], asked.language, instead=instead, undated=numbers)
    found = await prompts([reading.query for reading in readings], asked.reader, asked.language)
    report.status = "needs_clarification"
    offered = [
        Choice(label, prompt or picking(asked.prompt, number))
        for number, (label, prompt) in enumerate(zip(labels, found, strict=True), 1)
    ]
    report.choices = tuple(offered[instead:])
    numbered = [f"{place}. {label}" for place, label in enumerate(labels[instead:], 1)]
    report.answer.append("\n".join([question, "", *numbered]))
    return {
        "type": "clarify",
        "question": question,
        "choices": [msgspec.to_builtins(choice) for choice in report.choices],
    }
