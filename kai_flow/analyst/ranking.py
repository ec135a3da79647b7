"""How a question ranks: whether it asks for the first or last few, which end, how many places."""

from collections.abc import Sequence

from kai_flow.analyst.language import Sign
from kai_flow.analyst.linking import Mention
from kai_flow.analyst.measures import Found
from kai_flow.analyst.plan import Aggregate
from kai_flow.analyst.question import Question
from kai_flow.analyst.subjects import Subject

__all__ = ["DEFAULT_TOP", "ascending", "extreme", "has_end", "is_ranking", "limit"]

DEFAULT_TOP = 10
"""Places in a ranking when the question gives no number."""

_SUPERLATIVES = (Sign.HIGHEST, Sign.LOWEST, Sign.MOST, Sign.FEWEST)
_ENDS = (Sign.TOP, Sign.BOTTOM)
_ASCENDING = (Sign.LOWEST, Sign.FEWEST, Sign.OLDEST)


def has_end(question: Question) -> bool:
    """Whether a word names an end of the ranking: "top", "terendah", "the most"."""
    return question.has(*_SUPERLATIVES, *_ENDS)


def extreme(question: Question, subject: Subject) -> Aggregate | None:
    """MAX or MIN when "highest X" asks for the value itself, not for who has it."""
    if subject.entity is not None or subject.limit is not None:
        return None
    if question.has(Sign.HIGHEST):
        return Aggregate.MAXIMUM
    return Aggregate.MINIMUM if question.has(Sign.LOWEST) else None


def is_ranking(question: Question, subject: Subject, measured: Sequence[Found]) -> bool:
    """Whether the question asks for the first or last few."""
    if subject.limit is not None or question.has(*_ENDS):
        return True
    if any(found.measure.aggregate is extreme(question, subject) for found in measured):
        return False
    return question.has(*_SUPERLATIVES)


def ascending(question: Question) -> bool:
    """Whether the smallest come first: always with "bottom", and in "top 5 … terendah" too."""
    if question.has(*_ASCENDING):
        return True
    return question.has(Sign.BOTTOM) and not question.has(*_SUPERLATIVES)


def limit(question: Question, subject: Subject) -> tuple[int, bool]:
    """How many places, and whether that is a default: "which province" asks for one."""
    if subject.limit is not None:
        return subject.limit, False
    if subject.groups and not question.has(*_ENDS):
        return 1000, True
    one = question.has(Sign.WHICH, Sign.ASK) and not question.has(Sign.LIST)
    if one and not _asks_for_several(question, subject.entity):
        return 1, False
    return DEFAULT_TOP, True


def _asks_for_several(question: Question, entity: Mention | None) -> bool:
    """Whether an English question is in the plural: by its verb, else by the noun's ending."""
    words = {token.word for token in question.tokens}
    if question.language != "en" or words & {"has", "is", "was"}:
        return False
    if words & {"have", "are", "were"}:
        return True
    return entity is not None and question.text(entity).endswith("s")
