"""Names put together of a table and a column, which mean the column only in the usual order.

"Customer city" and "kota pelanggan" are cities. "Transaksi produk" are transactions, though, and
"omzet toko" is no store: the noun that a compound is about comes last in English, and first in
Indonesian or before "of".
"""

from collections.abc import Sequence
from typing import Final

from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.said_names import Question, Said
from kai_flow.analyst.semantics.targets import AttributeTarget, Mention
from kai_flow.analyst.semantics.wording import LINKING, heads

REVERSED_COST: Final = 0.4
"""Of a column whose name stands where the noun that it is said of should be."""

_Span = tuple[int, int]


def reversed_name(
    mention: Mention, said: Said, tokens: Sequence[Token], question: Question
) -> bool:
    """Whether words name rows, or a number of theirs, of a column rather than the column."""
    if not isinstance(mention.target, AttributeTarget) or len(said.words) < 2:
        return False
    ref = mention.target.ref
    if ref in question.index.numbers or (mention.last, ref) in question.begun:
        return False  # a value of the column follows: "barang kategori Minuman"
    first = _headed_first(said.words)
    if first is None:
        return False
    for at in range(mention.first + 1, mention.last):
        left, right = (mention.first, at), (at, mention.last)
        head, other = (left, right) if first else (right, left)
        if (*head, ref.table) in question.owners and (
            mention.target in question.beside.get(_trimmed(other, tokens), ())
        ):
            return True
    return False


def _headed_first(words: tuple[str, ...]) -> bool | None:
    """Whether the first noun is the head of some words; None if they do not tell."""
    if not LINKING.isdisjoint(words):
        return True
    found = heads(words)
    return found == (words[:1],) if len(found) == 1 else None


def _trimmed(span: _Span, tokens: Sequence[Token]) -> _Span:
    """A span without the words between nouns that it begins or ends with."""
    first, last = span
    while first < last - 1 and tokens[first].word in LINKING:
        first += 1
    while last - 1 > first and tokens[last - 1].word in LINKING:
        last -= 1
    return first, last
