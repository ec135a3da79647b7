"""Words for somebody who is not named: "how many people ordered tea" asks for customers.

What they do tells who they are. Without that they are anybody: nobody knows how many people there
are in Jakarta, and those who work in a shop are not its customers.
"""

from collections.abc import Sequence
from typing import Final

from kai_flow.analyst.lexicon.data import ACTIONS
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.semantics.targets import EntityTarget, Mention

__all__ = ["ANYBODY", "VERBS", "WORKING", "known_people"]

VERBS: Final = frozenset(verb for action in ACTIONS for verb in action.verbs)
"""What people do."""

USING: Final = frozenset(
    ["use", "uses", "used", "prefer", "choose", "chose", "pakai", "memakai", "memilih"]
)
"""What customers do beside that."""

WORKING: Final = frozenset(["work", "works", "worked", "working", "bekerja"])
"""What staff do: no word without meaning where nobody is named."""

DOING: Final = VERBS | USING

ANYBODY: Final = frozenset(["people", "person", "orang", "who", "siapa"])
"""Words for somebody, who may be anybody."""


def known_people(mentions: Sequence[Mention], tokens: Sequence[Token]) -> Sequence[Mention]:
    """The mentions without people of whom nothing is said that they do."""
    words = {token.word for token in tokens}
    if words.isdisjoint(ANYBODY) or not words.isdisjoint(DOING):
        return mentions
    return [
        each
        for each in mentions
        if tokens[each.first].word not in ANYBODY
        or each.how != "part"
        or not isinstance(each.target, EntityTarget)
    ]
