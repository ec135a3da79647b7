"""Words for somebody who is not named: "how many people ordered tea" asks for customers.

What they do tells who they are. Without that they are anybody: nobody knows how many people there
are in Jakarta, and those who work in a shop are not its customers.
"""

from collections.abc import Iterable, Iterator, Sequence
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

ANYBODY: Final = frozenset(["people", "person", "orang", "who", "siapa"])
"""Words for somebody, who may be anybody."""


def known_people(mentions: Iterable[Mention], tokens: Sequence[Token]) -> Iterator[Mention]:
    """The mentions without people of whom nothing is said that they do."""
    done = any(token.word in VERBS | USING for token in tokens)
    for each in mentions:
        anybody = each.how == "part" and isinstance(each.target, EntityTarget)
        if done or not anybody or tokens[each.first].word not in ANYBODY:
            yield each
