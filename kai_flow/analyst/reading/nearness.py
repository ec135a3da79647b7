"""Which covers are assembled: of many alike, those whose parts are near each other.

In a big database the same words name columns of many tables, which differ in nothing but how far
the joins between them lead. Most of those that are far apart would be assembled in vain.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
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
    known: dict[object, frozenset[str]] = {}
    alike: defaultdict[frozenset[Head], list[tuple[float, int, int]]] = defaultdict(list)
    for at, cover in enumerate(found):
        heads = frozenset([head_of(item.part) for item in cover.items])
        alike[heads].append((round(cover.cost, PLACES), _apart(cover, model, known), at))
    kept = {at for each in alike.values() for _, _, at in sorted(each)[:MOST]}
    return [cover for at, cover in enumerate(found) if at in kept]


def _apart(cover: Cover, model: SemanticModel, known: dict[object, frozenset[str]]) -> int:
    """How many joins lie between the tables of a cover, in all; ``known``: those of its parts."""
    tables: set[str] = set()
    for item in cover.items:
        part = (item.part, item.aside)
        if part not in known:
            known[part] = frozenset(_tables(part, model))
        tables |= known[part]
    return sum(joins_between(model, *pair) for pair in combinations(sorted(tables), 2))


def _tables(of: object, model: SemanticModel) -> Iterator[str]:
    """The tables of all that a part is about."""
    match of:
        case ColumnRef(table):
            yield table
        case str() if of in model.entities:
            yield of
        case str() if of in model.axes:
            yield model.axes[of].table
        case tuple():
            for each in of:
                yield from _tables(each, model)
        case Struct():
            for name in of.__struct_fields__:
                yield from _tables(getattr(of, name), model)
        case _:
            pass
