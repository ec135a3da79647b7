"""Groups of related rows, and what these rows must meet: one and the same row meets it.

"How many customers made a return each month" counts those of the month, and not in each month of
an order all who ever returned something.
"""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from msgspec.structs import replace

from kai_flow.analyst.query.filters import parts_of, where_of
from kai_flow.analyst.query.nodes import (
    Aggregate,
    All,
    Condition,
    During,
    Either,
    Field,
    FieldGroup,
    Filter,
    Function,
    Group,
    Node,
    Not,
    Order,
    PeriodGroup,
    Query,
    Recurring,
    Related,
    TimeGroup,
    Words,
)
from kai_flow.analyst.reading.assembler import Assembler
from kai_flow.analyst.reading.reading import Reading
from kai_flow.analyst.reading.undated import asked_if_undated
from kai_flow.analyst.semantics.model import SemanticModel

__all__ = ["of_the_same_rows"]

Path = tuple[str, ...]
T = TypeVar("T")


def of_the_same_rows(
    a: Assembler, reading: Reading, rows: Sequence[tuple[str, Words]]
) -> Iterator[Reading]:
    """What a reading means whose groups and filters are of the same related rows.

    Nothing where that says nothing, and the reading as it is where no filter asks for such rows.
    ``rows``: those that the question names besides. They would rather be counted themselves.
    """
    query = None if reading.query is None else _of_the_same(reading.query, a.model)
    if query is None or (query != reading.query and any(table == query.fact for table, _ in rows)):
        return
    # the pay of somebody in January is not the pay of who was hired in January
    yield from asked_if_undated(a, replace(reading, query=query))


def _of_the_same(query: Query, model: SemanticModel) -> Query | None:
    wide = {_wide(path, model) for path in map(_path, query.groups)} - {()}
    clashing = [part for part in parts_of(query.where) if _asks(part, wide)]
    if not clashing:
        return query
    related = [part for part in clashing if isinstance(part, Related) and part.where is not None]
    if len(wide) > 1 or len(related) < len(clashing):
        return None
    (path,) = wide
    if any(part.path != path for part in related):
        return None
    return _moved(query, path, related, model)


def _path(group: Group) -> Path:
    return group.field.path if isinstance(group, FieldGroup) else group.path


def _wide(path: Path, model: SemanticModel) -> Path:
    """The joins of a path up to the last one that leads to many rows."""
    ends = [at for at, join in enumerate(path) if model.joins[join].widens]
    return path[: ends[-1] + 1] if ends else ()


def _asks(part: Filter, wide: "set[Path]") -> bool:
    """Whether a filter asks for related rows on the way to groups."""
    match part:
        case Related(path=path):
            return any(each[: len(path)] == path or path[: len(each)] == each for each in wide)
        case Not(part=inner):
            return _asks(inner, wide)
        case All(parts=parts) | Either(parts=parts):
            return any(_asks(each, wide) for each in parts)
        case _:
            return False


def _moved(
    query: Query, path: Path, related: Sequence[Related], model: SemanticModel
) -> Query | None:
    """The different rows of the fact table, counted among the related rows."""
    count = Aggregate(function=Function.COUNT)
    key = model.entities[query.fact].key
    back = _backwards(path, model)
    plain = len(query.measures) == 1 and isinstance(query.measures[0], Aggregate)
    if not plain or len(key) != 1 or back is None or query.having or query.columns:
        return None
    (measure,) = query.measures
    if not isinstance(measure, Aggregate) or replace(measure, words=()) != count:
        return None
    of = Field(table=query.fact, column=key[0], path=back, words=measure.words)
    counted = Aggregate(function=Function.DISTINCT, of=of, words=measure.words)
    rest = [part for part in parts_of(query.where) if part not in related]
    if any(not isinstance(part, Condition | During | Recurring) for part in rest):
        return None
    where = [*(_reached(part, path, back) for part in rest), *_inner(related)]
    groups = tuple(_reached(group, path, back) for group in query.groups)
    order = tuple(_ordered(each, measure, counted, path, back) for each in query.order)
    fact = model.joins[path[-1]].target
    return replace(
        query, fact=fact, measures=(counted,), groups=groups, where=where_of(where), order=order
    )


def _inner(related: Sequence[Related]) -> Iterator[Filter]:
    for part in related:
        yield from parts_of(part.where)


def _ordered(order: Order, before: Aggregate, after: Aggregate, path: Path, back: Path) -> Order:
    if order.by == before:
        return replace(order, by=after)
    return replace(order, by=_reached(order.by, path, back))


def _reached(node: T, path: Path, back: Path) -> T:
    """A node as it is reached from the related rows."""
    if isinstance(node, Field | During | Recurring | TimeGroup | PeriodGroup):
        own = node.path[: len(path)] == path
        return replace(node, path=node.path[len(path) :] if own else (*back, *node.path))
    if isinstance(node, Node):
        fields = {
            name: _reached(part, path, back)
            for name in node.__struct_fields__
            if isinstance(part := getattr(node, name), Node)
        }
        return replace(node, **fields)
    return node


def _backwards(path: Path, model: SemanticModel) -> Path | None:
    """The joins from the last table of a path to its first, if each leads to one row."""
    found: list[str] = []
    for step in reversed(path):
        join = model.joins[step]
        pairs = tuple((target, source) for source, target in join.pairs)
        back = [
            each.id
            for each in model.joins.values()
            if (each.source, each.target, each.pairs) == (join.target, join.source, pairs)
            and not each.widens
        ]
        if len(back) != 1:
            return None
        found.append(back[0])
    return tuple(found)
