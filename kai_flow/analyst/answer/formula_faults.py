"""Why a word of a question means nothing: its taught formula cannot be used."""

from collections.abc import Iterable
from typing import Final

from kai_flow.analyst.answer import messages
from kai_flow.analyst.lexicon.data import Language
from kai_flow.analyst.lexicon.tokens import tokenize
from kai_flow.analyst.semantics.model import FaultyFormula, FormulaFault
from kai_flow.analyst.semantics.wording import joined, spoken

__all__ = ["asked_for", "told"]


def asked_for(question: str, faulty: Iterable[FaultyFormula]) -> FaultyFormula | None:
    """The first taught formula whose term is in a question, of those that cannot be used."""
    words = tuple(token.word for token in tokenize(question))
    for each in faulty:
        term = spoken(each.term)
        spans = range(len(words) - len(term) + 1)
        if any(joined(words[at : at + len(term)]) == joined(term) for at in spans):
            return each
    return None


def told(faulty: FaultyFormula, language: Language) -> str:
    """What is wrong with a formula, and the remedy."""
    given = {
        "name": faulty.term,
        "formula": faulty.formula,
        "column": faulty.column,
        "tables": ", ".join(faulty.tables),
    }
    message = _MESSAGES[faulty.fault]
    return message.say(language, **{gap: given[gap] for gap in message.gaps})


_MESSAGES: Final = {
    FormulaFault.SYNTAX: messages.FORMULA_SYNTAX,
    FormulaFault.COLUMN: messages.FORMULA_COLUMN,
    FormulaFault.AMBIGUOUS: messages.FORMULA_AMBIGUOUS,
    FormulaFault.NUMBERS: messages.FORMULA_NUMBERS,
    FormulaFault.ZERO: messages.FORMULA_ZERO,
    FormulaFault.TABLES: messages.FORMULA_TABLES,
    FormulaFault.CYCLE: messages.FORMULA_CYCLE,
}
