"""Numbers without a time of their own, where the question names a period.

"Assets of cooperatives in 2023": what is known is when each was founded, and its assets now. Both
that and the assets whatever the period are offered.
"""

from collections.abc import Iterator
from typing import Final

from msgspec import structs

from kai_flow.analyst.query.filters import parts_of
from kai_flow.analyst.query.nodes import (
    All,
    Condition,
    During,
    Field,
    Filter,
    Function,
    Operator,
    Query,
    Recurring,
    Related,
)
from kai_flow.analyst.reading.assembler import ASSUMED_COST, NUMBERS, Assembler
from kai_flow.analyst.reading.choices import Note
from kai_flow.analyst.reading.reading import Reading
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import SemanticModel

COUNTS: Final = frozenset([Function.COUNT, Function.DISTINCT])
"""Functions that say how many there are."""

UNDATED: Final = "undated"
"""Key of the note that a number has no time of its own."""

LEFT_OUT: Final = "period_left_out"
"""Key of the note that the period of the question is left out, which is only offered."""

UNDATED_COST: Final = 0.45
"""Of asking what to do with a period that is of no number in the data."""

LESS: Final = 0.05
"""Of leaving the period out, beside rows that began in it."""


def asked_if_undated(a: Assembler, reading: Reading) -> Iterator[Reading]:
    """A reading; one of numbers by a time that says nothing of them is one of two that are offered.

    Neither is offered of rows that are named: their pay in January is not known.
    """
    query = reading.query
    axes = {dict(note.values)["axis"] for note in reading.notes if note.key == "axis_assumed"}
    if query is None or not axes or not _of_numbers(a.model, query):
        yield reading
        return
    whole = _without(query.where, axes)
    named = _names_rows(a.model, query)
    if named:
        a.troubles.add("undated", **_number_of(query))
    if named or whole == query.where:
        yield structs.replace(reading, cost=reading.cost + ASSUMED_COST)
        return
    cost = reading.cost + UNDATED_COST
    notes = (*reading.notes, Note(UNDATED))
    yield structs.replace(reading, cost=cost, notes=notes, open=True)
    rest = structs.replace(query, where=whole)
    less = tuple(note for note in reading.notes if note.key != "axis_assumed")
    left_out = (*less, Note(UNDATED), Note(LEFT_OUT))
    yield structs.replace(reading, query=rest, cost=cost + LESS, notes=left_out, open=True)


def _of_numbers(model: SemanticModel, query: Query) -> bool:
    """Whether a query is about numbers of rows, and not only about how many there are."""
    if query.measures:
        found = [each for measure in query.measures for each in measure.aggregates]
        return any(each.function not in COUNTS for each in found)
    refs = [ColumnRef(o.by.table, o.by.column) for o in query.order if isinstance(o.by, Field)]
    return any(model.attributes[ref].role in NUMBERS for ref in refs)


def _names_rows(model: SemanticModel, query: Query) -> bool:
    """Whether a filter names rows like those of the fact table: employees, or their managers."""
    label = model.entities[query.fact].label
    found = parts_of(query.where)
    inner = (part for each in found if isinstance(each, Related) for part in parts_of(each.where))
    return any(
        isinstance(part, Condition)
        and part.operator is Operator.EQUAL
        and isinstance(part.of, Field)
        and (part.of.table, part.of.column) == (query.fact, label)
        for part in (*found, *inner)
    )


def _number_of(query: Query) -> dict[str, str]:
    """The first column that a number is of; else the table."""
    for measure in query.measures:
        for each in measure.aggregates:
            if isinstance(each.of, Field):
                return {"table": each.of.table, "column": each.of.column}
    return {"table": query.fact, "column": ""}


def is_undated(reading: Reading) -> bool:
    """Whether it is one of the two."""
    return any(note.key == UNDATED for note in reading.notes)


def _without(where: Filter | None, axes: set[str]) -> Filter | None:
    """A filter without the periods of some times."""
    parts = parts_of(where)
    kept = [p for p in parts if not (isinstance(p, During | Recurring) and p.axis in axes)]
    if len(kept) == len(parts):
        return where
    if len(kept) == 1:
        return kept[0]
    return All(parts=tuple(kept)) if kept else None
