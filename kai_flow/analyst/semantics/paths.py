"""The join paths between two tables."""

from collections.abc import Iterator, Mapping, Sequence
from heapq import heappop, heappush
from itertools import islice

from kai_flow.analyst.semantics.model import Join, Path, SemanticModel

__all__ = ["MAX_JOINS", "MOST_PATHS", "joins_between", "keeps_rows", "leads_to_one", "paths"]

MAX_JOINS = 4
"""Joins of one path at most."""

MOST_PATHS = 4
"""Paths between two tables at most: the best ones."""

_MAX_SEARCHED = 5_000  # partial paths that are looked at: a bound for schemas with many keys

_Cost = tuple[int, int, int]
"""What makes a path worse: widening joins, length, guessed joins."""


def paths(model: SemanticModel, source: str, target: str) -> tuple[Path, ...]:
    """The best simple paths: those that never widen first, then the shortest first.

    From a table to itself the empty path comes first; then the ways along keys that point from
    the table to itself.
    """
    known = model.found_paths
    if (source, target) not in known:
        known[source, target] = tuple(islice(_best_first(model, source, target), MOST_PATHS))
    return known[source, target]


def joins_between(model: SemanticModel, source: str, target: str) -> int:
    """How many joins lead from one table to another at least; more than a path has, if none do."""
    return _least(model, target).get(source, (0, MAX_JOINS + 1))[1]


def keeps_rows(path: Path) -> bool:
    """Whether each row meets one row at most at the end of a path: no join on it widens."""
    return not any(join.widens for join in path)


def leads_to_one(model: SemanticModel, source: str, target: str) -> bool:
    """Whether each row of a table belongs to one row of another, or is it."""
    return source in _belonging(model, target)


def _belonging(model: SemanticModel, target: str) -> frozenset[str]:
    """The tables of which each row belongs to one row of the target at most."""
    known = model.found_belonging
    if target not in known:
        found, latest = {target}, [target]
        for _ in range(MAX_JOINS):
            steps = (join for table in latest for join in model.arriving.get(table, ()))
            latest = list({join.source for join in steps if not join.widens} - found)
            found.update(latest)
        known[target] = frozenset(found)
    return known[target]


def _best_first(model: SemanticModel, source: str, target: str) -> Iterator[Path]:
    """Simple paths, the best first.

    A partial path is taken up by what it costs at least when it arrives. So the first paths that
    arrive are the best, and most others are never built.
    """
    if source == target:
        yield ()
        yield from sorted(
            ((join,) for join in model.leaving.get(source, ()) if join.target == source), key=_cost
        )
        return
    least = _least(model, target)
    number = 0  # of equally good paths, the one that was found first comes first
    queue: list[tuple[_Cost, int, str, Path, _Cost]] = [((0, 0, 0), number, source, (), (0, 0, 0))]
    while queue and number < _MAX_SEARCHED:
        _, _, here, path, (wide, length, guessed) = heappop(queue)
        if here == target:
            yield path
            continue
        visited = {source, *[join.target for join in path]}
        for join in model.leaving.get(here, ()):
            number += 1
            if join.target in visited or join.target not in least:
                continue
            more_wide, more = least[join.target]
            if length + 1 + more <= MAX_JOINS:
                spent = (wide + join.widens, length + 1, guessed + join.guessed)
                cost = (spent[0] + more_wide, length + 1 + more, spent[2])
                heappush(queue, (cost, number, join.target, (*path, join), spent))


def _cost(path: Path) -> _Cost:
    return sum(join.widens for join in path), len(path), sum(join.guessed for join in path)


def _least(model: SemanticModel, target: str) -> Mapping[str, tuple[int, int]]:
    """From each table to the target: widening joins at least, and joins at least.

    The least of both may belong to different paths.
    """
    known = model.found_distances
    if target not in known:
        length = _lengths(model.arriving, target)
        wide = _widenings(model.arriving, target)
        known[target] = {table: (wide[table], length[table]) for table in length}
    return known[target]


def _lengths(arriving: Mapping[str, Sequence[Join]], target: str) -> dict[str, int]:
    """How many joins lead from each table to the target at least."""
    found, latest = {target: 0}, [target]
    while latest:
        length = found[latest[0]] + 1
        before, latest = latest, []
        for here in before:
            for join in arriving.get(here, ()):
                if join.source not in found:
                    found[join.source] = length
                    latest.append(join.source)
    return found


def _widenings(arriving: Mapping[str, Sequence[Join]], target: str) -> dict[str, int]:
    """How many widening joins are on a way from each table to the target at least."""
    found, alike = {target: 0}, [target]
    while alike:
        widening = found[alike[0]]
        for here in alike:  # which grows by those that no widening join leads from
            for join in arriving.get(here, ()):
                if not join.widens and join.source not in found:
                    found[join.source] = widening
                    alike.append(join.source)
        before, alike = alike, []
        for here in before:
            for join in arriving.get(here, ()):
                if join.source not in found:
                    found[join.source] = widening + 1
                    alike.append(join.source)
    return found
