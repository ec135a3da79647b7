"""The other readings of a question: offered if the likeliest finds nothing, and picked."""

from datetime import date

from kai_flow.analyst.query.nodes import Query, bare
from kai_flow.analyst.reading.choices import Note
from kai_flow.analyst.reading.deciding import OFFERS
from kai_flow.analyst.reading.overlaps import meaning
from kai_flow.analyst.reading.reader import (
    Catalogue,
    Declined,
    Outcome,
    Unclear,
    Understood,
    read,
)
from kai_flow.analyst.reading.reading import Reading
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.model import SemanticModel

__all__ = ["pick", "wider_readings"]


def pick(
    number: int,
    outcome: Outcome,
    question: str,
    model: SemanticModel,
    index: Index,
    today: date,
) -> Outcome:
    """The reading with a number, which counts from 1, of those that were offered for a question."""
    if isinstance(outcome, Unclear):
        readings = outcome.readings
    elif isinstance(outcome, Understood):
        readings = wider_readings(question, outcome.query, model, index, today)
    else:
        return outcome
    if number > len(readings):
        return Declined(Note("no_choice", (("number", str(number)),)))
    reading = readings[number - 1]
    if reading.query is None:
        return Catalogue(reading.tables)
    return Understood(reading.query, reading.notes)


def wider_readings(
    question: str, query: Query, model: SemanticModel, index: Index, today: date
) -> tuple[Reading, ...]:
    """The reading whose ``query`` found nothing, and what else the question may mean; or none.

    That nothing was found speaks against a reading, so a less likely one is worth an offer if it
    filters by something else. A fragment of a conversation means what it changes: nothing else is
    offered for it.
    """
    outcome, _ = read(question, model, index, today, margin=OFFERS)
    readings = outcome.readings if isinstance(outcome, Unclear) else ()
    if not readings or meaning(readings[0].query) != meaning(query):
        return ()
    others = [each for each in readings if each.query and _filters(each.query) != _filters(query)]
    return (readings[0], *others) if others else ()


def _filters(query: Query) -> object:
    return query.where and bare(query.where)
