"""Two or more groups or periods side by side."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from msgspec.structs import replace

from kai_flow.analyst.lexicon.periods import Part
from kai_flow.analyst.query.filters import parts_of
from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import (
    Aggregate,
    All,
    Condition,
    During,
    Either,
    FieldGroup,
    Filter,
    Function,
    Group,
    Order,
    Query,
    Words,
    bare,
)
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.asides import beside
from kai_flow.analyst.reading.assembler import Assembler
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.choices import Choice, combined
from kai_flow.analyst.reading.cover import SIGN_COST
from kai_flow.analyst.reading.filtering import filters
from kai_flow.analyst.reading.layouts import Asked, differences, layouts, other_sides
from kai_flow.analyst.reading.named_periods import within_each
from kai_flow.analyst.reading.reading import Reading
from kai_flow.analyst.reading.resolving import Resolver
from kai_flow.analyst.reading.sides import listed, sides_of, told_apart

ROWS_COST: Final = 0.3
"""Of counting rows that only the values of a column tell of: "more trucks or vans"."""

ELSEWHERE_COST: Final = 0.3
"""Of values of another table than the one whose rows stand beside them."""

COUNTS: Final = frozenset([Function.COUNT, Function.DISTINCT])

APART: Final = frozenset([Function.AVERAGE, Function.MEDIAN, Function.MINIMUM, Function.MAXIMUM])
"""Functions of which nobody wants one number for several things that are listed."""


def asked_apart(a: Assembler, bag: Bag) -> bool:
    """Whether a question lists things of which a number only makes sense for each.

    "The average price of tea and coffee" are two averages; "how many people live in Bonn and
    Berlin" is one number. Before one time and after another one is never one number. Where groups
    are named, values that are listed only limit them: "by city, for tea and coffee shops".
    """
    if bag.apiece:
        return True
    test = _listed(bag)
    if test is not None and _said_twice(a, bag):
        return True
    if test is None or (grouped(a, bag) and not bag.compare and isinstance(test, p.Compared)):
        return False
    numbers = _numbers(a, bag)
    if numbers and all(_apart(a, number) for number in numbers):
        return True
    return (_open_ended(test) or _whole_week(test)) and bool(numbers or bag.rows)


def grouped(a: Assembler, bag: Bag) -> bool:
    """Whether groups are named, and not only nameless rows: "the average amount per sale"."""
    if a.said_twice:
        return False
    of_rows = {each for each, entity in a.model.entities.items() if entity.label is None}
    return any(not isinstance(by, p.Rows) or by.table not in of_rows for by, _ in bag.groups)


def _said_twice(a: Assembler, bag: Bag) -> bool:
    """Whether a number is asked for each side: "revenue in Bonn and in Berlin"."""
    named = not bag.shown and all(a.numeric(column) for column, _ in bag.columns)
    return bool(named and _numbers(a, bag)) and any(
        min(words) <= at <= max(words)
        for test, words in bag.tests
        for at in a.said_twice
        if words and isinstance(test, p.Compared) and listed(test) and sides_of(test)
    )


def _whole_week(test: p.Test) -> bool:
    """Whether days are listed that are all there are: "weekday and weekend sales"."""
    parts = test.parts if isinstance(test, p.Joined) else ()
    days = [
        set(part.time.period.values)
        for part in parts
        if isinstance(part, p.Within)
        and isinstance(part.time.period, Part)
        and part.time.period.part == "weekday"
    ]
    return len(days) == len(parts) == 2 and set().union(*days) == set(range(1, 8))


def may_be_apart(a: Assembler, bag: Bag) -> bool:
    """Whether periods are listed of which one number is asked, or else one for each of them."""
    months = any(isinstance(group, p.Calendar) for group, _ in bag.groups)
    return isinstance(_listed(bag), p.Joined) and not months and bool(_numbers(a, bag))


def _listed(bag: Bag) -> p.Test | None:
    """The one filter whose values or periods are listed, if nothing asks for all together."""
    found = [test for test, _ in bag.tests if listed(test)]
    plain = not (bag.together or bag.which or bag.havings)
    return found[0] if plain and len(found) == 1 else None


def _numbers(a: Assembler, bag: Bag) -> list[p.Measured]:
    """The numbers that a question asks for."""
    numbers: list[p.Measured] = [measured for measured, _ in bag.measures]
    return numbers + [p.Amount(None, column) for column, _ in bag.columns if a.numeric(column)]


def _apart(a: Assembler, number: p.Measured) -> bool:
    """Whether a number of two things together says nothing of each."""
    match number:
        case p.Amount(None, p.Column() as column):
            return a.is_rate(column)
        case p.Amount(function):
            return function in APART
        case p.Quotient():
            return True
        case _:
            return False


def _open_ended(test: p.Test) -> bool:
    """Whether it is of times of which one has no beginning or no end."""
    parts = test.parts if isinstance(test, p.Joined) else ()
    periods = [part.time.period for part in parts if isinstance(part, p.Within)]
    return any(None in {getattr(each, "start", ""), getattr(each, "end", "")} for each in periods)


def side_by_side(assembly: Assembler, bag: Bag) -> Iterator[Reading]:
    """The numbers of a bag for each of the things that it compares, or their differences."""
    asked = _asked(assembly, bag)
    if asked is None:
        assembly.troubles.add("compared_with")
        return
    for fact in assembly.facts(asked.measures[0][0]) if asked.measures else ():
        resolver = assembly.resolver_of(fact, frozenset(table for table, _ in asked.rows))
        if assembly.context(resolver, asked.rows):
            yield from _queries(assembly, bag, resolver, asked)


def _asked(assembly: Assembler, bag: Bag) -> Asked | None:
    """What a bag asks of the things that it compares; None if more is said."""
    told = bag.compare or bag.more or bag.gap
    if len(bag.versus) != 1 or not (told or not bag.versus[0][0].loose):
        return None
    versus, words = bag.versus[0]
    if not _only_compares(bag, versus):
        return None
    if all(isinstance(side, p.Within) for side in versus.sides):  # "how did Q1 compare with Q2"
        bag.groups = [each for each in bag.groups if each[0] != p.Calendar(None)]
    rows, tests, cost = list(bag.rows), [*bag.tests], 0.0
    measures = [*bag.measures]
    measures += [(p.Amount(None, c), w) for c, w in bag.columns if assembly.numeric(c)]
    if versus.of is not None:
        tests += [(test, words) for test in versus.of.where]
        named = replace(versus.of, where=())
        if not measures:
            measures.append((named, words))
        elif named.table is not None and named.of is None:
            rows.append((named.table, words))
        else:
            return None
    if not measures:
        measures, cost = _implied(bag, versus, rows, words)
    once = dict(reversed(measures))
    measures = [each for each in measures if once.get(each[0]) == each[1]]
    rows += [  # "the store Braga and the store Dago"
        (c.ref.table, w)
        for c, w in bag.columns
        if isinstance(c, p.Column) and not assembly.numeric(c)
    ]
    cost += _elsewhere(versus, {table for table, _ in rows}) - SIGN_COST * bool(bag.compare)
    sign = versus.gap or bag.gap
    gap, percent = _gap(sign), sign == "percent more"
    also = [sides for test, _ in tests if listed(test) and (sides := sides_of(test))]
    if also and (gap or len(also) > 1):
        return None
    if gap and any(_excluded(test, versus) for test, _ in tests):
        return None
    others = also[0] if also and bag.compare else ()
    return Asked(measures, rows, tests, versus.sides, words, gap, percent, cost, others)


def _implied(
    bag: Bag, versus: p.Versus, rows: list[tuple[str, Words]], words: Words
) -> tuple[list[tuple[p.Measured, Words]], float]:
    """The number of a question that names none, and what it costs: prices, or how many rows."""
    if bag.more == "dearer":
        return [(p.Amount(None, p.Implied("price")), words)], 0.0
    if rows:
        table, of = rows.pop(0)
        return [(p.Amount(Function.COUNT, None, table), of)], 0.0
    counted = _table(versus) if bag.more == "more" else []
    return [(p.Amount(Function.COUNT, None, table), words) for table in counted], ROWS_COST


def _excluded(test: p.Test, versus: p.Versus) -> bool:
    """Whether a filter excludes what the sides are not: "North minus South minus West"."""
    return isinstance(test, p.Negated) and any(told_apart(test.part, s) for s in versus.sides)


def _table(versus: p.Versus) -> list[str]:
    """The table of the column that all sides are of: there are more trucks than vans."""
    of = [getattr(side, "of", None) for side in versus.sides]
    tables = {c.ref.table for c in of if isinstance(c, p.Column)}
    return list(tables) if len(tables) == 1 else []


def _elsewhere(versus: p.Versus, tables: Collection[str]) -> float:
    """What it costs that sides are not of the rows beside them: "stores in Bonn and in Berlin"."""
    of = [getattr(side, "of", None) for side in versus.sides]
    columns = [c for c in of if isinstance(c, p.Column)]
    return ELSEWHERE_COST if tables and any(c.ref.table not in tables for c in columns) else 0.0


def _gap(sign: str) -> int:
    """Which side is taken from which: the second one from the first, as a question names them."""
    signs = {"difference": 1, "how much more": 1, "percent more": 1, "how much less": -1}
    return signs.get(sign, 0)


def _only_compares(bag: Bag, versus: p.Versus) -> bool:
    """Whether nothing in a question is left out when its sides are put side by side."""
    if bag.more and (_others_asked(bag, versus) or _done_more(bag, versus)):
        return False
    others = (bag.somes, bag.ranks, bag.havings, bag.clocks, bag.texts, bag.limit, bag.change)
    if any(others) or bag.share is not None or bag.sorts:
        return False
    columns = [side.of for side in versus.sides if isinstance(side, p.Compared)]
    tables = [of.ref.table for of in columns if isinstance(of, p.Column)]
    return all(
        any(of.ref == side.ref for side in columns if isinstance(side, p.Column))
        if isinstance(of, p.Column)
        else of.table in tables
        if isinstance(of, p.Rows)
        else not columns
        for of, _ in bag.which
    )


def _done_more(bag: Bag, versus: p.Versus) -> bool:
    """Whether something was done more, which does not say how much: "who ordered more, A or B"."""
    named = versus.of.where if versus.of is not None else ()
    tests = [*named, *(test for test, _ in bag.tests)]
    numbers = [m for m, _ in bag.measures if isinstance(m, p.Amount) and m.of is not None]
    numbers += [versus.of] if versus.of is not None and versus.of.of is not None else []
    columns = any(isinstance(c, p.Computed) or getattr(c, "number", False) for c, _ in bag.columns)
    return any(isinstance(test, p.Has) for test in tests) and not (numbers or columns)


def _others_asked(bag: Bag, versus: p.Versus) -> bool:
    """Whether something else than a side is asked for: "which cities have more men than women"."""
    named = [*bag.rows]
    named += [(c.ref.table, words) for c, words in bag.columns if isinstance(c, p.Column)]
    first = min(named, key=lambda each: each[1], default=None)
    if first is None or first[0] in _table(versus) or len(named) + len(bag.measures) < 2:
        return False
    return bag.asked("which") or first[1][:1] == (0,)


def _queries(a: Assembler, bag: Bag, resolver: Resolver, asked: Asked) -> Iterator[Reading]:
    """The queries over one fact table."""
    for layout in differences(asked) if asked.gap else layouts(a, resolver, asked):
        spent = bag.cost + asked.cost + layout.cost
        found = combined(
            [
                _once(combined([a.measure(resolver, m, w) for m, w in layout.measures]), asked),
                layout.groups,
                combined([a.groups(resolver, g, w) for g, w in bag.groups]),
                other_sides(a, resolver, asked),
                filters(resolver, [*asked.tests, *layout.tests]),
            ],
            most=a.most - spent,
        )
        for choice in found:
            amounts, side, before, other, where = choice.value
            if not amounts or (other is not None and not _limited(other, where)):
                continue
            if layout.tests and not _one_way(side, where):
                continue
            if side is not None:
                before = (*(within_each(group, side) for group in before), side)
            before = before if other is None else (*before, other)
            by: tuple[Group, ...] = before
            order = _order(amounts, by)
            if _counts_itself(resolver, amounts, by):
                continue
            query = Query(fact=resolver.fact, measures=amounts, groups=by, where=where, order=order)
            cost = spent + beside(a.model, query, asked.rows) + choice.cost
            yield Reading(query, cost, choice.notes)


def _limited(group: Group, where: Filter | None) -> bool:
    """Whether the filter that leaves only some groups is of the same time or column."""
    parts = [each for part in parts_of(where) for each in _inside(part)]
    if isinstance(group, FieldGroup):
        return any(isinstance(p, Condition) and bare(p.of) == bare(group.field) for p in parts)
    return any(
        isinstance(part, During) and (part.axis, part.path) == (group.axis, group.path)
        for part in parts
    )


def _inside(part: Filter) -> tuple[Filter, ...]:
    return part.parts if isinstance(part, Either) else (part,)


def _one_way(side: Group | None, where: Filter | None) -> bool:
    """Whether the groups and the filter that leaves only these reach a column the same way."""
    if not isinstance(side, FieldGroup):
        return True
    parts = where.parts if isinstance(where, All) else (where,)
    reached = [bare(part.of) for part in parts if isinstance(part, Condition)]
    return bare(side.field) in reached


def _once(found: Sequence[Choice[Any]], asked: Asked) -> list[Choice[Any]]:
    """What both sides of a difference leave open is chosen once."""
    parts = 2 if asked.gap else 1
    return [Choice(each.value, each.cost / parts, each.notes) for each in found]


def _counts_itself(
    resolver: Resolver, measures: Sequence[Measure], groups: Sequence[Group]
) -> bool:
    """Whether rows are counted by their own name: one for each, whoever ordered more."""
    counts = all(isinstance(m, Aggregate) and m.function in COUNTS for m in measures)
    label = resolver.label(resolver.fact)
    return counts and any(
        isinstance(group, FieldGroup)
        and not group.field.path
        and label is not None
        and group.field.column == label.column
        and label.unique
        for group in groups
    )


def _order(measures: Sequence[Measure], groups: Sequence[Group]) -> tuple[Order, ...]:
    """The greater side first; periods, and sides within other groups, in their own order."""
    if len(groups) == 1 and isinstance(groups[0], FieldGroup):
        return (Order(by=measures[0], descending=True),)
    return tuple(Order(by=group) for group in groups)
