"""What a bag talks about: things named, asked for, and grouped by."""

from collections.abc import Sequence
from typing import TypeGuard

from kai_flow.analyst.query.nodes import (
    Group,
    Words,
    bare,
)
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.bag import Bag


def is_column(column: p.Dimension | p.Computed | p.Lasting) -> TypeGuard[p.Column]:
    return isinstance(column, p.Column)


def unique(groups: Sequence[Group]) -> tuple[Group, ...]:
    """Every group once, whatever words name it."""
    return tuple({bare(group): group for group in groups}.values())


def named(bag: Bag) -> Bag:
    """The same with what is asked for by name among what is named."""
    if not bag.which:
        return bag
    rows = [(of.table, words) for of, words in bag.which if isinstance(of, p.Rows)]
    columns = [(of, words) for of, words in bag.which if isinstance(of, p.Column)]
    times = [(of, words) for of, words in bag.which if isinstance(of, p.Calendar)]
    return Bag(
        **{
            **vars(bag),
            "which": [],
            "asks": [*bag.asks, p.Ask("which")],
            "rows": [*rows, *bag.rows],
            "columns": [*columns, *bag.columns],
            "groups": [*bag.groups, *times],
        }
    )


def each_once(
    groups: Sequence[tuple[p.Dimension, Words]],
) -> list[tuple[p.Dimension, Words]]:
    """Every dimension once; "over time" adds nothing to "per year"."""
    found = {dimension: (dimension, words) for dimension, words in groups}
    times = [d for d in found if isinstance(d, p.Calendar)]
    for time in times:
        if time.grain is None and len(times) > 1:
            del found[time]
    return list(found.values())


def first_dimension(
    rows: Sequence[tuple[str, Words]],
    columns: Sequence[tuple[p.Noun, Words]],
) -> tuple[p.Dimension, Words] | None:
    """What is ranked or counted up: the things named first."""
    found: list[tuple[p.Dimension, Words]] = [(p.Rows(table), words) for table, words in rows]
    found += [(c, w) for c, w in columns if isinstance(c, p.Column)]
    return min(found, key=lambda each: each[1], default=None)
