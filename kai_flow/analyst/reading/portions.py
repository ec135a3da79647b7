"""Which filters make the part of a share, and which ones its whole."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, TypeAlias

from msgspec.structs import replace

from kai_flow.analyst.lexicon.periods import Part
from kai_flow.analyst.lexicon.phrases import Phrases
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.nodes import Words
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.assembler import Assembler
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.grouped_numbers import Wanted

GROUPS_FIRST_COST: Final = 0.3
"""Of a share in all groups together, where the groups are named before the share."""

WHOLE_FIRST_COST: Final = 0.3
"""Of a part with all filters where one is named before: "of online orders, how many percent"."""

OTHER_COST: Final = 0.05
"""Of what may be meant as well."""

RECURRING_COST: Final = 0.2
"""Of days that recur as the part, where a column may tell them: "what comes from weekends"."""

_LIMITING: Final = Phrases(
    *("considering only", "counting only", "only counting", "only considering", "looking only"),
    *("taking only", "taking into account only", "only taking into account", "restricted to"),
    *("limited to", "excluding", "leaving out", "ignoring", "omitting", "disregarding"),
    *("not counting", "not including", "except", "apart from", "skipping", "considering just"),
    *("hanya menghitung", "hanya memperhitungkan", "hanya mencakup", "khusus untuk", "kecuali"),
    *("tidak termasuk", "tidak menghitung", "di luar yang", "mengecualikan", "selain"),
)
"""Phrases that limit all that a question is about: the whole of a share as well as its part."""

_Tests: TypeAlias = tuple[tuple[p.Test, Words], ...]


def split_for_share(
    a: Assembler,
    bag: Bag,
    measures: Sequence[tuple[p.Measured, Words]],
    groups: Sequence[tuple[p.Dimension, Words]],
) -> Iterator[tuple[_Tests, _Tests, float]]:
    """What makes the part of a share, and what both part and whole must meet.

    "What percentage of online orders in 2024 was cancelled": the part is cancelled, the whole is
    online and of 2024. The part is named last. A period belongs to the whole, if the question
    does not say of what it is, and so does what "excluding" or "considering only" says. With
    groups, the share may also be that of each group in all that meets the tests, but not where
    the groups are named first, or where each is spoken of: "for each branch, what percentage is
    unpaid".
    """
    tests = tuple(bag.tests)
    shares = [bag.share or words for measure, words in measures if isinstance(measure, p.Portion)]
    if not shares:
        yield (), tests, 0.0
        return
    said = shares[0]
    free = tuple(each for each in tests if not _left_out(a, each))
    parts = tuple(each for each in free if not isinstance(each[0], p.Within))
    events = tuple(each for each in free if _of_an_event(each[0]))
    if groups or not (parts or events):
        first = bool(bag.inside) or any(words and max(words) < min(said) for _, words in groups)
        more = GROUPS_FIRST_COST if first else OTHER_COST
        yield (), tests, more if parts or events else 0.0
    dated = _dated(a, free, measures)
    for part, cost in _parts(parts, events, said):
        at_once = dated and dated[0] in part
        both = (*(each for each in part if each not in dated), *dated) if at_once else part
        yield both, tuple(each for each in tests if each not in both), cost


def _dated(a: Assembler, tests: _Tests, measures: Sequence[tuple[p.Measured, Words]]) -> _Tests:
    """A filter of related rows and the period that follows it: "with a loss in 2023"."""
    facts = {fact for measure, _ in measures for fact in a.facts(measure)}
    for (test, words), (when, later) in pairwise(tests):
        if not isinstance(test, p.Compared) or not isinstance(when, p.Within):
            continue
        table = test.of.ref.table if isinstance(test.of, p.Column) else ""
        timed = table and a.model.axes_of(table) and words < later and when.time.axis is None
        if timed and all(a.below(fact, table) for fact in facts):
            return (test, words), (when, later)
    return ()


def _parts(parts: _Tests, events: _Tests, said: Words) -> Iterator[tuple[_Tests, float]]:
    """What the part may be, the likeliest first."""
    told = any(words and max(words) < min(said) for _, words in parts)
    latest = max((each[1] for each in events), default=())
    if parts:
        last = max(parts, key=lambda each: each[1])
        before = told and len(parts) == 1 and latest > last[1]
        yield (last,), WHOLE_FIRST_COST * before
        if len(parts) > 1:
            yield parts, WHOLE_FIRST_COST if told else OTHER_COST
    last_part = max((each[1] for each in parts), default=())
    late = tuple(each for each in events if each[1] > last_part)
    if late:
        recurs = isinstance(late[-1][0], p.Within) and isinstance(late[-1][0].time.period, Part)
        yield late[-1:], RECURRING_COST if recurs else OTHER_COST if parts else 0.0


def _of_an_event(test: p.Test) -> bool:
    """Whether it is a period of what is named, or days that recur: founded in 2020, weekends."""
    if not isinstance(test, p.Within):
        return False
    return test.time.axis is not None or isinstance(test.time.period, Part)


def _left_out(a: Assembler, test: tuple[p.Test, Words]) -> bool:
    """Whether words say that a filter limits all: "excluding", "considering only"."""
    return not a.limits.isdisjoint(test[1])


def limits_in(tokens: Sequence[Token]) -> frozenset[int]:
    """Where words begin that limit everything that a question is about."""
    return frozenset(at for at in range(len(tokens)) if any(_LIMITING.after(tokens, at)))


def rows_shared(bag: Bag, rows: Sequence[tuple[str, Words]]) -> Words | None:
    """Where the rows stand of which a share is asked: "percentage of customers with a refund"."""
    after = [words for _, words in rows if bag.share and words[:1] > bag.share[-1:]]
    return min(after, default=None)


def share_of_another(measures: Sequence[tuple[p.Measured, Words]]) -> bool:
    """Whether a share is asked for beside another number, whose share it may be.

    "The total discount, and what percentage of sales" is a ratio of both, and no share of sales.
    """
    shared = [m.of for m, _ in measures if isinstance(m, p.Portion) and m.of is not None]
    others = [m for m, _ in measures if isinstance(m, p.Amount)]
    return bool(others) and any(
        all((of.of, of.table) != (other.of, other.table) for other in others) for of in shared
    )


def of_the_part(asked: Wanted, share: Words | None) -> Wanted:
    """The same with the numbers beside a share of its part, where that is named between both.

    "How many orders were cancelled, and what percentage is that" asks for the cancelled ones, and
    "how many orders are there, and what percentage was cancelled" for all. ``share``: its words.
    """
    shares = [words for m, words in asked.measures if isinstance(m, p.Portion)]
    said = min(share or (), default=min((w for words in shares for w in words), default=0))
    before = [(test, words) for test, words in asked.part_of if words and min(words) < said]
    if not before or len(asked.measures) == len(shares):
        return asked
    first = min(min(words) for _, words in before)
    tests = tuple(test for test, _ in before)
    measures = [
        (replace(m, where=(*m.where, *tests)), words)
        if isinstance(m, p.Amount) and words and min(words) < first
        else (m, words)
        for m, words in asked.measures
    ]
    return replace(asked, measures=measures)
