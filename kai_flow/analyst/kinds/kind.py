"""What a kind of question consists of. One module of this package defines one kind.

To add a kind, add a module with a ``KIND``: its phrases in both languages, the rules that build
constituents from them, and sample questions. A number that is calculated in a new way is a
subclass of `Calculation` in that module. The reader and the evaluation find it by themselves.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from kai_flow.analyst.reading.parts import Item, Narrowed, Part

Phrases: TypeAlias = tuple[str, ...]
"""Phrases of one language, lower case: "at least", "more than"."""

Element: TypeAlias = "str | type[Any] | tuple[type[Any], ...]"
"""What a rule expects at one place: a sign by its name, or a part of one of these classes."""


@dataclass(frozen=True, eq=False)
class Rule:
    """Builds a part from adjacent parts. Each rule is equal to itself only.

    ``build`` is called with the matched parts, signs included. It returns a part, several that
    are possible, or None when the parts do not fit each other.
    """

    name: str
    pattern: tuple[Element, ...]
    build: Callable[..., "Part | Narrowed | Iterable[Part | Narrowed] | None"]
    cost: float = 0.0
    aside: bool = False
    """Whether the filter in the pattern goes on as a filter of the whole question."""
    tight: bool = False
    """Whether no word may stand between its parts."""
    scoped: bool = False
    """Whether filters within its parts restrict these parts alone: each side of a ratio."""
    plain: bool = False
    """Whether no filter may stand within its parts."""
    unlimited: bool = False
    """Whether no comparison of its number with another one may stand within its parts."""
    makes: "type[Any] | None" = None
    """The class of all that it builds, if there is but one: it is not called where the chart has no
    room for that.
    """
    same: "Callable[[Item], Hashable | None] | None" = None
    """What its parts, except signs, must have in common, such as the column they are about. It is
    not tried with parts of which that is None, or differs from that of the first part.
    """

    @cached_property
    def signs(self) -> frozenset[str]:
        """The signs in its pattern, without each of which it is never tried."""
        return frozenset(element for element in self.pattern if isinstance(element, str))


@dataclass(frozen=True)
class Sample:
    """A question over the demo database, and the query whose rows answer it.

    The evaluation asks the samples of all kinds, together with the questions of its files.
    """

    language: str
    ask: str
    sql: str = ""
    ordered: bool = False
    schema: str = "demo"
    """Of the evaluation: whose database is asked, if the demo's cannot be."""
    decline: str = ""
    """In place of ``sql``, why the question must be declined: a reason of the evaluation."""


@dataclass(frozen=True)
class Kind:
    """One kind of question."""

    name: str
    about: str
    """One sentence for people: what can be asked."""
    english: Mapping[str, Phrases] = field(default_factory=dict)
    """Phrases by the name of the sign that they are."""
    indonesian: Mapping[str, Phrases] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    samples: tuple[Sample, ...] = ()


def heads(element: Element) -> tuple["str | type[Any]", ...]:
    """What fits at a place of a rule: the name of a sign, or the classes of parts."""
    return element if isinstance(element, tuple) else (element,)
