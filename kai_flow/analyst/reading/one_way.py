"""Sides of a difference that are both of the rows: of a manager, and of a driver."""

from collections import defaultdict
from collections.abc import Sequence

from kai_flow.analyst.query.filters import parts_of
from kai_flow.analyst.query.nodes import Condition, Field, Query
from kai_flow.analyst.reading.reading import Reading

__all__ = ["reached_alike"]


def reached_alike(readings: Sequence[Reading]) -> list[Reading]:
    """The readings without those that have one side of the rows and one of others, if any is left.

    "The salary of a manager and that of a driver" are of one job title each, and no job title of
    somebody's manager.
    """
    kept = [each for each in readings if each.query is None or not _apart(each.query)]
    return kept if any(each.query for each in kept) else list(readings)


def _apart(query: Query) -> bool:
    """Whether numbers of one measure limit a column, one their own and one that of other rows."""
    for measure in query.measures:
        ways: defaultdict[str, set[bool]] = defaultdict(set)
        for number in measure.aggregates:
            for part in parts_of(number.where):
                of = part.of if isinstance(part, Condition) else None
                if isinstance(of, Field) and of.table == query.fact:
                    ways[of.column].add(bool(of.path))
        if any(len(paths) > 1 for paths in ways.values()):
            return True
    return False
