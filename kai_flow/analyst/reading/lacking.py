"""The period of rows that are missing: customers without orders in 2024 may have older ones."""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import structs

from kai_flow.analyst.query.nodes import All, During, Filter, Not, Recurring, Related, Words
from kai_flow.analyst.reading.choices import Choice, combined
from kai_flow.analyst.reading.parts import Has, Negated, Test, Within
from kai_flow.analyst.reading.related_rows import EVERY
from kai_flow.analyst.reading.resolving import Resolver

FRONT: Final = 2
"""The first word of a period that a question begins with, perhaps after "in" or "during"."""

_Parts = Choice[tuple[Filter, ...]]


def of_missing(
    resolver: Resolver,
    tests: Sequence[tuple[Test, Words]],
    options: Sequence[Sequence[Choice[Filter]]],
) -> list[_Parts]:
    """The choices of filters with a period moved into the missing rows that it is of.

    After "no orders", or before the whole question, a period is that of the orders. In between it
    may also be of the rows that have none, and so it may be after rows that are events themselves.
    """
    choices = combined(options)
    for missing, (test, spoken) in enumerate(tests):
        if not (isinstance(test, Negated) and isinstance(test.part, Has) and spoken):
            continue
        for period in _periods(tests, missing):
            place = _place(tests, missing, period)
            moved = list(_moved(resolver, choices, missing, period, place))
            nearest = min((each.cost for each in options[period]), default=0.0)
            choices = [each.costing(-max(0.0, nearest)) for each in moved]
    return choices


def _periods(tests: Sequence[tuple[Test, Words]], missing: int) -> list[int]:
    """The periods that may be of missing rows: the one right after them, or else any."""
    found = [at for at, (test, there) in enumerate(tests) if isinstance(test, Within) and there]
    return [missing + 1] if missing + 1 in found else found


def _place(tests: Sequence[tuple[Test, Words]], missing: int, period: int) -> str:
    """Where a period stands: right after the missing rows, before the question, or elsewhere."""
    if period == missing + 1:
        return "after"
    return "front" if period == 0 and tests[0][1][0] <= FRONT else "elsewhere"


def _moved(
    resolver: Resolver, choices: Sequence[_Parts], missing: int, period: int, place: str
) -> Iterator[_Parts]:
    """The choices in which the period may be of the missing rows, and those others that stay."""
    inside = [_inside(resolver, each, missing, period) for each in choices]
    folded = [each for each in inside if each is not None]
    outside = [
        each
        for each, moved in zip(choices, inside, strict=True)
        if moved is None and not _of_them(resolver, each.value, missing, period)
    ]
    event = resolver.model.entities[resolver.fact].label is None
    if not folded or (event and place != "after"):
        yield from outside
    elif not event and place != "elsewhere":
        yield from folded
    else:
        best = min(each.cost for each in [*folded, *outside])
        yield from (each.costing(best - min(f.cost for f in folded)) for each in folded)
        least = min((each.cost for each in outside), default=best)
        yield from (each.costing(best - least) for each in outside)


def _of_them(resolver: Resolver, parts: Sequence[Filter], missing: int, period: int) -> bool:
    """Whether rows would be missing, and yet have the period, perhaps reached in another way."""
    none, some = parts[missing], parts[period]
    if not (isinstance(none, Not) and isinstance(none.part, Related)):
        return False
    if not isinstance(some, Related) or none.part.where is not None:
        return False
    time = some.where
    named = resolver.model.joins[none.part.path[-1]].target
    same = isinstance(time, During | Recurring) and resolver.model.axes[time.axis].table == named
    return same or some.path[:1] == none.part.path[:1]


def _inside(resolver: Resolver, choice: _Parts, missing: int, period: int) -> _Parts | None:
    """The choice with the period as one of the missing rows, if it is that of such rows."""
    none, some = choice.value[missing], choice.value[period]
    if not (isinstance(none, Not) and isinstance(none.part, Related)):
        return None
    time = some.where if isinstance(some, Related) else None
    if not isinstance(some, Related) or not isinstance(time, During | Recurring):
        return None
    way, lacked = (*some.path, *time.path), none.part.path
    if way[: len(lacked)] != lacked or resolver.model.axes[time.axis].table == resolver.fact:
        return None
    time = structs.replace(time, path=way[len(lacked) :])
    where = All(parts=(none.part.where, time)) if none.part.where is not None else time
    related = structs.replace(none.part, where=where)
    parts = list(choice.value)
    parts[missing] = structs.replace(none, part=related, words=(*none.words, *some.words))
    parts[period] = EVERY
    return Choice(tuple(parts), choice.cost, choice.notes)
