"""Whether each word of analysis in a question has its effect in the plan.

"Average" must have become an average of the number next to it, "compare" a grouping by what is
compared, "not" a filter that excludes something, and so on. Words that only connect a sentence need
no effect.
"""

from collections.abc import Callable
from typing import Final

from kai_flow.analyst.language import Sign, Word
from kai_flow.analyst.ledger import COUNTING, RANKS, Ledger
from kai_flow.analyst.linking import Mention, TargetKind
from kai_flow.analyst.plan import Aggregate, Measure, Operator
from kai_flow.analyst.question import Number, Part
from kai_flow.analyst.schema import ColumnRef, Kind
from kai_flow.analyst.words import split_name

__all__ = ["word_has_role"]

_AGGREGATES: Final = {
    Sign.AVERAGE: Aggregate.AVERAGE,
    Sign.MINIMUM: Aggregate.MINIMUM,
    Sign.MAXIMUM: Aggregate.MAXIMUM,
}
_NAMING: Final = (Sign.QUANTITY, Sign.ASK, *_AGGREGATES)
_DOWN: Final = {Sign.TOP, Sign.HIGHEST, Sign.MOST, Sign.NEWEST}
_VAGUE: Final = frozenset(["first", "best", "worst", "terbaik", "termahal", "termurah"])
"""Words that rank without naming the measure."""
_YEARLY: Final = frozenset(["annual", "annually", "yearly", "tahunan"])
_COUNTED: Final = frozenset(
    ["number", "num", "no", "count", "quantity", "qty", "units", "jumlah", "jml", "banyak", "total"]
)
"""Words in a column's name that show that it holds counts of things."""
_OR: Final = frozenset(["or", "atau"])
_VERSUS: Final = frozenset(["vs", "versus"])


def word_has_role(ledger: Ledger, word: Word) -> bool:
    """Whether a word's meaning is in the plan."""
    rule = _RULES.get(word.sign)
    return rule is None or rule(ledger, word)


def _texts(ledger: Ledger, word: Word) -> set[str]:
    """The words of a phrase."""
    return {token.word for token in ledger.question.tokens[word.start : word.end]}


def _quantity(ledger: Ledger, word: Word) -> bool:
    """A count of the thing, or a sum of the number, that is named next."""
    head = ledger.head(word.end, (Sign.QUANTITY, Sign.ASK, Sign.WITH, *RANKS))
    if isinstance(head, Mention):
        how_many = bool(_texts(ledger, word) & COUNTING)
        return _quantity_of(ledger, head) and not (how_many and _no_count(ledger, head))
    exact = {m.column for m in ledger.plan.measures} & _texts(ledger, word)
    before = ledger.question.before(word.start, (Sign.PLACE, Sign.WITH))
    trailing = isinstance(before, Mention) or ledger.sign(before) is Sign.AVERAGE
    return bool(exact) or (trailing and _adds_up(ledger))


def _no_count(ledger: Ledger, head: Mention) -> bool:
    """Whether "number of X" would add up a column that holds no numbers of things."""
    if ledger.kind(head) is not Kind.NUMBER:
        return False
    column = ledger.question.schema.column(ledger.ref(head))
    names = (column.name, *column.note.names)
    return not any(_COUNTED.intersection(split_name(name)) for name in names)


def _quantity_of(ledger: Ledger, head: Mention) -> bool:
    """Whether a thing is counted, or a number summed up, or averaged if that is said too."""
    if ledger.kind(head) is not Kind.NUMBER:
        return _counts(ledger, head)
    ref = ledger.ref(head)
    if any(condition.column == ref for condition in ledger.plan.conditions):
        return ledger.measured(head, Aggregate.SUM)
    before = ledger.question.before(head.start, (Sign.QUANTITY, Sign.ASK))
    said = _AGGREGATES.get(ledger.sign(before) or Sign.ASK)
    return ledger.measured(head, said or Aggregate.SUM)


def _counts(ledger: Ledger, head: Mention) -> bool:
    """Whether the thing itself is counted; in "customer type" it is the types that are."""
    if ledger.counted(head):
        return True
    following = ledger.question.after(head.end)
    compound = (
        isinstance(following, Mention)
        and following.start == head.end
        and ledger.kind(following) in {Kind.TEXT, Kind.NUMBER}
    )
    return compound and isinstance(following, Mention) and _quantity_of(ledger, following)


def _adds_up(ledger: Ledger) -> bool:
    """Whether every measure is a sum or a count."""
    adding = {Aggregate.SUM, Aggregate.COUNT}
    return bool(ledger.measures) and all(m.aggregate in adding for m in ledger.measures)


def _ask(ledger: Ledger, word: Word) -> bool:
    """“Berapa”: the number that follows, or how many of the thing that follows."""
    years = (ledger.question.before(word.start), ledger.question.after(word.end))
    if any(ledger.sign(part) is Sign.YEAR for part in years):
        return ledger.by_time
    head = ledger.head(word.end, RANKS)
    if isinstance(head, Mention):
        if ledger.kind(head) is Kind.NUMBER:
            return ledger.measured(head) or ledger.orders(head)
        return _counts(ledger, head)
    if isinstance(head, Word):
        return head.sign in _NAMING
    return head is None and bool(ledger.measures)


def _aggregate(ledger: Ledger, word: Word) -> bool:
    """An average, a minimum or a maximum of the number beside it."""
    wanted = _AGGREGATES[word.sign]
    head = ledger.head(word.end)
    if isinstance(head, Mention) and ledger.thing(head):  # "average cooperative revenue"
        head = ledger.question.after(head.end)
    if ledger.kind(head) is not Kind.NUMBER:
        head = ledger.tail(word.start)
    if isinstance(head, Mention):
        ref: ColumnRef | None = ledger.ref(head)
    else:
        ref = _only_measure_by_name(ledger)
    measured = ref and any(m.ref == ref and m.aggregate is wanted for m in ledger.measures)
    # "average annual revenue" may be the average of the years' totals
    yearly = any(token.word in _YEARLY for token in ledger.question.tokens)
    return bool(measured) and not (yearly and wanted is Aggregate.AVERAGE)


def _only_measure_by_name(ledger: Ledger) -> ColumnRef | None:
    """The measured column, when its whole name is a word of analysis: "average total"."""
    words = {text for word in ledger.question.words for text in _texts(ledger, word)}
    refs = [m.ref for m in ledger.plan.measures]
    return refs[0] if len(refs) == 1 and refs[0] and refs[0].column.casefold() in words else None


def _rank(ledger: Ledger, word: Word) -> bool:
    """An end of a ranking by a number that the question names, or the extreme of that number."""
    most_per = word.sign in {Sign.MOST, Sign.FEWEST} and ledger.question.has(Sign.PER)
    if _texts(ledger, word) & _VAGUE or most_per:  # "most per group": a ranking in each group
        return False
    if word.sign in {Sign.NEWEST, Sign.OLDEST}:
        return _rank_by_time(ledger, word)
    if word.sign in {Sign.HIGHEST, Sign.LOWEST} and _extreme(ledger, word):
        return True
    down = word.sign in _DOWN
    if word.sign is Sign.TOP and ledger.question.has(Sign.LOWEST, Sign.FEWEST):
        down = False  # "top 5 … terendah" is about the lowest
    if not ledger.ranking(descending=down) or _time(ledger, ledger.ordered_by):
        return False
    return _named(ledger) if word.sign in {Sign.TOP, Sign.BOTTOM} else _ranks_by(ledger, word)


def _time(ledger: Ledger, by: ColumnRef | Measure | None) -> bool:
    """Whether a ranking goes by time."""
    if not isinstance(by, ColumnRef):
        return False
    return ledger.question.schema.column(by).kind in {Kind.YEAR, Kind.DATE}


def _named(ledger: Ledger) -> bool:
    """Whether the question names what the ranking goes by."""
    return any(ledger.orders(mention) for mention in ledger.question.mentions) or (
        _only_measure_by_name(ledger) is not None
    )


def _rank_by_time(ledger: Ledger, word: Word) -> bool:
    """The newest or oldest rows, listed in that order."""
    down = word.sign is Sign.NEWEST
    beside = (ledger.question.before(word.start), ledger.question.after(word.end))
    listed = any(
        isinstance(part, Mention)
        and ledger.kind(part) is TargetKind.TABLE
        and ledger.ref(part).table == ledger.plan.fact
        for part in beside
    )
    return (
        listed
        and bool(ledger.plan.columns)
        and ledger.ranking(descending=down)
        and _time(ledger, ledger.ordered_by)
    )


def _extreme(ledger: Ledger, word: Word) -> bool:
    """Whether "highest X" became the maximum of X."""
    question = ledger.question
    grouped = question.has(Sign.PER, Sign.BY, Sign.TREND) and not question.has(Sign.WITH)
    if ledger.plan.dimensions and not grouped:
        return False  # "which year had the highest X" and "orders with the highest X per city"
    wanted = Aggregate.MAXIMUM if word.sign is Sign.HIGHEST else Aggregate.MINIMUM
    beside = (ledger.head(word.end), ledger.tail(word.start))
    return any(
        isinstance(part, Mention)
        and ledger.kind(part) is Kind.NUMBER
        and ledger.measured(part, wanted)
        for part in beside
    )


def _ranks_by(ledger: Ledger, word: Word) -> bool:
    """Whether the ranking goes by what stands beside the word, or by what "by" names."""
    for by in ledger.question.words:
        if by.sign is Sign.BY:
            target = ledger.head(by.end, (*_NAMING, *RANKS, Sign.WHICH))
            if isinstance(target, Mention) and ledger.orders(target):
                return True
    beside: list[Part | None] = [ledger.head(word.end, _NAMING), ledger.tail(word.start)]
    before = ledger.question.before(word.start, (Sign.WITH, Sign.PLACE))
    while isinstance(before, Mention):
        beside.append(before)
        before = ledger.question.before(before.start, (Sign.WITH, Sign.PLACE))
    if ledger.sign(before) in _NAMING and _only_measure_by_name(ledger):
        return True
    return any(isinstance(part, Mention) and ledger.orders(part) for part in beside)


def _per(ledger: Ledger, word: Word) -> bool:
    """A grouping by what follows."""
    part = ledger.question.after(word.end, (Sign.WHICH,))
    return _grouping(ledger, part)


def _grouping(ledger: Ledger, part: Part | None) -> bool:
    """Whether the result is grouped by this, and by what "and" adds to it."""
    if ledger.sign(part) is Sign.YEAR:
        return ledger.by_time
    if not isinstance(part, Mention):
        return False
    following = ledger.question.after(part.end)
    compound = isinstance(following, Mention) and following.start == part.end
    grouped = ledger.grouped(part) or (
        compound and isinstance(following, Mention) and ledger.grouped(following)
    )
    if isinstance(following, Word) and following.sign is Sign.AND:
        second = ledger.question.after(following.end)
        if ledger.thing(second) and isinstance(second, Mention):
            return grouped and ledger.grouped(second)
    return grouped


def _by(ledger: Ledger, word: Word) -> bool:
    """A grouping by what follows, or what the result is sorted by."""
    target = ledger.head(word.end, (*_NAMING, *RANKS, Sign.WHICH))
    if isinstance(target, Mention):
        further = ledger.question.after(target.end)
        sorts = ledger.orders(target) or (
            ledger.kind(target) is TargetKind.TABLE
            and isinstance(further, Mention)
            and ledger.orders(further)
        )
        if sorts and ledger.plan.order is not None:
            return True
    return _grouping(ledger, ledger.question.after(word.end, (Sign.WHICH,)))


def _trend(ledger: Ledger, word: Word) -> bool:  # noqa: ARG001 -- one shape for every rule
    return ledger.by_time


def _year(ledger: Ledger, word: Word) -> bool:
    """The word beside a year that filters, or a grouping by year."""
    skip = (Sign.SINCE, Sign.AFTER, Sign.BEFORE, Sign.UNTIL, Sign.PLACE, Sign.BETWEEN)
    following = ledger.question.after(word.end, (*skip, Sign.ABOVE, Sign.BELOW))
    if isinstance(following, Number):
        return bool(ledger.years(following.value))
    before = ledger.question.before(word.start)
    grouping = ledger.sign(before) in {Sign.PER, Sign.BY, Sign.WHICH, Sign.AND, Sign.TREND}
    asked = ledger.sign(following) in {Sign.ASK, Sign.WHICH}
    counted = isinstance(before, Number) or ledger.sign(before) in RANKS
    trend = ledger.question.has(Sign.TREND) and not counted
    return ledger.by_time and (grouping or asked or trend)


def _which(ledger: Ledger, word: Word) -> bool:
    """“Which X”, “list X”: X is what the rows of the result are."""
    if _texts(ledger, word) & {"apakah"}:
        return False
    part = ledger.question.after(word.end, RANKS)
    if not isinstance(part, Mention) or not ledger.thing(part):
        return True
    following = ledger.question.after(part.end)
    compound = isinstance(following, Mention) and ledger.grouped(following)
    return compound or ledger.grouped(part) or _shown(ledger, part)


def _shown(ledger: Ledger, part: Mention) -> bool:
    """Whether rows of a table, or a column of theirs, are listed."""
    plan = ledger.plan
    return bool(plan.columns) and (
        ledger.ref(part) in plan.columns
        or (ledger.kind(part) is TargetKind.TABLE and ledger.ref(part).table == plan.fact)
    )


def _and(ledger: Ledger, word: Word) -> bool:
    """“And” joins what has roles of its own; "or" must choose between two filters."""
    if not _texts(ledger, word) & _OR:
        return True
    if ledger.plan.loose_or:
        return False
    before = ledger.question.before(word.start)
    after = ledger.question.after(
        word.end,
        (
            *(Sign.PLACE, Sign.WITH, Sign.NOT, Sign.YEAR, Sign.ABOVE, Sign.BELOW, Sign.AT_LEAST),
            *(Sign.AT_MOST, Sign.SINCE, Sign.AFTER, Sign.BEFORE, Sign.UNTIL, Sign.BETWEEN),
        ),
    )
    filters = all(
        isinstance(part, Number) or ledger.kind(part) in {TargetKind.VALUE, Kind.NUMBER, Kind.YEAR}
        for part in (before, after)
    )
    groups = [group for group in ledger.plan.alternatives if len(group) > 1]
    others = len(ledger.plan.alternatives) > len(groups)
    columns = {condition.column for group in groups for condition in group}
    return filters and not (others and len(columns) > 1)


def _not(ledger: Ledger, word: Word) -> bool:
    """Something is left out, and no filter after it may belong to what is left out.

    "Except A in 2024" may keep A of other years. Which value it is, the value's own role says.
    """
    denied = {c.column for c in ledger.plan.conditions if c.operator is Operator.NOT_IN}
    after = [part for part in ledger.question.mentions if part.start >= word.end]
    values = [part for part in after if ledger.kind(part) is TargetKind.VALUE]
    numbers = any(number.start > word.end for number in ledger.question.numbers)
    return bool(denied) and not numbers and all(ledger.ref(part) in denied for part in values)


def _compare(ledger: Ledger, word: Word) -> bool:
    """The compared things are next to each other in the result."""
    plan = ledger.plan
    several = [c for c in plan.conditions if c.operator is Operator.IN and len(c.values) > 1]
    columns = {dimension.column for dimension in plan.dimensions}
    beside = bool(plan.dimensions) or len(plan.measures) > 1
    return (
        beside
        and all(condition.column in columns for condition in several)
        and (bool(several) or not _texts(ledger, word) & _VERSUS)
    )


def _comparison(ledger: Ledger, word: Word) -> bool:
    """A number stands after it, which has its own role."""
    return isinstance(ledger.question.after(word.end, (Sign.YEAR,)), Number)


def _time_word(ledger: Ledger, word: Word) -> bool:
    """A year that filters stands after it; what else there is has its own role."""
    following = ledger.question.after(word.end, (Sign.YEAR,))
    return isinstance(following, Number) and bool(ledger.years(following.value))


def _never(ledger: Ledger, word: Word) -> bool:  # noqa: ARG001 -- one shape for every rule
    return False


_RULES: Final[dict[Sign, Callable[[Ledger, Word], bool]]] = {
    Sign.QUANTITY: _quantity,
    Sign.ASK: _ask,
    **dict.fromkeys(_AGGREGATES, _aggregate),
    **dict.fromkeys(RANKS, _rank),
    Sign.PER: _per,
    Sign.BY: _by,
    Sign.TREND: _trend,
    Sign.YEAR: _year,
    Sign.WHICH: _which,
    Sign.LIST: _which,
    Sign.AND: _and,
    Sign.NOT: _not,
    Sign.COMPARE: _compare,
    **dict.fromkeys(
        (Sign.ABOVE, Sign.AT_LEAST, Sign.BELOW, Sign.AT_MOST, Sign.BETWEEN), _comparison
    ),
    **dict.fromkeys((Sign.SINCE, Sign.AFTER, Sign.BEFORE, Sign.UNTIL), _time_word),
    **dict.fromkeys((Sign.SCALE, Sign.UNSUPPORTED, Sign.WRITE), _never),
}
"""``WITH`` and ``PLACE`` only connect a sentence."""
