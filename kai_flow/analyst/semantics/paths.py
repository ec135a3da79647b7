"""The join paths between two tables."""

from collections import deque
from collections.abc import Mapping, Sequence

from kai_flow.analyst.semantics.model import Join, Path, SemanticModel

__all__ = ["MAX_JOINS", "paths"]

MAX_JOINS = 4
"""Joins of one path at most."""

_MAX_SEARCHED = 5_000  # partial paths that are looked at: a bound for schemas with many keys


def paths(model: SemanticModel, source: str, target: str, most: int = 4) -> tuple[Path, ...]:
    """Up to ``most`` simple paths: those that never widen first, then the shortest first.

    From a table to itself the empty path comes first; then the ways along keys that point from
    the table to itself.
    """
    known = model.found_paths
    if (source, target) not in known:
        known[source, target] = _found(model.leaving, source, target)
    return known[source, target][:most]


def _found(leaving: Mapping[str, Sequence[Join]], source: str, target: str) -> tuple[Path, ...]:
    """All simple paths that were found, the best first."""
    near = _distances(leaving, target)
    found: list[Path] = [()] if source == target else []
    queue: deque[tuple[str, Path]] = deque([(source, ())])
    searched = 0
    while queue and searched < _MAX_SEARCHED:
        here, path = queue.popleft()
        for join in leaving.get(here, ()):
            searched += 1
            longer = (*path, join)
            if join.target == target and (join.target != source or not path):
                found.append(longer)
            elif not _visited(join.target, source, path) and (
                len(longer) + near.get(join.target, MAX_JOINS) <= MAX_JOINS
            ):
                queue.append((join.target, longer))
    return tuple(sorted(found, key=_cost))


def _visited(table: str, source: str, path: Path) -> bool:
    return table == source or any(join.target == table for join in path)


def _cost(path: Path) -> tuple[int, int, int]:
    """What makes a path worse: widening joins, guessed ones, length."""
    return sum(join.widens for join in path), len(path), sum(join.guessed for join in path)


def _distances(leaving: Mapping[str, Sequence[Join]], target: str) -> dict[str, int]:
    """Joins from each table to the target; the joins of a key lead both ways."""
    near = {target: 0}
    queue = deque([target])
    while queue:
        here = queue.popleft()
        for join in leaving.get(here, ()):
            if join.target not in near:
                near[join.target] = near[here] + 1
                queue.append(join.target)
    return near
