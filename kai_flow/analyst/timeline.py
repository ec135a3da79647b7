"""Which column holds the time of a row."""

from kai_flow.analyst.errors import UnclearQuestion
from kai_flow.analyst.messages import say
from kai_flow.analyst.question import Question
from kai_flow.analyst.schema import ColumnRef, Kind
from kai_flow.analyst.words import split_name

__all__ = ["time_column"]

_PLAIN = {("tahun",), ("year",)}


def time_column(question: Question, fact: str) -> ColumnRef:
    """The year or date column of a table, else of the nearest table that it points to.

    A column that the question mentions comes first. ``UnclearQuestion`` when there is none.
    """
    mentioned = [
        question.meaning[mention].ref
        for mention in question.mentions
        if question.kind(mention) in {Kind.YEAR, Kind.DATE}
    ]
    if mentioned:
        return mentioned[0]
    candidates = [
        (question.schema.distance(fact, table.name), order, ColumnRef(table.name, column.name))
        for table in question.schema.tables.values()
        for column in table.columns
        if column.kind in {Kind.YEAR, Kind.DATE}
        for order in [(split_name(column.name) not in _PLAIN, column.kind is not Kind.YEAR)]
    ]
    if not candidates or min(candidates, key=lambda c: c[:2])[0][0] > 0:
        raise UnclearQuestion(say(question.language, "no_time", table=fact))
    return min(candidates, key=lambda candidate: candidate[:2])[2]
