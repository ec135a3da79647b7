"""Refuses questions before a plan is made, where half an answer would be a wrong one."""

from kai_flow.analyst.errors import UnclearQuestion
from kai_flow.analyst.language import Sign, Word
from kai_flow.analyst.linking import Mention, TargetKind
from kai_flow.analyst.messages import say
from kai_flow.analyst.question import Question

__all__ = ["refuse_unanswerable", "refuse_unknown"]

_NAMING = {Sign.PLACE, Sign.PER, Sign.BY, Sign.AVERAGE, Sign.QUANTITY, Sign.NOT, Sign.TOP}


def refuse_unanswerable(question: Question) -> None:
    """Refuse what no query of this analyst can answer."""
    for word in question.words:
        if word.sign is Sign.WRITE:
            raise UnclearQuestion(say(question.language, "read_only"))
        if word.sign is Sign.UNSUPPORTED:
            raise UnclearQuestion(say(question.language, "unsupported", word=question.text(word)))
        if word.sign is Sign.NOT and not _denies_value(question, word):
            raise UnclearQuestion(say(question.language, "denied", word=question.text(word)))


def refuse_unknown(question: Question) -> None:
    """Refuse an unknown word in the place of a name: ignoring it would give a wrong answer."""
    for at in question.unknown():
        token = question.tokens[at]
        previous = question.before(at)
        after_sign = isinstance(previous, Word) and previous.sign in _NAMING
        if after_sign or (at > 0 and token.text[:1].isupper()):
            raise UnclearQuestion(say(question.language, "unknown_word", word=token.text))


def _denies_value(question: Question, word: Word) -> bool:
    """Whether a "not" has a value to exclude: "selain Bali", "except the province of Bali"."""
    part = question.after(word.end, (Sign.PLACE, Sign.WITH))
    while isinstance(part, Mention):
        if question.kind(part) is TargetKind.VALUE:
            return True
        part = question.after(part.end)
    return False
