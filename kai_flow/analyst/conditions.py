"""The filters in a question: values, years, and numbers compared.

Each function marks the parts it used, so that a filtered column is not also read as the measure.
"""

from dataclasses import dataclass

from kai_flow.analyst.errors import UnclearQuestion
from kai_flow.analyst.language import Sign, Word
from kai_flow.analyst.linking import Mention, TargetKind
from kai_flow.analyst.plan import Condition, Operator
from kai_flow.analyst.question import Number, Part, Question
from kai_flow.analyst.schema import ColumnRef, Kind

__all__ = [
    "Comparison",
    "YearFilter",
    "comparisons",
    "quoted_texts",
    "value_filters",
    "year_filters",
]


@dataclass(frozen=True)
class YearFilter:
    """A filter by calendar year; its column is chosen once the fact table is known."""

    operator: Operator
    years: tuple[float, ...]
    start: int
    """The token where it begins; a time column next to it is the one that is meant."""
    at: tuple[int, ...]
    """Tokens of its years."""


@dataclass(frozen=True)
class Comparison:
    """A number that is compared with the column or table next to it."""

    mention: Mention
    operator: Operator
    values: tuple[float, ...]
    at: tuple[int, ...]
    """Tokens of its values."""


_COMPARE = {
    Sign.ABOVE: Operator.ABOVE,
    Sign.AT_LEAST: Operator.AT_LEAST,
    Sign.BELOW: Operator.BELOW,
    Sign.AT_MOST: Operator.AT_MOST,
}
_YEARS = {
    Sign.SINCE: Operator.AT_LEAST,
    Sign.AFTER: Operator.ABOVE,
    Sign.BEFORE: Operator.BELOW,
    Sign.UNTIL: Operator.AT_MOST,
    **_COMPARE,
}


def value_filters(question: Question) -> list[Condition]:
    """One condition for each column whose values are named; "selain" and "not" negate it."""
    wanted: dict[ColumnRef, list[str]] = {}
    refused: dict[ColumnRef, list[str]] = {}
    negated = False
    for mention in question.free(TargetKind.VALUE):
        target = question.meaning[mention]
        previous = question.before(mention.start, (Sign.PLACE,))
        if isinstance(previous, Mention) and _names(question, previous, mention):
            question.used.add(previous)
            previous = question.before(previous.start, (Sign.PLACE,))
        following = question.after(mention.end)
        if isinstance(following, Mention) and _names(question, following, mention):
            _use_trailing(question, following)
        if isinstance(previous, Word) and previous.sign is Sign.AND:
            pass  # "not A or B" excludes both
        else:
            negated = isinstance(previous, Word) and previous.sign is Sign.NOT
        (refused if negated else wanted).setdefault(target.ref, []).append(target.value)
        question.used.add(mention)
    return [
        Condition(column, operator, tuple(dict.fromkeys(values)))
        for found, operator in ((wanted, Operator.IN), (refused, Operator.NOT_IN))
        for column, values in found.items()
    ]


def _names(question: Question, mention: Mention, value: Mention) -> bool:
    """Whether a table or column only names the kind of the value next to it: "kota Palu"."""
    target, meant = question.meaning[mention], question.meaning[value]
    if mention in question.used or target.table != meant.table:
        return False
    label = question.schema.tables[meant.table].label
    if target.kind is TargetKind.TABLE:
        return label is not None and label.unique and label.name == meant.column
    return target.kind is TargetKind.COLUMN and target.column == meant.column


def _use_trailing(question: Question, mention: Mention) -> None:
    """Mark "province" in "Bali province" as used, unless a word before the value asks for it."""
    following = question.after(mention.end)
    if not (isinstance(following, Word) and following.sign in {Sign.WITH, Sign.WHICH}):
        question.used.add(mention)


def quoted_texts(question: Question, fact: str) -> list[Condition]:
    """Quoted texts that are no known value: they are searched in the names of the fact's rows."""
    known = {at for m in question.mentions for at in range(m.start, m.end)}
    texts = [t.text for at, t in enumerate(question.tokens) if t.quoted and at not in known]
    label = question.schema.tables[fact].label
    if texts and label is None:
        raise UnclearQuestion(
            f"The table {fact!r} has no text column in which to look for {texts[0]!r}."
        )
    if label is None:
        return []
    return [Condition(ColumnRef(fact, label.name), Operator.CONTAINS, (text,)) for text in texts]


def year_filters(question: Question) -> list[YearFilter]:
    """Filters by year: "sejak 2015", "tahun 2020", "between 2010 and 2015", "2015-2020"."""
    found: list[YearFilter] = []
    years = [number for number in question.numbers if number.year]
    for number in years:
        if number in question.used or _is_amount(question, number):
            continue
        question.used.add(number)
        before = question.before(number.start, (Sign.YEAR, Sign.PLACE))
        sign = before.sign if isinstance(before, Word) else None
        if isinstance(before, Word):
            question.used.add(before)
        other = _range_end(question, number, sign)
        if other is not None:
            question.used.add(other)
            low, high = sorted((number.value, other.value))
            ends = (number.start, other.start)
            found.append(YearFilter(Operator.BETWEEN, (low, high), number.start, ends))
        elif sign is Sign.AND and found and found[-1].operator is Operator.IN:
            last = found[-1]
            at = (*last.at, number.start)
            found[-1] = YearFilter(Operator.IN, (*last.years, number.value), last.start, at)
        else:
            operator = _YEARS.get(sign, Operator.IN) if sign else Operator.IN
            found.append(YearFilter(operator, (number.value,), number.start, (number.start,)))
    return found


def _is_amount(question: Question, number: Number) -> bool:
    """Whether a number from 1900 to 2100 is a plain number: "more than 2000 members"."""
    following = question.after(number.end)
    if isinstance(following, Mention) and number.end == following.start:
        return question.kind(following) in {Kind.NUMBER, TargetKind.TABLE} and _compared(
            question.before(number.start)
        )
    previous = question.before(number.start)
    if not (isinstance(previous, Word) and previous.sign in _COMPARE):
        return False
    column = question.before(previous.start, (Sign.WITH,))
    return isinstance(column, Mention) and question.kind(column) is Kind.NUMBER


def _compared(part: Part | None) -> bool:
    """Whether a part is a comparing word."""
    return isinstance(part, Word) and part.sign in _COMPARE


def _range_end(question: Question, number: Number, sign: Sign | None) -> Number | None:
    """The second year of a range that begins at ``number``."""
    link = question.after(number.end)
    ranged = {Sign.SINCE: {Sign.UNTIL}, Sign.BETWEEN: {Sign.AND, Sign.UNTIL}}
    joins = ranged.get(sign, {Sign.UNTIL}) if sign else {Sign.UNTIL}
    if isinstance(link, Word) and link.sign in joins:
        end = question.after(link.end, (Sign.YEAR,))
        if isinstance(end, Number) and end.year:
            return end
    return None


def comparisons(question: Question) -> list[Comparison]:
    """Numbers that are compared with the part next to them."""
    found: list[Comparison] = []
    for word in question.words:
        if word.sign is not Sign.BETWEEN and word.sign not in _COMPARE:
            continue
        first = question.after(word.end)
        if not isinstance(first, Number) or first in question.used:
            continue
        values, end = [first.value], first
        if word.sign is Sign.BETWEEN:
            link = question.after(first.end)
            second = question.after(link.end) if isinstance(link, Word) else link
            if not isinstance(second, Number):
                continue
            # "antara 1 dan 5 miliar": the scale belongs to both.
            scale = second.value if first.value < second.value < 1000 else 0
            values, end = [first.value, second.value], second
            if not scale and second.end - second.start > 1 and first.end - first.start == 1:
                values[0] *= _scale(question, second)
        question.used |= {first, end, word}
        operator = _COMPARE.get(word.sign, Operator.BETWEEN)
        mention = _compared_mention(question, word, end)
        at = tuple({first.start, end.start})
        found.append(Comparison(mention, operator, tuple(values), at))
    return found


def _scale(question: Question, number: Number) -> float:
    """What "miliar" in "5 miliar" multiplies by."""
    plain = question.tokens[number.start].number
    return number.value / plain if plain else 1.0


def _compared_mention(question: Question, word: Word, end: Number) -> Mention:
    """What a comparison is about: the part right after the number, or else the part before it."""
    numeric = {Kind.NUMBER, TargetKind.TABLE, Kind.YEAR}
    following = question.after(end.end)
    if (
        isinstance(following, Mention)
        and following.start == end.end
        and question.kind(following) in numeric
    ):
        return following
    previous = [
        mention
        for mention in question.mentions
        if mention.end <= word.start and question.kind(mention) in {Kind.NUMBER, Kind.YEAR}
    ]
    if previous:
        return previous[-1]
    later = [m for m in question.mentions if m.start >= end.end and question.kind(m) in numeric]
    if later:
        return later[0]
    raise UnclearQuestion(
        f"I could not tell what “{question.text(word)} {question.text(end)}” is about; name the"
        " column that is to be compared."
        if question.language == "en"
        else f"Saya tidak tahu apa yang dibandingkan dalam “{question.text(word)}"
        f" {question.text(end)}”; sebutkan kolomnya."
    )
