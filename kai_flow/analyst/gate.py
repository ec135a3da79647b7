"""The gate between a plan and its query: refuses a plan that answers another question.

The principle: each token of the question has an owner in the plan, with the meaning that it has in
the question, and the question asks for each element of the plan. A refusal names the tokens without
an owner. The gate judges the finished plan alone, not how it was made. No answer is better than a
wrong one.
"""

from typing import Final

from kai_flow.analyst.errors import UnclearQuestion
from kai_flow.analyst.language import FILLERS, Sign
from kai_flow.analyst.ledger import Ledger
from kai_flow.analyst.linking import Mention, TargetKind
from kai_flow.analyst.messages import say
from kai_flow.analyst.plan import Operator, Plan
from kai_flow.analyst.question import Number, Question
from kai_flow.analyst.roles import mention_has_role, number_has_role
from kai_flow.analyst.soundness import misleads
from kai_flow.analyst.word_roles import word_has_role

__all__ = ["MAX_NAMED_WORDS", "admit"]

MAX_NAMED_WORDS: Final = 20
"""Words that a refusal names at most."""

_TELLING: Final = frozenset(
    [
        "lebih",
        "paling",
        "lalu",
        "ini",
        "itu",
        "tersebut",
        "jika",
        "kalau",
        "usia",
        "besar",
        "kecil",
        "tinggi",
        "rendah",
        "banyak",
        "sedikit",
        "baru",
        "lama",
        "nilai",
        "unit",
        "orang",
        "buah",
        "peringkat",
        "hasil",
        "urutan",
        "akan",
        "hanya",
        "antar",
        "negara",
        "indonesia",
        "ketika",
        "saat",
        "this",
        "these",
        "those",
        "when",
        "whose",
        "if",
        "will",
        "amount",
        "value",
        "values",
        "rank",
        "ranking",
        "people",
        "persons",
        "country",
        "order",
        "urutkan",
        "diurutkan",
        "sort",
        "sorted",
    ]
)
"""Fillers that change what a question means, unless they are part of something else."""
_UNITS: Final = frozenset(
    [
        "orang",
        "buah",
        "unit",
        "rupiah",
        "rp",
        "people",
        "persons",
    ]
)
"""They may stand right after a number."""
_SORTING: Final = frozenset(
    [
        "urutkan",
        "diurutkan",
        "sort",
        "sorted",
        "rank",
        "ranking",
        "peringkat",
        "order",
    ]
)
"""They mean that the result is to be sorted."""
_YES_OR_NO: Final = frozenset(
    [
        "is",
        "are",
        "was",
        "were",
        "does",
        "do",
        "did",
        "has",
        "have",
        "had",
        "adakah",
        "apakah",
    ]
)
"""A question that begins so wants a yes or a no."""
_OPENING: Final = frozenset(
    [
        "where",
        "who",
        "when",
        "whose",
    ]
)
"""At the start of a question they ask for something that a table does not show."""
_COUNTS: Final = (Sign.QUANTITY, Sign.ASK, Sign.MOST, Sign.FEWEST)


def admit(question: Question, plan: Plan) -> Plan:
    """The plan, if it answers the question; else ``UnclearQuestion`` names the words left over."""
    ledger = Ledger(question, plan)
    left = [at for at in range(len(question.tokens)) if not _owned(ledger, at)]
    if left:
        text = _named(question, left[:MAX_NAMED_WORDS])
        raise UnclearQuestion(say(question.language, "not_understood", words=text))
    _refuse_unasked(ledger)
    if misleads(question, plan):
        raise UnclearQuestion(say(question.language, "misleading"))
    return plan


def _named(question: Question, left: list[int]) -> str:
    """Words of the question for a refusal, each once; words side by side stay together."""
    runs: list[list[str]] = []
    for number, at in enumerate(left):
        if not number or left[number - 1] != at - 1:
            runs.append([])
        runs[-1].append(question.tokens[at].text)
    return "”, “".join(dict.fromkeys(" ".join(run) for run in runs))


def _owned(ledger: Ledger, at: int) -> bool:
    """Whether a token has an owner in the plan."""
    token, part = ledger.question.tokens[at], ledger.question.part_at(at)
    if at == 0 and token.word in _YES_OR_NO | _OPENING:
        return False
    if isinstance(part, Mention):
        return mention_has_role(ledger, part)
    if isinstance(part, Number):
        return number_has_role(ledger, part)
    if part is not None:
        return word_has_role(ledger, part)
    if token.quoted:
        return any(
            c.operator is Operator.CONTAINS and token.text in c.values
            for c in ledger.plan.conditions
        )
    return _silent(ledger, at)


def _silent(ledger: Ledger, at: int) -> bool:
    """Whether a word has no meaning of its own here."""
    word = ledger.question.tokens[at].word
    if word in _UNITS and at and isinstance(ledger.question.part_at(at - 1), Number):
        return True
    if word in _SORTING and ledger.plan.order is not None:
        return True
    return word in FILLERS and word not in _TELLING


def _refuse_unasked(ledger: Ledger) -> None:
    """Refuse a count of something that the question does not name."""
    question = ledger.question
    if (
        ledger.plan.dimensions
        and question.has(Sign.LIST, Sign.WHICH)
        and not question.has(*_COUNTS)
    ):
        return  # "list the types": the count of each type is only an addition
    for measure in ledger.measures:
        named = any(
            question.meaning[mention].table == measure.table
            and question.kind(mention) is TargetKind.TABLE
            for mention in question.mentions
        )
        if measure.column is None and not named:
            raise UnclearQuestion(say(question.language, "count_what", table=measure.table))
