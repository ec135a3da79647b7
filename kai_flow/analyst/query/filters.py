"""How a new filter changes the filters of a query: what it replaces, and what stays beside it.

The *subject* of a filter is what it restricts: a column or formula, an axis of time, or related
rows. A new filter concerns only filters with the same subject:

- a value ("only Bali"), a range and "empty" replace them;
- a lower bound stays beside an upper bound, and the other way round;
- an exclusion ("without Bali") stays beside them, and is taken out of the listed values.

A filter that shares only a part of its subjects with the new one ("in Bali or of type X") cannot be
changed in part: the change is refused.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

from kai_flow.analyst.query.nodes import (
    Against,
    All,
    Condition,
    During,
    Either,
    Field,
    Filter,
    Formula,
    Lapse,
    Not,
    Operator,
    Recurring,
    Related,
    Tally,
    bare,
)
from kai_flow.analyst.query.refusals import CannotChange, Reason

__all__ = ["Subject", "about", "fields_of", "merge", "parts_of", "subjects", "where_of"]

Subject: TypeAlias = tuple[str, object]
"""``field`` with a field or formula, ``time`` with axis and path, or ``related`` with a path."""

Effect: TypeAlias = Literal["value", "low", "high", "not"]
"""How a filter restricts its subject."""


def parts_of(where: Filter | None) -> tuple[Filter, ...]:
    """The filters that must all hold."""
    if where is None:
        return ()
    if isinstance(where, All):
        return tuple(inner for part in where.parts for inner in parts_of(part))
    return (where,)


def where_of(parts: Sequence[Filter]) -> Filter | None:
    """One filter out of those that must all hold."""
    if len(parts) < 2:
        return parts[0] if parts else None
    return All(parts=tuple(parts))


def subjects(part: Filter) -> frozenset[Subject]:
    """Everything that a filter restricts."""
    match part:
        case Condition(of=of):
            return frozenset({("field", bare(of))})
        case During(axis=axis, path=path) | Recurring(axis=axis, path=path):
            return frozenset({("time", (axis, path))})
        case Related(path=path) | Tally(path=path):
            return frozenset({("related", path)})
        case Against(of=of):
            return frozenset({("field", bare(of))})
        case Not(part=inner):
            return subjects(inner)
        case All(parts=parts) | Either(parts=parts):
            return frozenset().union(*map(subjects, parts))


def about(some: Iterable[Subject]) -> tuple[str, ...]:
    """The names of subjects for a sentence."""
    return tuple(sorted({name for kind, what in some for name in _names(kind, what)}))


def fields_of(expression: object) -> tuple[Field, ...]:
    """The columns of an expression."""
    if isinstance(expression, Field):
        return (expression,)
    if isinstance(expression, Formula):
        return fields_of(expression.left) + fields_of(expression.right)
    if isinstance(expression, Lapse):
        return fields_of(expression.start) + fields_of(expression.end)
    return ()


def merge(old: Sequence[Filter], new: Sequence[Filter]) -> tuple[Filter, ...]:
    """The old filters with the new ones, which replace those with the same subject."""
    fresh: list[Filter] = []
    for part in new:
        for other in fresh:
            shared = subjects(other) & subjects(part)
            if shared and not (_beside(part, other) or _beside(other, part)):
                raise CannotChange(Reason.CONTRADICTS, *about(shared))
        fresh.append(part)
    merged = list(old)
    for part in sorted(fresh, key=lambda part: _effect(part) != "value"):
        merged = _merged_one(merged, part)
    return tuple(merged)


def _merged_one(old: list[Filter], new: Filter) -> list[Filter]:
    """The old filters with one new one, which stands where the first one that it replaces stood."""
    wanted, place = subjects(new), None
    merged: list[Filter] = []
    for part in old:
        shared = subjects(part) & wanted
        if shared and subjects(part) != wanted:
            raise CannotChange(Reason.ENTANGLED, *about(shared))
        if bare(part) == bare(new) or (shared and not _beside(new, part)):
            place = len(merged) if place is None else place
        else:
            merged.append(_without_excluded(part, new) if shared else part)
    merged.insert(len(merged) if place is None else place, new)
    return merged


def _effect(part: Filter) -> Effect:
    match part:
        case Not() | Condition(operator=Operator.NOT_EQUAL):
            return "not"
        case Condition(operator=Operator.ABOVE | Operator.AT_LEAST):
            return "low"
        case Condition(operator=Operator.BELOW | Operator.AT_MOST):
            return "high"
        case _:
            return "value"


def _beside(new: Filter, old: Filter) -> bool:
    """Whether two filters of one subject may both hold; otherwise the new one replaces the old."""
    match _effect(new), _effect(old):
        case ("not", _) | ("low", "high" | "not") | ("high", "low" | "not"):
            return True
        case _:
            return False


def _without_excluded(old: Filter, new: Filter) -> Filter:
    """A list of values without those that the new filter excludes."""
    excluded = _excluded(new)
    if not (isinstance(old, Condition) and old.operator is Operator.EQUAL and excluded):
        return old
    left = tuple(value for value in old.values if value not in excluded)
    if not left:
        raise CannotChange(Reason.CONTRADICTS, *map(str, old.values))
    return Condition(words=old.words, of=old.of, operator=old.operator, values=left)


def _excluded(part: Filter) -> tuple[object, ...]:
    match part:
        case Condition(operator=Operator.NOT_EQUAL, values=values):
            return values
        case Not(part=Condition(operator=Operator.EQUAL, values=values)):
            return values
        case _:
            return ()


def _names(kind: str, what: object) -> Iterable[str]:
    if kind == "field":
        return (f"{field.table}.{field.column}" for field in fields_of(what))
    if isinstance(what, tuple) and kind == "time":
        return (str(what[0]),)
    return (str(what[-1]),) if isinstance(what, tuple) and what else ()
