"""Ends that ask what each of the first made: "…, and how much each one made".

Where the question ranks by what was made, it asks for the number beside; elsewhere it asks for
another number, which no reading tells.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.nodes import Aggregate, Field, Function, Query
from kai_flow.analyst.reading.concepts import means
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import SemanticModel

__all__ = ["Earned", "earned_by_each"]

_MADE: Final = (
    "made|make|makes|brought in|bring in|brings in|took in|take in|takes in|earned|earn|earns"
    "|sold|sell|sells|generated|generate|generates|brought|bring|got|get|gets|yielded|contributed"
)
_EACH: Final = (
    "each of them|each of these|each one|every one|each|they each|they|it|he|she|that one"
)
_ENGLISH: Final = re.compile(
    rf"(?:,? ?(?:and|also|plus|,))+ how much (?:(?:did|does|do|has|have) )?(?:{_EACH}) "
    rf"(?:(?:has|have|had|did) )?(?:{_MADE})(?: each)?(?: for us)?"
)
_DAPAT: Final = (
    "dapat|dapet|dapatnya|dapetnya|menghasilkan|hasilkan|hasilnya|dihasilkan|dihasilkannya"
    "|hasilin|ngehasilin|ngasilin|diperoleh|perolehannya|terjual"
)
_INDONESIAN: Final = re.compile(
    r"(?:,? ?(?:dan|terus|serta|sama|,))+ (?:"
    rf"(?:masing-masing(?:nya)? )?(?:{_DAPAT}) berapa(?: masing-masing)?(?: duit| uang)?"
    rf"|berapa (?:(?:duit|uang) )?(?:yang )?(?:masing-masing )?(?:{_DAPAT})"
    r"(?: masing-masing| tiap-tiapnya)?(?:nya)?)"
)
_EARLIER: Final = re.compile(
    r"\b(?:sales|revenue|revenues|money|income|earned|earning|earnings|turnover|made|makes|make"
    r"|brought in|brings in|bring in|generated|generates|surplus|profit|penjualan|pendapatan\w*"
    r"|omzet\w*|omset\w*|pemasukan\w*|laba|untung|keuntungan|duit|uang|menghasilkan|dihasilkan)\b"
)
_SOLD: Final = re.compile(r"\b(?:sold|sell|sells|terjual)\b")
_SALES: Final = re.compile(r"\b(?:sales|sold|sell|sells|selling|units|penjualan|terjual|laku)\b")


@dataclass(frozen=True)
class Earned:
    """A question that ends so, with plain words in place of the end."""

    tokens: tuple[Token, ...]
    words: str
    """The end as it was said."""
    ranked: bool
    """Whether the question itself speaks of what was made."""
    sold: bool
    """Whether the end asks what was sold, be it money or units."""

    def tells(self, query: Query, model: SemanticModel) -> bool:
        """Whether a query shows what each made: it has one number, which is a sum."""
        if not (self.ranked and query.groups and len(query.measures) == 1):
            return False
        measure = query.measures[0]
        if not isinstance(measure, Aggregate) or measure.function is not Function.SUM:
            return False
        return self.sold or not any(
            means(model.attributes[ColumnRef(field.table, field.column)], "quantity")
            for field in (measure.of,)
            if isinstance(field, Field)
        )


def earned_by_each(tokens: Sequence[Token]) -> Earned | None:
    """A question that ends with what each made; None if it does not end so."""
    if not any(token.word in {"how", "berapa"} for token in tokens[2:]):
        return None
    words = [token.word or '"' for token in tokens]
    for at in range(len(words) - 2, 1, -1):
        end = " " + " ".join(words[at:])
        for pattern, plain in ((_ENGLISH, "and how much for each"), (_INDONESIAN, "nilainya")):
            if pattern.fullmatch(end) or pattern.fullmatch(end[1:]):
                return _plain(tokens, at, plain)
    return None


def _plain(tokens: Sequence[Token], at: int, plain: str) -> Earned:
    """The question with a plain end in place of that from a token on."""
    while at > 1 and tokens[at - 1].word in {",", "and", "dan", "also"}:
        at -= 1
    end, before = tokens[at:], " ".join(token.word for token in tokens[:at])
    said = " ".join(token.text for token in end)
    sold = _SOLD.search(" ".join(token.word for token in end))
    ranked = (_SALES if sold else _EARLIER).search(before) is not None
    words = ("beserta", plain) if plain == "nilainya" else plain.split()
    place = replace(end[0], end=end[-1].end, number=None)
    new = (replace(place, text=word, word=word) for word in words)
    return Earned((*tokens[:at], *new), said.strip(" ,"), ranked, sold is not None)
