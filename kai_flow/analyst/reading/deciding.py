"""Which of the readings of a question is taken: the one that stands out, or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias

from msgspec import json

from kai_flow.analyst.lexicon.lexicon import (
    detect,
)
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.gate import IllTyped, check
from kai_flow.analyst.query.nodes import Query, bare
from kai_flow.analyst.reading.all_of import all_in
from kai_flow.analyst.reading.assembler import Assembler
from kai_flow.analyst.reading.assembly import readings as assembled
from kai_flow.analyst.reading.bag import collected
from kai_flow.analyst.reading.choices import ROUNDING, Note
from kai_flow.analyst.reading.contradictions import has_an_empty_part
from kai_flow.analyst.reading.cover import Cover
from kai_flow.analyst.reading.details import plainest
from kai_flow.analyst.reading.glue import commas_in
from kai_flow.analyst.reading.holding import holding
from kai_flow.analyst.reading.misreadings import well_placed
from kai_flow.analyst.reading.nearness import nearest
from kai_flow.analyst.reading.overlaps import each_answer_once, meaning
from kai_flow.analyst.reading.parts import Rank, Sign
from kai_flow.analyst.reading.plurals import plural_in
from kai_flow.analyst.reading.portions import limits_in
from kai_flow.analyst.reading.reading import Reading, Troubles
from kai_flow.analyst.reading.relatives import clauses_in
from kai_flow.analyst.reading.said_twice import said_twice
from kai_flow.analyst.reading.telling import tells_all
from kai_flow.analyst.reading.undated import is_undated
from kai_flow.analyst.reading.whole_limits import limiting, limits_groups, told_of_groups
from kai_flow.analyst.semantics.model import SemanticModel

MARGIN: Final = 0.12 - 1e-9
"""A reading that costs only so much more than the best one is as likely meant. One that costs 0.12
more is not: the small difference keeps that so however the sums of costs were rounded.
"""

OFFERS: Final = 0.5
"""What an offer may cost more than the cheapest one."""

WORST: Final = 1.2
"""A reading that costs more is not believed."""

CHOICES: Final = 4
"""Readings that a question back offers at most."""


@dataclass(frozen=True)
class Understood:
    """One reading stands out."""

    query: Query
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Catalogue:
    """The question is what data there is."""

    tables: tuple[str, ...] = ()
    """Of these tables, with all their columns; empty: of the whole database."""


@dataclass(frozen=True)
class Unclear:
    """Several readings are equally likely."""

    readings: tuple[Reading, ...]


@dataclass(frozen=True)
class Declined:
    """The question is not answered."""

    reason: Note


Outcome: TypeAlias = Understood | Catalogue | Unclear | Declined


def decide(
    tokens: Sequence[Token],
    found: Sequence[Cover],
    model: SemanticModel,
    today: date,
    *,
    worst: float = WORST,
    margin: float = MARGIN,
) -> Outcome:
    """The reading that stands out among all covers, if one does that costs at most ``worst``."""
    troubles = Troubles()
    assembler = Assembler(
        model,
        today,
        plural_in(tokens),
        troubles,
        commas_in(tokens),
        margin=margin,
        language=detect(tokens),
        limits=limits_in(tokens),
    )
    assembler.clauses = clauses_in(tokens)
    assembler.said_twice = said_twice(tokens)
    assembler.all_of = all_in(tokens)
    placed = well_placed(found, tokens, model, troubles)
    assembler.whole = told_of_groups(tokens)
    built = _assembled(nearest(placed, model), assembler, worst)
    if assembler.whole:
        built = limiting(built, lambda each: each.cost <= worst and sound(each, assembler))
    likely = _likely(built, assembler)
    best = holding(tokens, likely, model)
    if isinstance(best, str):
        return Declined(Note(best))
    if not best or best[0].cost > worst:
        return Declined(troubles.worst or _unused(tokens, found))
    first = best[0]
    if first.refusal:
        return Declined(Note(first.refusal))
    near = [each for each in best if each.cost <= first.cost + margin and not each.refusal]
    if first.open:
        near = [each for each in (near if is_undated(first) else best) if each.open]
    near = plainest(tokens, near)
    if len(near) > 1:
        return Unclear(tuple(near[:CHOICES]))
    first = near[0] if near else first
    if first.catalogue or first.query is None:
        return Catalogue(first.tables)
    return Understood(first.query, first.notes)


def _assembled(found: Sequence[Cover], assembler: Assembler, worst: float) -> list[Reading]:
    """What the covers may mean, except what costs too much beside a sound reading.

    Offers of what a question leaves open cost more than a reading, and are all wanted. Only a
    ranking may leave open by what. A reading may cost less than its cover: others of that cost are
    as likely.
    """
    most, best = worst + OFFERS, 0.0
    readings: list[Reading] = []
    for cover in found:
        if cover.cost > max(most, best + ROUNDING):
            break
        ranked = any(isinstance(item.part, Rank) for item in cover.items)
        assembler.most = most if ranked else min(most, worst + assembler.margin)
        bag = collected(cover)
        for reading in assembled(assembler, bag) if bag is not None else ():
            if not tells_all(reading.query, cover):
                continue
            readings.append(reading)
            wanted = reading.cost + (OFFERS if reading.open else assembler.margin)
            better = reading.cost <= worst and wanted < most
            better = better and (not assembler.whole or limits_groups(reading))
            if better and sound(reading, assembler):
                assembler.most = most = wanted
                best = cover.cost
    return readings


def sound(reading: Reading, assembler: Assembler) -> bool:
    """Whether the types of a query fit; if not, the reason is remembered."""
    if reading.query is None:
        return True
    try:
        check(reading.query, assembler.model)
    except IllTyped as wrong:
        node, query = (json.encode(bare(each)).decode() for each in (wrong.node, reading.query))
        assembler.troubles.add("ill_typed", fault=str(wrong.fault), node=node, query=query)
        return False
    return not has_an_empty_part(reading.query)


def _unused(tokens: Sequence[Token], found: Sequence[Cover]) -> Note:
    """Why words that are all known make no query: some have no place in it, or all together.

    Some questions have nothing but greetings and signs of punctuation.
    """
    if found and not found[0].items:
        return Note("nothing_known")
    unused = [
        tokens[at].text
        for cover in found[:1]
        for item in cover.items
        if isinstance(item.part, Sign)
        for at in item.words
    ]
    return Note("not_understood", (("words", " ".join(unused)),)) if unused else Note("no_reading")


def _likely(readings: Sequence[Reading], assembler: Assembler) -> list[Reading]:
    """The most likely reading, and those nearly as likely that mean something else.

    Only these are checked: most readings of a question are not worth the time.
    """
    best: dict[object, Reading] = {}
    first: Reading | None = None
    for reading in sorted(readings, key=lambda reading: reading.cost):
        if first is not None and reading.cost > first.cost + assembler.margin and not first.open:
            break
        key = (meaning(reading.query), reading.refusal, reading.catalogue)
        if key not in best and sound(reading, assembler):
            best[key] = reading
            first = first or reading
    return each_answer_once(list(best.values()))
