"""Which numbers a question asks for: columns aggregated, or things counted."""

from collections.abc import Sequence
from dataclasses import dataclass

from kai_flow.analyst.language import Sign, Word
from kai_flow.analyst.linking import Mention, TargetKind, named_exactly
from kai_flow.analyst.plan import Aggregate, Measure
from kai_flow.analyst.question import Question
from kai_flow.analyst.schema import Column, Kind
from kai_flow.analyst.words import split_name

__all__ = ["Found", "count_of", "find_counted", "find_measured", "measure_of"]


@dataclass(frozen=True)
class Found:
    """A measure, and whether the question itself named its aggregate."""

    measure: Measure
    explicit: bool
    mention: Mention | None = None


_AGGREGATES = {
    Sign.AVERAGE: Aggregate.AVERAGE,
    Sign.QUANTITY: Aggregate.SUM,
    Sign.MINIMUM: Aggregate.MINIMUM,
    Sign.MAXIMUM: Aggregate.MAXIMUM,
}
_COUNTING = (Sign.QUANTITY, Sign.ASK, Sign.MOST, Sign.FEWEST)

_RATES = frozenset(
    [
        "price",
        "rate",
        "ratio",
        "percent",
        "percentage",
        "pct",
        "score",
        "rating",
        "age",
        "margin",
        "temperature",
        "index",
        "average",
        "avg",
        "mean",
        "harga",
        "rasio",
        "persen",
        "persentase",
        "skor",
        "nilai",
        "umur",
        "usia",
        "suhu",
        "indeks",
        "tingkat",
        "rata",
        "lama",
        "durasi",
        "duration",
    ]
)
"""Words in a column's name that show that a sum of its values makes no sense."""


def find_measured(question: Question, default: Aggregate | None) -> list[Found]:
    """The number columns in the question, each with its aggregate.

    ``default`` is for columns without an aggregate; with None, their content decides.
    """
    found: list[Found] = []
    for mention in question.free(Kind.NUMBER):
        aggregate = _named_aggregate(question, mention)
        link = question.before(mention.start)
        chained = found and isinstance(link, Word) and link.sign is Sign.AND
        if aggregate is None and chained and found[-1].explicit:
            aggregate = found[-1].measure.aggregate
        target = question.meaning[mention]
        column = question.schema.column(target.ref)
        chosen = aggregate or default or (Aggregate.AVERAGE if _rate(column) else Aggregate.SUM)
        measure = Measure(chosen, target.table, target.column)
        found.append(Found(measure, aggregate is not None, mention))
    return found or _named_by_sign(question)


def measure_of(question: Question, mention: Mention) -> Measure:
    """The measure that a filter on groups compares: a count of things or an aggregated column."""
    target = question.meaning[mention]
    if target.kind is TargetKind.TABLE:
        return Measure(Aggregate.COUNT, target.table)
    aggregate = _named_aggregate(question, mention) or Aggregate.SUM
    return Measure(aggregate, target.table, target.column)


def find_counted(question: Question, subjects: Sequence[Mention]) -> Measure | None:
    """What is counted: the thing named after "jumlah", "how many", "most" …, else another table."""
    for word in question.words:
        if word.sign not in _COUNTING:
            continue
        for part in (
            question.after(word.end, (*_COUNTING, Sign.WITH)),
            question.before(word.start),
        ):
            if isinstance(part, Mention) and part not in question.used and part not in subjects:
                counted = count_of(question, part)
                if counted is not None:
                    return counted
    if not question.has(*_COUNTING) and not subjects:
        return None
    others = [m for m in question.free(TargetKind.TABLE) if m not in subjects]
    return count_of(question, others[0]) if others else None


def count_of(question: Question, mention: Mention) -> Measure | None:
    """Count the rows of a table, or the distinct values of a text column."""
    target = question.meaning[mention]
    if target.kind is TargetKind.TABLE:
        return Measure(Aggregate.COUNT, target.table)
    if question.kind(mention) is Kind.TEXT:
        return Measure(Aggregate.COUNT, target.table, target.column)
    return None


def _named_aggregate(question: Question, mention: Mention) -> Aggregate | None:
    """The aggregate said before a column ("rata-rata X") or after it ("X rata-rata")."""
    before = question.before(mention.start, (Sign.ASK,))
    if isinstance(before, Word) and before.sign in _AGGREGATES:
        further = question.before(before.start)
        if before.sign is Sign.QUANTITY and isinstance(further, Word):  # "rata-rata total X"
            return _AGGREGATES.get(further.sign, Aggregate.SUM)
        return _AGGREGATES[before.sign]
    after = question.after(mention.end)
    if isinstance(after, Mention) and question.kind(after) is TargetKind.TABLE:
        after = question.after(after.end)
    if isinstance(after, Word) and after.sign in _AGGREGATES:
        claimed = question.after(after.end)
        if not (isinstance(claimed, Mention) and question.kind(claimed) is Kind.NUMBER):
            return _AGGREGATES[after.sign]
    return None


def _named_by_sign(question: Question) -> list[Found]:
    """A column with exactly the name "total" or "jumlah", when the word has no other role."""
    for word in question.words:
        following = question.after(word.end)
        if word.sign is not Sign.QUANTITY or isinstance(following, Mention):
            continue
        for ref in named_exactly(question.schema, question.tokens[word.start].word):
            if question.schema.column(ref).kind is Kind.NUMBER:
                before = question.before(word.start)
                if isinstance(before, Mention):  # "average order total"
                    before = question.before(before.start)
                sign = before.sign if isinstance(before, Word) else None
                aggregate = _AGGREGATES.get(sign, Aggregate.SUM) if sign else Aggregate.SUM
                return [Found(Measure(aggregate, ref.table, ref.column), explicit=True)]
    return []


def _rate(column: Column) -> bool:
    """Whether the values of a column are rates, prices or ages."""
    names = (column.name, *column.note.names, column.note.unit.replace("%", "percent"))
    return any(word in _RATES for name in names for word in split_name(name))
