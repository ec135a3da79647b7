"""What a name of two nouns is a name of: product categories are categories."""

import math
from itertools import pairwise
from typing import Any, Final, TypeAlias

from msgspec.structs import replace

from kai_flow.analyst.lexicon.lexicon import Language
from kai_flow.analyst.query.nodes import Words
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.semantics.model import Role, SemanticModel
from kai_flow.analyst.semantics.paths import leads_to_one

_Noun: TypeAlias = tuple[str, "p.Noun | p.Dimension", Words]
"""The list of a bag that something named is in, what it is, and its words."""

NAMING: Final = frozenset([Role.CATEGORY, Role.NAME])
"""Roles of columns that may make up such a name."""


def with_heads(model: SemanticModel, bag: Bag, language: Language) -> Bag:
    """The bag with the nouns that are asked for, where others beside them only tell which.

    The other noun is finer: each product has one category, and each customer one group. It comes
    first in English and last in Indonesian.
    """
    if bag.measures or bag.ranks or bag.havings or bag.groups or bag.share is not None:
        return bag
    nouns: list[_Noun] = [("rows", p.Rows(table), words) for table, words in bag.rows]
    nouns += [("columns", column, words) for column, words in bag.columns]
    nouns += [("which", of, words) for of, words in bag.which]
    nouns.sort(key=lambda each: each[-1])
    tested = {words[at:][:1] for _, words in bag.tests for at in range(len(words))}
    for left, right in pairwise(nouns):
        head, other = (right, left) if language == "en" else (left, right)
        rest = [each for each in nouns if each not in (left, right)]
        listed = any(_beside(a[-1], b[-1]) for one in rest for a, b in ((one, left), (right, one)))
        between = {left[-1][-1:], right[-1][:1]} & tested  # "orders of London customers"
        if (
            _beside(left[-1], right[-1])
            and not (listed or between)
            and _finer(model, other[1], head[1])
        ):
            return _headed(bag, head, other)
    return bag


def _headed(bag: Bag, head: _Noun, other: _Noun) -> Bag:
    """The bag with one of the nouns alone, which is named by the words of both."""
    words = tuple(sorted({*head[-1], *other[-1]}))
    asked = "which" if "which" in (head[0], other[0]) else head[0]
    kept: dict[str, Any] = {
        "rows": [each for each in bag.rows if each[1] not in (head[-1], other[-1])],
        "columns": [each for each in bag.columns if each[1] not in (head[-1], other[-1])],
        "which": [each for each in bag.which if each[1] not in (head[-1], other[-1])],
    }
    of = head[1].table if asked == "rows" and isinstance(head[1], p.Rows) else head[1]
    kept[asked] = [*kept[asked], (of, words)]
    return replace(bag, **kept)


def _beside(left: Words, right: Words) -> bool:
    return bool(left and right) and left[-1] + 1 == right[0]


def _finer(model: SemanticModel, fine: object, coarse: object) -> bool:
    """Whether each of some things has one of others, by what is known about them."""
    match fine, coarse:
        case p.Rows(table), p.Rows(other):
            return table != other and leads_to_one(model, table, other)
        case p.Rows(table), p.Column(ref):
            names = model.attributes[ref].role in NAMING
            return names and table != ref.table and leads_to_one(model, table, ref.table)
        case p.Column(ref), p.Column(above) if ref.table == above.table:
            known = [model.attributes[each] for each in (ref, above)]
            few, fewer = (len(each.values) or math.inf for each in known)
            return all(each.role in NAMING for each in known) and few > fewer
        case _:
            return False
