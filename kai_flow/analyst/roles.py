"""Whether each name, value and number of a question has its role in the plan.

Only the plan counts: a value must be in a filter that keeps or excludes it as asked, and a column
must be measured, grouped by, filtered, sorted by or shown.
"""

import re

from kai_flow.analyst.language import Sign, Word
from kai_flow.analyst.ledger import COUNTING, RANKS, Ledger
from kai_flow.analyst.linking import Mention, TargetKind
from kai_flow.analyst.plan import Aggregate, Condition, Having, Operator
from kai_flow.analyst.question import Number, Part
from kai_flow.analyst.schema import Kind

__all__ = ["mention_has_role", "number_has_role"]

_TIMES = {
    Sign.SINCE: {Operator.AT_LEAST},
    Sign.AFTER: {Operator.ABOVE},
    Sign.BEFORE: {Operator.BELOW},
    Sign.UNTIL: {Operator.AT_MOST},
    Sign.ABOVE: {Operator.ABOVE},
    Sign.AT_LEAST: {Operator.AT_LEAST},
    Sign.BELOW: {Operator.BELOW},
    Sign.AT_MOST: {Operator.AT_MOST},
}
_COMPARE = {
    Sign.ABOVE: Operator.ABOVE,
    Sign.AT_LEAST: Operator.AT_LEAST,
    Sign.BELOW: Operator.BELOW,
    Sign.AT_MOST: Operator.AT_MOST,
    Sign.BETWEEN: Operator.BETWEEN,
}
_SAYING_HOW = (
    *(Sign.AVERAGE, Sign.QUANTITY, Sign.MINIMUM, Sign.MAXIMUM, Sign.HIGHEST, Sign.LOWEST),
    *(Sign.MOST, Sign.FEWEST),
)
_EXTREMES = frozenset(["min", "max", "minimum", "maximum", "maksimum", "avg", "average", "mean"])
_MONEY = frozenset(
    [
        *("sale", "sales", "purchase", "purchases", "payment", "payments", "expense", "expenses"),
        *("penjualan", "pembelian", "pembayaran", "pengeluaran", "pemasukan"),
    ]
)
"""Words for things that are counted, and for the money in them."""
_OR = frozenset(["or", "atau"])
_NAMED = {Sign.AVERAGE, Sign.QUANTITY, Sign.ASK, Sign.MINIMUM, Sign.MAXIMUM, Sign.TREND}


def mention_has_role(ledger: Ledger, mention: Mention) -> bool:
    """Whether the plan uses what is mentioned as the question does."""
    if mention in ledger.question.ambiguous:
        return False
    match ledger.kind(mention):
        case TargetKind.VALUE:
            return _value(ledger, mention)
        case TargetKind.TABLE:
            return _table(ledger, mention)
        case Kind.NUMBER:
            return _number_column(ledger, mention)
        case Kind.YEAR | Kind.DATE:
            return _time_column(ledger, mention)
        case _:
            return _text_column(ledger, mention)


def _value(ledger: Ledger, mention: Mention) -> bool:
    """A value is kept, or left out where a "not" stands before it."""
    target = ledger.question.meaning[mention]
    if _starts_with_places(ledger, mention) or _torn(ledger, mention):
        return False
    if _listed_with_another(ledger, mention):
        return False
    operator = Operator.NOT_IN if _denied(ledger, mention) else Operator.IN
    return any(
        condition.operator is operator and target.value in condition.values
        for condition in ledger.conditions(target.ref)
    )


def _starts_with_places(ledger: Ledger, mention: Mention) -> bool:
    """Whether the value's own number may be how many places are wanted: "top 5 star …"."""
    if ledger.question.tokens[mention.start].number is None:
        return False
    before = ledger.question.before(mention.start)
    return before is None or ledger.sign(before) in {*RANKS, Sign.LIST, Sign.WHICH}


def _torn(ledger: Ledger, mention: Mention) -> bool:
    """Whether another filter stands between two values of one: "A in 2022 and B in 2023".

    Each value then belongs to its own half of the sentence, which filters cannot express.
    """
    question, column = ledger.question, ledger.ref(mention)
    places = [
        part.start
        for part in question.mentions
        if ledger.kind(part) is TargetKind.VALUE and ledger.ref(part) == column
    ]
    between = range(min(places), max(places))
    return any(
        isinstance(part, Number)
        or (ledger.kind(part) is TargetKind.VALUE and part.start not in places)
        for part in map(question.part_at, between)
        if part is not None
    )


def _listed_with_another(ledger: Ledger, mention: Mention) -> bool:
    """Whether "A and B" lists values of two columns: both filters together would keep nothing."""
    question = ledger.question
    link = question.before(mention.start, (Sign.PLACE,))
    previous = link
    if isinstance(link, Word) and link.sign is Sign.AND:
        if question.tokens[link.start].word in _OR:
            return False  # the plan has alternatives for it
        previous = question.before(link.start)
    elif not isinstance(link, Mention) or (
        ledger.sign(question.before(link.start)) is not Sign.PLACE
    ):
        return False
    return (
        isinstance(previous, Mention)
        and ledger.kind(previous) is TargetKind.VALUE
        and ledger.ref(previous) != ledger.ref(mention)
        and (previous is not link or ledger.ref(previous).table == ledger.ref(mention).table)
    )


def _denied(ledger: Ledger, mention: Mention) -> bool:
    """Whether a "not" applies to this value: "not A or B" excludes values of one column."""
    column = ledger.ref(mention)
    skip = (Sign.PLACE, Sign.AND, Sign.WITH)
    part = ledger.question.before(mention.start, skip)
    while isinstance(part, Mention) and (
        _names(ledger, part, mention)
        or (ledger.kind(part) is TargetKind.VALUE and ledger.ref(part) == column)
    ):
        part = ledger.question.before(part.start, skip)
    return ledger.sign(part) is Sign.NOT


def _names(ledger: Ledger, part: Part | None, value: Mention) -> bool:
    """Whether a mention says what the value beside it is: "kota Palu", "the province of Bali"."""
    if not isinstance(part, Mention):
        return False
    target, meant = ledger.question.meaning[part], ledger.question.meaning[value]
    if target.kind is TargetKind.TABLE:
        label = ledger.question.schema.tables[target.table].label
        named = label is not None and label.unique and label.name == meant.column
        return named and target.table == meant.table
    return target.kind is TargetKind.COLUMN and target.ref == meant.ref


def _names_value(ledger: Ledger, mention: Mention) -> bool:
    """Whether a mention only names the kind of a value that is filtered by."""
    beside = (
        ledger.question.before(mention.start),
        ledger.question.after(mention.end),
    )
    return any(
        isinstance(part, Mention)
        and ledger.kind(part) is TargetKind.VALUE
        and _names(ledger, mention, part)
        and _value(ledger, part)
        for part in beside
    )


def _table(ledger: Ledger, mention: Mention) -> bool:
    """A table is grouped by, counted or listed, or it says whose numbers or rows are meant."""
    table = ledger.question.meaning[mention].table
    plan = ledger.plan
    if _may_mean_money(ledger, mention):
        return False
    if ledger.grouped(mention) or _names_value(ledger, mention) or table == plan.fact:
        return True
    if any(d.column.table == table for d in plan.dimensions):  # "customer type"
        following = ledger.question.after(mention.end)
        if isinstance(following, Mention) and ledger.ref(following).table == table:
            return ledger.grouped(following)
    beside = (ledger.question.before(mention.start), ledger.question.after(mention.end))
    owner = any(
        isinstance(part, Mention)
        and ledger.kind(part) is Kind.NUMBER
        and ledger.measured(part)
        and ledger.question.schema.distance(plan.fact, table)[0] == 0
        for part in beside
    )
    kept = any(
        isinstance(part, Mention)
        and ledger.kind(part) is TargetKind.VALUE
        and ledger.ref(part).table == table
        for part in beside
    )
    return owner or kept


def _may_mean_money(ledger: Ledger, mention: Mention) -> bool:
    """Whether "total sales" was taken for how many sales there are."""
    tokens = ledger.question.tokens
    money = _MONEY.intersection(token.word for token in tokens[mention.start : mention.end])
    counting = any(token.word in COUNTING for token in tokens)
    return bool(money) and ledger.counted(mention) and not counting


def _number_column(ledger: Ledger, mention: Mention) -> bool:
    """A number is measured, compared, sorted by or shown."""
    ref = ledger.ref(mention)
    twice = [part for part in ledger.question.mentions if ledger.ref(part) == ref]
    if len(twice) > 1 and not ledger.conditions(ref):
        return False  # "average price of A and average price of B"
    if ledger.measured(mention):
        return _says_how(ledger, mention)
    return bool(ledger.conditions(ref)) or ledger.orders(mention) or ref in ledger.plan.columns


def _says_how(ledger: Ledger, mention: Mention) -> bool:
    """Whether the question says how a number is aggregated, where that makes a difference.

    "Average capital, members" leaves it open for the members, and "price of A and B" leaves open
    whether both prices are wanted, or one sum. An average must be asked for.
    """
    before = ledger.question.before(mention.start)
    if isinstance(before, Mention) and ledger.kind(before) is Kind.NUMBER:
        return False
    unasked = ledger.measured(mention, Aggregate.AVERAGE) and not ledger.question.has(Sign.AVERAGE)
    words = {token.word for token in ledger.question.tokens[mention.start : mention.end]}
    if words & _EXTREMES and ledger.measured(mention, Aggregate.SUM):
        return False  # "max speed" of a column with that name, added up
    grouped = {dimension.column for dimension in ledger.plan.dimensions}
    several = any(
        condition.operator is Operator.IN
        and len(condition.values) > 1
        and condition.column not in grouped
        for condition in ledger.plan.conditions
    )
    return not unasked and (not several or ledger.question.has(*_SAYING_HOW))


def _time_column(ledger: Ledger, mention: Mention) -> bool:
    """A time is filtered, shown or sorted by; grouped by it only where the year is asked for."""
    ref = ledger.ref(mention)
    if ledger.conditions(ref) or ref in ledger.plan.columns or ledger.orders(mention):
        return True
    yearly = ledger.kind(mention) is Kind.YEAR or ledger.question.has(Sign.YEAR, Sign.TREND)
    return ledger.grouped(mention) and yearly


def _text_column(ledger: Ledger, mention: Mention) -> bool:
    """A text is grouped by, counted or shown, or names the kind of a value."""
    return (
        ledger.grouped(mention)
        or ledger.counted(mention)
        or ledger.ref(mention) in ledger.plan.columns
        or _names_value(ledger, mention)
    )


def number_has_role(ledger: Ledger, number: Number) -> bool:
    """Whether a number filters or limits in the plan as it does in the question."""
    if _foreign(ledger, number):
        return False
    roles = (_filters_by_year, _compares, _limits)
    return any(role(ledger, number) for role in roles)


def _foreign(ledger: Ledger, number: Number) -> bool:
    """Whether a number is written with the other language's thousands: 1.500 is 1.5 in English."""
    other = r"\d{1,3}(\.\d{3})+" if ledger.question.language == "en" else r"\d{1,3}(,\d{3})+"
    tokens = ledger.question.tokens[number.start : number.end]
    return any(re.fullmatch(other, token.text) for token in tokens)


def _filters_by_year(ledger: Ledger, number: Number) -> bool:
    """A year filters with the operator that the word before it names."""
    found = ledger.years(number.value) if number.year else []
    if not found:
        return False
    before = ledger.question.before(number.start, (Sign.YEAR, Sign.PLACE))
    sign = ledger.sign(before)
    operators = {condition.operator for condition in found}
    if sign in {Sign.BETWEEN, Sign.AND, Sign.UNTIL} and Operator.BETWEEN in operators:
        return not _follows_bare_number(ledger, before)
    if sign in _TIMES:
        named = sign not in _COMPARE or _says_year(ledger, before)
        if sign is Sign.SINCE and Operator.BETWEEN in operators:
            return True
        return named and bool(operators & _TIMES[sign]) and not _vague_start(ledger, before)
    return bool(operators & {Operator.IN, Operator.BETWEEN}) and _bare_year(ledger, number, before)


def _follows_bare_number(ledger: Ledger, before: Part | None) -> bool:
    """Whether "between 2000 and 2010" may be about the number just before it, not about time."""
    if ledger.sign(before) is not Sign.BETWEEN or before is None:
        return False
    column = ledger.question.before(before.start, (Sign.WITH,))
    if not isinstance(column, Mention) or ledger.kind(column) is not Kind.NUMBER:
        return False
    return ledger.sign(ledger.question.before(column.start)) not in _NAMED


def _says_year(ledger: Ledger, word: Part | None) -> bool:
    """Whether a time stands before "over" or "below": "over the year 2023" means during it."""
    before = ledger.question.before(word.start) if word else None
    return ledger.sign(before) is Sign.YEAR or ledger.kind(before) in {Kind.YEAR, Kind.DATE}


def _vague_start(ledger: Ledger, word: Part | None) -> bool:
    """Whether a word may mean "of that year" or "until" as well as "since": "from 2023"."""
    if word is None:
        return False
    return ledger.question.tokens[word.start].word in {"from", "dari", "as"}


def _bare_year(ledger: Ledger, number: Number, before: Part | None) -> bool:
    """Whether a year without a comparing word is no number of places or things."""
    if ledger.sign(before) in RANKS or ledger.sign(ledger.question.after(number.end)) in RANKS:
        return False
    said = ledger.sign(ledger.question.before(number.start)) in {Sign.YEAR, Sign.PLACE, Sign.AND}
    following = ledger.question.after(number.end)
    return said or not isinstance(following, Mention) or following.start > number.end


def _compares(ledger: Ledger, number: Number) -> bool:
    """A number compares what stands beside it, by the operator that the word before it names."""
    word = ledger.question.before(number.start)
    if ledger.sign(word) in {Sign.AND, Sign.UNTIL} and word is not None:  # "between 5 and 10"
        first = ledger.question.before(word.start)
        word = ledger.question.before(first.start) if isinstance(first, Number) else None
        if ledger.sign(word) is not Sign.BETWEEN:
            return False
    sign = ledger.sign(word)
    if sign not in _COMPARE or not isinstance(word, Word):
        return False
    found = ledger.compared(_COMPARE[sign], number)
    return any(_beside(ledger, word, number, each) for each in found)


def _beside(ledger: Ledger, word: Word, number: Number, compared: Condition | Having) -> bool:
    """Whether what the filter compares stands next to the comparison."""
    following = ledger.question.after(number.end)
    if ledger.sign(following) in {Sign.AND, Sign.UNTIL} and following is not None:
        second = ledger.question.after(following.end)
        if isinstance(second, Number):
            following = ledger.question.after(second.end)
    if isinstance(following, Mention) and _is_compared(ledger, following, compared):
        return True
    part = ledger.question.before(word.start, (Sign.WITH, *_COMPARE, Sign.AND))
    while isinstance(part, Number) or ledger.kind(part) is TargetKind.TABLE:
        if isinstance(part, Mention) and _is_compared(ledger, part, compared):
            return True
        if part is None:
            return False
        part = ledger.question.before(part.start, (Sign.WITH, *_COMPARE, Sign.AND))
    return isinstance(part, Mention) and _is_compared(ledger, part, compared)


def _is_compared(ledger: Ledger, mention: Mention, compared: Condition | Having) -> bool:
    """Whether a filter is about what is mentioned."""
    if isinstance(compared, Condition):
        return compared.column == ledger.ref(mention)
    measure = compared.measure
    if measure.column is None:
        return ledger.kind(mention) is TargetKind.TABLE and (
            ledger.ref(mention).table == measure.table and measure.aggregate is Aggregate.COUNT
        )
    return measure.ref == ledger.ref(mention)


def _limits(ledger: Ledger, number: Number) -> bool:
    """A number of places stands at the head of what is ranked or listed."""
    plan, question = ledger.plan, ledger.question
    if plan.limit != number.value or plan.default_limit or _limit_of(ledger) != number:
        return False
    before, following = question.before(number.start), question.after(number.end)
    opens = before is None or ledger.sign(before) in {*RANKS, Sign.LIST, Sign.WHICH}
    named = ledger.thing(following) or ledger.sign(following) in RANKS
    if plan.order is None:
        return opens and named and not question.has(Sign.ASK, Sign.QUANTITY)
    placed = (opens and named) or ledger.sign(before) in {Sign.TOP, Sign.BOTTOM}
    return placed and question.has(*RANKS)


def _limit_of(ledger: Ledger) -> Number | None:
    """The first number that could be the plan's limit."""
    for number in ledger.question.numbers:
        if number.value == ledger.plan.limit and not (
            _filters_by_year(ledger, number) or _compares(ledger, number)
        ):
            return number
    return None
