"""Which covers are assembled: of many alike, those whose parts are near each other.

In a big database the same words name columns of many tables, which differ in nothing but how far
the joins between them lead. Most of those that are far apart would be assembled in vain.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from itertools import combinations
from typing import Final

from msgspec import Struct

from kai_flow.analyst.reading.chart import Head, head_of
from kai_flow.analyst.reading.cover import Cover
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import SemanticModel
from kai_flow.analyst.semantics.paths import joins_between

MOST: Final = 20
"""Covers with parts of the same classes, however many of each, that are assembled at most."""

PLACES: Final = 6
"""Places of a cost that count: sums of the same costs are equal, however they were rounded."""


def nearest(found: Sequence[Cover], model: SemanticModel) -> Sequence[Cover]:
    """The covers that are assembled, in their order: of those alike the cheapest and nearest."""
    if len(found) <= MOST:
        return found
    alike: defaultdict[frozenset[Head], list[tuple[float, int]]] = defaultdict(list)
    for at, cover in enumerate(found):
        heads = frozenset([head_of(item.part) for item in cover.items])
        alike[heads].append((round(cover.cost, PLACES), at))
    known: dict[int, AbstractSet[str]] = {}
    kept = {at for each in alike.values() for at in _kept(each, found, model, known)}
    return [cover for at, cover in enumerate(found) if at in kept]


def _kept(
    alike: Sequence[tuple[float, int]],
    found: Sequence[Cover],
    model: SemanticModel,
    known: dict[int, AbstractSet[str]],
) -> Iterable[int]:
    """The places of those covers of one kind that are assembled.

    How far their tables are apart matters only among those that cost as much as the last of them.
    """
    if len(alike) <= MOST:
        return [at for _, at in alike]
    cheapest_first = sorted(alike)
    last = cheapest_first[MOST - 1][0]
    cheaper = [at for cost, at in cheapest_first if cost < last]
    equal = [(_apart(found[at], model, known), at) for cost, at in cheapest_first if cost == last]
    return [*cheaper, *[at for _, at in sorted(equal)[: MOST - len(cheaper)]]]


def _apart(cover: Cover, model: SemanticModel, known: dict[int, AbstractSet[str]]) -> int:
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
