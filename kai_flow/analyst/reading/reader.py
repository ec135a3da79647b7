"""Reads a question: the query that it means, a question back, or the reason why neither."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from kai_flow.analyst.lexicon.frames import courtesies_only
from kai_flow.analyst.lexicon.lexicon import (
    Language,
    detect,
    unknown_language,
)
from kai_flow.analyst.lexicon.periods import find_periods
from kai_flow.analyst.lexicon.tokens import Token, tokenize
from kai_flow.analyst.reading.chart import Chart
from kai_flow.analyst.reading.choices import Note
from kai_flow.analyst.reading.clauses import PAUSES
from kai_flow.analyst.reading.corrections import put_right
from kai_flow.analyst.reading.counted_anyway import (
    counted_with,
    including,
    picks_some,
)
from kai_flow.analyst.reading.cover import covers, uncovered
from kai_flow.analyst.reading.deciding import (
    MARGIN,
    WORST,
    Catalogue,
    Declined,
    Outcome,
    Unclear,
    Understood,
    decide,
)
from kai_flow.analyst.reading.earned import earned_by_each
from kai_flow.analyst.reading.glue import glue
from kai_flow.analyst.reading.growing import grow
from kai_flow.analyst.reading.labels import labels
from kai_flow.analyst.reading.of_these import of_these, one_extreme, one_row
from kai_flow.analyst.reading.openings import opened
from kai_flow.analyst.reading.parts import Column, Item, Refused, Rows, Values
from kai_flow.analyst.reading.patience import courtesy, length
from kai_flow.analyst.reading.rules import BY_HEADS
from kai_flow.analyst.reading.sayings import plainly
from kai_flow.analyst.reading.second_sentences import (
    Counted,
    counted_as_well,
    counts_anyway,
    with_left_out,
)
from kai_flow.analyst.reading.small_values import settled
from kai_flow.analyst.reading.spans import leaves
from kai_flow.analyst.reading.stepped_over import bound, known_ones
from kai_flow.analyst.reading.value_lists import with_lists
from kai_flow.analyst.reading.verbs import acting, without_things
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.model import SemanticModel

__all__ = ["MOST_TOKENS", "Catalogue", "Declined", "Outcome", "Unclear", "Understood", "read"]

MOST_TOKENS: Final = 80
"""Tokens of a question at most."""

UNREAD: Final = frozenset(["unknown_word", "no_reading", "not_understood", "impossible_date"])
"""Reasons why words were not read. What is never done tells more."""


def read(
    question: str,
    model: SemanticModel,
    index: Index,
    today: date,
    *,
    margin: float = MARGIN,
) -> tuple[Outcome, Language]:
    """What a question means over a database; ``today`` bounds relative periods.

    A reading that costs at most ``margin`` more than the best one is as likely meant.
    """
    tokens = plainly(tokenize(question), index)
    language = detect(tokens)
    if len(tokens) > MOST_TOKENS or not model.entities:
        return _outcome(tokens, model, index, today, language, margin), language
    if courtesies_only([token.word for token in tokens if token.word not in PAUSES]):
        return Declined(Note("nothing_known")), language
    tokens, unclear = put_right(tokens, language)
    if unclear:
        return _not_understood(unclear), language
    return _besides(question, tokens, index, today, language, margin), language


def _besides(
    question: str,
    tokens: Sequence[Token],
    index: Index,
    today: date,
    language: Language,
    margin: float,
) -> Outcome:
    """What a question means, and what it says beside that of what counts, or is shown."""
    leaving = with_left_out(question, tokens, language)
    counted = None if leaving else counted_as_well(question, tokens)
    inner = leaving or (counted.tokens if counted else tokens)
    tail = earned_by_each(inner)
    outcome = _opened(question, tail.tokens if tail else inner, index, today, language, margin)
    if tail and isinstance(outcome, Understood) and not tail.tells(outcome.query, index.model):
        return _not_understood(tail.words)
    if counted and isinstance(outcome, Understood):
        return _with_those(outcome, counted, index, language)
    first = 0 if leaving or counted or tail else including(inner)
    if not first:
        return outcome
    plain = _opened(question, inner[:first], index, today, language, margin)
    return _including(outcome, plain, inner[first:], index, language)


def _not_understood(words: str) -> Declined:
    """A question is not answered of which some words are not understood."""
    return Declined(Note("not_understood", (("words", words.strip(" ,()")),)))


def _with_those(outcome: Understood, counted: Counted, index: Index, language: Language) -> Outcome:
    """An outcome, if it counts what the question wants to be counted as well."""
    words = " ".join(token.text for token in counted.sentence)
    if counts_anyway(outcome.query, counted, index, language):
        return _told(outcome, (words,))
    return _not_understood(words)


def _including(
    whole: Outcome, plain: Outcome, clause: Sequence[Token], index: Index, language: Language
) -> Outcome:
    """What a question means that ends with a clause that rows without a value count as well.

    That is what it means without the clause, if it has these rows anyway.
    """
    found = plain.query if isinstance(plain, Understood) else None
    if found is not None and counted_with(found, clause, index, language):
        return plain
    if isinstance(plain, Unclear) and all(
        each.query and counted_with(each.query, clause, index, language) for each in plain.readings
    ):
        return plain
    if isinstance(whole, Declined | Catalogue):
        return whole
    if isinstance(whole, Understood) and not picks_some(whole.query, found):
        return whole
    return _not_understood(" ".join(token.text for token in clause))


def _opened(
    question: str,
    tokens: Sequence[Token],
    index: Index,
    today: date,
    language: Language,
    margin: float,
) -> Outcome:
    """What a question means without what stands around it, or else with that."""
    model = index.model
    inner = opened(question, tokens, index, language)
    moved = of_these(inner.tokens, language)
    if moved is not None:
        outcome = _outcome(moved, model, index, today, language, margin)
        if isinstance(outcome, Understood) and one_extreme(outcome.query):
            return _told(outcome, inner.aside)
    outcome = _outcome(inner.tokens, model, index, today, language, margin)
    if moved is not None and isinstance(outcome, Understood) and not one_row(outcome.query):
        return Declined(Note("no_reading"))
    if isinstance(outcome, Declined) and len(inner.tokens) < len(tokens):
        whole = _outcome(tokens, model, index, today, language, margin)
        if not isinstance(whole, Declined) or whole.reason.key not in UNREAD:
            return whole
    return _told(outcome, inner.aside)


def _told(outcome: Outcome, aside: Sequence[str]) -> Outcome:
    """An outcome that announces the clauses that were set aside, if it is an answer."""
    if not isinstance(outcome, Understood):
        return outcome
    notes = tuple(Note("set_aside", (("words", words),)) for words in aside)
    return replace(outcome, notes=(*notes, *outcome.notes))


def _outcome(
    tokens: Sequence[Token],
    model: SemanticModel,
    index: Index,
    today: date,
    language: Language,
    margin: float,
) -> Outcome:
    if len(tokens) > MOST_TOKENS:
        counts = (("most", str(MOST_TOKENS)), ("words", str(len(tokens))))
        return Declined(Note("too_long", counts))
    if not model.entities:
        return Declined(Note("no_tables"))
    periods = find_periods(tokens, language)
    for span in periods:
        if span.problem:
            return Declined(Note("impossible_date", (("problem", span.problem),)))
    found = leaves(tokens, index, language, periods)
    empty = bound(glue(tokens, language, index.model), found)
    empty |= known_ones(tokens, found, index.model)
    found, empty = settled(tokens, found, empty)
    verbs = acting(tokens, index)
    empty = {at: cost for at, cost in empty.items() if at not in verbs}
    chart = Chart(len(tokens), labels(tokens, found, empty) | empty)
    if not grow(chart, with_lists(found), BY_HEADS):
        return Declined(Note("too_involved"))
    missing = uncovered(chart)
    outcome: Outcome
    if missing:
        outcome = _unknown(tokens, missing, found)
    else:
        worst = WORST + courtesy(tokens, chart.glue, language) + length(tokens)
        found_covers = without_things(covers(chart), verbs)
        outcome = decide(tokens, found_covers, model, today, worst=worst, margin=margin)
    refusal = _refusal(chart) if isinstance(outcome, Declined) else None
    return refusal or outcome


def _refusal(chart: Chart) -> Declined | None:
    """What is never done, if the question asks for that; it tells more than an unknown word."""
    for at in range(chart.length):
        parts = [item.part for item in chart.starting(at)]
        refused = [part.reason for part in parts if isinstance(part, Refused)]
        if refused and not any(isinstance(part, Column | Rows | Values) for part in parts):
            return Declined(Note(refused[0]))
    return None


def _unknown(tokens: Sequence[Token], missing: Sequence[int], found: Sequence[Item]) -> Declined:
    """Words that mean nothing here; or else the chart was full before all words were read."""
    if unknown_language(tokens):
        return Declined(Note("language"))
    known = {at for leaf in found for at in range(leaf.first, leaf.last)}
    unknown = [at for at in missing if at not in known]
    if not unknown:
        return Declined(Note("no_reading"))
    words = ", ".join(tokens[at].text for at in unknown)
    return Declined(Note("unknown_word", (("words", words),)))
