"""What people put right while they ask: "last year, 2024 I mean" is 2024, whatever is last year."""

from collections.abc import Sequence
from typing import Final

from kai_flow.analyst.lexicon.lexicon import Language
from kai_flow.analyst.lexicon.periods import find_periods
from kai_flow.analyst.lexicon.phrases import Phrases
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.clauses import PAUSES

__all__ = ["put_right"]

_MEANT: Final = Phrases(
    *("i mean", "i meant", "we mean", "we meant", "i mean to say", "or rather", "sorry i meant"),
    *("sorry i mean", "maksudku", "maksud saya", "maksud aku", "maksud kami", "maksudnya"),
    *("maksud gue", "maksudku sih", "maksudnya sih", "eh maksudku", "eh maksud saya"),
)

_NAMING: Final = frozenset(["what", "apa", "yang", "whatever"])
"""Words after which it says what is asked: "what I mean is", "apa maksudnya"."""

_JOINING: Final = frozenset(
    [
        *("and", "or", "to", "until", "till", "through", "from", "between", "since", "-", "vs"),
        *("dan", "atau", "sampai", "hingga", "sd", "ke", "dari", "antara", "sejak", "dengan"),
        *("versus", "than", "before", "after", "sebelum", "sesudah", "setelah", "dibanding"),
    ]
)
"""Words of ranges, lists and comparisons of periods."""

_LINKS: Final = PAUSES | {"in", "of", "for", "di", "pada", "tahun", "the", "year"}
"""Words between a period and what it is put right by."""


def put_right(tokens: tuple[Token, ...], language: Language) -> tuple[tuple[Token, ...], str]:
    """The question without what it puts right, and the words that leave unclear what they do."""
    said = _meaning_said(tokens)
    if said is None:
        return tokens, ""
    right = _corrected(tokens, said, language)
    if right is None and (said[1] < len(tokens) or find_periods(tokens, language)):
        return tokens, " ".join(token.text for token in tokens[said[0] : said[1]])
    return right or tokens, ""


def _meaning_said(tokens: Sequence[Token]) -> tuple[int, int] | None:
    """Where "I mean" stands, within a question; None if it does not.

    "What I mean is" puts nothing right.
    """
    for at in range(1, len(tokens)):
        ends = [end for _, end in _MEANT.after(tokens, at)]
        if ends:
            return None if tokens[at - 1].word in _NAMING else (at, max(ends))
    return None


def _corrected(
    tokens: Sequence[Token], said: tuple[int, int], language: Language
) -> tuple[Token, ...] | None:
    """The question with the period that "I mean" says in place of the one before; None if none is.

    A period that stands alone before it is what is meant.
    """
    first, last = said
    periods = find_periods(tokens, language)
    grains = {(span.first, span.last): span.grain for span in periods}
    found = sorted((span.first, -span.last) for span in periods)
    spans: list[tuple[int, int]] = []
    for begin, end in found:  # the longest at each place
        if not spans or begin >= spans[-1][1]:
            spans.append((begin, -end))
    after = next((each for each in spans if _near(tokens, last, each[0])), None)
    before = [each for each in spans if each[1] <= first]
    if after and before and _near(tokens, before[-1][1], first):
        if grains[after] != grains[before[-1]] or _joined(tokens, before[-1]):
            return None
        return (*tokens[: before[-1][0]], *tokens[after[0] :])
    if not before or not _near(tokens, before[-1][1], first):
        return None
    begin, end = before[-1]
    rest = (*tokens[begin:end], *tokens[last:])
    if len(before) > 1 and _near(tokens, before[-2][1], begin):
        if grains[before[-2]] != grains[before[-1]] or _joined(tokens, before[-2]):
            return None
        return (*tokens[: before[-2][0]], *rest)
    return (*tokens[:begin], *rest)


def _joined(tokens: Sequence[Token], span: tuple[int, int]) -> bool:
    """Whether a period is a range, or one of several, so that it is unclear what is put right."""
    first, last = span
    return any(token.word in _JOINING for token in tokens[max(first - 2, 0) : last])


def _near(tokens: Sequence[Token], first: int, last: int) -> bool:
    """Whether nothing but commas and small words is between two places."""
    return first <= last and all(token.word in _LINKS for token in tokens[first:last])
