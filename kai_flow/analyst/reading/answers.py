"""The words "yes" and "no" as values of flags, which they are beside the name of the flag only."""

from collections.abc import Collection, Sequence
from typing import Final

from kai_flow.analyst.lexicon.lexicon import concepts
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.semantics.targets import AttributeTarget, Mention, ValueTarget

ANSWERS: Final = frozenset(["yes", "no"])
"""The concepts of what flags say."""

ENDS: Final = frozenset([",", "and", "or", "dan", "atau", "but", "tapi", "tetapi"])
"""Words after which another condition begins."""


def without_answers(
    mentions: Sequence[Mention], tokens: Sequence[Token], small: Collection[str]
) -> tuple[Mention, ...]:
    """The mentions without each "no" and "yes" that no flag stands beside."""
    places = {at for at, token in enumerate(tokens) if concepts((token.word,)) & ANSWERS}
    if not places:
        return tuple(mentions)
    return tuple(
        each
        for each in mentions
        if each.first not in places or not _unasked(each, mentions, tokens, small)
    )


def _unasked(
    mention: Mention, all_: Sequence[Mention], tokens: Sequence[Token], small: Collection[str]
) -> bool:
    """Whether "no" or "yes" stands without the flag that it would be a value of.

    Otherwise sales "not in a mall" would be sales in a mall that were not at a weekend.
    """
    target = mention.target
    if not isinstance(target, ValueTarget) or mention.last - mention.first > 1:
        return False
    return not any(
        other.target == AttributeTarget(target.ref) and _beside(mention, other, tokens, small)
        for other in all_
    )


def _beside(
    answer: Mention, flag: Mention, tokens: Sequence[Token], small: Collection[str]
) -> bool:
    """Whether an answer stands before its flag, or after it at the end of a condition."""
    if answer.last <= flag.first:
        between = tokens[answer.last : flag.first]
    else:
        after = tokens[answer.last].word if answer.last < len(tokens) else ","
        if after not in ENDS:
            return False
        between = tokens[flag.last : answer.first]
    return all(token.word in small for token in between)
