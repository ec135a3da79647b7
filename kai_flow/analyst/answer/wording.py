"""The parts of a query in words: measures, groups and orders."""

from typing import Final, assert_never

from kai_flow.analyst.answer.aggregates import aggregate_words
from kai_flow.analyst.answer.filters import Filters
from kai_flow.analyst.answer.formats import exact, with_unit
from kai_flow.analyst.answer.identifiers import quoted
from kai_flow.analyst.answer.naming import Names
from kai_flow.analyst.answer.units import unit_of
from kai_flow.analyst.query.measure import Measure, Sortable
from kai_flow.analyst.query.nodes import (
    Aggregate,
    All,
    Expression,
    Field,
    FieldGroup,
    Formula,
    Grain,
    Group,
    Having,
    Lapse,
    Order,
    Over,
    PeriodGroup,
    Query,
    TimeGroup,
    Unit,
)
from kai_flow.analyst.semantics.model import AxisForm, Role

__all__ = ["GRAINS", "Wording", "fields_of"]

GRAINS: Final[dict[Grain, tuple[str, str]]] = {
    Grain.DAY: ("hari", "day"),
    Grain.WEEK: ("minggu", "week"),
    Grain.MONTH: ("bulan", "month"),
    Grain.QUARTER: ("kuartal", "quarter"),
    Grain.YEAR: ("tahun", "year"),
}
_RECURRING: Final[dict[Grain, tuple[str, str]]] = {
    Grain.DAY: ("hari dalam seminggu", "day of the week"),
    Grain.WEEK: ("minggu dalam setahun", "week of the year"),
    Grain.MONTH: ("bulan dalam setahun", "month of the year"),
    Grain.QUARTER: ("kuartal dalam setahun", "quarter of the year"),
    Grain.YEAR: ("tahun", "year"),
}


class Wording:
    """The words for the parts of one query."""

    def __init__(self, names: Names, query: Query, *, brief: bool = False) -> None:
        self.names = names
        self.query = query
        self.brief = brief  # derived measures by their names alone, without their formulas
        self.filters = Filters(names, query.fact)

    # Measures

    def measure(self, measure: Measure) -> str:
        """A measure."""
        return measure.said(self)

    def pick(self, indonesian: str, english: str) -> str:
        """The text in the language of the question."""
        return self.names.pick(indonesian, english)

    def first_group(self) -> str:
        """What the first groups are; empty if there are none."""
        return self.group(self.query.groups[0]) if self.query.groups else ""

    def unit_of_time(self) -> str:
        """The unit of the calendar that the groups are."""
        grain = next((g.grain for g in self.query.groups if isinstance(g, TimeGroup)), Grain.YEAR)
        return self.names.pick(*GRAINS[grain])

    def aggregate(self, measure: Aggregate) -> str:
        """One number from the rows of a group, with the filter that it has of its own."""
        fact, filters = self.query.fact, self.filters
        if measure.over is not None:
            fact = measure.over.fact
            filters = Filters(self.names, fact)
        text = aggregate_words(self.names, measure, fact, brief=self.brief)
        if measure.over is not None and measure.of is not None:
            rows = self.names.rows(fact)
            text = self.names.pick(f"{text} dari {rows}", f"{text} of {rows}")
        if measure.over is not None:
            text += self._reached(measure.over)
        clauses = [measure.where, measure.over.where if measure.over is not None else None]
        parts = tuple(each for each in clauses if each is not None)
        if not parts:
            return text
        only = filters.clause(parts[0] if len(parts) == 1 else All(parts=parts))
        return self.names.pick(f"{text} (hanya jika {only})", f"{text} (only where {only})")

    def _reached(self, over: Over) -> str:
        """How the groups are reached from another table, where that has other words."""
        other = Wording(self.names, Query(fact=over.fact, groups=over.groups), brief=self.brief)
        theirs = self.names.both(other.group(each) for each in over.groups)
        if theirs == self.names.both(self.group(each) for each in self.query.groups):
            return ""
        return self.names.pick(f" (per {theirs})", f" (by {theirs})")

    def scope(self) -> str:
        """The table whose rows are aggregated, unless a count names it already."""
        inner = [each for measure in self.query.measures for each in measure.aggregates]
        if any(each.of is None for each in inner):
            return ""
        rows = self.names.rows(self.query.fact)
        reached = any(field.path for each in inner for field in fields_of(each.of))
        return self.names.pick(f" dari {rows}", f" {'over all' if reached else 'of'} {rows}")

    # Groups

    def group(self, group: Group) -> str:
        """What the groups are, after "by" or "per"."""
        fact = self.query.fact
        match group:
            case FieldGroup(field=field):
                return self.names.field(field, fact)
            case TimeGroup():
                return self._time(group)
            case PeriodGroup(axis=axis, path=path, periods=periods):
                labels = ", ".join(self._period(*each) for each in periods)
                return f"{self.names.axis(axis, path, fact)} ({labels})"
            case _:
                assert_never(group)

    def _period(self, label: str, start: str | None, end: str | None) -> str:
        """One of several periods: its days, after its label where that is another one."""
        days = self.filters.days(start, end)
        return days if label == days else f"{quoted(label)}: {days}"

    def _time(self, group: TimeGroup) -> str:
        of = self.names.axis(group.axis, group.path, self.query.fact)
        table = _RECURRING if group.recurring else GRAINS
        grain = self.names.pick(*table[group.grain])
        form = self.names.model.axes[group.axis].form
        if not group.recurring and group.grain is Grain.YEAR and form is AxisForm.YEAR:
            return of
        return f"{grain} ({of})"

    # Conditions on groups, and order

    def having(self, having: Having) -> str:
        """A condition on groups."""
        unit = unit_of(having.measure, self.names)
        texts = [with_unit(exact(each, self.names.language), unit) for each in having.values]
        text = f"{self.measure(having.measure)} {self.filters.bounded(having.operator, texts)}"
        return self.names.pick(text, f"the {text}")

    def order(self, order: Order) -> str:
        """What the rows are sorted by, and which way."""
        by, pick = order.by, self.names.pick
        text, kind = self.sorted_by(by)
        ways = {
            "time": (("dari yang terlama", "oldest first"), ("dari yang terbaru", "newest first")),
            "calendar": (
                ("menurut kalender", "in calendar order"),
                ("kebalikan kalender", "in reverse calendar order"),
            ),
            "text": (("dari A ke Z", "from A to Z"), ("dari Z ke A", "from Z to A")),
            "number": (
                ("dari yang terkecil", "smallest first"),
                ("dari yang terbesar", "largest first"),
            ),
        }
        return f"{text} ({pick(*ways[kind][order.descending])})"

    def sorted_by(self, by: Sortable) -> tuple[str, str]:
        """The name of what is sorted by, and its kind: time, calendar, text or number."""
        if isinstance(by, TimeGroup | PeriodGroup):
            again = isinstance(by, TimeGroup) and by.recurring
            return self.group(by), "calendar" if again else "time"
        if isinstance(by, FieldGroup | Field):
            field = by.field if isinstance(by, FieldGroup) else by
            role = self.names.role(field)
            text = self.names.field(field, self.query.fact)
            if role in {Role.TIME, Role.TIME_PART}:
                return text, "time"
            worded = {Role.NAME, Role.TEXT, Role.CATEGORY, Role.FLAG, Role.OTHER}
            return text, "text" if role in worded else "number"
        if not isinstance(by, Measure):
            raise TypeError(by)
        return self.measure(by), "number"


def fields_of(of: Expression | Unit | None) -> tuple[Field, ...]:
    """The columns of an expression, from left to right."""
    if isinstance(of, Field):
        return (of,)
    if isinstance(of, Formula):
        return fields_of(of.left) + fields_of(of.right)
    if isinstance(of, Lapse):
        return (of.start,) if of.end is None else (of.start, of.end)
    return ()
