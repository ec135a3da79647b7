"""Reads a question: the query that it means, a question back, or the reason why neither."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias

from kai_flow.analyst.kinds.registry import RULES
from kai_flow.analyst.lexicon.lexicon import Language, concepts, detect, stem, unknown_language
from kai_flow.analyst.lexicon.periods import find_periods
from kai_flow.analyst.lexicon.tokens import Token, tokenize
from kai_flow.analyst.query.nodes import Query, Words, bare
from kai_flow.analyst.reading.assembler import Assembler
from kai_flow.analyst.reading.assembly import readings as assembled
from kai_flow.analyst.reading.bag import collected
from kai_flow.analyst.reading.chart import Chart, grow
from kai_flow.analyst.reading.choices import Note
from kai_flow.analyst.reading.cover import Cover, covers, uncovered
from kai_flow.analyst.reading.reading import Reading, Troubles
from kai_flow.analyst.reading.spans import glue, leaves
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.model import SemanticModel

MARGIN: Final = 0.12
"""A reading that costs so little more than the best one is as likely meant."""

HOPELESS: Final = 0.5
"""A cover that costs so much more than the best reading cannot become a better one."""

WORST: Final = 1.2
"""A reading that costs more is not believed."""

MOST_TOKENS: Final = 80
"""Tokens of a question at most."""

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


def read(
    question: str, model: SemanticModel, index: Index, today: date
) -> tuple[Outcome, Language]:
    """What a question means over a database; ``today`` bounds relative periods."""
    tokens = tokenize(question)
    language = detect(tokens)
    return _outcome(tokens, model, index, today, language), language


def _outcome(
    tokens: Sequence[Token], model: SemanticModel, index: Index, today: date, language: Language
) -> Outcome:
    if len(tokens) > MOST_TOKENS:
        counts = (("most", str(MOST_TOKENS)), ("words", str(len(tokens))))
        return Declined(Note("too_long", counts))
    if not model.entities:
        return Declined(Note("no_tables"))
    for span in find_periods(tokens, language):
        if span.problem:
            return Declined(Note("impossible_date", (("problem", span.problem),)))
    chart = Chart(len(tokens), glue(tokens, language))
    grow(chart, leaves(tokens, index, language), RULES)
    missing = uncovered(chart)
    if missing:
        return _unknown(tokens, missing)
    return decide(tokens, covers(chart), model, today)


def _unknown(tokens: Sequence[Token], missing: Sequence[int]) -> Declined:
    """Words that mean nothing here."""
    if unknown_language(tokens):
        return Declined(Note("language"))
    words = ", ".join(tokens[at].text for at in missing)
    return Declined(Note("unknown_word", (("words", words),)))


def decide(
    tokens: Sequence[Token], found: Sequence[Cover], model: SemanticModel, today: date
) -> Outcome:
    """The reading that stands out among all covers, if one does."""
    troubles = Troubles()

    def plural(words: Words, names: frozenset[str]) -> bool:
        stems = frozenset(stem(name) for name in names)
        spoken = [tokens[at].word for at in words]
        return any(
            word.endswith("s") and stem(word, "en") != word and _shares(word, stems)
            for word in spoken
        )

    assembler = Assembler(model, today, plural, troubles)
    readings: list[Reading] = []
    for cover in found:
        if readings and cover.cost > min(r.cost for r in readings) + HOPELESS:
            break
        bag = collected(cover)
        if bag is not None:
            readings += assembled(assembler, bag)
    best = _distinct(readings)
    if not best:
        reason = troubles.found[0] if troubles.found else Note("not_understood")
        return Declined(reason)
    first = best[0]
    if first.cost > WORST:
        return Declined(Note("not_understood"))
    if first.refusal:
        return Declined(Note(first.refusal))
    near = tuple(each for each in best if each.cost <= first.cost + MARGIN and not each.refusal)
    if len(near) > 1:
        return Unclear(near[:CHOICES])
    if first.catalogue or first.query is None:
        return Catalogue(first.tables)
    return Understood(first.query, first.notes)


def _shares(word: str, stems: frozenset[str]) -> bool:
    """Whether a word is one of the names, or means the same as one."""
    own = stem(word, "en")
    return own in stems or any(concepts((own,)) & concepts((name,)) for name in stems)


def _distinct(readings: Sequence[Reading]) -> list[Reading]:
    """Readings that mean different things, the most likely first."""
    best: dict[object, Reading] = {}
    for reading in sorted(readings, key=lambda reading: reading.cost):
        key = (bare(reading.query), reading.refusal, reading.catalogue)
        best.setdefault(key, reading)
    return list(best.values())
