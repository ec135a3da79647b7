"""The leaves of the chart: everything that single spans of words may mean, overlapping ones too."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from kai_flow.analyst.lexicon.lexicon import Language, fillers
from kai_flow.analyst.lexicon.numbers import NumberSpan, find_numbers
from kai_flow.analyst.lexicon.periods import PeriodSpan
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.nodes import Grain
from kai_flow.analyst.reading.codes import codes_in
from kai_flow.analyst.reading.counted import numbers_of_rows
from kai_flow.analyst.reading.glue import past_again
from kai_flow.analyst.reading.happened import happened
from kai_flow.analyst.reading.losses import with_a_loss
from kai_flow.analyst.reading.mention_costs import PIECE_COST
from kai_flow.analyst.reading.mentions import mentioned
from kai_flow.analyst.reading.numbered import numbered
from kai_flow.analyst.reading.parts import (
    Figure,
    Item,
    Rows,
    Sign,
    Text,
    Time,
    leaf,
)
from kai_flow.analyst.reading.referents import HINT_COST, hinted
from kai_flow.analyst.reading.semesters import of_the_year
from kai_flow.analyst.reading.sizes import sizes_in
from kai_flow.analyst.reading.statuses import stated
from kai_flow.analyst.reading.statuses_told import of_places, of_times
from kai_flow.analyst.reading.superiors import besides, superiors_in
from kai_flow.analyst.reading.told_signs import (
    by_kinds,
    group_of_rows,
    of_nothing,
    since,
    told_signs,
    unrefused,
    within_a_name,
)
from kai_flow.analyst.reading.unit_names import units_in
from kai_flow.analyst.reading.within import inside
from kai_flow.analyst.semantics.index import Index

LASTING: Final = frozenset(["over", "selama", "throughout"])
"""Before a year, words for all of it: "over 2024" is no number above 2,024."""

OPENING_COST: Final = 0.3
"""Of what the word would name that opens a request: "daftar", which is also the registration."""

DETERMINERS: Final = frozenset(
    ["the", "all", "me", "us", "a", "an", "only", "just", "top", "every", "each", "my", "our"]
)
"""Words between a request and what it asks for."""


def leaves(
    tokens: Sequence[Token], index: Index, language: Language, dated: Sequence[PeriodSpan]
) -> tuple[Item, ...]:
    """All leaves of a question; ``dated``: the periods in it."""
    numbers = find_numbers(tokens, language)
    found = [
        *told_signs(tokens, index, language, numbers),
        *_figures(tokens, numbers, of_the_year(dated, tokens, index)),
    ]
    for at, token in enumerate(tokens):
        if token.quoted:
            found.append(leaf(at, at + 1, Text(token.text), 0.1))
    found += codes_in(tokens)
    found += numbers_of_rows(tuple(mentioned(tokens, index, language)), tokens)
    named_signs = [item for item in found if isinstance(item.part, Sign)]
    lost = [sign for sign in named_signs if within_a_name(sign, found)]
    lost += [sign for sign in named_signs if group_of_rows(sign, found) or since(sign, dated)]
    lost += by_kinds(named_signs, found, index)
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
        if isinstance(sign.part, Sign) and of_nothing(sign, found, tokens, index)
    ]
    if endless:
        found = [item for item in found if item not in endless]
    found += with_a_loss(tokens, index)
    found = besides(found, tokens)
    timed = of_times(of_places(unrefused(stated(found, tokens))), index)
    return tuple(_opening(timed, tokens, language))


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
