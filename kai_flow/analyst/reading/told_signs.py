"""The phrases of kinds in a question, without those that its other words explain."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from msgspec.structs import replace

from kai_flow.analyst.kinds.declined import REASONS
from kai_flow.analyst.lexicon.lexicon import Language
from kai_flow.analyst.lexicon.numbers import NumberSpan
from kai_flow.analyst.lexicon.periods import PeriodSpan
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.all_of import across_all
from kai_flow.analyst.reading.asked_changes import asked_change
from kai_flow.analyst.reading.doers import agents
from kai_flow.analyst.reading.glue import YEARS, currencies_told, linking
from kai_flow.analyst.reading.limits import unlisted
from kai_flow.analyst.reading.mention_costs import MENTION_COST, SHORT_COST
from kai_flow.analyst.reading.parts import (
    ITS_NUMBER,
    Beside,
    Clock,
    Column,
    Computed,
    Has,
    Item,
    Rows,
    Sign,
    Values,
    Where,
    leaf,
)
from kai_flow.analyst.reading.quantities import worth_of_things
from kai_flow.analyst.reading.said_names import WHOLE
from kai_flow.analyst.reading.signs import no_request, signs_in
from kai_flow.analyst.reading.within import inside
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.model import Role

COMPARING: Final = frozenset(["above", "at least", "below", "at most"])
"""Signs before a number that something is compared with."""

UNITS_OF_TIME: Final = frozenset(["day", "week", "month", "quarter", "year"])
"""Signs of units of time."""

AGENT: Final = Sign("agent")
"""The sign of words before who did something."""

DURING: Final = Sign("during")
"""The sign of words before a time."""

OLD_TO_NEW: Final = Sign("old to new")
"""The sign of an order from the first month on."""

NOT: Final = Sign("not")
"""The sign of what is denied."""

WITH_ANOTHER: Final = frozenset(["sama", "dijumlah", "dijumlahkan", "ditotal"])
"""Words that mean something else before "dengan"."""

FIGURES: Final = (Sign("amount of"), Sign("quantity of"))
"""Signs that begin with a word that names of columns may end with."""


def told_signs(
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
        if not _punctual(sign, tokens)
        if not across_all(tokens, sign.first, sign.last)
        and not (sign.part == NOT and _no_longer(sign, tokens))
    ]
    signs = unlisted(signs, tokens)
    signs += [leaf(at, at + 1, Sign("growth"), 0.0) for at in sorted(asked_change(tokens))]
    lasting = [*_lasting(signs, numbers), *_compared(signs, numbers)]
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


def unrefused(found: Sequence[Item]) -> Sequence[Item]:
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


def _partly_refused(sign: Item, signs: Sequence[Item]) -> bool:
    """Whether a word that is refused by itself is part of another phrase: "change of revenue"."""
    refused = isinstance(sign.part, Sign) and sign.part.name in REASONS
    return refused and any(inside(sign, each) and each.part != sign.part for each in signs)


def within_a_name(sign: Item, found: Sequence[Item]) -> bool:
    """Whether "amount of" begins with the end of a name: "the sales amount of a store"."""
    return sign.part in FIGURES and any(
        item.first < sign.first < item.last
        for item in found
        if isinstance(item.part, Column | Computed)
    )


def by_kinds(signs: Sequence[Item], found: Sequence[Item], index: Index) -> list[Item]:
    """The words "by" before a category: "by type (A, B)" names groups, and nobody who did it."""
    agents_ = [sign for sign in signs if sign.part == AGENT]
    if not agents_:
        return []
    kinds = {
        item.first
        for item in found
        if isinstance(item.part, Column)
        and index.model.attributes[item.part.ref].role is Role.CATEGORY
        and item.cost <= MENTION_COST * (1 - WHOLE)
    }
    return [sign for sign in agents_ if sign.last in kinds]


def group_of_rows(sign: Item, found: Sequence[Item]) -> bool:
    """Whether "group" says that rows are put together: a product group is no product."""
    return sign.part == Sign("group of") and any(
        item.last == sign.first and isinstance(item.part, Rows) for item in found
    )


def since(sign: Item, dated: Sequence[PeriodSpan]) -> bool:
    """Whether "starting with January" goes on with its year, and so says since when."""
    return sign.part == OLD_TO_NEW and any(
        sign.first < span.first < sign.last < span.last for span in dated
    )


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


def _no_longer(sign: Item, tokens: Sequence[Token]) -> bool:
    """Whether something is so no more: "sudah tidak dijual" was sold before."""
    return sign.first > 0 and tokens[sign.first - 1].word == "sudah"


def _equals(sign: Item, tokens: Sequence[Token]) -> bool:
    """Whether "sama" is no "and", but a part of "sama dengan", which says that two are equal.

    Neither is "dijumlahkan dengan" a total of one number.
    """
    after = [token.word for token in tokens[sign.last : sign.last + 1]]
    return tokens[sign.last - 1].word in WITH_ANOTHER and after == ["dengan"]


def _punctual(sign: Item, tokens: Sequence[Token]) -> bool:
    """Whether "time" or "waktu" is a part of "on time", which says nothing of how long it took."""
    words = [token.word for token in tokens[max(0, sign.first - 1) : sign.last]]
    return any(pair in _PUNCTUAL for pair in pairwise(words))


_PUNCTUAL: Final = frozenset([("on", "time"), ("in", "time"), ("tepat", "waktu")])


def of_nothing(item: Item, found: Sequence[Item], tokens: Sequence[Token], index: Index) -> bool:
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


def _compared(signs: Sequence[Item], numbers: Sequence[NumberSpan]) -> list[Item]:
    """Words that compare with a number, and so do not say when: "orders over 900"."""
    plain = {number.first for number in numbers if not (number.value in YEARS or number.unit)}
    ends = {(sign.first, sign.last) for sign in signs if _named(sign) & COMPARING}
    return [
        sign
        for sign in signs
        if sign.part == DURING and (sign.first, sign.last) in ends and sign.last in plain
    ]


def _named(item: Item) -> frozenset[str]:
    """The name of a sign."""
    return frozenset([item.part.name] if isinstance(item.part, Sign) else [])
