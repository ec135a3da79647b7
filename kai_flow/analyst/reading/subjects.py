"""What a bag talks about: things named, asked for, and grouped by."""

from collections.abc import Sequence
from typing import Final, TypeGuard

from msgspec.structs import replace

from kai_flow.analyst.query.nodes import Function, Group, Operator, Words, bare
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.concepts import means
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import Role, SemanticModel

KIND_COST: Final = 0.15
"""Of rows that only a value of theirs names."""

PERSONS: Final = frozenset(["gender", "position_title", "occupation"])
"""Concepts of columns that say what somebody is."""

GOODS: Final = frozenset(["price", "quantity", "stock"])
"""Concepts of columns of goods: "how many drinks" may ask for units that were sold."""


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
    return replace(
        bag,
        which=[],
        wanted=frozenset(table for table, _ in rows),
        asks=[*bag.asks, p.Ask("which")],
        rows=[*rows, *bag.rows],
        columns=[*columns, *bag.columns],
        groups=[*bag.groups, *times],
    )


def with_kind_of_rows(model: SemanticModel, bag: Bag) -> Bag:
    """The bag with the rows that a value alone names: "how many drivers" are employees."""
    if bag.rows or bag.measures or bag.which or bag.groups or bag.ranks:
        return bag
    if not all(_time(model, column) for column, _ in bag.columns):
        return bag
    if bag.share or bag.change or bag.versus or bag.texts:
        return bag
    for test, words in bag.tests:
        match test:
            case p.Compared(p.Column(ref, None), Operator.EQUAL) if _kind_of_rows(model, ref):
                return _of_rows(bag, ref.table, words)
            case _:
                pass
    return bag


def _time(model: SemanticModel, column: p.Noun) -> bool:
    """Whether a column only says when: "drivers who were hired before 2018"."""
    return isinstance(column, p.Column) and model.attributes[column.ref].role is Role.TIME


def _of_rows(bag: Bag, table: str, words: Words) -> Bag:
    """The bag as if it named rows, or their number, as well."""
    new: dict[str, object] = {"rows": [(table, words)]}
    if not bag.havings and (bag.asked("count") or bag.asked("value")):
        new = {"measures": [(p.Amount(Function.COUNT, None, table), words)]}
        new["asks"] = [ask for ask in bag.asks if ask.what not in {"count", "value"}]
    return replace(bag, **new, cost=bag.cost + KIND_COST)


def _kind_of_rows(model: SemanticModel, ref: ColumnRef) -> bool:
    """Whether the values of a column are words for the rows: women, drivers, vans."""
    attribute = model.attributes[ref]
    if attribute.role is not Role.CATEGORY:
        return attribute.role is Role.CODE and attribute.unique
    if any(means(attribute, concept) for concept in PERSONS):
        return True
    goods = any(means(each, concept) for each in model.of(ref.table) for concept in GOODS)
    return means(attribute, "type") and not goods


def each_once(
    groups: Sequence[tuple[p.Dimension, Words]],
) -> list[tuple[p.Dimension, Words]]:
    """Every dimension once; "over time" adds nothing to "per year", nor to "year by year"."""
    found = {dimension: (dimension, words) for dimension, words in groups}
    times = sorted((d for d in found if isinstance(d, p.Calendar)), key=_says)
    for time in times[:-1]:
        if time.grain is None:
            del found[time]
    return list(found.values())


def _says(time: p.Calendar) -> tuple[bool, bool]:
    """How much a group of time says: its unit, or else of which time it is."""
    return time.grain is not None, time.axis is not None


def first_dimension(
    rows: Sequence[tuple[str, Words]],
    columns: Sequence[tuple[p.Noun, Words]],
) -> tuple[p.Dimension, Words] | None:
    """What is ranked or counted up: the things named first."""
    found: list[tuple[p.Dimension, Words]] = [(p.Rows(table), words) for table, words in rows]
    found += [(c, w) for c, w in columns if isinstance(c, p.Column)]
    return min(found, key=lambda each: each[1], default=None)
