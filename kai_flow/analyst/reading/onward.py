"""How rules may go on after their first constituent, found once for each place."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, TypeAlias

from msgspec import Struct

from kai_flow.analyst.kinds.kind import Rule
from kai_flow.analyst.reading.chart import (
    Chart,
    Ends,
    Head,
    head_of,
)
from kai_flow.analyst.reading.parts import (
    Item,
)

ByHeads: TypeAlias = "Mapping[Head, Mapping[Head | None, Sequence[Rule]]]"
"""Rules by the class, or the sign, of their first element, then of their second; None: no second.
"""

_NO_RULES: "Final[Mapping[Head | None, Sequence[Rule]]]" = {}


class _Next(Struct, gc=False):
    """How a rule may go on at a token, after words that may be skipped."""

    rule: Rule
    at: int
    then: Head
    gap: float
    """What the words cost that are skipped."""
    ends: dict[Hashable, Ends]
    """By what its parts have in common: None, where they need nothing in common."""


class Onward:
    """How rules may go on after their first constituent, found once for each place."""

    def __init__(self, chart: Chart, rules: ByHeads, signs: AbstractSet[str]) -> None:
        """``signs``: those of the question; no rule builds others."""
        self._chart = chart
        self._rules = rules
        self._signs = signs
        self._known: dict[tuple[Head, int], Sequence[_Next]] = {}
        self._ends_known: dict[tuple[Rule, Head, int], dict[Hashable, Ends]] = {}

    def alone(self, first: Item) -> Sequence[Rule]:
        """The rules that need no more than one constituent."""
        return self._rules.get(head_of(first.part), _NO_RULES).get(None, ())

    def after(self, first: Item) -> Iterator[tuple[Rule, float, Ends]]:
        """The rules that others continue, with what the gap before these costs."""
        place = (head_of(first.part), first.last)
        known = self._known.get(place)
        if known is None:
            known = self._known[place] = list(self._at(*place))
        find: object = None
        what: Hashable = None
        for each in known:
            rule = each.rule
            if rule.same is not find:  # rules that follow each other often need the same
                find = rule.same
                what = rule.same(first) if rule.same is not None else None
            ends = each.ends.get(what)
            if ends is None:
                if what is None:
                    continue
                ends = each.ends[what] = self._ends(rule, each.at, each.then, what)
            if ends.tails:
                yield rule, each.gap, ends

    def _at(self, head: Head, last: int) -> Iterator[_Next]:
        """How rules may go on after a constituent, perhaps with a gap before it."""
        rules = self._rules.get(head, _NO_RULES)
        for at, gap in self._chart.next_starts(last) if rules else ():
            for then in self._chart.heads(at):
                for rule in rules.get(then, ()):
                    if (at == last or not rule.tight) and rule.signs <= self._signs:
                        known = self._ends_known.setdefault((rule, then, at), {})
                        if rule.same is None and None not in known:
                            known[None] = self._ends(rule, at, then, None)
                        if rule.same or known[None].tails:
                            yield _Next(rule, at, then, gap, known)

    def _ends(self, rule: Rule, at: int, then: Head, what: Hashable) -> Ends:
        same = None if rule.same is None else (rule.same, what)
        return self._chart.ends((at, then, same), rule.pattern[2:], tight=rule.tight)
