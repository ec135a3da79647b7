"""Names put together of a table and a column, which mean the column only in the usual order.

"Customer city" and "kota pelanggan" are cities. "Transaksi produk" are transactions, though, and
"omzet toko" is no store: the noun that a compound is about comes last in English, and first in
Indonesian or before "of".
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.numbers_named import is_number
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.targets import (
    AttributeTarget,
    DerivedTarget,
    EntityTarget,
    Mention,
    Target,
    ValueTarget,
)
from kai_flow.analyst.semantics.wording import LINKING, heads

REVERSED_COST: Final = 0.4
"""Of a column whose name stands where the noun that it is said of should be."""

_Span = tuple[int, int]


def reversed_name(
    mention: Mention,
    tokens: Sequence[Token],
    beside: Mapping[_Span, Collection[Target]],
    index: Index,
) -> bool:
    """Whether words name rows, or a number of theirs, of a column rather than the column."""
    if not isinstance(mention.target, AttributeTarget) or mention.last - mention.first < 2:
        return False
    if is_number(mention.target, index) or _before_value(mention, mention.target, beside):
        return False
    first = _headed_first(mention, tokens)
    if first is None:
        return False
    for at in range(mention.first + 1, mention.last):
        left, right = (mention.first, at), (at, mention.last)
        head, other = (left, right) if first else (right, left)
        if _owner(beside.get(head, ()), mention.target, index) and (
            mention.target in beside.get(_trimmed(other, tokens), ())
        ):
            return True
    return False


def _before_value(
    mention: Mention, target: AttributeTarget, beside: Mapping[_Span, Collection[Target]]
) -> bool:
    """Whether a value of the column follows: "barang kategori Minuman"."""
    return any(
        first == mention.last
        and any(isinstance(each, ValueTarget) and each.ref == target.ref for each in found)
        for (first, _), found in beside.items()
    )


def _headed_first(mention: Mention, tokens: Sequence[Token]) -> bool | None:
    """Whether the first noun is the head of some words; None if they do not tell."""
    words = tuple(token.word for token in tokens[mention.first : mention.last])
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


def _owner(found: Collection[Target], target: AttributeTarget, index: Index) -> bool:
    """Whether words name the rows that have a column, or a number of theirs."""
    return any(_of_table(each, target.ref.table, index) for each in found)


def _of_table(target: Target, table: str, index: Index) -> bool:
    """Whether words name the rows of a table, or a number of theirs."""
    match target:
        case EntityTarget(own) | DerivedTarget(_, own):
            return own == table
        case AttributeTarget(ref):
            return ref.table == table and is_number(target, index)
        case _:
            return False
