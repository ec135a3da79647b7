"""What a question means over the model of a small schema."""

from datetime import date

from kai_flow.analyst.query.printing import printed
from kai_flow.analyst.reading.reader import Outcome, Understood, read
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.model import SemanticModel

__all__ = ["outcome", "text"]

LATER = date(2025, 6, 15)
"""A day after all that these schemas have."""


def outcome(model: SemanticModel, question: str, today: date = LATER) -> Outcome:
    """What becomes of the question."""
    return read(question, model, Index(model), today)[0]


def text(model: SemanticModel, question: str, today: date = LATER) -> str:
    """The one query that it means, in one line."""
    found = outcome(model, question, today)
    assert isinstance(found, Understood), found
    return printed(found.query)
