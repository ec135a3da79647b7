"""What each part of a question became in the plan: the facts on which the gate decides.

A `Ledger` answers questions such as "is the result grouped by this mention?" from the plan alone,
whatever the reading of the question intended. It does no I/O.
"""

from collections.abc import Collection

from kai_flow.analyst.language import Sign, Word
from kai_flow.analyst.linking import Mention, TargetKind
from kai_flow.analyst.plan import Aggregate, Condition, Having, Measure, Operator, Plan
from kai_flow.analyst.question import Number, Part, Question
from kai_flow.analyst.schema import ColumnRef, Kind

__all__ = ["COUNTING", "RANKS", "Ledger"]

COUNTING = frozenset(["many", "number", "count", "counts", "banyak", "banyaknya"])
"""Words that ask for a count, never for a sum."""

RANKS = frozenset(
    {
        *(Sign.TOP, Sign.BOTTOM, Sign.HIGHEST, Sign.LOWEST, Sign.MOST, Sign.FEWEST),
        *(Sign.NEWEST, Sign.OLDEST),
    }
)
_THINGS = frozenset({TargetKind.TABLE, Kind.TEXT, Kind.YEAR, Kind.DATE})


class Ledger:
    """A question, and the plan that should answer it."""

    def __init__(self, question: Question, plan: Plan) -> None:
        self.question = question
        self.plan = plan
        self.measures: tuple[Measure, ...] = (
            *plan.measures,
            *(having.measure for having in plan.having),
        )

    def kind(self, part: Part | None) -> Kind | TargetKind | None:
        """The kind of a mention; None for anything else."""
        return self.question.kind(part) if isinstance(part, Mention) else None

    def ref(self, mention: Mention) -> ColumnRef:
        """The column that is meant."""
        return self.question.meaning[mention].ref

    def sign(self, part: Part | None) -> Sign | None:
        """The sign of an analysis word; None for anything else."""
        return part.sign if isinstance(part, Word) else None

    def head(self, position: int, skip: Collection[Sign] = ()) -> Part | None:
        """The next part from a token on, past values, "and", "not" and these signs."""
        skip = {*skip, Sign.AND, Sign.NOT, Sign.PLACE}
        part = self.question.after(position, skip)
        while self.kind(part) is TargetKind.VALUE and part is not None:
            part = self.question.after(part.end, skip)
        return part

    def tail(self, position: int) -> Mention | None:
        """The number column before a token, past tables, values and names of things."""
        part = self.question.before(position, (Sign.PLACE, Sign.WITH))
        while isinstance(part, Mention) and self.kind(part) is not Kind.NUMBER:
            part = self.question.before(part.start, (Sign.PLACE, Sign.WITH))
        return part if isinstance(part, Mention) else None

    def grouped(self, mention: Mention) -> bool:
        """Whether the result is grouped by what is mentioned."""
        target = self.question.meaning[mention]
        if target.kind is not TargetKind.TABLE:
            return any(d.column == target.ref for d in self.plan.dimensions)
        table = self.question.schema.tables[target.table]
        name = table.label.name if table.label else table.columns[0].name
        return any(d.column == ColumnRef(table.name, name) for d in self.plan.dimensions)

    @property
    def by_time(self) -> bool:
        """Whether the result is grouped by calendar year."""
        return any(dimension.temporal for dimension in self.plan.dimensions)

    def counted(self, mention: Mention) -> bool:
        """Whether what is mentioned is what is counted."""
        target = self.question.meaning[mention]
        column = None if target.kind is TargetKind.TABLE else target.column
        return Measure(Aggregate.COUNT, target.table, column) in self.measures

    def measured(self, mention: Mention, *aggregates: Aggregate) -> bool:
        """Whether a number is measured, by one of these aggregates if any are given."""
        ref = self.ref(mention)
        return any(
            m.ref == ref and (not aggregates or m.aggregate in aggregates) for m in self.measures
        )

    def conditions(self, ref: ColumnRef) -> list[Condition]:
        """The filters on a column."""
        return [condition for condition in self.plan.conditions if condition.column == ref]

    def filtering(self) -> list[Condition | Having]:
        """Every filter that compares."""
        return [*self.plan.conditions, *self.plan.having]

    def years(self, value: float) -> list[Condition]:
        """The filters by calendar year that hold this year."""
        return [c for c in self.plan.conditions if c.temporal and value in c.values]

    @property
    def ordered_by(self) -> ColumnRef | Measure | None:
        """What the rows are ranked by, if by a number or a time."""
        by = self.plan.order.by if self.plan.order else None
        return by if isinstance(by, ColumnRef | Measure) else None

    def orders(self, mention: Mention) -> bool:
        """Whether the result is sorted by what is mentioned."""
        by = self.ordered_by
        if isinstance(by, Measure):
            return by.ref == self.ref(mention) or (by.column is None and self.counted(mention))
        return by is not None and by == self.ref(mention)

    def ranking(self, *, descending: bool) -> bool:
        """Whether the result is one ranking, from this end, of one thing by one number."""
        order = self.plan.order
        return (
            order is not None
            and self.plan.limit is not None
            and order.descending is descending
            and len(self.plan.dimensions) <= 1
            and len(self.plan.measures) <= 1
            and self.ordered_by is not None
        )

    def thing(self, part: Part | None) -> bool:
        """Whether a part names a thing that a result can be about."""
        return self.kind(part) in _THINGS

    def compared(self, operator: Operator, number: Number) -> list[Condition | Having]:
        """The filters that compare with this number."""
        return [
            each
            for each in self.filtering()
            if each.operator is operator and number.value in each.values
        ]
