"""Adjectives that ask for a size: "how heavy is a parcel on average", "how big is a shop"."""

from collections.abc import Iterator, Sequence
from typing import Final

from kai_flow.analyst.lexicon.data import SIZES
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.concepts import means
from kai_flow.analyst.reading.parts import Column, Item, Rows, leaf
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.model import Role

HOW: Final = frozenset(["how", "seberapa"])
"""Words before such an adjective."""

SIZE_COST: Final = 0.2


def sizes_in(tokens: Sequence[Token], found: Sequence[Item], index: Index) -> Iterator[Item]:
    """The adjectives after "how", each as the columns of the named rows that it asks for."""
    named = {item.part.table for item in found if isinstance(item.part, Rows)}
    for at in range(1, len(tokens)):
        if tokens[at - 1].word not in HOW:
            continue
        for concept in SIZES.get(tokens[at].word, ()):
            for attribute in index.model.attributes.values():
                number = attribute.role in {Role.ADDITIVE, Role.RATE}
                if number and attribute.table in named and means(attribute, concept):
                    adds = attribute.role is Role.ADDITIVE
                    yield leaf(at, at + 1, Column(attribute.ref, number=True, adds=adds), SIZE_COST)
