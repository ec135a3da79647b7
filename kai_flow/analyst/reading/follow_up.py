"""Reads a fragment as a change of the query before: "sekarang hanya untuk Jawa", "and by year?".

The constituents of a fragment are found like those of a question. Each must be a change: what has
no place in the query before, such as "which" or a comparison, makes it a question of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from msgspec.structs import replace

from kai_flow.analyst.lexicon.lexicon import detect
from kai_flow.analyst.lexicon.periods import find_periods
from kai_flow.analyst.lexicon.tokens import tokenize
from kai_flow.analyst.query.change_nodes import (
    Change,
)
from kai_flow.analyst.query.changes import apply
from kai_flow.analyst.query.nodes import Query, bare
from kai_flow.analyst.query.refusals import CannotChange
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.assembler import Assembler
from kai_flow.analyst.reading.bag import Bag, collected
from kai_flow.analyst.reading.chart import Chart
from kai_flow.analyst.reading.choices import Choice, Note, combined
from kai_flow.analyst.reading.cover import Cover, covers, uncovered
from kai_flow.analyst.reading.deciding import CHOICES, MARGIN, WORST, sound
from kai_flow.analyst.reading.fragment_changes import facts_of, options_of, signs_of
from kai_flow.analyst.reading.fragments import DIRECTIONS, FUNCTIONS, unmarked
from kai_flow.analyst.reading.glue import glue
from kai_flow.analyst.reading.growing import grow
from kai_flow.analyst.reading.reader import (
    MOST_TOKENS,
    Declined,
    Outcome,
    Unclear,
    Understood,
)
from kai_flow.analyst.reading.reading import Reading, Troubles
from kai_flow.analyst.reading.rules import BY_HEADS
from kai_flow.analyst.reading.sayings import plainly
from kai_flow.analyst.reading.spans import leaves
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.model import SemanticModel

__all__ = ["FollowUp", "continued", "follow_up", "told"]

_APPLIED: Final = 200
"""Combinations that are tried at most."""


@dataclass(frozen=True)
class FollowUp:
    """A fragment that was read."""

    outcome: Outcome
    marked: bool
    """Whether a word such as "and" or "now" says that it goes on."""
    bare: bool
    """Whether it names nothing that a question of its own would be about."""


@dataclass
class _Tried:
    """What was found out while a fragment was read."""

    refused: list[CannotChange] = field(default_factory=list)
    subjects: list[bool] = field(default_factory=list)
    """Of each way to read it, the cheapest first: whether it names what a question is about."""


def follow_up(
    question: str, base: Query, model: SemanticModel, index: Index, today: date
) -> FollowUp | None:
    """What a fragment makes of the query before; None if it is no fragment."""
    tokens = plainly(tokenize(question), index)
    language = detect(tokens)
    fragment = unmarked(tokens)
    if not fragment.tokens or len(fragment.tokens) > MOST_TOKENS:
        return None
    periods = find_periods(fragment.tokens, language)
    for span in periods:
        if span.problem:
            impossible = Declined(Note("impossible_date", (("problem", span.problem),)))
            return FollowUp(impossible, bool(fragment.marks), bare=True)
    chart = Chart(len(fragment.tokens), glue(fragment.tokens, language))
    found_words = leaves(fragment.tokens, index, language, periods)
    if not grow(chart, found_words, BY_HEADS) or uncovered(chart):
        return None
    troubles = Troubles()
    assembler = Assembler(model, today, lambda _words, _names: False, troubles)
    found: dict[Query, Reading] = {}
    tried = _Tried()
    for cover in covers(chart, (*FUNCTIONS, *DIRECTIONS)):
        if cover.cost > WORST:
            break
        for reading in _readings(assembler, cover, base, fragment.marks, tried):
            if reading.query is not None and sound(reading, assembler):
                found.setdefault(bare(reading.query), reading)
    outcome = _decided(sorted(found.values(), key=lambda each: each.cost), tried, troubles)
    bare_of_subject = not any(tried.subjects[:1])
    return None if outcome is None else FollowUp(outcome, bool(fragment.marks), bare_of_subject)


def continued(
    question: str, whole: Outcome, base: Query, model: SemanticModel, index: Index, today: date
) -> Outcome:
    """What a question of a conversation means, which ``whole`` is without what was asked before.

    It is a fragment if a word such as "and" says so, if it names nothing that it could be about, or
    if it means nothing by itself.
    """
    fragment = follow_up(question, base, model, index, today)
    if fragment is None:
        return whole
    whole_fails = isinstance(whole, Declined) and not isinstance(fragment.outcome, Declined)
    return fragment.outcome if fragment.marked or fragment.bare or whole_fails else whole


def told(why: CannotChange) -> Note:
    """Why a change cannot be made, for the answer."""
    return Note("follow_up", (("reason", why.reason.value), ("names", "\n".join(why.about))))


def _decided(best: Sequence[Reading], tried: "_Tried", troubles: Troubles) -> Outcome | None:
    """The change that stands out, several that are as likely, or why none can be made."""
    if not best:
        if tried.refused:
            return Declined(told(tried.refused[0]))
        wrong = [note for note in troubles.found if note.key == "ill_typed"]
        return Declined(wrong[0]) if wrong else None
    near = tuple(each for each in best if each.cost <= best[0].cost + MARGIN)
    if len(near) > 1:
        return Unclear(near[:CHOICES])
    first = best[0]
    return None if first.query is None else Understood(first.query, first.notes)


def _readings(
    a: Assembler, cover: Cover, base: Query, marks: frozenset[str], tried: "_Tried"
) -> Iterator[Reading]:
    """The queries that the parts of a fragment may make."""
    signs = {item.part.name: item.words for item in cover.items if isinstance(item.part, p.Sign)}
    special = {name: signs[name] for name in (*FUNCTIONS, *DIRECTIONS) if name in signs}
    items = tuple(
        item
        for item in cover.items
        if not (isinstance(item.part, p.Sign) and item.part.name in special)
    )
    bag = collected(replace(cover, items=items))
    if bag is None or _is_question(bag):
        return
    tried.subjects.append(bool(bag.asks or bag.measures or bag.columns or bag.rows or special))
    for fact in facts_of(a, bag, base):
        options = options_of(a, bag, base, fact, marks)
        if options is None:
            continue
        options += [[Choice(change)] for change in signs_of(special)]
        for choice in combined(options)[:_APPLIED]:
            changes: list[Change] = [each for group in choice.value for each in _listed(group)]
            if not changes:
                continue
            try:
                query = apply(base, changes, a.model)
            except CannotChange as error:
                tried.refused.append(error)
                continue
            if query != base:
                yield Reading(query, cover.cost + choice.cost, choice.notes)


def _listed(group: Any) -> tuple[Change, ...]:
    return group if isinstance(group, tuple) else (group,)


def _is_question(bag: Bag) -> bool:
    """Whether it has what no change of a query can stand for."""
    parts = (bag.which, bag.versus, bag.clocks, bag.somes, bag.texts, bag.refused, bag.change)
    return any(parts) or bag.compare or any(ask.what != "value" for ask in bag.asks)
