"""Which covers are assembled: of many alike, those whose parts are near each other.

In a big database the same words name columns of many tables, which differ in nothing but how far
the joins between them lead. Most of those that are far apart would be assembled in vain.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from itertools import combinations
from typing import Final, TypeAlias

from msgspec import Struct

from kai_flow.analyst.reading.chart import head_of
from kai_flow.analyst.reading.cover import Cover
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import SemanticModel
from kai_flow.analyst.semantics.paths import joins_between

MOST: Final = 20
"""Covers with parts of the same classes, however many of each, that are assembled at most."""

TWINS: Final = 10
"""Covers that take the same words for parts of the same classes, in other tables, at most."""

PLACES: Final = 6
"""Places of a cost that count: sums of the same costs are equal, however they were rounded."""

Tables: TypeAlias = dict[int, AbstractSet[str]]
"""The tables of parts that many covers have, by the identity of the part."""


def nearest(found: Sequence[Cover], model: SemanticModel) -> Sequence[Cover]:
    """The covers that are assembled, in their order: of those alike the cheapest and nearest."""
    known: Tables = {}
    twins = _of_each(found, _shape, TWINS, model, known)
    return _of_each(twins, _heads, MOST, model, known)


def _shape(cover: Cover) -> Hashable:
    """Which words a cover takes for parts of which classes, and where filters stand within."""
    return tuple(
        [(item.first, item.last, head_of(item.part), len(item.aside)) for item in cover.items]
    )


def _heads(cover: Cover) -> Hashable:
    """What rules know the parts of a cover by."""
    return frozenset([head_of(item.part) for item in cover.items])


def _of_each(
    found: Sequence[Cover],
    alike: Callable[[Cover], Hashable],
    most: int,
    model: SemanticModel,
    known: Tables,
) -> Sequence[Cover]:
    """The covers, without the dearest and farthest of more than so many that are alike."""
    if len(found) <= most:
        return found
    groups: defaultdict[Hashable, list[tuple[float, int]]] = defaultdict(list)
    for at, cover in enumerate(found):
        groups[alike(cover)].append((round(cover.cost, PLACES), at))
    if max(map(len, groups.values())) <= most:
        return found
    kept = {at for each in groups.values() for at in _kept(each, most, found, model, known)}
    return [cover for at, cover in enumerate(found) if at in kept]


def _kept(
    alike: Sequence[tuple[float, int]],
    most: int,
    found: Sequence[Cover],
    model: SemanticModel,
    known: Tables,
) -> Iterable[int]:
    """The places of those covers of one kind that are assembled.

    How far their tables are apart matters only among those that cost as much as the last of them.
    """
    if len(alike) <= most:
        return [at for _, at in alike]
    cheapest_first = sorted(alike)
    last = cheapest_first[most - 1][0]
    cheaper = [at for cost, at in cheapest_first if cost < last]
    equal = [(_apart(found[at], model, known), at) for cost, at in cheapest_first if cost == last]
    return [*cheaper, *[at for _, at in sorted(equal)[: most - len(cheaper)]]]


def _apart(cover: Cover, model: SemanticModel, known: Tables) -> int:
    """How many joins lie between the tables of a cover, in all; ``known``: those of its parts.

    Covers have most parts in common: by its identity, a part is found without a look into it.
    """
    tables: set[str] = set()
    for item in cover.items:
        own = known.get(id(item))
        if own is None:
            own = known[id(item)] = set(_tables((item.part, item.aside), model))
        tables |= own
    return sum([joins_between(model, *pair) for pair in combinations(sorted(tables), 2)])


def _tables(of: object, model: SemanticModel) -> Sequence[str]:
    """The tables of all that a part is about."""
    if isinstance(of, str):
        if of in model.entities:
            return (of,)
        return (model.axes[of].table,) if of in model.axes else ()
    if isinstance(of, ColumnRef):
        return (of.table,)
    if isinstance(of, tuple):
        return [table for each in of for table in _tables(each, model)]
    if isinstance(of, Struct):
        inner = [getattr(of, name) for name in of.__struct_fields__]
        return [table for each in inner for table in _tables(each, model)]
    return ()
