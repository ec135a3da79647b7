"""Names of tables together with what points to them: "customer group", "grup pelanggan".

The head of such a name is the table meant: in "customer orders" it is the orders. It comes last in
English and first in Indonesian, whatever the language of the tables.
"""

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from msgspec import Struct

from kai_flow.analyst.lexicon.data import CONCEPTS, Language
from kai_flow.analyst.lexicon.lexicon import concepts
from kai_flow.analyst.semantics.model import Entity, SemanticModel
from kai_flow.analyst.semantics.wording import heads

__all__ = ["KindName", "kinds_named"]

_OWN: Final = 0.85
"""Names of a smaller weight are parts of names, or guesses."""

_MOST: Final = 4
"""Names of a table, or phrases of a concept in one language, that are put together with others."""

_LANGUAGES: Final[tuple[Language, ...]] = ("en", "id")

_Words: TypeAlias = tuple[str, ...]


class KindName(Struct, frozen=True):
    """One name of a table."""

    table: str
    words: _Words
    tight: bool = False
    """Whether its words stand side by side: "customer orders" are no customers of orders."""
    translated: bool = False


def kinds_named(model: SemanticModel) -> Iterator[KindName]:
    """The names of all tables to which each row of another one belongs."""
    for join in model.joins.values():
        if join.widens or join.source == join.target:
            continue
        owners, kinds = (_best(model.entities[each]) for each in (join.source, join.target))
        for owner in owners:
            for kind in kinds:
                yield from _as_named(join.target, owner, kind)
        if model.entities[join.source].label is not None:
            yield from _translated(join.target, owners, kinds)


def _as_named(table: str, owner: _Words, kind: _Words) -> Iterator[KindName]:
    english, indonesian = (*owner, *kind), (*kind, *owner)
    if heads(english) == (english[-1:],):
        yield KindName(table, english, tight=True)
    if heads(indonesian) == (indonesian[:1],):
        yield KindName(table, indonesian)


def _translated(
    table: str, owners: Iterable[_Words], kinds: Iterable[_Words]
) -> Iterator[KindName]:
    """The same by concepts: "customer group" for "kelompok" beside "pelanggan"."""
    for language in _LANGUAGES:
        whose, which = (
            dict.fromkeys(each for name in names for each in _said_in(name, language))
            for names in (owners, kinds)
        )
        for owner in whose:
            for kind in which:
                both = (*owner, *kind) if language == "en" else (*kind, *owner)
                yield KindName(table, both, tight=True, translated=True)


def _said_in(name: _Words, language: Language) -> Iterator[_Words]:
    """What the concept of a name is called first in a language, one and many."""
    for concept in sorted(concepts(name)):
        yield from CONCEPTS[language].get(concept, ())[:_MOST]


def _best(entity: Entity) -> list[_Words]:
    """A table's best names."""
    return [name.words for name in entity.names if name.weight > _OWN][:_MOST]
