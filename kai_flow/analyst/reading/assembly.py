"""Builds the queries that a bag of constituents may mean."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Final, TypeGuard

from kai_flow.analyst.query.nodes import (
    Aggregate,
    All,
    Difference,
    During,
    FieldGroup,
    Function,
    Group,
    Growth,
    Having,
    Measure,
    Operator,
    Order,
    Query,
    Ratio,
    Recurring,
    Share,
    Words,
    bare,
    joins_of,
)
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.bag import Bag, compared
from kai_flow.analyst.reading.choices import Choice, Note, combined
from kai_flow.analyst.reading.filtering import filters
from kai_flow.analyst.reading.reading import Plural, Reading, Troubles
from kai_flow.analyst.reading.resolving import Resolver, means
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import Role, SemanticModel
from kai_flow.analyst.semantics.paths import paths

NUMBERS: Final = frozenset([Role.ADDITIVE, Role.RATE])

LISTED: Final = 100
"""Rows of a listing when the question gives no number."""

SEVERAL: Final = 10
"""Places of a ranking when several are asked for without a number."""

CONTEXT_COST: Final = 0.02
"""Of naming a table that a filter, group or number is of as well: "in the province of Bali"."""

UNUSED_COST: Final = 0.22
"""Of naming a table that nothing in the query uses: "revenue of cooperatives"."""

COUNT_COST: Final = 0.1
"""Of counting rows where the question does not say so: "cooperatives per province"."""

LIST_COST: Final = 0.08
"""Of listing rows where the question does not say so: "active cooperatives"."""


LOST_COST: Final = 2.0
"""Of naming rows that the query should ask about and does not: too much to be believed."""


class Assembly:
    """Builds queries for one database."""

    def __init__(
        self, model: SemanticModel, today: date, plural: Plural, troubles: Troubles
    ) -> None:
        self.model = model
        self.today = today
        self.plural = plural
        self.troubles = troubles

    def readings(self, bag: Bag) -> Iterator[Reading]:
        """Everything that the bag may mean."""
        self._time(bag)
        if bag.texts:
            yield from self._literally(bag)
            return
        bag.cost += 0.3 * sum(
            isinstance(c, p.Column) and self.model.attributes[c.ref].role is Role.KEY
            for c, _ in bag.columns
        )
        if bag.refused:
            yield Reading(None, bag.cost, refusal=bag.refused[0])
        elif bag.asked("catalogue"):
            if not (bag.measures or bag.ranks or bag.tests or bag.groups):
                tables = tuple(table for table, _ in bag.rows)
                yield Reading(None, bag.cost, catalogue=True, tables=tables)
        elif bag.versus:
            yield from self._versus(bag)
        elif bag.compare and not bag.groups:
            yield from self._versus(compared(bag))
        elif bag.ranks:
            yield from self._ranked(bag)
        else:
            yield from self._totalled(bag)
            yield from self._listed(_named(bag))

    def _literally(self, bag: Bag) -> Iterator[Reading]:
        """Texts in quotes that are no known value: names of the rows that are talked about."""
        tables = {t for t, _ in bag.rows} | {c.ref.table for c, _ in bag.columns if _is_column(c)}
        for table in sorted(tables or self.model.entities):
            label = self.model.entities[table].label
            if label is None:
                continue
            of = p.Column(ColumnRef(table, label))
            tests: list[tuple[p.Test, Words]] = [
                (p.Compared(of, Operator.CONTAINS, (text.text,)), words)
                for text, words in bag.texts
            ]
            yield from self.readings(
                Bag(**{**vars(bag), "texts": [], "tests": [*bag.tests, *tests]})
            )

    def _time(self, bag: Bag) -> None:
        """A time column beside a period names the axis of the period: "founded before 1970"."""
        for column, words in list(bag.columns):
            axis = self._axis_of(column)
            tests = [
                (abs(words[0] - there[0]), at)
                for at, (test, there) in enumerate(bag.tests)
                if isinstance(test, p.Within) and test.time.axis is None
            ]
            if axis is not None and tests:
                _, at = min(tests)
                test, there = bag.tests[at]
                assert isinstance(test, p.Within)  # noqa: S101 -- found as such
                both = tuple(sorted({*there, *words}))
                bag.tests[at] = (p.Within(replace(test.time, axis=axis)), both)
                bag.columns.remove((column, words))

    def _axis_of(self, column: p.Column | p.Computed) -> str | None:
        """The axis that a column is the first of."""
        if isinstance(column, p.Computed):
            return None
        return next(
            (
                axis.id
                for axis in self.model.axes_of(column.ref.table)
                if axis.columns[0] == column.ref.column
            ),
            None,
        )

    # what a bag talks about

    def resolver(self, fact: str, bag: Bag) -> Resolver:
        """For one fact table."""
        named = frozenset(table for table, _ in bag.rows)
        return Resolver(self.model, fact, self.today, named)

    def numeric(self, column: p.Column | p.Computed) -> bool:
        """Whether a noun is a number of a row."""
        return isinstance(column, p.Computed) or self.model.attributes[column.ref].role in NUMBERS

    def facts(self, measured: p.Measured | None) -> tuple[str, ...]:  # noqa: PLR0911 -- one for each class
        """The tables whose rows a number is made of."""
        match measured:
            case p.Amount(_, p.Column(ref)):
                return (ref.table,)
            case p.Amount(_, p.Computed(_, table)):
                return (table,)
            case p.Amount(_, p.Implied(concept)):
                return tuple(
                    table
                    for table in self.model.entities
                    if any(a.role in NUMBERS and means(a, concept) for a in self.model.of(table))
                )
            case p.Amount(_, None, str() as table):
                return (table,)
            case p.Quotient(top) | p.Gap(top):
                return self.facts(top)
            case p.Portion(of) | p.Change(of):
                return self.facts(of)
            case _:
                return ()

    # numbers, grouped or not

    def _totalled(self, bag: Bag) -> Iterator[Reading]:
        measures = [*bag.measures]
        nouns = [(p.Amount(None, c), w) for c, w in bag.columns if self.numeric(c)]
        rest = [(c, w) for c, w in bag.columns if isinstance(c, p.Column) and not self.numeric(c)]
        measures += nouns
        if (bag.which or bag.asked("which")) and any(_superlative(m) for m, _ in bag.measures):
            return  # "which has the highest": not how high it is
        groups, rows, cost = [*bag.groups, *bag.which], list(bag.rows), bag.cost
        if bag.which and not (measures or bag.havings):
            return
        if bag.havings and not groups:
            subject = _first_dimension(rows, rest)
            if subject is None or _own_number(subject[0], bag.havings):
                return
            groups.append(subject)
            rows = [each for each in rows if (p.Rows(each[0]), each[1]) != subject]
            rest = [each for each in rest if each != subject]
        if rest:  # columns beside a number, without "per": a weak wish to group by them
            groups += rest
            cost += 0.3
        groups = _each_once(groups)
        if not measures and bag.havings:
            measures = [(bag.havings[0][0].amount, bag.havings[0][1])]
        if not measures:
            if not (groups or bag.share is not None or bag.change):
                return
            for at, (table, words) in enumerate(rows):
                others = rows[:at] + rows[at + 1 :]
                count = p.Amount(Function.COUNT, None, table)
                free = bag.share is not None or bag.change or bag.asked("count")
                more = 0.0 if free else COUNT_COST
                yield from self._numbers(bag, [(count, words)], groups, others, cost + more)
            return
        yield from self._numbers(bag, measures, groups, rows, cost)

    def _numbers(
        self,
        bag: Bag,
        measures: Sequence[tuple[p.Measured, Words]],
        groups: Sequence[tuple[p.Dimension, Words]],
        rows: Sequence[tuple[str, Words]],
        cost: float,
    ) -> Iterator[Reading]:
        """Numbers of one fact table."""
        if bag.somes or bag.clocks or len(measures) > 3:
            return
        if bag.share is not None and not any(isinstance(m, p.Portion) for m, _ in measures):
            measures = [
                (p.Portion(m), w) if isinstance(m, p.Amount) else (m, w) for m, w in measures
            ]
        if bag.change and not any(isinstance(m, p.Change) for m, _ in measures):
            change = bag.change[0]
            measures = [
                (replace(change, of=m), w) if isinstance(m, p.Amount) else (m, w)
                for m, w in measures
            ]
        changes = [m for m, _ in measures if isinstance(m, p.Change)]
        if changes and not any(isinstance(g, p.Calendar) for g, _ in groups):
            groups = [(p.Calendar(changes[0].grain), ()), *groups]
        for fact in self.facts(measures[0][0]):
            yield from self._of_fact(bag, fact, measures, groups, rows, cost)

    def _of_fact(
        self,
        bag: Bag,
        fact: str,
        measures: Sequence[tuple[p.Measured, Words]],
        groups: Sequence[tuple[p.Dimension, Words]],
        rows: Sequence[tuple[str, Words]],
        cost: float,
    ) -> Iterator[Reading]:
        resolver = self.resolver(fact, bag)
        if not self.context(resolver, rows):
            return
        for part_of, base, extra in _split_for_share(measures, groups, bag.tests):
            options = [self.measure(resolver, m, w, part_of) for m, w in measures]
            found = combined(
                [
                    combined(options),
                    combined([self.groups(resolver, g, w) for g, w in groups]),
                    filters(resolver, base),
                    combined([self._having(resolver, h, w) for h, w in bag.havings]),
                ]
            )
            for choice in found:
                made, by, where, having = choice.value
                if self._unsound(resolver, made, by):
                    continue
                numbers = _shown(made)
                order = self._order(bag, numbers, by)
                query = Query(
                    fact=fact,
                    measures=numbers,
                    groups=_unique(by),
                    where=where,
                    having=tuple(having),
                    order=order,
                    limit=bag.limit,
                )
                more = extra + self.beside(query, rows)
                yield Reading(query, cost + more + choice.cost, choice.notes)

    def context(self, resolver: Resolver, rows: Sequence[tuple[str, Words]]) -> bool:
        """Whether tables that are named besides the fact table are connected with it."""
        for table, _words in rows:
            if not resolver.ways(table):
                self.troubles.add("unconnected", table=resolver.fact, other=table)
                return False
        return True

    def beside(self, query: Query, rows: Sequence[tuple[str, Words]]) -> float:
        """What it costs that a question names tables besides the parts of its query."""
        used = {self.model.joins[join].target for join in joins_of(_timeless(query))}
        timed = {self.model.joins[join].target for join in joins_of(query)}
        cost = 0.0
        for table in {table for table, _ in rows if table != query.fact}:
            ways = paths(self.model, query.fact, table)
            if table in used:
                cost += CONTEXT_COST
            elif table in timed or any(not any(j.widens for j in way) for way in ways):
                cost += UNUSED_COST
            else:  # rows that nothing is asked of, though they would restrict what is
                cost += LOST_COST
        return cost

    def measure(  # noqa: PLR0911 -- one for each class
        self,
        resolver: Resolver,
        measured: p.Measured,
        words: Words,
        part_of: Sequence[tuple[p.Test, Words]] = (),
    ) -> list[Choice[Measure]]:
        """What a number may be in a fact table."""
        match measured:
            case p.Amount():
                return [each.map(lambda a: a) for each in self.amount(resolver, measured, words)]
            case p.Quotient(top, bottom, percent):
                pairs = combined(
                    [self.amount(resolver, top, words), self._divisor(resolver, bottom, words)]
                )
                return [
                    each.map(lambda v: Ratio(top=v[0], bottom=v[1], percent=percent, words=words))
                    for each in pairs
                ]
            case p.Gap(left, right):
                pairs = combined(
                    [self.amount(resolver, left, words), self.amount(resolver, right, words)]
                )
                return [
                    each.map(lambda v: Difference(left=v[0], right=v[1], words=words))
                    for each in pairs
                ]
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

    def amount(self, resolver: Resolver, amount: p.Amount, words: Words) -> list[Choice[Aggregate]]:
        """The aggregates that an amount may be, with the rows it is restricted to."""
        plain = resolver.aggregates(amount, words)
        if amount.function is Function.SUM and not plain:
            self.troubles.add("rate_summed", column=_called(amount))
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
        self, resolver: Resolver, bottom: p.Amount, words: Words
    ) -> list[Choice[Aggregate]]:
        """The second number of a ratio: rows of a parent are those that the fact's rows have."""
        if bottom.of is None and bottom.table != resolver.fact:
            bottom = replace(bottom, function=Function.DISTINCT)
            found = self.amount(resolver, bottom, words)
            note = Note("ratio_of_present", (("table", bottom.table or ""),))
            return [each.costing(0.02, note) for each in found]
        if bottom.function is None and not (
            isinstance(bottom.of, p.Column)
            and self.model.attributes[bottom.of.ref].role is Role.ADDITIVE
        ):
            return []  # "price per category" is no ratio
        return self.amount(resolver, bottom, words)

    def groups(
        self, resolver: Resolver, dimension: p.Dimension, words: Words
    ) -> list[Choice[Group]]:
        """What may be grouped by."""
        found = resolver.groups(dimension, words)
        if not found and isinstance(dimension, p.Calendar):
            self.troubles.add("no_time", table=resolver.fact)
        elif not found and isinstance(dimension, p.Column):
            self.troubles.add("unconnected", table=resolver.fact, other=dimension.ref.table)
        return found

    def _having(self, resolver: Resolver, having: p.Having, words: Words) -> list[Choice[Having]]:
        return [
            each.map(
                lambda v: Having(
                    measure=v, operator=having.operator, values=having.values, words=words
                )
            )
            for each in self.amount(resolver, having.amount, words)
        ]

    def _unsound(
        self,
        resolver: Resolver,
        measures: Sequence[Measure],
        groups: Sequence[Group],
    ) -> bool:
        """Whether the sum or average of a row would be shared out to several of its children."""
        wide = any(
            resolver.widens(g.field.path if isinstance(g, FieldGroup) else g.path) for g in groups
        )
        return wide and any(not _counts(measure) for measure in measures)

    def _order(
        self,
        bag: Bag,
        measures: Sequence[Measure],
        groups: Sequence[Group],
    ) -> tuple[Order, ...]:
        """As the question says; else time runs forward, and the greatest number comes first."""
        if bag.sorts:
            sort, words = bag.sorts[0]
            if isinstance(sort.by, p.Column | p.Rows | p.Calendar) and not (
                isinstance(sort.by, p.Column) and self.numeric(sort.by)
            ):
                return tuple(
                    Order(by=group, descending=bool(sort.descending), words=words)
                    for group in groups[:1]
                )
            descending = True if sort.descending is None else sort.descending
            return (Order(by=measures[-1], descending=descending, words=words),)
        if not groups:
            return ()
        times = [group for group in groups if not isinstance(group, FieldGroup)]
        if times:
            return tuple(
                Order(by=group) for group in [*times, *(g for g in groups if g not in times)]
            )
        return (Order(by=measures[-1], descending=True),)

    # rows as they are

    def _listed(self, bag: Bag) -> Iterator[Reading]:
        """Rows, or the values of a column."""
        if bag.measures or bag.havings or bag.groups or bag.share is not None or bag.change:
            return
        asked = any(bag.asked(what) for what in ("list", "which", "when", "value"))
        numbers = any(self.numeric(c) for c, _ in bag.columns)
        if bag.asked("value") and not numbers and (bag.rows or not bag.columns):
            return  # "how many": not a list
        cost = bag.cost + (0.0 if asked else LIST_COST)
        if any(self.numeric(c) for c, _ in bag.columns) and not bag.asked("list"):
            cost += 0.15
        if bag.asked("value") and numbers and not self._singled(bag):
            return  # "what are the total assets of …" is one number
        somes = [(some.of.table, words) for some, words in bag.somes if isinstance(some.of, p.Rows)]
        limit = bag.limit or (bag.somes[0][0].count if bag.somes else None)
        rows = [*bag.rows, *somes]
        columns = [(c, w) for c, w in bag.columns if isinstance(c, p.Column)]
        if len(columns) != len(bag.columns) or len(bag.somes) != len(somes):
            return
        if (
            rows
            and not somes
            and any(self._category(c) and words < rows[0][1] for c, words in columns[:1])
        ):
            cost += 0.15  # "the types of cooperatives" are types
        for clock, words in bag.clocks:
            axis = self.model.axes[clock.axis]
            columns.append((p.Column(ColumnRef(axis.table, axis.columns[0])), words))
        for table in dict.fromkeys([t for t, _ in rows] or [c.ref.table for c, _ in columns[:1]]):
            yield from self._rows_of(bag, table, rows, columns, limit, cost)

    def _singled(self, bag: Bag) -> bool:
        """Whether a filter names single rows."""
        return any(
            isinstance(test, p.Compared)
            and isinstance(test.of, p.Column)
            and test.operator in {Operator.EQUAL, Operator.CONTAINS}
            and self.model.entities[test.of.ref.table].label == test.of.ref.column
            for test, _ in bag.tests
        )

    def _category(self, column: p.Column) -> bool:
        """Whether a column has a few values, which a listing of rows would repeat."""
        return self.model.attributes[column.ref].role in {Role.CATEGORY, Role.FLAG}

    def _rows_of(
        self,
        bag: Bag,
        table: str,
        rows: Sequence[tuple[str, Words]],
        columns: Sequence[tuple[p.Column, Words]],
        limit: int | None,
        cost: float,
    ) -> Iterator[Reading]:
        resolver = self.resolver(table, bag)
        if not self.context(resolver, rows):
            return
        words = next((w for t, w in rows if t == table), ())
        label = resolver.label(table)
        shown = list(columns)
        named = bool(words) or any(self.numeric(c) for c, _ in columns)
        if (
            columns
            and all(not self.numeric(c) for c, _ in columns)
            and (
                not words or (all(self._category(c) for c, _ in columns) and columns[0][1] < words)
            )
        ):
            yield from self._values(bag, resolver, columns, limit, cost - 0.15 * bool(words))
            if not words:
                return
        if label is not None and named and all(c.ref != label.ref for c, _ in columns):
            shown = [(p.Column(label.ref), words), *columns]
        if not columns:
            shown += [
                (p.Column(a.ref), ())
                for a in self.model.of(table)
                if a.role not in {Role.KEY, Role.OTHER} and (label is None or a.ref != label.ref)
            ][:5]
        options = combined([resolver.fields(c, w) for c, w in shown])
        for choice in combined([options, filters(resolver, bag.tests)]):
            fields, where = choice.value
            if any(resolver.widens(field.path) for field in fields):
                continue
            order = tuple(
                Order(by=field, descending=bool(sort.descending), words=w)
                for sort, w in bag.sorts
                for field in fields
                if isinstance(sort.by, p.Column) and sort.by.ref.column == field.column
            )
            if bag.sorts and not order:
                continue
            query = Query(
                fact=table,
                columns=tuple(fields),
                where=where,
                order=order or (Order(by=fields[0]),),
                limit=limit or LISTED,
                words=words,
            )
            more = (0.0 if words else 0.05) + self.beside(query, rows)
            if any(c.ref.table != table and self.numeric(c) for c, _ in columns):
                more += 0.3  # a number of another row
            yield Reading(query, cost + more + choice.cost, choice.notes)

    def _values(
        self,
        bag: Bag,
        resolver: Resolver,
        columns: Sequence[tuple[p.Column, Words]],
        limit: int | None,
        cost: float,
    ) -> Iterator[Reading]:
        """The different values of columns, with the number of rows of each."""
        if not columns or len(columns) > 2:
            return
        options = combined([self.groups(resolver, c, w) for c, w in columns])
        for choice in combined([options, filters(resolver, bag.tests)]):
            groups, where = choice.value
            count = Aggregate(function=Function.COUNT)
            query = Query(
                fact=resolver.fact,
                measures=(count,),
                groups=tuple(groups),
                where=where,
                order=(Order(by=count, descending=True),),
                limit=limit,
            )
            yield Reading(query, cost + 0.03 + choice.cost, choice.notes)

    # rankings

    def _ranked(self, bag: Bag) -> Iterator[Reading]:
        if len(bag.ranks) > 2 or bag.versus:
            return
        rank, words = _one_rank(bag.ranks)
        if rank is None:
            return
        if rank.of is None and bag.which:
            rank = replace(rank, of=bag.which[0][0])
            words = tuple(sorted({*words, *bag.which[0][1]}))
            bag = Bag(**{**vars(bag), "which": bag.which[1:], "asks": [*bag.asks, p.Ask("which")]})
        bag = _named(bag)
        rest = Bag(**{**vars(bag), "rows": list(bag.rows), "columns": list(bag.columns)})
        if rank.of is None and bag.somes:
            some, _ = bag.somes[0]
            rank = replace(rank, of=some.of, count=some.count)
            rest.somes = bag.somes[1:]
        if rank.by is None:
            by = self._ranked_by(rest)
            if by is None:
                yield from self._open(rest, rank, words)
                return
            rank = replace(rank, by=by)
        if rank.of is None and not bag.groups:
            subject = _first_dimension(
                rest.rows, [c for c in rest.columns if isinstance(c[0], p.Column)]
            )
            if subject is None:
                return
            rank = replace(rank, of=subject[0])
            words = (*words, *subject[1])
            rest.rows = [r for r in rest.rows if (p.Rows(r[0]), r[1]) != subject]
            rest.columns = [c for c in rest.columns if c != subject]
        if rest.somes or rest.clocks or rest.share is not None or rest.change:
            return
        if _plain(rank) and not (bag.asked("which") or bag.asked("list")):
            rest.cost += 0.25  # "the lowest number of members of any cooperative" is a number
        yield from self._rank_rows(rest, rank, words)
        yield from self._rank_groups(rest, rank, words)

    def _open(self, bag: Bag, rank: p.Rank, words: Words) -> Iterator[Reading]:
        """A ranking by nothing in particular: every number that it may go by is offered."""
        self.troubles.add("ranked_by_what", table=_table_of(rank.of) or "")
        if rank.of is None:
            named = _first_dimension([*bag.rows], [c for c in bag.columns if _is_column(c[0])])
            if named is None:
                return
            rank = replace(rank, of=named[0])
            bag.rows = [r for r in bag.rows if (p.Rows(r[0]), r[1]) != named]
            bag.columns = [c for c in bag.columns if c != named]
        table = _table_of(rank.of)
        if table is None:
            return
        bag.cost += 0.3
        for number in self._numbers_about(table):
            open_ = replace(rank, by=number)
            yield from self._rank_rows(bag, open_, words)
            yield from self._rank_groups(bag, open_, words)

    def _numbers_about(self, table: str) -> list[p.Measured]:
        """Numbers that the rows of a table may be ranked by."""
        found: list[p.Measured] = []
        for other in self.model.entities.values():
            ways = paths(self.model, other.table, table)
            if other.bridge or not any(not any(join.widens for join in way) for way in ways):
                continue
            found += [
                p.Amount(None, p.Column(attribute.ref))
                for attribute in self.model.of(other.table)
                if attribute.role in NUMBERS
            ]
            found += [
                p.Amount(None, p.Computed(derived.name, derived.table))
                for derived in self.model.derived
                if derived.table == other.table
            ]
            if other.table != table:
                found.append(p.Amount(Function.COUNT, None, other.table))
        return found[:6]

    def _ranked_by(self, bag: Bag) -> "p.Measured | None":
        """What a ranking goes by when its own words do not say so; taken out of the bag."""
        if bag.measures:
            measure, _ = bag.measures[0]
            bag.measures = bag.measures[1:]
            return measure
        for at, (column, _words) in enumerate(bag.columns):
            if self.numeric(column):
                bag.columns = bag.columns[:at] + bag.columns[at + 1 :]
                return p.Amount(None, column)
        return None

    def _places(self, rank: p.Rank, words: Words) -> tuple[int, tuple[Note, ...]]:
        """How many places a ranking shows."""
        if rank.count is not None:
            return rank.count, ()
        if rank.of is not None and self.plural(words, self._names(rank.of)):
            return SEVERAL, (Note("default_places", (("count", str(SEVERAL)),)),)
        return 1, ()

    def _names(self, of: p.Dimension) -> frozenset[str]:
        """The words that may name what is ranked."""
        if isinstance(of, p.Calendar):
            return frozenset([str(of.grain)])
        names = list(
            self.model.entities[of.table if isinstance(of, p.Rows) else of.ref.table].names
        )
        if isinstance(of, p.Column):
            names = list(self.model.attributes[of.ref].names)
        return frozenset(word for name in names for word in name.words)

    def _rank_rows(self, bag: Bag, rank: p.Rank, words: Words) -> Iterator[Reading]:
        """Single rows in the order of a column of theirs."""
        if bag.groups or bag.havings or bag.measures:
            return
        of, by = rank.of, rank.by
        table = of.table if isinstance(of, p.Rows) else self._labelled(of)
        if table is None:
            return
        resolver = self.resolver(table, bag)
        label = resolver.label(table)
        for column, extra in self._row_number(table, by):
            shown = [column, *(c for c, _ in bag.columns if isinstance(c, p.Column))]
            if label is not None and label.ref not in [c.ref for c in shown]:
                shown = [p.Column(label.ref), *shown]
            if not self.context(resolver, bag.rows):
                continue
            options = combined([resolver.fields(c, words) for c in shown])
            for choice in combined([options, filters(resolver, bag.tests)]):
                fields, where = choice.value
                key = next(f for f in fields if f.column == column.ref.column)
                places, notes = self._places(rank, words)
                query = Query(
                    fact=table,
                    columns=tuple(fields),
                    where=where,
                    order=(Order(by=key, descending=rank.descending, words=words),),
                    limit=places,
                    words=words,
                )
                cost = bag.cost + extra + self.beside(query, bag.rows) + choice.cost
                yield Reading(query, cost, (*choice.notes, *notes))

    def _labelled(self, of: p.Dimension | None) -> str | None:
        """The table whose rows a name column names."""
        if isinstance(of, p.Column) and self.model.entities[of.ref.table].label == of.ref.column:
            return of.ref.table
        return None

    def _row_number(
        self, table: str, by: "p.Measured | p.Clock | None"
    ) -> Iterator[tuple[p.Column, float]]:
        """The columns of a table that single rows may be ranked by."""
        match by:
            case p.Clock(axis):
                for place, known in enumerate(self.model.axes_of(table)):
                    if axis in {"", known.id}:
                        yield p.Column(ColumnRef(table, known.columns[0])), 0.3 * place
            case p.Amount(None | Function.SUM, p.Column(ref) as column, _, ()) if (
                ref.table == table and self.numeric(column)
            ):
                yield column, 0.0
            case p.Amount(None, p.Implied(concept), _, ()):
                for attribute in self.model.of(table):
                    if attribute.role in NUMBERS and means(attribute, concept):
                        yield p.Column(attribute.ref), 0.0

    def _rank_groups(self, bag: Bag, rank: p.Rank, words: Words) -> Iterator[Reading]:
        """Groups in the order of a number."""
        by = rank.by
        if by is None or isinstance(by, p.Clock):
            return
        extra = [(m, w) for m, w in bag.measures]
        extra += [(p.Amount(None, c), w) for c, w in bag.columns if self.numeric(c)]
        groups: list[tuple[p.Dimension, Words]] = []
        if rank.of is not None:
            groups.append((rank.of, words))
        groups = [*bag.groups, *groups]
        groups = _each_once(groups)
        each = bool(bag.groups) and rank.of is not None and len(groups) > 1
        for fact in self.facts(by):
            if isinstance(rank.of, p.Rows) and rank.of.table == fact and _plain_count(by):
                continue
            resolver = self.resolver(fact, bag)
            if not self.context(resolver, bag.rows):
                continue
            for choice in combined(
                [
                    combined([self.measure(resolver, m, w) for m, w in [(by, words), *extra]]),
                    combined([self.groups(resolver, g, w) for g, w in groups]),
                    filters(resolver, bag.tests),
                    combined([self._having(resolver, h, w) for h, w in bag.havings]),
                ]
            ):
                measures, made, where, having = choice.value
                if self._unsound(resolver, measures, made):
                    continue
                places, notes = self._places(rank, words)
                query = Query(
                    fact=fact,
                    measures=tuple(measures),
                    groups=_unique(made),
                    where=where,
                    having=tuple(having),
                    order=(Order(by=measures[0], descending=rank.descending, words=words),),
                    limit=None if each or (rank.of is None and rank.count is None) else places,
                    each=places if each and len(_unique(made)) > 1 else None,
                )
                same = self._labelled(rank.of) == fact or (
                    isinstance(rank.of, p.Rows) and rank.of.table == fact
                )
                cost = bag.cost + self.beside(query, bag.rows) + choice.cost
                cost += 0.3 if same and _summed(by) else 0.0
                if rank.of is None and rank.count is None:
                    cost += 0.2  # "the highest price per category" is a price
                yield Reading(query, cost, (*choice.notes, *notes))

    # side by side

    def _versus(self, bag: Bag) -> Iterator[Reading]:
        from kai_flow.analyst.reading.comparing import side_by_side  # noqa: PLC0415

        yield from side_by_side(self, bag)


def _timeless(query: Query) -> tuple[object, ...]:
    """A query without its periods: a table that has only the time is not what is talked about."""
    where = query.where.parts if isinstance(query.where, All) else (query.where,)
    plain = tuple(part for part in where if not isinstance(part, During | Recurring))
    return (query.measures, query.groups, query.columns, query.having, plain)


def _is_column(column: p.Column | p.Computed) -> TypeGuard[p.Column]:
    return isinstance(column, p.Column)


def _unique(groups: Sequence[Group]) -> tuple[Group, ...]:
    """Every group once, whatever words name it."""
    return tuple({bare(group): group for group in groups}.values())


def _named(bag: Bag) -> Bag:
    """The same with what is asked for by name among what is named."""
    if not bag.which:
        return bag
    rows = [(of.table, words) for of, words in bag.which if isinstance(of, p.Rows)]
    columns = [(of, words) for of, words in bag.which if isinstance(of, p.Column)]
    times = [(of, words) for of, words in bag.which if isinstance(of, p.Calendar)]
    return Bag(
        **{
            **vars(bag),
            "which": [],
            "asks": [*bag.asks, p.Ask("which")],
            "rows": [*rows, *bag.rows],
            "columns": [*columns, *bag.columns],
            "groups": [*bag.groups, *times],
        }
    )


def _each_once(
    groups: Sequence[tuple[p.Dimension, Words]],
) -> list[tuple[p.Dimension, Words]]:
    """Every dimension once; "over time" adds nothing to "per year"."""
    found = {dimension: (dimension, words) for dimension, words in groups}
    times = [d for d in found if isinstance(d, p.Calendar)]
    for time in times:
        if time.grain is None and len(times) > 1:
            del found[time]
    return list(found.values())


def _own_number(subject: p.Dimension, havings: Sequence[tuple[p.Having, Words]]) -> bool:
    """Whether a condition on groups is one on single rows: "cooperatives with assets above …"."""
    return isinstance(subject, p.Rows) and any(
        having.amount.function is None
        and isinstance(having.amount.of, p.Column)
        and having.amount.of.ref.table == subject.table
        for having, _ in havings
    )


def _first_dimension(
    rows: Sequence[tuple[str, Words]], columns: Sequence[tuple[p.Column | p.Computed, Words]]
) -> tuple[p.Dimension, Words] | None:
    """What is ranked or counted up: the things named first."""
    found: list[tuple[p.Dimension, Words]] = [(p.Rows(table), words) for table, words in rows]
    found += [(c, w) for c, w in columns if isinstance(c, p.Column)]
    return min(found, key=lambda each: each[1], default=None)


def _one_rank(ranks: Sequence[tuple[p.Rank, Words]]) -> tuple[p.Rank | None, Words]:
    """Two parts of one ranking as one: "top 5 … highest average capital"."""
    (rank, words), *rest = ranks
    for other, more in rest:
        if rank.descending != other.descending:
            return None, ()
        if any(
            left is not None and right is not None and left != right
            for left, right in (
                (rank.count, other.count),
                (rank.by, other.by),
                (rank.of, other.of),
            )
        ):
            return None, ()
        rank = replace(
            rank,
            count=rank.count or other.count,
            by=rank.by or other.by,
            of=rank.of or other.of,
        )
        words = tuple(sorted({*words, *more}))
    return rank, words


def _split_for_share(
    measures: Sequence[tuple[p.Measured, Words]],
    groups: Sequence[object],
    tests: Sequence[tuple[p.Test, Words]],
) -> Iterator[tuple[Sequence[tuple[p.Test, Words]], Sequence[tuple[p.Test, Words]], float]]:
    """What makes the part of a share without groups, and what both part and whole must meet.

    "What percentage of online orders in 2024 was cancelled": the part is cancelled, the whole is
    online and of 2024. The part is named last; a period belongs to the whole.
    """
    portion = any(isinstance(measure, p.Portion) for measure, _ in measures)
    parts = [each for each in tests if not isinstance(each[0], p.Within)]
    if not portion or groups or not parts:
        yield (), tests, 0.0
        return
    last = max(parts, key=lambda each: each[1])
    yield [last], [each for each in tests if each != last], 0.0
    if len(parts) > 1:
        yield parts, [each for each in tests if each not in parts], 0.05


def _shown(measures: Sequence[Measure]) -> tuple[Measure, ...]:
    """A share or growth is shown beside the number that it is of."""
    found: list[Measure] = []
    for measure in measures:
        if isinstance(measure, Share | Growth) and measure.of not in found:
            found.append(measure.of)
        found.append(measure)
    return tuple(dict.fromkeys(found))


def _counts(measure: Measure) -> bool:
    """Whether a measure only counts rows or values, which no join can multiply."""
    match measure:
        case Aggregate(function=function):
            return function in {
                Function.COUNT,
                Function.DISTINCT,
                Function.MINIMUM,
                Function.MAXIMUM,
            }
        case Ratio(top=left, bottom=right) | Difference(left=left, right=right):
            return _counts(left) and _counts(right)
        case Share(of=of) | Growth(of=of):
            return _counts(of)


def _plain_count(by: object) -> bool:
    return isinstance(by, p.Amount) and by.function is Function.COUNT and by.of is None


def _called(amount: p.Amount) -> str:
    """The name of the column that an amount is of."""
    return amount.of.ref.column.replace("_", " ") if isinstance(amount.of, p.Column) else ""


def _table_of(dimension: p.Dimension | None) -> str | None:
    """The table of what is ranked."""
    if isinstance(dimension, p.Column):
        return dimension.ref.table
    return dimension.table if isinstance(dimension, p.Rows) else None


def _superlative(measure: p.Measured) -> bool:
    """Whether a number is the greatest or least one."""
    return isinstance(measure, p.Amount) and measure.function in {
        Function.MAXIMUM,
        Function.MINIMUM,
    }


def _plain(rank: p.Rank) -> bool:
    """Whether a rank is no more than "the highest" of a number."""
    return (
        rank.count is None
        and isinstance(rank.by, p.Amount)
        and rank.by.function in {None, Function.COUNT, Function.SUM}
        and isinstance(rank.by.of, p.Column | p.Computed)
    )


def _summed(by: object) -> bool:
    """Whether a number has only one row in each group, if the groups are its own rows."""
    return isinstance(by, p.Amount) and by.function in {None, Function.SUM}
