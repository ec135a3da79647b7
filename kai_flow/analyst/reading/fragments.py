"""The words of a follow-up that only say that it goes on: "and …", "what about …", "… instead"."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.nodes import Function

__all__ = ["BESIDE", "DIRECTIONS", "FUNCTIONS", "MORE", "Fragment", "unmarked"]

MORE: Final = frozenset({"and", "also", "too", "as well", "dan", "juga"})
"""Words that add to the question before, and take nothing away."""

BESIDE: Final = frozenset({"also", "too", "as well", "juga"})
"""Words that ask for one more number beside those before."""

_ONLY: Final = frozenset({"only", "just", "hanya", "cuma", "khusus"})
"""Words that a fragment begins with and that stay in it: they restrict what was asked."""

_STARTS: Final = (
    *("what about", "how about", "and", "now", "then", "but", "ok", "okay", "also"),
    *("bagaimana dengan", "bagaimana kalau", "gimana dengan", "gimana kalau", "kalau", "kalo"),
    *("dan", "sekarang", "lalu", "terus", "tapi", "oke", "juga"),
)
_ENDS: Final = ("instead", "too", "also", "as well", "now", "then", "saja", "aja", "juga", "dong")


FUNCTIONS: Final = {
    "average": Function.AVERAGE,
    "median": Function.MEDIAN,
    "minimum": Function.MINIMUM,
    "maximum": Function.MAXIMUM,
    "total": Function.SUM,
}
"""Signs that stand for a function of what was asked."""

DIRECTIONS: Final = {"ascending": False, "descending": True}


@dataclass(frozen=True)
class Fragment:
    """The words of a fragment without those that only say that it goes on."""

    tokens: tuple[Token, ...]
    marks: frozenset[str]


def unmarked(tokens: Sequence[Token]) -> Fragment:
    """The fragment without the words around it that only say that it goes on."""
    left = list(tokens)
    marks: set[str] = set()
    found = True
    while found:
        found = False
        left = left[1:] if left and left[0].word == "," else left
        words = [token.word for token in left]
        for phrase in (*_STARTS, *_ENDS):
            parts = phrase.split()
            if phrase in _STARTS and words[: len(parts)] == parts:
                left = left[len(parts) :]
            elif phrase in _ENDS and words[-len(parts) :] == parts:
                left = left[: -len(parts)]
            else:
                continue
            marks.add(phrase)
            found = True
            break
    marks |= {token.word for token in left[:1]} & _ONLY
    return Fragment(tuple(left), frozenset(marks))
