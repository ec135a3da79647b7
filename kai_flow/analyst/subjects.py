"""What a question is about: the things that are ranked, and what the result is grouped by."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from kai_flow.analyst.language import Sign, Word
from kai_flow.analyst.linking import Mention, TargetKind
from kai_flow.analyst.plan import Condition, Dimension, Operator
from kai_flow.analyst.question import Question
from kai_flow.analyst.schema import ColumnRef, Kind, Schema
from kai_flow.analyst.timeline import time_column

__all__ = [
    "Subject",
    "compared",
    "dimensions",
    "find",
    "is_aggregated",
    "listed_columns",
    "sorted_by",
    "year_column",
]

_RANKED = (Sign.HIGHEST, Sign.LOWEST, Sign.MOST, Sign.FEWEST, Sign.NEWEST, Sign.OLDEST)
_EDGES = (Sign.TOP, Sign.BOTTOM)
_THINGS = (TargetKind.TABLE, Kind.TEXT, Kind.YEAR, Kind.DATE)


@dataclass
class Subject:
    """What is ranked or grouped."""

    entity: Mention | None = None
    """What is ranked or chosen: "toko" in "top 5 toko"."""
    groups: list[Mention] = field(default_factory=list)
    """What follows "per", "setiap", "by" …"""
    by_year: bool = False
    limit: int | None = None

    @property
    def mentions(self) -> list[Mention]:
        """The entity and the groups."""
        return ([self.entity] if self.entity else []) + self.groups


def find(question: Question, *, filtered: bool, by_group: bool) -> Subject:
    """The subject of a question.

    ``filtered``: it compares something with a number. ``by_group``: that is a count or an
    aggregate, so that even "how many provinces have more than …" is about each province.
    """
    subject = Subject(by_year=question.has(Sign.TREND))
    subject.by_year |= _asks_for_year(question)
    _find_limit(question, subject)
    if subject.entity is None and not _asks_for_year(question):
        subject.entity = _chosen(question) or _ranked(question, filtered, by_group)
    _find_groups(question, subject)
    if not subject.mentions and question.has(Sign.LIST) and not question.free(Kind.NUMBER):
        subject.groups.extend(question.free(Kind.TEXT)[:1])
    if any(question.kind(mention) in {Kind.YEAR, Kind.DATE} for mention in subject.mentions):
        subject.by_year = False
    return subject


def is_aggregated(question: Question, mention: Mention) -> bool:
    """Whether a compared mention is a count of things or an aggregate: a filter on groups."""
    before = question.before(mention.start)
    named = isinstance(before, Word) and before.sign in {Sign.AVERAGE, Sign.QUANTITY}
    return named or question.kind(mention) is TargetKind.TABLE


def sorted_by(question: Question, mention: Mention | None) -> bool:
    """Whether rows are to be sorted by this column: "diurutkan berdasarkan X"."""
    if mention is None:
        return False
    before = question.before(mention.start)
    return isinstance(before, Word) and before.sign is Sign.BY


def compared(question: Question, values: Sequence[Condition]) -> list[Mention]:
    """In "compare A and B" the column of A and B is what the result is grouped by."""
    if not question.has(Sign.COMPARE):
        return []
    for condition in values:
        if len(condition.values) > 1 and condition.operator is Operator.IN:
            return [m for m in question.mentions if _value_of(question, m, condition.column)][:1]
    return []


def dimensions(question: Question, subject: Subject, fact: str) -> tuple[Dimension, ...]:
    """What to group by: the label of a table, a column, or the calendar year."""
    found = [_dimension(question, mention) for mention in subject.mentions]
    if subject.by_year:
        found.append(Dimension(time_column(question, fact), temporal=True))
    return tuple(dict.fromkeys(found))


def year_column(
    question: Question, start: int, fact: str, grouped: Sequence[Dimension]
) -> ColumnRef:
    """The column that a filter by year is about: named just before it, grouped by, or nearest."""
    skip = (Sign.SINCE, Sign.AFTER, Sign.BEFORE, Sign.UNTIL, Sign.BETWEEN, Sign.YEAR, Sign.PLACE)
    before = question.before(start, skip)
    if isinstance(before, Mention) and question.kind(before) in {Kind.YEAR, Kind.DATE}:
        return question.meaning[before].ref
    for dimension in grouped:
        if dimension.temporal:
            return dimension.column
    return time_column(question, fact)


def listed_columns(schema: Schema, table: str, most: int) -> tuple[ColumnRef, ...]:
    """What to show of a row: its label, the labels of what it points to, then the rest."""
    this = schema.tables[table]
    label = [ColumnRef(table, this.label.name)] if this.label else []
    parents = [
        ColumnRef(key.target, parent.label.name)
        for key in this.foreign_keys
        if (parent := schema.tables.get(key.target)) is not None and parent.label is not None
    ]
    rest = [ColumnRef(table, column.name) for column in this.columns if column.kind is not Kind.KEY]
    keys = [ColumnRef(table, column.name) for column in this.columns]
    return tuple(dict.fromkeys(label + parents + rest or keys))[:most]


def _find_limit(question: Question, subject: Subject) -> None:
    """A whole number that nothing else used is how many are wanted; the subject follows it."""
    for number in question.numbers:
        if number in question.used or number.value < 1 or number.value % 1:
            continue
        subject.limit = min(int(number.value), 1_000_000)
        subject.entity = _after(question, number.end)
        following = question.after(number.end, _RANKED)
        if isinstance(following, Word) and following.sign is Sign.YEAR:
            subject.by_year = True
        return


def _asks_for_year(question: Question) -> bool:
    """Whether the question asks "which year" or "tahun berapa"."""
    for word in question.words:
        if word.sign is Sign.YEAR:
            around = (question.before(word.start), question.after(word.end))
            asked = {Sign.WHICH, Sign.ASK}
            if any(
                isinstance(part, Word)
                and part.sign in asked
                and (part.end == word.start or part.start == word.end)
                for part in around
            ):
                return True
    return False


def _chosen(question: Question) -> Mention | None:
    """The subject of "top shops", "which shop", "toko mana"."""
    for word in question.words:
        if word.sign in _EDGES or word.sign is Sign.WHICH:
            found = _after(question, word.end)
            if found is None and word.sign is Sign.WHICH:
                found = _before(question, word.start)
            if found is not None:
                return found
    return None


def _ranked(question: Question, filtered: bool, by_group: bool) -> Mention | None:
    """The subject of "toko dengan X tertinggi", "toko terbesar"."""
    if question.has(Sign.PER):
        return None
    for word in question.words:
        superlative = word.sign in _RANKED
        having = word.sign is Sign.WITH and (filtered or question.has(*_RANKED))
        if superlative or having:
            found = _before(question, word.start, even_counted=by_group)
            if found is None and superlative:
                found = _after(question, word.end, (TargetKind.TABLE,))
            if found is not None and not (superlative and _follows_number(question, found)):
                return found
    return None


def _follows_number(question: Question, mention: Mention) -> bool:
    """Whether a table only says whose number it is: "laba toko tertinggi"."""
    before = question.before(mention.start)
    return isinstance(before, Mention) and question.kind(before) is Kind.NUMBER


def _find_groups(question: Question, subject: Subject) -> None:
    """Everything after "per", "setiap", and after "by" unless that says how to rank."""
    for word in question.words:
        if word.sign is not Sign.PER and (word.sign is not Sign.BY or subject.entity):
            continue
        position = word.end
        while True:
            part = question.after(position, (Sign.WHICH,))
            if isinstance(part, Word) and part.sign is Sign.YEAR:
                subject.by_year = True
            elif _is_thing(question, part) and isinstance(part, Mention):
                part = _head(question, part)
                subject.groups.append(part)
            else:
                break
            link = question.after(part.end)
            if not isinstance(link, Word) or link.sign is not Sign.AND:
                break
            position = link.end


def _after(
    question: Question, position: int, kinds: Sequence[Kind | TargetKind] = _THINGS
) -> Mention | None:
    """A thing that is named next, past ranking words ("5 largest cooperatives")."""
    part = question.after(position, (*_RANKED, *_EDGES, Sign.LIST))
    if not isinstance(part, Mention) or not _is_thing(question, part, kinds):
        return None
    return _head(question, part) if kinds is _THINGS else part


def _head(question: Question, mention: Mention) -> Mention:
    """The column in an English compound like "customer type", else the mention itself."""
    following = question.after(mention.end)
    if (
        question.kind(mention) is TargetKind.TABLE
        and isinstance(following, Mention)
        and following.start == mention.end
        and _is_thing(question, following, (Kind.TEXT, Kind.YEAR, Kind.DATE))
        and question.meaning[following].table == question.meaning[mention].table
    ):
        return following
    return mention


def _before(question: Question, position: int, *, even_counted: bool = False) -> Mention | None:
    """A thing named just before, unless it is what is counted or grouped by."""
    part = question.before(position)
    if not isinstance(part, Mention) or not _is_thing(question, part):
        return None
    if even_counted:
        return part
    before = question.before(part.start)
    taken = {Sign.QUANTITY, Sign.PER, Sign.BY}
    if not question.has(*_RANKED):
        taken.add(Sign.ASK)
    return None if isinstance(before, Word) and before.sign in taken else part


def _is_thing(
    question: Question, part: object, kinds: Sequence[Kind | TargetKind] = _THINGS
) -> bool:
    """Whether a part is an unused mention of a thing: no number, no value."""
    return isinstance(part, Mention) and part not in question.used and question.kind(part) in kinds


def _dimension(question: Question, mention: Mention) -> Dimension:
    """What grouping by a mention means."""
    target = question.meaning[mention]
    table = question.schema.tables[target.table]
    if target.kind is TargetKind.TABLE:
        keys = tuple(ColumnRef(table.name, name) for name in table.primary_key)
        name = table.label.name if table.label else table.columns[0].name
        return Dimension(ColumnRef(table.name, name), keys)
    temporal = target.kind is TargetKind.COLUMN and question.kind(mention) in {Kind.YEAR, Kind.DATE}
    return Dimension(target.ref, (), temporal)


def _value_of(question: Question, mention: Mention, column: ColumnRef) -> bool:
    """Whether a mention is a value of a column."""
    target = question.meaning[mention]
    return target.kind is TargetKind.VALUE and target.ref == column
