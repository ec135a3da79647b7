"""How long things took: the time between two dates of a row, such as from order to delivery."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final

from kai_flow.analyst.query.nodes import Grain, TimeUnit
from kai_flow.analyst.schema import Column, ColumnRef
from kai_flow.analyst.semantics.model import Axis, Duration, SemanticModel
from kai_flow.analyst.semantics.vocabulary import CREATED, LATER
from kai_flow.analyst.semantics.wording import full_words, split_name

__all__ = ["durations_of", "unit_between"]

BIRTHS: Final = frozenset(["birth", "birthday", "born", "dob", "lahir", "death", "died"])
"""What begins and ends a life, and no event of a table."""

WRITTEN: Final = CREATED - {"created", "dibuat"}
"""When a row was last written. What was created, such as a ticket, may begin then."""

PLANNED: Final = frozenset(
    [
        *(
            "due",
            "deadline",
            "tempo",
            "required",
            "valid",
            "expiry",
            "expired",
            "expires",
            "expire",
        ),
        *("expected", "estimated", "eta", "planned", "plan", "promised", "scheduled", "target"),
        *("estimasi", "rencana", "dijadwalkan", "jadwal", "berlaku", "kedaluwarsa"),
    ]
)
"""When something should happen, which does not tell how long it took."""

MOST_TIMES: Final = 5
"""Times of a table that are paired."""


def durations_of(model: SemanticModel) -> tuple[Duration, ...]:
    """The durations of all tables; of one table those that begin first come first."""
    return tuple(each for table in model.entities for each in _of_table(model, table))


def _of_table(model: SemanticModel, table: str) -> Iterator[Duration]:
    places = {column.name: at for at, column in enumerate(model.schema.tables[table].columns)}
    times = [
        axis
        for axis in model.axes_of(table)
        if axis.finest is Grain.DAY and not _words(axis) & (BIRTHS | WRITTEN)
    ]
    in_order = sorted(times, key=lambda axis: (_follows(axis), places[axis.columns[0]]))
    for start, end in combinations(in_order[:MOST_TIMES], 2):
        usual = _happens(start, in_order) and _happens(end, in_order)
        yield Duration(table, start.id, end.id, unit_between(model, start, end), usual)


def _words(axis: Axis) -> frozenset[str]:
    return frozenset(full_words(split_name(axis.columns[0])))


def _follows(axis: Axis) -> int:
    """The place of a time among those of its table, before that of its column."""
    words = _words(axis)
    return 2 if words & PLANNED else 1 if words & LATER else 0


def _happens(axis: Axis, times: Sequence[Axis]) -> bool:
    """Whether a time is a step of what the rows are about."""
    words = _words(axis)
    if words & PLANNED:
        return False
    others = [each for each in times if not _words(each) & PLANNED]
    return not words & CREATED or len(others) == 2


def unit_between(model: SemanticModel, start: Axis, end: Axis) -> TimeUnit:
    """Hours where both times have them, else days."""
    columns = (model.schema.column(ColumnRef(a.table, a.columns[0])) for a in (start, end))
    return TimeUnit.HOUR if all(_has_hours(column) for column in columns) else TimeUnit.DAY


def _has_hours(column: Column) -> bool:
    """Whether a column tells the time of the day."""
    seen = [each for each in (column.low, column.high) if isinstance(each, str)]
    if seen:
        return any(len(each) > len("2025-01-31") and "00:00:00" not in each for each in seen)
    return "TIME" in column.type.upper()
