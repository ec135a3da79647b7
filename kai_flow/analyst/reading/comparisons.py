"""Comparisons of columns, derived measures and times with values, as filters of a query."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from kai_flow.analyst.lexicon.numbers import LIKE_YEARS
from kai_flow.analyst.lexicon.periods import Days, resolve
from kai_flow.analyst.lexicon.periods import Part as PeriodPart
from kai_flow.analyst.query.nodes import (
    Condition,
    During,
    Expression,
    Filter,
    Grain,
    Operator,
    Recurring,
    Words,
)
from kai_flow.analyst.reading.choices import Choice, Note
from kai_flow.analyst.reading.concepts import means
from kai_flow.analyst.reading.dimensions import GRAINS
from kai_flow.analyst.reading.lasting import SHORT, lapses
from kai_flow.analyst.reading.own_numbers import own_numbers
from kai_flow.analyst.reading.parts import (
    ANY_NUMBER,
    Column,
    Compared,
    Computed,
    Implied,
    Lasting,
    Time,
)
from kai_flow.analyst.reading.resolving import Resolver
from kai_flow.analyst.reading.units import OF_TIME, PIECES, scaled
from kai_flow.analyst.reading.ways import Way
from kai_flow.analyst.semantics.model import Attribute, Role

NUMERIC = frozenset([Role.ADDITIVE, Role.RATE, Role.CODE, Role.TIME_PART])

UNTOLD = frozenset([Role.ADDITIVE, Role.RATE, Role.TIME, Role.TIME_PART, Role.FLAG, Role.KEY])
"""Roles of columns that hold no other texts than those known."""

LARGEST_YEAR = 2100
"""No smaller number is taken for the only amount there is: it may be an age, or a year."""

FAR_BELOW = 10
"""How many times smaller than all numbers of a column one may be that is compared with them."""

FAR_ABOVE = 100
"""How many times greater than all numbers of a column one is that no unnamed number reaches."""

REACHING = frozenset([Operator.ABOVE, Operator.AT_LEAST])
"""Comparisons with what must be reached."""

PARTS = {"quarter": 4, "month": 12, "day": 31}
"""How many of them there are at most."""

YEAR_COST = 0.1
"""Of a number that is equal to what is rather a year."""

YEARS_COST = 1.0
"""Of an amount between two such numbers: "sales in 2023 and 2024"."""

ORDERED = frozenset(
    [Operator.ABOVE, Operator.AT_LEAST, Operator.BELOW, Operator.AT_MOST, Operator.BETWEEN]
)

UNPLAIN = frozenset([Operator.EMPTY, Operator.PRESENT])
"""Comparisons with nothing, which may be something else or hold for every row."""

_Values = tuple[str | float | bool, ...]


def _of_computed(
    resolver: Resolver, of: Computed, test: Compared, words: Words
) -> Iterator[Choice[Filter]]:
    """A comparison of a derived measure, row by row."""
    derived = resolver.derived(of)
    if test.unit == PIECES:
        return  # 10 units are no amount of money
    if derived is not None and derived.table == resolver.fact:
        node = Condition(
            of=derived.expression, operator=test.operator, values=test.values, words=words
        )
        notes = (Note("derived", (("name", derived.name), ("table", derived.table))),)
        yield Choice(node, 0.0, notes)


def _comparable(attribute: Attribute, test: Compared) -> bool:
    """Whether a column with its role can be compared in this way."""
    role = attribute.role
    if test.operator in ORDERED:
        return role in NUMERIC
    if test.operator is Operator.CONTAINS:
        return role not in NUMERIC | {Role.TIME, Role.FLAG}
    known = {each.value for each in attribute.values}
    if any(isinstance(value, str) for value in test.values) and role in UNTOLD:
        return set(test.values) <= known
    numbers = all(isinstance(value, int | float) for value in test.values) and test.values
    if numbers and role in {Role.TIME, Role.CATEGORY, Role.NAME, Role.TEXT}:
        return set(test.values) <= known
    return True


def compared(resolver: Resolver, test: Compared, words: Words) -> Iterator[Choice[Filter]]:
    match test.of:
        case Implied() as implied:
            for of in _meant(resolver, test, implied):
                yield from compared(resolver, replace(test, of=of), words)
        case Lasting() if test.unit and test.unit not in SHORT:
            return  # nothing lasts 500 km
        case Lasting() as lasting:
            for lapse in lapses(resolver, lasting, words):
                yield lapse.map(lambda of: _condition(of, test, test.values, words))
        case Computed() as computed:
            yield from _of_computed(resolver, computed, test, words)
        case Column() as column:
            yield from _of_column(resolver, column, test, words)


def _no_part(attribute: Attribute, test: Compared) -> bool:
    """Whether a year has no such quarter or month: "each quarter of 2024" is no quarter 2,024."""
    most = PARTS.get(attribute.part or "") if attribute.role is Role.TIME_PART else None
    numbers = [value for value in test.values if isinstance(value, int | float)]
    return most is not None and any(value > most for value in numbers)


def _condition(of: Expression, test: Compared, values: _Values, words: Words) -> Filter:
    return Condition(of=of, operator=test.operator, values=values, words=words)


def _of_column(
    resolver: Resolver, of: Column, test: Compared, words: Words
) -> Iterator[Choice[Filter]]:
    """A comparison of a column with values in its unit."""
    years = _years(resolver, test)
    if years is not None:
        yield from within(resolver, years, words)
        return
    doubt = _doubt(resolver, of, test)
    if doubt is None:
        return
    values = scaled(test.values, test.unit, resolver.attribute(of))
    if values is None:
        return  # no telling what the number means in the unit of the column
    for field in resolver.fields(of, words):
        condition = field.map(lambda field: _condition(field, test, values, words))
        yield condition.costing(doubt)


def _doubt(resolver: Resolver, of: Column, test: Compared) -> float | None:
    """What speaks against a comparison of a column with such values; None if it makes no sense."""
    attribute = resolver.attribute(of)
    if not _comparable(attribute, test) or _no_part(attribute, test):
        return None
    empty = test.operator is Operator.EMPTY
    if empty and of.ref.column in resolver.model.entities[of.ref.table].key:
        return None  # every row has one
    return YEAR_COST * _like_a_year(test) + YEARS_COST * _like_years(test)


def ways_to(resolver: Resolver, test: Compared) -> Sequence[Way] | None:
    """What the filters of a plain column cost, found without these; None: only they tell."""
    of = test.of
    if not isinstance(of, Column) or test.operator in UNPLAIN:
        return None
    attribute = resolver.attribute(of)
    if attribute.part == "year":
        return None
    doubt = _doubt(resolver, of, test)
    if doubt is None or scaled(test.values, test.unit, attribute) is None:
        return ()
    return [
        Way(cost + doubt, path or None, saves=bool(path))
        for cost, path in resolver.alone.reached(of.ref.table, of.role)
    ]


def _like_years(test: Compared) -> bool:
    """Whether an amount is said to lie between what are rather two years."""
    years = [isinstance(value, int | float) and value in LIKE_YEARS for value in test.values]
    return test.operator is Operator.BETWEEN and not test.unit and all(years)


def _like_a_year(test: Compared) -> bool:
    """Whether something is compared with what is rather a year: "the sales amount of 2024"."""
    return (
        test.operator is Operator.EQUAL
        and not test.unit
        and all(isinstance(value, int | float) and value in LIKE_YEARS for value in test.values)
    )


def _meant(resolver: Resolver, test: Compared, implied: Implied) -> Iterator[Column | Computed]:
    """The columns that a comparison without a noun, such as "cheaper than 100", may be of."""
    if implied.table not in {None, resolver.fact}:
        return
    if implied.concept == ANY_NUMBER:
        own = [
            each
            for each in own_numbers(resolver, test.unit)
            if not _far_above(resolver, each, test)
        ]
        if not any(_in_reach(resolver, each, test) for each in own):
            return
        if len(own) > 1 or test.unit or max(map(float, test.values)) > LARGEST_YEAR:
            yield from own
        return
    if implied.concept == "distance" and test.unit in OF_TIME:
        implied = replace(implied, concept="duration")  # sessions longer than 10 minutes
    for attribute in resolver.model.of(resolver.fact):
        if attribute.role in NUMERIC and means(attribute, implied.concept):
            yield Column(attribute.ref)


def _in_reach(resolver: Resolver, of: Column | Computed, test: Compared) -> bool:
    """Whether the column has numbers nearly as small: "more than 5 people" is no salary above 5."""
    known = resolver.attribute(of) if isinstance(of, Column) else None
    if known is None or known.low is None:
        return True
    values = scaled(test.values, test.unit, known) or ()
    return all(not value or float(value) >= known.low / FAR_BELOW for value in values)


def _far_above(resolver: Resolver, of: Column | Computed, test: Compared) -> bool:
    """Whether no number of the column comes near what is asked for: 2 million are no quantity."""
    known = resolver.attribute(of) if isinstance(of, Column) else None
    if known is None or known.high is None or test.operator not in REACHING:
        return False
    values = scaled(test.values, test.unit, known) or ()
    return all(float(value) > FAR_ABOVE * max(known.high, 1) for value in values)


def _years(resolver: Resolver, test: Compared) -> Time | None:
    """A comparison of a year column as a period, which is what it means."""
    attribute = resolver.attribute(test.of) if isinstance(test.of, Column) else None
    if attribute is None or attribute.part != "year" or not test.values:
        return None
    axis = next(
        (a for a in resolver.model.axes_of(attribute.table) if a.columns[0] == attribute.column),
        None,
    )
    if axis is None or not all(isinstance(value, int | float) for value in test.values):
        return None
    low, high = (int(value) for value in (test.values[0], test.values[-1]))
    bounds: dict[Operator, tuple[int | None, int | None]] = {
        Operator.EQUAL: (low, low + 1),
        Operator.ABOVE: (low + 1, None),
        Operator.AT_LEAST: (low, None),
        Operator.BELOW: (None, low),
        Operator.AT_MOST: (None, low + 1),
        Operator.BETWEEN: (low, high + 1),
    }
    if test.operator not in bounds or (test.operator is Operator.EQUAL and low != high):
        return None
    start, end = (None if year is None else f"{year:04}-01-01" for year in bounds[test.operator])
    return Time(Days(start, end), Grain.YEAR, axis.id)


def within(resolver: Resolver, time: Time, words: Words) -> Iterator[Choice[Filter]]:
    """A period on each axis that may be meant."""
    for choice in resolver.axes(time.axis):
        axis, path = choice.value
        period = time.period
        if time.grain is not None and GRAINS.index(time.grain) < GRAINS.index(axis.finest):
            continue  # a day of rows that only have a month
        if isinstance(period, PeriodPart):
            node: Filter = Recurring(
                axis=axis.id, path=path, part=period.part, values=period.values, words=words
            )
            yield Choice(node, choice.cost, choice.notes)
            continue
        notes = choice.notes
        if not isinstance(period, Days):
            anchor = resolver.anchor(axis)
            notes = (*notes, Note("anchor", (("day", anchor.isoformat()), ("axis", axis.id))))
            period = resolve(period, anchor)
        during = During(axis=axis.id, path=path, start=period.start, end=period.end, words=words)
        yield Choice(during, choice.cost, notes)
