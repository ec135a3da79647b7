"""Filters in words, as clauses: "the status is “paid” and the order date is in March 2025"."""

from collections.abc import Sequence
from typing import Final, assert_never

from kai_flow.analyst.answer.aggregates import aggregate_words
from kai_flow.analyst.answer.formats import month_name, period, quarter, weekday_name
from kai_flow.analyst.answer.naming import Names
from kai_flow.analyst.query.nodes import (
    Against,
    Aggregate,
    All,
    Condition,
    During,
    Either,
    Expression,
    Field,
    Filter,
    Formula,
    Grain,
    Not,
    Operator,
    Recurring,
    Related,
    Tally,
    joins_of,
)

__all__ = ["Filters"]

_BOUNDS: Final[dict[Operator, tuple[str, str]]] = {
    Operator.EQUAL: ("adalah {}", "is {}"),
    Operator.NOT_EQUAL: ("bukan {}", "is not {}"),
    Operator.ABOVE: ("lebih dari {}", "is more than {}"),
    Operator.AT_LEAST: ("paling sedikit {}", "is at least {}"),
    Operator.BELOW: ("kurang dari {}", "is less than {}"),
    Operator.AT_MOST: ("paling banyak {}", "is at most {}"),
    Operator.BETWEEN: ("antara {} dan {}", "is between {} and {}"),
    Operator.CONTAINS: ("mengandung {}", "contains {}"),
    Operator.EMPTY: ("kosong", "is empty"),
    Operator.PRESENT: ("terisi", "is filled in"),
}
_PREPOSITIONS: Final = ("in ", "on ", "from ", "pada tahun ", "pada ", "dari ")


class Filters:
    """The words for filters over the rows of one table."""

    def __init__(self, names: Names, fact: str) -> None:
        self.names = names
        self.fact = fact

    def parts(self, where: Filter | None) -> tuple[str, ...]:
        """The clauses that must all hold."""
        if where is None:
            return ()
        if isinstance(where, All):
            return tuple(self._inner(part) for part in where.parts)
        return (self.clause(where),)

    def clause(self, where: Filter) -> str:
        """A filter as one clause."""
        match where:
            case Condition():
                text = self._condition(where)
            case During():
                text = self._during(where)
            case Recurring():
                text = self._recurring(where)
            case Related():
                text = self._related(where, exists=True)
            case Tally() | Against():
                text = self._compared(where)
            case All():
                text = self._joined(where.parts, "dan", "and")
            case Either():
                text = self._joined(where.parts, "atau", "or")
            case Not(part=part):
                text = self._negated(part)
            case _:
                assert_never(where)
        return text

    def _joined(self, parts: Sequence[Filter], indonesian: str, english: str) -> str:
        word = self.names.pick(indonesian, english)
        return self.names.both((self._inner(part) for part in parts), word)

    def _condition(self, where: Condition) -> str:
        if isinstance(where.of, Formula) and where.of.operator == "-" and where.values == (0.0,):
            return self._pair(where.of, where.operator)
        field = where.of if isinstance(where.of, Field) else None
        bound = self.bound(where.operator, where.values, field)
        subject = self.names.formula(where.of, self.fact)
        if self._of_several(where.of):
            return f"{self.names.pick('paling sedikit satu', 'at least one')} {subject} {bound}"
        return self.names.pick(f"{subject} {bound}", f"the {subject} {bound}")

    def _pair(self, of: Formula, operator: Operator) -> str:
        """A difference that is compared with nothing: one number compared with another one."""
        than = self.names.formula(of.right, self.fact, inner=True)
        bound = self.bounded(operator, [self.names.pick(than, f"the {than}")])
        subject = self.names.formula(of.left, self.fact, inner=True)
        return self.names.pick(f"{subject} {bound}", f"the {subject} {bound}")

    def _of_several(self, of: Expression) -> bool:
        """Whether a row of the table may have several of these, of which one is enough."""
        joins = self.names.model.joins
        return any(joins[each].widens for each in joins_of(of))

    def _during(self, where: During) -> str:
        time = self._some(self.names.axis(where.axis, where.path, self.fact), where.path)
        years = self.names.model.axes[where.axis].finest is Grain.YEAR
        text = period(where.start, where.end, self.names.language, years=years)
        return self.names.pick(f"{time} {text}", f"{time} is {text}")

    def _some(self, time: str, path: tuple[str, ...]) -> str:
        """A time with its article: of several rows, at least one."""
        if any(self.names.model.joins[each].widens for each in path):
            return f"{self.names.pick('paling sedikit satu', 'at least one')} {time}"
        return self.names.pick(time, f"the {time}")

    def _inner(self, part: Filter) -> str:
        """A part of a longer clause; brackets show what belongs together."""
        text = self.clause(part)
        return f"({text})" if isinstance(part, All | Either) else text

    def _negated(self, part: Filter) -> str:
        opposite = {Operator.EQUAL: Operator.NOT_EQUAL, Operator.EMPTY: Operator.PRESENT}
        if (
            isinstance(part, Condition)
            and part.operator in opposite
            and not self._of_several(part.of)
        ):
            return self.clause(
                Condition(of=part.of, operator=opposite[part.operator], values=part.values)
            )
        if isinstance(part, Related):
            return self._related(part, exists=False)
        return (
            f"{self.names.pick('tidak benar bahwa', 'it is not true that')} ({self.clause(part)})"
        )

    def _recurring(self, where: Recurring) -> str:
        names = self.names
        time = self._some(names.axis(where.axis, where.path, self.fact), where.path)
        texts = [_part(where.part, value, names) for value in where.values]
        either = names.both(texts, names.pick("atau", "or"))
        every = {
            "month": ("pada bulan {}, tahun berapa pun", "in {} of any year"),
            "quarter": ("pada {}, tahun berapa pun", "in {} of any year"),
            "weekday": ("pada hari {}", "on a {}"),
            "day": ("pada tanggal {} setiap bulan", "on day {} of a month"),
        }[where.part]
        text = names.pick(*every).format(either)
        return names.pick(f"{time} {text}", f"{time} is {text}")

    def _related(self, where: Related, *, exists: bool) -> str:
        names, pick = self.names, self.names.pick
        thing = names.target(where.path, self.fact)
        start = (
            pick(f"ada {thing}", f"there is at least one {thing}")
            if exists
            else pick(f"tidak ada {thing}", f"there is no {thing}")
        )
        if where.where is None:
            return start
        target = names.model.joins[where.path[-1]].target
        inner = Filters(names, target).clause(where.where)
        return pick(f"{start} (yang {inner})", f"{start} (for which {inner})")

    def _compared(self, where: Tally | Against) -> str:
        """A number of related rows, or a value against all rows."""
        pick = self.names.pick
        if isinstance(where, Tally):
            target = self.names.model.joins[where.path[-1]].target
            number = self._aggregate(where.of, target)
            bound = self.bound(where.operator, where.values, None)
            return pick(f"{number} miliknya {bound}", f"its {number} {bound}")
        subject = self.names.formula(where.of, self.fact)
        than, rows = aggregate_words(self.names, where.than, self.fact), self.names.rows(self.fact)
        every = pick(f"{than} dari semua {rows}", f"the {than} of all {rows}")
        if where.than.where is not None:
            only = self.clause(where.than.where)
            every = pick(f"{than} dari {rows} yang {only}", f"the {than} of {rows} where {only}")
        bound = pick(*_BOUNDS[where.operator]).format(every)
        return pick(f"{subject} {bound}", f"the {subject} {bound}")

    def _aggregate(self, of: Aggregate, fact: str) -> str:
        text = aggregate_words(self.names, of, fact)
        if of.where is None:
            return text
        only = Filters(self.names, fact).clause(of.where)
        return self.names.pick(f"{text} (hanya jika {only})", f"{text} (only where {only})")

    def bound(
        self, operator: Operator, values: Sequence[str | float | bool], of: Field | None
    ) -> str:
        """What a value is compared with, after the name of the value."""
        whole = operator is not Operator.CONTAINS
        texts = [self.names.value(of, value, whole=whole) for value in values]
        return self.bounded(operator, texts)

    def bounded(self, operator: Operator, texts: Sequence[str]) -> str:
        """The same, of values in words."""
        pattern = self.names.pick(*_BOUNDS[operator])
        if operator is Operator.BETWEEN:
            return pattern.format(*texts)
        word = "nor" if operator is Operator.NOT_EQUAL and len(texts) > 1 else "or"
        if word == "nor" and self.names.language == "en":
            return f"is neither {self.names.both(texts, 'nor')}"
        return pattern.format(self.names.both(texts, self.names.pick("atau", "or")))

    def days(self, start: str | None, end: str | None) -> str:
        """A period without its preposition."""
        text = period(start, end, self.names.language)
        for preposition in _PREPOSITIONS:
            if text.startswith(preposition):
                return text.removeprefix(preposition)
        return text


def _part(part: str, value: int, names: Names) -> str:
    """A month, quarter, weekday or day of the month, of any year."""
    if part == "month":
        return month_name(value, names.language)
    if part == "quarter":
        return quarter(value, names.language)
    if part == "weekday":
        return weekday_name(value, names.language)
    return str(value)
