"""The readings that tell all that a question claims beside what it asks for."""

from collections.abc import Sequence

from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.claims import counts_the_best, untold
from kai_flow.analyst.reading.reading import Reading
from kai_flow.analyst.reading.superiors import all_told
from kai_flow.analyst.reading.told_units import misfit
from kai_flow.analyst.reading.whole_limits import of_groups
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
    if any(counts_the_best(tokens, each) for each in whole) or not all(
        all_told(tokens, each) for each in queries
    ):
        return "no_reading"
    return untold(tokens, queries) or of_groups(tokens, fitting)
