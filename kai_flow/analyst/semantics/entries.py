"""The names of a semantic model as entries of an index."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kai_flow.analyst.semantics.model import Attribute, Name, Role, SemanticModel
from kai_flow.analyst.semantics.targets import (
    AttributeTarget,
    AxisTarget,
    DerivedTarget,
    EntityTarget,
    How,
    JoinTarget,
    Target,
    ValueTarget,
)
from kai_flow.analyst.semantics.vocabulary import GENERIC

__all__ = ["Entry", "entries_of"]

TAUGHT = 0.95
"""What an exact match with a taught name is worth."""

VALUE_PART = 0.6
"""What a match with a part of a value that no other value has is worth."""

_PART = 0.8  # names below are parts of names


@dataclass(frozen=True, slots=True)
class Entry:
    """One name of one target."""

    words: tuple[str, ...]
    target: Target
    score: float
    how: How
    loose: bool = True
    """Whether it is also found by concepts, in another order or language."""


def entries_of(model: SemanticModel) -> Iterator[Entry]:
    """Every name of everything."""
    for entity in model.entities.values():
        yield from _named(EntityTarget(entity.table), entity.names)
    for attribute in model.attributes.values():
        yield from _named(AttributeTarget(attribute.ref), attribute.names)
        yield from _values(attribute)
    for axis in model.axes.values():
        yield from _named(AxisTarget(axis.id), axis.names)
    for join in model.joins.values():
        yield from _named(JoinTarget(join.id), join.names)
    for derived in model.derived:
        yield from _named(DerivedTarget(derived.name, derived.table), derived.names)


def _named(target: Target, names: Iterable[Name], *, loose: bool = True) -> Iterator[Entry]:
    for name in names:
        if name.taught:
            yield Entry(name.words, target, TAUGHT, "taught", loose)
        else:
            how: How = "exact" if name.weight > _PART else "part"
            yield Entry(name.words, target, name.weight, how, loose)


def _values(attribute: Attribute) -> Iterator[Entry]:
    """The values of a column. Names of rows are not translated: "Harapan" is no hope."""
    loose = attribute.role is not Role.NAME
    for value in attribute.values:
        yield from _named(ValueTarget(attribute.ref, value), value.names, loose=loose)
    if attribute.role is not Role.FLAG:
        yield from _parts(attribute)


def _parts(attribute: Attribute) -> Iterator[Entry]:
    """Words that are part of exactly one value: "Jakarta" for "DKI Jakarta"."""
    own = [value.names[0].words for value in attribute.values if value.names]
    counted = Counter(word for words in own for word in dict.fromkeys(words))
    for value, words in zip((v for v in attribute.values if v.names), own, strict=True):
        for word in dict.fromkeys(words) if len(words) > 1 else ():
            if counted[word] == 1 and len(word) > 3 and word.isalpha() and word not in GENERIC:
                yield Entry((word,), ValueTarget(attribute.ref, value), VALUE_PART, "part", False)
