"""The readings that tell all that a question claims beside what it asks for."""

from collections.abc import Sequence

from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.nodes import Query, words_of
from kai_flow.analyst.reading.claims import (
    averages_the_best,
    counts_the_best,
    done_only,
    grows_from,
    untold,
)
from kai_flow.analyst.reading.how_many import (
    counts_an_amount,
    counts_for_units,
    counts_others,
    tells_each,
    tells_no_things,
    tells_one_number,
)
from kai_flow.analyst.reading.one_way import reached_alike
from kai_flow.analyst.reading.reading import Reading
from kai_flow.analyst.reading.superiors import (
    all_told,
    limits_those_below,
    of_those_above,
    picks_nobody,
)
from kai_flow.analyst.reading.told_of_things import (
    done_alone,
    in_one_of_them,
    never_so,
    none_of_these,
    of_one_thing,
)
from kai_flow.analyst.reading.told_units import misfit
from kai_flow.analyst.reading.whole_limits import TOTALS, of_each, of_groups, of_single_rows
from kai_flow.analyst.semantics.model import SemanticModel

__all__ = ["holding"]


def holding(
    tokens: Sequence[Token], readings: Sequence[Reading], model: SemanticModel
) -> list[Reading] | str:
    """The readings that hold; or the key of the reason why the question is not answered."""
    fitting = [each for each in readings if not (each.query and misfit(tokens, each.query, model))]
    if readings and not fitting:
        return "other_unit"
    queries = [each.query for each in fitting if each.query is not None]
    whole = [each.query for each in fitting if each.query is not None and not each.open]
    refused = _refused(tokens, queries, whole, model)
    if refused:
        return refused
    asked = [each for each in fitting if not (each.query and _of_others(tokens, each.query, model))]
    asked = [each for each in asked if not _averages_a_total(tokens, each)]
    if fitting and not asked:
        return "no_reading"
    told = [each for each in asked if not (each.query and _of_each(tokens, each.query, model))]
    queries = [each.query for each in told if each.query is not None]
    unclear = (asked and not told and "rows_or_totals") or _ranked_by(tokens, told)
    if unclear:
        return unclear
    return untold(tokens, queries) or of_groups(tokens, reached_alike(of_those_above(tokens, told)))


def _refused(
    tokens: Sequence[Token],
    queries: Sequence[Query],
    whole: Sequence[Query],
    model: SemanticModel,
) -> str | None:
    """The key of the reason why no reading tells what the question asks for; None if some may."""
    if any(done_only(tokens, each, model) or done_alone(tokens, each, model) for each in queries):
        return "only_ever"
    if any(grows_from(tokens, each) for each in queries):
        return "compared_with"
    lost = any(counts_the_best(tokens, each) for each in whole)
    return "no_reading" if lost or not all(all_told(tokens, each) for each in queries) else None


def _averages_a_total(tokens: Sequence[Token], reading: Reading) -> bool:
    """Whether the total of a price or a rate is asked for, which a reading averages unasked."""
    if reading.query is None or all(note.key != "default_average" for note in reading.notes):
        return False
    said = words_of(reading.query)
    return any(token.word in TOTALS and at not in said for at, token in enumerate(tokens))


def _ranked_by(tokens: Sequence[Token], readings: Sequence[Reading]) -> str | None:
    """The key of the question back by what things are ranked, of which an average is asked for."""
    whole = [each.query for each in readings if each.query is not None and not each.open]
    return "ranked_by_what" if any(averages_the_best(tokens, each) for each in whole) else None


def _of_each(tokens: Sequence[Token], query: Query, model: SemanticModel) -> bool:
    """Whether a query limits single rows where the question limits all of them together."""
    single = of_each(tokens, query, model) or of_single_rows(tokens, query)
    return single or limits_those_below(query)


def _of_others(tokens: Sequence[Token], query: Query, model: SemanticModel) -> bool:
    """Whether a query gives something of other rows, or of fewer, than the question asks for."""
    return (
        counts_others(tokens, query, model)
        or counts_an_amount(tokens, query)
        or counts_for_units(tokens, query, model)
        or tells_each(tokens, query)
        or tells_one_number(tokens, query)
        or picks_nobody(tokens, query)
        or tells_no_things(tokens, query, model)
        or never_so(tokens, query, model)
        or none_of_these(tokens, query, model)
        or in_one_of_them(tokens, query, model)
        or of_one_thing(tokens, query)
    )
