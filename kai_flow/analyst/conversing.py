"""What a question of a conversation means, given what was kept of the one before."""

from datetime import date

import msgspec

from kai_flow.analyst.lexicon.lexicon import Language, detect
from kai_flow.analyst.lexicon.tokens import tokenize
from kai_flow.analyst.query.nodes import Query
from kai_flow.analyst.query.refusals import CannotChange, Reason
from kai_flow.analyst.query.stale import require_present
from kai_flow.analyst.query.stored import stored_query
from kai_flow.analyst.reading.follow_up import continued, told
from kai_flow.analyst.reading.fragments import unmarked
from kai_flow.analyst.reading.reader import Declined, Outcome
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.model import SemanticModel
from kai_flow.connections.turns import Begun

__all__ = ["in_conversation", "spoken"]


def in_conversation(
    question: str, whole: Outcome, begun: Begun, model: SemanticModel, index: Index, today: date
) -> Outcome:
    """What a question means; ``whole`` is what it means by itself.

    The query before is used only if the database still has all that it names.
    """
    try:
        base = _base(begun, model)
    except CannotChange as why:
        return _unless_whole(question, whole, why)
    return continued(question, whole, base, model, index, today)


def spoken(question: str, begun: Begun) -> Language:
    """The language of a question; that of the one before if its words do not tell ("top 3")."""
    before: Language = "en" if begun.last is not None and begun.last.language == "en" else "id"
    return detect(tokenize(question), before)


def _base(begun: Begun, model: SemanticModel) -> Query:
    """The query before; `CannotChange` when there is none that can be used."""
    if begun.base is None:
        raise CannotChange(Reason.LOST if begun.damaged else Reason.NO_BASE)
    try:
        query = stored_query(begun.base.query)
    except msgspec.MsgspecError:  # another version of KAI has written it
        raise CannotChange(Reason.LOST) from None
    return require_present(query, model)


def _unless_whole(question: str, whole: Outcome, why: CannotChange) -> Outcome:
    """The refusal, if the question means nothing by itself and may be a fragment."""
    fragment = bool(unmarked(tokenize(question)).marks)
    if isinstance(whole, Declined) and (fragment or why.reason is not Reason.NO_BASE):
        return Declined(told(why))
    return whole
