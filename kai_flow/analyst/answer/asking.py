"""A query as a question that a person could ask, for follow-up questions."""

from collections.abc import Iterator

from msgspec.structs import replace

from kai_flow.analyst.answer.formats import moment, period
from kai_flow.analyst.answer.naming import Names
from kai_flow.analyst.answer.nouns import plural
from kai_flow.analyst.answer.tongue import language_of
from kai_flow.analyst.answer.wording import GRAINS, Wording
from kai_flow.analyst.lexicon.data import Language
from kai_flow.analyst.query.calculation import Calculation
from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import (
    Aggregate,
    All,
    Condition,
    During,
    Field,
    FieldGroup,
    Filter,
    Function,
    Group,
    Operator,
    Query,
    TimeGroup,
    bare,
)
from kai_flow.analyst.semantics.model import SemanticModel

__all__ = ["asked"]

_ASKING = frozenset({"berapa", "how", "what", "which", "mana"})
_EXTREMES = frozenset({Function.MINIMUM, Function.MAXIMUM})
MAX_GROUPS = 2
"""Groupings in one question: more would be hard to read."""


class _Unsaid(Exception):
    """A part of a query for which there is no short wording."""


def asked(query: Query, model: SemanticModel, language: Language) -> tuple[str, ...]:
    """Wordings of the question, the most natural first; none if it has no plain wording."""
    try:
        return tuple(dict.fromkeys(_Asking(Names(model, language), query).texts()))
    except _Unsaid:
        return ()


class _Asking:
    """Words one query as a question."""

    def __init__(self, names: Names, query: Query) -> None:
        self.names = names
        self.query = query
        self.wording = Wording(names, query)

    def texts(self) -> Iterator[str]:
        """The whole question, as a sentence and in short."""
        query = self.query
        if query.columns and not query.distinct and not query.measures:
            rows = self.names.rows(query.fact)
            listed = self.names.pick(f"Daftar {rows}", f"List of {rows}")
            yield f"{listed} {self.filtered(query.where)}".strip()
            return
        if query.having or query.each or len(query.groups) > MAX_GROUPS:
            raise _Unsaid
        filters = self.filtered(query.where)
        for text in self.ranked() if query.limit is not None else self.grouped():
            mark = "?" if _ASKING & set(text.split(" ")[:4]) else ""
            whole = f"{text} {filters}".strip()
            yield f"{whole[:1].upper()}{whole[1:]}{mark}"

    def grouped(self) -> Iterator[str]:
        """A measure, perhaps by groups."""
        query, pick = self.query, self.names.pick
        measure = self.wanted()
        text = self.measure(measure)
        by = ""
        if query.groups:
            groups = self.names.both(self.group(each) for each in query.groups)
            by = pick(f" per {groups}", f" by {groups}")
        if isinstance(measure, Aggregate) and measure.of is None:
            rows = self.names.rows(query.fact)
            yield pick(f"berapa jumlah {rows}{by}", f"how many {rows} are there{by}")
        yield pick(f"berapa {text}{by}", f"what is the {text}{by}")
        yield f"{text}{by}"
        if isinstance(measure, Aggregate) and measure.of is None:
            rows = self.names.rows(query.fact)
            yield pick(f"jumlah baris {rows}{by}", f"number of rows of {rows}{by}")

    def ranked(self) -> Iterator[str]:
        """The first few groups by the measure."""
        query, pick = self.query, self.names.pick
        order = query.order[0] if len(query.order) == 1 else None
        group = query.groups[0] if len(query.groups) == 1 else None
        if order is None or order.by != self.wanted() or not isinstance(group, FieldGroup):
            raise _Unsaid
        measure = self.measure(self.wanted())
        things = self.group(group)
        if isinstance(order.by, Aggregate) and order.by.function in _EXTREMES:
            raise _Unsaid  # "the highest lowest price"
        most = pick(*(("tertinggi", "highest") if order.descending else ("terendah", "lowest")))
        if query.limit == 1:
            yield pick(
                f"{things} mana yang memiliki {measure} {most}",
                f"which {things} has the {most} {measure}",
            )
            return
        if self.names.language == "en" and language_of(things) != "id":
            things = plural(things)
        first = "top" if order.descending else "bottom"
        yield pick(
            f"{query.limit} {things} dengan {measure} {most}",
            f"which {query.limit} {things} have the {most} {measure}",
        )
        yield pick(
            f"{query.limit} {things} {most} menurut {measure}",
            f"{first} {query.limit} {things} by {measure}",
        )

    def pick(self, indonesian: str, english: str) -> str:
        """The text in the language of the question."""
        return self.names.pick(indonesian, english)

    def wanted(self) -> Measure:
        """The only measure, but for the number that is shown beside a share or growth."""
        measures = self.query.measures
        calculated = [m for m in measures if isinstance(m, Calculation) and m.beside]
        if len(calculated) == 1:
            shown = {bare(each) for each in calculated[0].aggregates}
            if all(each is calculated[0] or bare(each) in shown for each in measures):
                return calculated[0]
        if len(measures) != 1:
            raise _Unsaid
        return measures[0]

    def measure(self, measure: Measure) -> str:
        """A measure, as one would ask for it."""
        text = measure.asked(self)
        if text is None:
            raise _Unsaid
        return text

    def counted(self, measure: Aggregate) -> str:
        """A number, of a plain count the rows alone."""
        plain = measure.of is None and measure.where is None
        return self.names.rows(self.query.fact) if plain else self.aggregate(measure)

    def part(self, measure: Aggregate) -> str:
        """A number of the rows that meet a condition of its own."""
        return (
            f"{self.counted(replace(measure, where=None))} {self.filtered(measure.where)}".strip()
        )

    def aggregate(self, measure: Aggregate) -> str:
        """One number, as one would ask for it."""
        if measure.where is not None or measure.function is Function.DISTINCT:
            raise _Unsaid
        if measure.derived:
            if measure.function is not Function.SUM:
                raise _Unsaid
            return f"total {self.names.derived(measure.derived)}"
        if measure.of is not None and not isinstance(measure.of, Field):
            raise _Unsaid
        text = self.wording.measure(measure)
        doubled = self.names.pick("jumlah total ", "sum of total ")
        return _plain(f"total {text.removeprefix(doubled)}" if text.startswith(doubled) else text)

    def group(self, group: Group) -> str:
        """A grouping, as one would ask for it."""
        if isinstance(group, FieldGroup):
            return _plain(self.names.field(group.field, self.query.fact))
        if isinstance(group, TimeGroup) and not group.recurring:
            return self.names.pick(*GRAINS[group.grain])
        raise _Unsaid

    def filtered(self, where: Filter | None) -> str:
        """Filters, each with its preposition."""
        conditions, times = [], []
        for part in _parts(where):
            match part:
                case During(start=start, end=end):
                    times.append(_period(start, end, self.names.language))
                case Condition(of=Field() as of, operator=Operator.EQUAL, values=[str() as value]):
                    name = _plain(self.names.field(of, self.query.fact))
                    conditions.append(f"{name} {value}")
                case _:
                    raise _Unsaid
        texts = times
        if conditions:
            texts = [f"{self.names.pick('dengan', 'with')} {self.names.both(conditions)}", *times]
        return " ".join(texts)


def _parts(where: Filter | None) -> tuple[Filter, ...]:
    """What must all hold."""
    if where is None:
        return ()
    return where.parts if isinstance(where, All) else (where,)


def _period(start: str | None, end: str | None, language: Language) -> str:
    """A period as one would type it."""
    if start is not None and end is None:
        since = start[:4] if start.endswith("-01-01") else moment(start, language)
        return f"{'since' if language == 'en' else 'sejak'} {since}"
    if end is not None and start is None and end.endswith("-01-01"):
        return f"{'before' if language == 'en' else 'sebelum'} {end[:4]}"
    return period(start, end, language).partition(" (")[0]


def _plain(text: str) -> str:
    """A name as one would type it."""
    return text.replace("’s", "")
