"""Two or more groups or periods side by side."""

from collections.abc import Iterator

from kai_flow.analyst.lexicon.periods import Days, resolve
from kai_flow.analyst.lexicon.periods import Part as PeriodPart
from kai_flow.analyst.query.nodes import (
    Function,
    Group,
    Operator,
    Order,
    PeriodGroup,
    Query,
    Words,
)
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.asides import beside
from kai_flow.analyst.reading.assembler import Assembler
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.choices import Choice, combined
from kai_flow.analyst.reading.filtering import filters
from kai_flow.analyst.reading.reading import Reading
from kai_flow.analyst.reading.resolving import Resolver


def side_by_side(assembly: Assembler, bag: Bag) -> Iterator[Reading]:
    """The numbers of a bag for each of the things that it compares."""
    if len(bag.versus) != 1 or bag.somes or bag.ranks:
        assembly.troubles.add("compared_with")
        return
    versus, words = bag.versus[0]
    measures = [*bag.measures]
    measures += [(p.Amount(None, c), w) for c, w in bag.columns if assembly.numeric(c)]
    rows = list(bag.rows)
    if not measures and rows:
        table, of = rows.pop(0)
        measures = [(p.Amount(Function.COUNT, None, table), of)]
    if not measures:
        return
    for fact in assembly.facts(measures[0][0]):
        resolver = assembly.resolver(fact, bag)
        if not assembly.context(resolver, rows):
            continue
        tests = [*bag.tests]
        if versus.values:
            column = versus.values[0].column
            every = tuple(value for one in versus.values for value in one.values)
            tests.append((p.Compared(column, Operator.EQUAL, every), words))
            sides = assembly.groups(resolver, column, words)
        else:
            sides = list(_periods(resolver, versus, words))
        found = combined(
            [
                combined([assembly.measure(resolver, m, w) for m, w in measures]),
                sides,
                combined([assembly.groups(resolver, g, w) for g, w in bag.groups]),
                filters(resolver, tests),
            ]
        )
        for choice in found:
            numbers, side, groups, where = choice.value
            by: tuple[Group, ...] = (*groups, side)
            order = tuple(Order(by=group) for group in by)
            if versus.values and not groups:
                order = (Order(by=numbers[0], descending=True),)
            query = Query(fact=fact, measures=tuple(numbers), groups=by, where=where, order=order)
            yield Reading(
                query, bag.cost + beside(assembly.model, query, rows) + choice.cost, choice.notes
            )


def _periods(resolver: Resolver, versus: p.Versus, words: Words) -> Iterator[Choice[Group]]:
    """The periods of one axis, with a label for each."""
    named = {time.axis for time in versus.times if time.axis}
    if len(named) > 1:
        return
    for choice in resolver.axes(next(iter(named), None)):
        axis, path = choice.value
        periods = []
        for time in versus.times:
            period = time.period
            if not isinstance(period, Days | PeriodPart):
                period = resolve(period, resolver.anchor(axis))
            if not isinstance(period, Days) or period.start is None or period.end is None:
                return
            periods.append((label(period.start, period.end), period.start, period.end))
        group = PeriodGroup(axis=axis.id, path=path, periods=tuple(periods), words=words)
        yield Choice(group, choice.cost, choice.notes)


def label(start: str, end: str) -> str:
    """A short name of a period: ``2024``, ``2024-Q2``, ``2024-03``, or its first and last day."""
    year, month = int(start[:4]), int(start[5:7])
    if start[8:] == "01" and end[8:] == "01":
        months = (int(end[:4]) - year) * 12 + int(end[5:7]) - month
        if months == 12 and month == 1:
            return str(year)
        if months == 3 and month % 3 == 1:
            return f"{year}-Q{(month + 2) // 3}"
        if months == 1:
            return start[:7]
    return f"{start}/{end}"
