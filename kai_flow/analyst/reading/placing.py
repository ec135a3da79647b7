"""Where a value stands in a question: after "per" or "their" it is mostly something else."""

from collections.abc import Collection, Sequence
from typing import Final

from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.semantics.targets import Mention, ValueTarget

GROUPING: Final = frozenset(
    [
        *(
            "by",
            "per",
            "each",
            "every",
            "whose",
            "tiap",
            "setiap",
            "menurut",
            "berdasarkan",
            "masing-masing",
        )
    ]
)
"""Words before what groups are made of."""

GROUPING_COST: Final = 0.5
"""Of a value after such a word where the same words name things: "salary by manager"."""

POSSESSIVE: Final = frozenset(["their", "its", "his", "her", "whose"])
"""Words that say whose something is."""

OWNED_COST: Final = 0.4
"""Of a value after such a word, or with such an ending: it is mostly what a column holds."""


def _grouped(
    mention: Mention, tokens: Sequence[Token], things: Collection[tuple[int, int]]
) -> bool:
    """Whether words after "by" or "per" are a value, and name something to group by as well."""
    before = tokens[mention.first - 1].word if mention.first else ""
    named = isinstance(mention.target, ValueTarget) and (mention.first, mention.last) in things
    return named and before in GROUPING


def placed(mention: Mention, tokens: Sequence[Token], things: Collection[tuple[int, int]]) -> float:
    """The cost of a value where the words beside it want something else."""
    grouped = GROUPING_COST * _grouped(mention, tokens, things)
    return grouped + OWNED_COST * _owned(mention, tokens)


def _owned(mention: Mention, tokens: Sequence[Token]) -> bool:
    """Whether a value would belong to something: "their manager", "atasannya"."""
    before = tokens[mention.first - 1].word if mention.first else ""
    owned = before in POSSESSIVE or tokens[mention.last - 1].word.endswith("nya")
    return owned and isinstance(mention.target, ValueTarget) and mention.how != "exact"
