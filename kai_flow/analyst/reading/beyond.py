"""Comparisons with the average of all rows: what they are filters of, and where they make sense."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from kai_flow.analyst.query.filters import where_of
from kai_flow.analyst.query.nodes import (
    Against,
    Aggregate,
    Field,
    Filter,
    Function,
    Words,
)
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.choices import Choice
from kai_flow.analyst.reading.concepts import means
from kai_flow.analyst.reading.resolving import Resolver
from kai_flow.analyst.semantics.model import Role, SemanticModel

NUMBERS = frozenset([Role.ADDITIVE, Role.RATE])


def against(resolver: Resolver, test: p.Beyond, words: Words) -> Iterator[Choice[Filter]]:
    """The numbers of the fact's own rows that may be compared with their average."""
    for attribute in resolver.model.of(resolver.fact):
        named = isinstance(test.of, p.Column) and test.of.ref == attribute.ref
        implied = isinstance(test.of, p.Implied) and means(attribute, test.of.concept)
        if (named or implied) and attribute.role in NUMBERS:
            of = Field(table=attribute.table, column=attribute.column, words=words)
            than = Aggregate(function=Function.AVERAGE, of=of, words=words)
            yield Choice(Against(of=of, operator=test.operator, than=than, words=words))


def of_all_or_these(parts: Sequence[Filter]) -> Iterator[Sequence[Filter]]:
    """The filters; beside others, the average may be that of all rows, or of those they leave."""
    yield parts
    compared = [part for part in parts if isinstance(part, Against)]
    others = [part for part in parts if not isinstance(part, Against)]
    if compared and others:
        only = where_of(others)
        yield [*others, *(replace(c, than=replace(c.than, where=only)) for c in compared)]


def sensible(model: SemanticModel, bag: Bag) -> bool:
    """Whether rows are listed or counted, where they are compared with the average of all.

    Of groups, such as the cities of sales, the average would be one of their numbers, which no
    filter of rows says.
    """
    if not any(isinstance(test, p.Beyond) for test, _ in bag.tests):
        return True
    others = (bag.groups, bag.ranks, bag.havings, bag.versus, bag.somes, bag.change, bag.sorts)
    counts = all(
        isinstance(m, p.Amount) and m.function is Function.COUNT and m.of is None
        for m, _ in bag.measures
    )
    which = all(isinstance(of, p.Rows) for of, _ in bag.which)
    columns = [of for of, _ in bag.columns]
    named = all(isinstance(of, p.Column) and not of.number for of in columns)
    named &= bool(bag.rows) or all(isinstance(of, p.Column) and _names(model, of) for of in columns)
    plain = counts and which and named and not any(others) and bag.share is None
    return plain and not _of_groups(bag)


def _of_groups(bag: Bag) -> bool:
    """Whether the average of each group is meant: "above the average of their category"."""
    ends = [words[-1] for test, words in bag.tests if isinstance(test, p.Beyond) and words]
    nouns = [words for _, words in (*bag.columns, *bag.rows) if words]
    return any(words[-1] > end for words in nouns for end in ends)


def _names(model: SemanticModel, column: p.Column) -> bool:
    """Whether a column names the rows of its table."""
    return model.entities[column.ref.table].label == column.ref.column
