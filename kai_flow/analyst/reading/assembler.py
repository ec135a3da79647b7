"""What all queries are assembled from: facts, numbers, groups and conditions on them."""

import math
from collections.abc import Collection, Hashable, Sequence
from datetime import date
from typing import Any, Final

from msgspec.structs import replace

from kai_flow.analyst.kinds.differences import Difference
from kai_flow.analyst.kinds.growth import Growth
from kai_flow.analyst.lexicon.lexicon import Language
from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import (
    Aggregate,
    Function,
    Group,
    Having,
    Words,
)
from kai_flow.analyst.query.ratio import Ratio
from kai_flow.analyst.query.share import Share
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.across import foreign, sound
from kai_flow.analyst.reading.aggregating import aggregates_of, named_rows
from kai_flow.analyst.reading.averages import average_per, upside_down
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.choices import Choice, Note, combined
from kai_flow.analyst.reading.concepts import billed, means, revenue_of, undoes
from kai_flow.analyst.reading.dimensions import groups_of
from kai_flow.analyst.reading.filtering import filters
from kai_flow.analyst.reading.lasting import tables_of
from kai_flow.analyst.reading.paces import pace
from kai_flow.analyst.reading.reading import Plural, Troubles
from kai_flow.analyst.reading.remembering import remembered
from kai_flow.analyst.reading.resolving import Resolver
from kai_flow.analyst.reading.units import limits
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import Role, SemanticModel
from kai_flow.analyst.semantics.paths import keeps_rows, paths

NUMBERS: Final = frozenset([Role.ADDITIVE, Role.RATE])

ASSUMED_COST: Final = 1.5
"""Of a sum or average over rows by a date of theirs that says nothing of the number."""


MANY: Final = 100_000
"""A number of rows that is likely one of money, where there are not as many."""

RATE_LIMITED_COST: Final = 0.05
"""Of limiting the average of a price or a grade, where the question may mean any single one."""

PRESENT_COST: Final = 0.3
"""Of dividing by those that the rows have, where all may be counted: "orders to customers"."""


class Assembler:
    """Resolves the parts of a question over one database."""

    def __init__(
        self,
        model: SemanticModel,
        today: date,
        plural: Plural,
        troubles: Troubles,
        commas: Collection[int] = (),
        *,
        margin: float = 0.0,
        language: Language = "en",
        limits: frozenset[int] = frozenset(),
    ) -> None:
        """``commas``: the places of words that only separate; ``limits``: of those that limit all.

        ``margin``: what a reading may cost more than the best one and be wanted too.
        """
        self.language: Language = language
        self.model = model
        self.today = today
        self.plural = plural
        self.troubles = troubles
        self.most = math.inf
        """A reading that costs more is not worth building: a likelier one is known."""
        self.commas = commas
        self.limits = limits
        self.whole = False
        """Whether words say that a limit is one of all rows together."""
        self.clauses: frozenset[int] = frozenset()
        """The places of words that begin a relative clause."""
        self.said_twice: frozenset[int] = frozenset()
        """The places of each "and" after which a preposition is repeated."""
        self.all_of: dict[int, bool] = {}
        """The places of nouns of all of which something is said: "in all regions"."""
        self.known: dict[Hashable, Sequence[Any]] = {}
        """What was found for parts: see `remembered`."""
        self.margin = margin
        self._below: dict[tuple[str, str], bool] = {}
        self._resolvers: dict[tuple[str, frozenset[str]], Resolver] = {}

    def resolver(self, fact: str, bag: Bag) -> Resolver:
        """For one fact table."""
        tests = [t.part if isinstance(t, p.Negated) else t for t, _ in bag.tests]
        done = [test.table for test in tests if isinstance(test, p.Has)]
        tested = {
            test.of.ref.table
            for test, _ in bag.tests
            if isinstance(test, p.Compared) and isinstance(test.of, p.Column)
        }
        # "had a loss in 2023": the time is that of the rows with the loss
        done += [table for table in tested if self.below(fact, table)]
        return self.resolver_of(fact, frozenset([*(table for table, _ in bag.rows), *done]))

    def below(self, fact: str, table: str) -> bool:
        """Whether a row may have several rows of another table, however these are reached."""
        known = self._below.get((fact, table))
        if known is None:
            ways = paths(self.model, fact, table)
            known = self._below[fact, table] = bool(ways) and not any(map(keeps_rows, ways))
        return known

    def resolver_of(self, fact: str, named: frozenset[str]) -> Resolver:
        """For one fact table, beside the tables that are named."""
        known = self._resolvers.get((fact, named))
        if known is None:
            undone = frozenset(table for table in named if undoes(self.model, table))
            alone = self.resolver_of(fact, undone) if named != undone else None
            known = Resolver(self.model, fact, self.today, named, alone)
            self._resolvers[fact, named] = known
        return known

    def numeric(self, column: p.Noun) -> bool:
        """Whether a noun is a number of a row."""
        return not isinstance(column, p.Column) or self.model.attributes[column.ref].role in NUMBERS

    def adds_up(self, of: "p.Noun | p.Implied | p.Operation | p.Units | None") -> bool:
        """Whether sums of a number make sense."""
        if isinstance(of, p.Column):
            return self.model.attributes[of.ref].role is Role.ADDITIVE
        return isinstance(of, p.Computed) or of == p.Implied("revenue")

    def is_rate(self, column: p.Column) -> bool:
        """Whether a column is a price or the like, of which averages make sense."""
        return self.model.attributes[column.ref].role is Role.RATE

    @remembered
    def facts(self, measured: p.Measured | None) -> Sequence[str]:  # noqa: PLR0911 -- one for each class
        """The tables whose rows a number is made of."""
        match measured:
            case p.Amount(Function.DISTINCT, p.Column(_, str() as role)) if (
                role in self.model.joins
            ):
                return (self.model.joins[role].source,)
            case p.Amount(_, p.Column(ref) | p.Operation(p.Column(ref))):
                return (ref.table,)
            case p.Amount(_, p.Lasting() as lasting):
                return tables_of(self.model, lasting)
            case p.Amount(_, p.Computed(_, table)):
                return (table,)
            case p.Amount(_, p.Implied(concept, of)):
                return tuple(
                    table
                    for table in ((of,) if of else self.model.entities)
                    if not undoes(self.model, table) and self._has(table, concept)
                )
            case p.Amount(_, None, str() as table):
                return (table,)
            case p.Quotient(top) | p.Gap(top):
                return self.facts(top)
            case p.Portion(of) | p.Change(of):
                return self.facts(of)
            case p.Calculated(_, amounts):
                return self.facts(amounts[0])
            case _:
                return ()

    def _has(self, table: str, concept: str) -> bool:
        """Whether the rows of a table have a number that an adjective means."""
        if concept == "revenue" and revenue_of(self.model, table) is not None:
            return True
        money = concept != p.BILLED or billed(self.model, table)
        return money and any(a.role in NUMBERS and means(a, concept) for a in self.model.of(table))

    def context(self, resolver: Resolver, rows: Sequence[tuple[str, Words]]) -> bool:
        """Whether tables that are named besides the fact table are connected with it."""
        return all(self._connected(resolver, table) for table, _words in rows)

    def _connected(self, resolver: Resolver, table: str) -> bool:
        """Whether joins lead to a table; if none does, that is a reason for the answer."""
        if resolver.ways(table):
            return True
        if table != resolver.fact:
            self.troubles.add("unconnected", table=resolver.fact, other=table)
        return False

    @remembered
    def measure(  # noqa: PLR0911 -- one for each class
        self,
        resolver: Resolver,
        measured: p.Measured,
        words: Words,
        part_of: tuple[tuple[p.Test, Words], ...] = (),
        *,
        across: bool = False,
    ) -> Sequence[Choice[Measure]]:
        """What a number may be in a fact table; ``across``: or beside it, in another one."""
        match measured:
            case p.Amount():
                found = self.amount(resolver, measured, words)
                found += named_rows(resolver, measured, words)
                found += foreign(self, resolver, measured, words) if across else []
                return [each.map(lambda a: a) for each in found]
            case p.Quotient(top, p.Amount(_, p.Units(grain)), each=True):
                return pace(self, resolver, top, grain, words)
            case p.Quotient(each=True):
                return average_per(self, resolver, measured, words)
            case p.Quotient(top, bottom, percent):
                below = self._divisor(resolver, bottom, words, across=across)
                odd = upside_down(self.model, measured)
                pairs = combined([self.amount(resolver, top, words), below])
                return [
                    each.costing(odd).map(
                        lambda v: Ratio(top=v[0], bottom=v[1], percent=percent, words=words)
                    )
                    for each in pairs
                ]
            case p.Gap(left, right, percent):
                less = self.amount(resolver, right, words)
                less += foreign(self, resolver, right, words) if across else []
                pairs = combined([self.amount(resolver, left, words), less])
                return [
                    each.map(
                        lambda v: Difference(left=v[0], right=v[1], percent=percent, words=words)
                    )
                    for each in pairs
                ]
            case p.Calculated(by, amounts):
                each_one = [self.amount(resolver, amount, words) for amount in amounts]
                return [each.map(lambda v: by.made_of(v, words)) for each in combined(each_one)]
            case p.Portion(of) if of is not None and part_of:
                part = replace(of, where=(*of.where, *(test for test, _ in part_of)))
                pairs = combined(
                    [self.amount(resolver, part, words), self.amount(resolver, of, words)]
                )
                return [
                    each.map(lambda v: Ratio(top=v[0], bottom=v[1], percent=True, words=words))
                    for each in pairs
                ]
            case p.Portion(of) if of is not None:
                return [
                    each.map(lambda v: Share(of=v, words=words))
                    for each in self.amount(resolver, of, words)
                ]
            case p.Change(of, _, absolute) if of is not None:
                return [
                    each.map(lambda v: Growth(of=v, absolute=absolute, words=words))
                    for each in self.amount(resolver, of, words)
                ]
            case _:
                return []

    def _is_rate(self, of: object) -> bool:
        """Whether it is a price, a percentage or the like, which cannot be added up."""
        return isinstance(of, p.Column) and self.model.attributes[of.ref].role is Role.RATE

    def amount(self, resolver: Resolver, amount: p.Amount, words: Words) -> list[Choice[Aggregate]]:
        """The aggregates that an amount may be, with the rows it is restricted to."""
        plain = sound(resolver, aggregates_of(resolver, amount, words))
        if amount.function is Function.SUM and not plain and self._is_rate(amount.of):
            self.troubles.add("rate_summed", **_column_of(amount))
        if not amount.where:
            return plain
        tests = [(test, words) for test in amount.where]
        return [
            each.map(
                lambda v: Aggregate(
                    function=v[0].function,
                    of=v[0].of,
                    where=v[1],
                    derived=v[0].derived,
                    words=words,
                )
            )
            for each in combined([plain, filters(resolver, tests)])
        ]

    def _divisor(
        self, resolver: Resolver, bottom: p.Amount, words: Words, *, across: bool
    ) -> list[Choice[Aggregate]]:
        """The second number of a ratio, which ``across`` may be one of another table."""
        if self._grouping(bottom):
            return []
        found = self._own_divisor(resolver, bottom, words)
        return [*found, *foreign(self, resolver, bottom, words)] if across else found

    def _own_divisor(
        self, resolver: Resolver, bottom: p.Amount, words: Words
    ) -> list[Choice[Aggregate]]:
        """The same among the fact's rows: rows of a parent are those that these rows have."""
        if bottom.of is None and bottom.table != resolver.fact:
            more = PRESENT_COST if bottom.function is Function.COUNT else 0.02
            bottom = replace(bottom, function=Function.DISTINCT)
            note = Note("ratio_of_present", (("table", bottom.table or ""),))
            return [each.costing(more, note) for each in self.amount(resolver, bottom, words)]
        return self.amount(resolver, bottom, words)

    def _grouping(self, bottom: p.Amount) -> bool:
        """Whether nothing can be divided by a number, only grouped: "students per grade"."""
        adds = isinstance(bottom.of, p.Column) and self.adds_up(bottom.of)
        return bottom.function is None and bottom.of is not None and not adds

    def groups(
        self, resolver: Resolver, dimension: p.Dimension, words: Words
    ) -> Sequence[Choice[Group]]:
        """What may be grouped by."""
        found = groups_of(resolver, dimension, words)
        if not found and isinstance(dimension, p.Calendar):
            self.troubles.add("no_time", table=resolver.fact)
        elif not found and isinstance(dimension, p.Column):
            self._connected(resolver, dimension.ref.table)
        return found

    def beyond(self, having: p.Having) -> bool:
        """Whether more rows are wanted than there are, by far: orders of more than 10 million."""
        table = having.amount.table
        if having.amount.of is not None or table is None:
            return False
        return max(having.values) > max(MANY, self.model.schema.tables[table].row_count)

    def having(self, resolver: Resolver, having: p.Having, words: Words) -> list[Choice[Having]]:
        values = limits(having, self.model)
        if values is None or self.beyond(having):
            return []
        amount = having.amount
        rate = (
            amount.function is None and isinstance(amount.of, p.Column) and self._is_rate(amount.of)
        )
        return [
            each.costing(RATE_LIMITED_COST * (rate and not having.average)).map(
                lambda v: Having(measure=v, operator=having.operator, values=values, words=words)
            )
            for each in self.measure(resolver, having.average or having.amount, words)
        ]


def _column_of(amount: p.Amount) -> dict[str, str]:
    """The column that an amount is of."""
    ref = amount.of.ref if isinstance(amount.of, p.Column) else ColumnRef("", "")
    return {"table": ref.table, "column": ref.column}
