"""The covers that take some words for what they cannot mean where they stand."""

from collections.abc import Sequence

from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.attachments import misplaced
from kai_flow.analyst.reading.counted import not_counted
from kai_flow.analyst.reading.cover import Cover
from kai_flow.analyst.reading.ends_of_times import endless
from kai_flow.analyst.reading.reading import Troubles
from kai_flow.analyst.reading.relatives import of_another
from kai_flow.analyst.reading.two_ends import of_two_things
from kai_flow.analyst.reading.unnamed_limits import limits_rows_or_groups
from kai_flow.analyst.reading.whole_limits import compounds
from kai_flow.analyst.reading.wholes import of_another_whole
from kai_flow.analyst.semantics.model import SemanticModel

__all__ = ["well_placed"]


def well_placed(
    found: Sequence[Cover], tokens: Sequence[Token], model: SemanticModel, troubles: Troubles
) -> Sequence[Cover]:
    """The covers of which every part may mean what it is taken for.

    Why there is none is added to the ``troubles``, where a remedy can be named.
    """
    wrong = {*not_counted(found, tokens), *of_another(found, tokens), *compounds(found, tokens)}
    wrong |= {*endless(found, tokens), *misplaced(found, tokens, model)}
    wrong |= {*of_two_things(found, tokens, model), *of_another_whole(found, tokens)}
    unnamed = limits_rows_or_groups(found, tokens)
    if unnamed:
        troubles.add("rows_or_totals")
    wrong.update(unnamed)
    return [each for each in found if each not in wrong] if wrong else found
