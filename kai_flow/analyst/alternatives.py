"""What "or" joins: two filters of which one must hold, or something that no query here can express.

"Bali or Aceh" is one filter with two values, and is not handled here. "Active or in Bali" joins two
filters. A question in which "or" joins anything else is refused: it is never read as "and".
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kai_flow.analyst.language import Sign, Word
from kai_flow.analyst.plan import Condition, Operator
from kai_flow.analyst.question import Question

__all__ = ["Placed", "join"]

_OR = frozenset({"or", "atau"})


@dataclass(frozen=True)
class Placed:
    """A filter, and the tokens it was read from."""

    condition: Condition
    at: tuple[int, ...]


def join(question: Question, filters: Sequence[Placed]) -> tuple[tuple[Condition, ...], bool]:
    """The filters with numbered alternatives, and whether some "or" joins no filters."""
    number = dict.fromkeys(range(len(filters)), 0)
    loose = False
    for group, word in enumerate(_ors(question), start=1):
        left = _nearest(filters, word, before=True)
        right = _nearest(filters, word, before=False)
        if left is None or right is None:
            loose = True
        elif left != right and not _both_denied(filters, left, right):
            if not _apart(filters[left], filters[right], word):
                loose = True
                continue
            # "A or B or C": the middle one takes the third into its group
            number[right] = number[left] = number[left] or group
    found = (replace(each.condition, alternative=number[at]) for at, each in enumerate(filters))
    return tuple(dict.fromkeys(found)), loose


def _ors(question: Question) -> list[Word]:
    """Every "or" of the question."""
    return [
        word
        for word in question.words
        if word.sign is Sign.AND and question.tokens[word.start].word in _OR
    ]


def _nearest(filters: Sequence[Placed], word: Word, *, before: bool) -> int | None:
    """The filter next to an "or", on one side."""
    places = [
        (abs(at - word.start), number)
        for number, each in enumerate(filters)
        for at in each.at
        if (at < word.start) is before
    ]
    return min(places)[1] if places else None


def _both_denied(filters: Sequence[Placed], left: int, right: int) -> bool:
    """Whether both filters exclude: "neither A or B" means not A and not B."""
    operators = {filters[left].condition.operator, filters[right].condition.operator}
    return operators == {Operator.NOT_IN}


def _apart(left: Placed, right: Placed, word: Word) -> bool:
    """Whether each filter is on one side only; a filter on both sides mixes "and" and "or"."""
    return max(left.at) < word.start <= min(right.at)
