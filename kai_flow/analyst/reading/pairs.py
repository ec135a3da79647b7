"""Comparisons of two numbers of a row: "stock below the minimum"."""

from collections.abc import Iterator, Sequence

from kai_flow.analyst.query.nodes import Condition, Field, Filter, Formula, Function, Words
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.beyond import NUMBERS
from kai_flow.analyst.reading.choices import Choice
from kai_flow.analyst.reading.concepts import means
from kai_flow.analyst.reading.resolving import Resolver


def paired(resolver: Resolver, test: p.Paired, words: Words) -> Iterator[Choice[Filter]]:
    """The two numbers as one condition, of which the first is one of the fact's own rows."""
    for of in _own(resolver, test.of):
        if not _alike(resolver, of, test.than):
            continue
        left = Field(table=of.ref.table, column=of.ref.column, words=words)
        for right in resolver.fields(test.than, words):
            if not resolver.widens(right.value.path):
                difference = Formula(operator="-", left=left, right=right.value, words=words)
                node = Condition(of=difference, operator=test.operator, values=(0.0,), words=words)
                yield Choice(node, right.cost, right.notes)


def _own(resolver: Resolver, of: p.Column | p.Implied) -> Sequence[p.Column]:
    """The columns of the rows themselves that may be compared."""
    if isinstance(of, p.Column):
        return (of,) if of.ref.table == resolver.fact and of.role is None else ()
    return [
        p.Column(each.ref) for each in resolver.model.of(resolver.fact) if means(each, of.concept)
    ]


def _alike(resolver: Resolver, of: p.Column, than: p.Column) -> bool:
    """Whether both are numbers in the same unit."""
    left, right = resolver.attribute(of), resolver.attribute(than)
    numbers = {left.role, right.role} <= NUMBERS
    return of.ref != than.ref and numbers and left.unit == right.unit


def rows_alone(bag: Bag) -> bool:
    """Whether single rows are meant, where two of their numbers are compared.

    "Provinces with revenue above their costs" speaks of sums, which no filter of rows compares.
    """
    if not any(isinstance(test, p.Paired) for test, _ in bag.tests):
        return True
    counts = all(
        isinstance(measure, p.Amount) and measure.function is Function.COUNT
        for measure, _ in bag.measures
    )
    grouped = bag.groups and not bag.measures
    others = (bag.ranks, bag.havings, bag.versus, bag.somes, bag.change)
    return counts and not grouped and not any(others)
