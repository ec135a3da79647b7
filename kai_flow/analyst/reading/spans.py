"""The leaves of the chart: everything that single spans of words may mean, overlapping ones too."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from kai_flow.analyst.kinds.declined import REASONS
from kai_flow.analyst.lexicon.lexicon import Language, fillers
from kai_flow.analyst.lexicon.numbers import NumberSpan, find_numbers
from kai_flow.analyst.lexicon.periods import PeriodSpan
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.nodes import Grain
from kai_flow.analyst.reading.asked_changes import asked_change
from kai_flow.analyst.reading.codes import codes_in
from kai_flow.analyst.reading.counted import numbers_of_rows
from kai_flow.analyst.reading.doers import agents
from kai_flow.analyst.reading.glue import currencies_told, linking, past_again
from kai_flow.analyst.reading.happened import happened
from kai_flow.analyst.reading.limits import unlisted
from kai_flow.analyst.reading.losses import with_a_loss
from kai_flow.analyst.reading.mention_costs import MENTION_COST, PIECE_COST, SHORT_COST, WHOLE
from kai_flow.analyst.reading.mentions import mentioned
from kai_flow.analyst.reading.numbered import numbered
from kai_flow.analyst.reading.parts import (
    ITS_NUMBER,
    Beside,
    Clock,
    Column,
    Computed,
    Figure,
    Has,
    Item,
    Part,
    Rows,
    Sign,
    Text,
    Time,
    Values,
    Where,
    leaf,
)
from kai_flow.analyst.reading.quantities import worth_of_things
from kai_flow.analyst.reading.referents import HINT_COST, hinted
from kai_flow.analyst.reading.semesters import of_the_year
from kai_flow.analyst.reading.signs import no_request, signs_in
from kai_flow.analyst.reading.sizes import sizes_in
from kai_flow.analyst.reading.statuses import stated
from kai_flow.analyst.reading.superiors import besides, superiors_in
from kai_flow.analyst.reading.unit_names import units_in
from kai_flow.analyst.reading.verbs import only_names
from kai_flow.analyst.reading.within import inside
from kai_flow.analyst.semantics.index import Index

COMPARING: Final = frozenset(["above", "at least", "below", "at most"])
"""Signs before a number that something is compared with."""

UNITS_OF_TIME: Final = frozenset(["day", "week", "month", "quarter", "year"])
"""Signs of units of time."""

LASTING: Final = frozenset(["over", "selama", "throughout"])
"""Before a year, words for all of it: "over 2024" is no number above 2,024."""

EDGE_COST: Final = 0.3
"""Of stepping over the first or last word of a name of several words: "nilai" in "nilai order"."""

CLOCK_COST: Final = MENTION_COST * 0.35
"""What a name of a time costs at most that is never stepped over lightly."""

NEAR: Final = 2
"""How many words may stand between what happened and the period in which it did."""

FIGURES: Final = (Sign("amount of"), Sign("quantity of"))
"""Signs that begin with a word that names of columns may end with."""

OPENING_COST: Final = 0.3
"""Of what the word would name that opens a request: "daftar", which is also the registration."""

PLAIN: Final = 0.79
"""The score of a time without "date": "check in" for the check-in date."""

STATUS_COST: Final = 0.3
"""Of a status that is as well the event that a period is of."""
SENT_COST: Final = 0.5
"""Of a status that says as well of what a place is: "shipped to London"."""

DETERMINERS: Final = frozenset(
    ["the", "all", "me", "us", "a", "an", "only", "just", "top", "every", "each", "my", "our"]
)
"""Words between a request and what it asks for."""

_Place = tuple[int, int, str]
"""Where words stand, with the table that they are about."""


def leaves(
    tokens: Sequence[Token], index: Index, language: Language, dated: Sequence[PeriodSpan]
) -> tuple[Item, ...]:
    """All leaves of a question; ``dated``: the periods in it."""
    numbers = find_numbers(tokens, language)
    found = [
        *_signs(tokens, index, language, numbers),
        *_figures(tokens, numbers, of_the_year(dated, tokens, index)),
    ]
    for at, token in enumerate(tokens):
        if token.quoted:
            found.append(leaf(at, at + 1, Text(token.text), 0.1))
    found += codes_in(tokens)
    found += numbers_of_rows(tuple(mentioned(tokens, index, language)), tokens)
    named_signs = [item for item in found if isinstance(item.part, Sign)]
    lost = [sign for sign in named_signs if _within_a_name(sign, found)]
    lost += [sign for sign in named_signs if _group_of_rows(sign, found)]
    if lost:
        found = [item for item in found if item not in lost]
    found += units_in(tokens, index)
    found += [*sizes_in(tokens, found, index), *superiors_in(tokens, index)]
    named = {at for item in found if not isinstance(item.part, Sign) for at in item.words}
    for at, hint in index.actions.hints(tokens, named):
        found.append(leaf(at, at + 1, hinted(hint, index), HINT_COST[hint.how]))
    found += [*happened(tokens, found, index), *numbered(found, index)]
    endless = [
        sign
        for sign in found
        if isinstance(sign.part, Sign) and _of_nothing(sign, found, tokens, index)
    ]
    if endless:
        found = [item for item in found if item not in endless]
    found += with_a_loss(tokens, index)
    found = besides(found, tokens)
    timed = _timed(_placed(_unrefused(stated(found, tokens))), index)
    return tuple(_opening(timed, tokens, language))


def _signs(
    tokens: Sequence[Token], index: Index, language: Language, numbers: Sequence[NumberSpan]
) -> list[Item]:
    """The phrases of kinds of questions, without those that other words explain."""
    percent = {at for n in numbers if n.percent for at in range(n.first + 1, n.last)}
    unread = percent | agents(tokens, linking()) | worth_of_things(tokens) | asked_change(tokens)
    coins = currencies_told(tokens, index.model)
    signs = [
        sign
        for sign in signs_in(tokens, language)
        if sign.first not in unread and not coins & set(range(sign.first, sign.last))
    ]
    signs = [
        sign
        for sign in signs
        if not (_of_another(sign, tokens) or _equals(sign, tokens) or no_request(sign, tokens))
    ]
    signs = unlisted(signs, tokens)
    signs += [leaf(at, at + 1, Sign("growth"), 0.0) for at in sorted(asked_change(tokens))]
    lasting = _lasting(signs, numbers)
    signs = [
        sign
        for sign in signs
        if sign not in lasting and not _partly_refused(sign, signs) and not _goes_on(sign, tokens)
        if sign.last == len(tokens) or _named(sign).isdisjoint(ITS_NUMBER)
    ]
    return [
        replace(sign, cost=sign.cost + SHORT_COST * any(inside(sign, each) for each in signs))
        for sign in signs
    ]


def _figures(
    tokens: Sequence[Token], numbers: Sequence[NumberSpan], dated: Sequence[PeriodSpan]
) -> list[Item]:
    """The numbers and the periods of a question."""
    said = past_again(tokens)
    periods = [
        span for span in dated if not (span.problem or said & set(range(span.first, span.last)))
    ]
    years = {(span.first, span.last) for span in periods if span.grain is Grain.YEAR}
    found = []
    for number in numbers:
        figure = Figure(number.value, number.percent, number.unit, number.ordinal)
        piece = any(inside(number, other) for other in numbers if other.unit or other.percent)
        lapsed = number.first > 0 and tokens[number.first - 1].word in LASTING
        year = lapsed and (number.first, number.last) in years
        found.append(leaf(number.first, number.last, figure, PIECE_COST * (piece or year)))
    for span in periods:
        cost = 0.6 * (1 - span.score)
        if any(inside(span, other) for other in periods):
            cost += PIECE_COST
        found.append(leaf(span.first, span.last, Time(span.period, span.grain), cost))
    return found


def _unrefused(found: Sequence[Item]) -> Sequence[Item]:
    """Without what is never done in the middle of a name: "simpan pinjam" saves nothing."""
    refused = [item for item in found if isinstance(item.part, Sign) and item.part.name in REASONS]
    if not refused:
        return found
    names = [
        item
        for item in found
        if isinstance(item.part, Values | Column) and item.cost <= MENTION_COST * (1 - WHOLE)
    ]
    within = [item for item in refused if any(inside(item, each) for each in names)]
    return [item for item in found if item not in within]


def _placed(found: Sequence[Item]) -> Sequence[Item]:
    """A status costs more where the same word says of what a place is: "shipped to London"."""
    verbs = [(item, item.part) for item in found if isinstance(item.part, Beside)]
    if not verbs:
        return found
    places = {(item.first, item.part.column.ref) for item in found if isinstance(item.part, Values)}
    said = {
        (item.first, item.last)
        for item, verb in verbs
        if any((item.last + gap, verb.column.ref) in places for gap in range(NEAR))
    }
    return [
        replace(item, cost=item.cost + SENT_COST)
        if (item.first, item.last) in said and isinstance(item.part, Values)
        else item
        for item in found
    ]


def _opening(found: Sequence[Item], tokens: Sequence[Token], language: Language) -> Sequence[Item]:
    """The word that opens a request asks for a list, and names nothing: "daftar pelanggan"."""
    empty = fillers(language)
    first = next((at for at, token in enumerate(tokens) if token.word not in empty), 0)
    asked = [item for item in found if item.words == (first,) and item.part == _SHOW]
    if not asked:
        return found
    if _is_noun(tokens, first) and any(
        item.first == first and isinstance(item.part, Rows) for item in found
    ):
        return [item for item in found if item not in asked]
    return [
        replace(item, cost=item.cost + OPENING_COST)
        if item.words == (first,) and not isinstance(item.part, Sign)
        else item
        for item in found
    ]


_SHOW: Final = Sign("show")


def _is_noun(tokens: Sequence[Token], at: int) -> bool:
    """Whether "return" asks for nothing: "return quantity by month", but not "return the top 5"."""
    after = tokens[at + 1].word if at + 1 < len(tokens) else ""
    return tokens[at].word == "return" and after not in DETERMINERS and not after.isdigit()


def _timed(found: Sequence[Item], index: Index) -> Sequence[Item]:
    """A status costs more where the same word says of what a period is: "arrived in January"."""
    starts = {item.first for item in found if isinstance(item.part, Time)}
    if not starts:
        return found
    said = {
        (item.first, item.last, index.model.axes[item.part.axis].table)
        for item in found
        if isinstance(item.part, Clock)
        and any(item.last <= start <= item.last + NEAR for start in starts)
    }
    if not said:
        return found
    later = _later(said, found, index)
    denied = {item.last for item in found if item.part == Sign("not")}
    return [
        replace(item, cost=item.cost + STATUS_COST)
        if _said_again(item, said, later, index, denied=item.first in denied)
        else item
        for item in found
    ]


def _said_again(
    item: Item,
    said: Collection[_Place],
    later: Collection[_Place],
    index: Index,
    *,
    denied: bool,
) -> bool:
    """Whether the words of a status or of what was done name a time that a period is of."""
    if (item.first, item.last, _event_table(item.part, index, denied=denied)) in said:
        return True
    test = item.part.test if isinstance(item.part, Where) else None
    return isinstance(test, Has) and (item.first, item.last, test.table) in later


def _later(said: Collection[_Place], found: Sequence[Item], index: Index) -> Collection[_Place]:
    """Where words do not name the first time of a table: "stayed" of a booking, not "ordered"."""
    named = {
        (item.first, item.last, item.part.axis) for item in found if isinstance(item.part, Clock)
    }
    return frozenset(
        (first, last, table)
        for first, last, table in said
        if not any((first, last, axis.id) in named for axis in index.model.axes_of(table)[:1])
    )


def _partly_refused(sign: Item, signs: Sequence[Item]) -> bool:
    """Whether a word that is refused by itself is part of another phrase: "change of revenue"."""
    refused = isinstance(sign.part, Sign) and sign.part.name in REASONS
    return refused and any(inside(sign, each) and each.part != sign.part for each in signs)


def _within_a_name(sign: Item, found: Sequence[Item]) -> bool:
    """Whether "amount of" begins with the end of a name: "the sales amount of a store"."""
    return sign.part in FIGURES and any(
        item.first < sign.first < item.last
        for item in found
        if isinstance(item.part, Column | Computed)
    )


def _group_of_rows(sign: Item, found: Sequence[Item]) -> bool:
    """Whether "group" says that rows are put together: a product group is no product."""
    return sign.part == Sign("group of") and any(
        item.last == sign.first and isinstance(item.part, Rows) for item in found
    )


def _event_table(part: Part, index: Index, *, denied: bool) -> str | None:
    """The table of a status, or of an event that is denied: "not cancelled in January"."""
    match part:
        case Values(column) if not denied:
            return column.ref.table
        case Clock(axis) if denied:
            return index.model.axes[axis].table
        case _:
            return None


def _goes_on(sign: Item, tokens: Sequence[Token]) -> bool:
    """Whether it is of what has not ended: "how long has Ann been a member"."""
    if sign.part != Sign("duration"):
        return False
    before = {token.word for token in tokens[max(0, sign.first - 2) : sign.first]}
    after = [token.word for token in tokens[sign.last : sign.last + 2]]
    perfect = after[:1] in (["has"], ["have"]) and after[1:] != ["it"]
    return perfect or not before.isdisjoint({"sudah", "telah"}) or after[:1] in (["sudah"], ["ago"])


def _of_another(sign: Item, tokens: Sequence[Token]) -> bool:
    """Whether something differs from another one: "to a different island"."""
    before = tokens[sign.first - 1].word if sign.first else ""
    return sign.part == Sign("distinct") and before in {"a", "any"}


def _equals(sign: Item, tokens: Sequence[Token]) -> bool:
    """Whether "sama" is no "and", but a part of "sama dengan", which says that two are equal."""
    after = [token.word for token in tokens[sign.last : sign.last + 1]]
    return tokens[sign.last - 1].word == "sama" and after == ["dengan"]


def _of_nothing(item: Item, found: Sequence[Item], tokens: Sequence[Token], index: Index) -> bool:
    """Whether something is asked to be long that does not last: "how long is the longest book"."""
    after = [token.word for token in tokens[item.last : item.last + 1]]
    if after not in (["is"], ["are"]) or item.part != Sign("duration"):
        return False
    lasting = {each.table for each in index.model.durations}
    return lasting.isdisjoint(_tables(found, index))


def _tables(found: Sequence[Item], index: Index) -> Iterator[str]:
    """The tables of what is named: rows, their columns and times, and what is done."""
    for item in found:
        match item.part:
            case Rows(table) | Where(Has(table)):
                yield table
            case Column(ref) | Beside(Column(ref)):
                yield ref.table
            case Clock(axis):
                yield index.model.axes[axis].table
            case _:
                pass


def _lasting(signs: Sequence[Item], numbers: Sequence[NumberSpan]) -> list[Item]:
    """Units of time that say how long something took: "more than 2 days" are no groups by day."""
    compared = {sign.last for sign in signs if _named(sign) & COMPARING}
    ends = {number.last for number in numbers if number.first in compared}
    return [sign for sign in signs if _named(sign) & UNITS_OF_TIME and sign.first in ends]


def _named(item: Item) -> frozenset[str]:
    """The name of a sign."""
    return frozenset([item.part.name] if isinstance(item.part, Sign) else [])


def _number(item: Item) -> bool:
    """Whether a word plainly means a number here: "earn", where there are salaries."""
    return isinstance(item.part, Column) and item.part.number and item.cost <= MENTION_COST * 0.2


def _named_again(found: Sequence[Item]) -> frozenset[int]:
    """The places of words for a number that another word names: "total weight … how many kg"."""
    numbers = [item for item in found if isinstance(item.part, Column) and item.part.number]
    return frozenset(
        item.first
        for item in numbers
        if any(other.part == item.part and other.cost < item.cost for other in numbers)
    )


def _clock(item: Item) -> bool:
    """Whether a word is called like a time: "repairs that came in", where they have an intake."""
    return isinstance(item.part, Clock) and item.cost <= CLOCK_COST


def bound(empty: Mapping[int, float], found: Sequence[Item]) -> dict[int, float]:
    """What stepping over words costs: more for those that begin or end a longer name."""
    single = [item for item in found if item.last == item.first + 1]
    dated = any(isinstance(item.part, Time) for item in found)
    told = {item.first for item in single if _number(item) or (dated and _clock(item))}
    told -= _named_again(single)
    names = [
        item
        for item in found
        if isinstance(item.part, Column | Computed | Clock)
        and item.last - item.first > 1
        and item.cost <= MENTION_COST * (1 - (PLAIN if isinstance(item.part, Clock) else WHOLE))
    ]
    edges = told | {at for item in names for at in (item.first, item.last - 1)}
    edges |= {each.last - 1 for each in found if isinstance(each.part, Time)}  # "tahun ini"
    kept = _letters(found) | only_names(found)
    return {
        at: max(cost, EDGE_COST) if at in edges else cost
        for at, cost in empty.items()
        if at not in kept
    }


def _letters(found: Sequence[Item]) -> frozenset[int]:
    """The places of single letters that are a value of the column before: "blood type a".

    Before a noun, it is an article: "the blood type a patient has".
    """
    letters = [
        (item, item.part.column.ref)
        for item in found
        if isinstance(item.part, Values)
        and item.last == item.first + 1
        and any(isinstance(value, str) and len(value) == 1 for value in item.part.values)
    ]
    if not letters:
        return frozenset()
    columns = {(item.last, item.part.ref) for item in found if isinstance(item.part, Column)}
    nouns = {item.first for item in found if isinstance(item.part, Column | Computed | Rows)}
    return frozenset(
        item.first
        for item, ref in letters
        if (item.first, ref) in columns and item.last not in nouns
    )
