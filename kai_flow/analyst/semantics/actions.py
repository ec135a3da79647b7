"""What a verb points to in a database: columns, times, flags and tables named after its action."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kai_flow.analyst.lexicon.data import ACTIONS, Action
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.semantics.model import Attribute, Role, SemanticModel
from kai_flow.analyst.semantics.targets import (
    AttributeTarget,
    AxisTarget,
    EntityTarget,
    Hint,
    ValueTarget,
)
from kai_flow.analyst.semantics.wording import bags, full_words, split_name

__all__ = ["Actions"]

_NUMBERS: Final = frozenset([Role.ADDITIVE, Role.RATE])
_VALUED: Final = frozenset([Role.CATEGORY, Role.NAME, Role.TEXT])
_REVENUE: Final = frozenset([("revenue",), ("sale_amount",), ("sales_amount",)])


class Actions:
    """The actions of a language that a database has names for, by their words."""

    def __init__(self, model: SemanticModel) -> None:
        self._verbs: dict[str, list[Hint]] = {}
        self._nouns: dict[str, list[Hint]] = {}
        for action in ACTIONS:
            hints = list(dict.fromkeys(_hints(model, action)))
            near = [hint for hint in hints if hint.how == "beside"]
            for word in action.verbs:
                self._verbs.setdefault(word, []).extend(hints)
            for word in action.nouns - action.verbs:
                self._nouns.setdefault(word, []).extend(near)

    def hints(self, tokens: Sequence[Token]) -> Iterator[tuple[int, Hint]]:
        """What the verbs of a question point to, with the place of each."""
        for at, token in enumerate(tokens):
            for hint in self._verbs.get(token.word) or self._nouns.get(token.word, []):
                yield at, hint


@dataclass(frozen=True)
class _Named:
    """The words of a name that an action is looked for in."""

    words: frozenset[str]

    def has(self, action: Action) -> bool:
        return not self.words.isdisjoint(action.verbs | action.nouns)


def _named(name: str) -> _Named:
    return _Named(frozenset(full_words(split_name(name))))


def _hints(model: SemanticModel, action: Action) -> Iterator[Hint]:
    """All that an action points to."""
    tables = [table for table in model.entities if _named(table).has(action)]
    if action.name == "sell":
        tables += [derived.table for derived in model.derived if _is_revenue(derived.names)]
    for table in dict.fromkeys(tables):
        yield Hint(EntityTarget(table), "done")
    for attribute in model.attributes.values():
        if _named(attribute.column).has(action):
            yield from _of(model, attribute, action)
        elif _looked_up(model, attribute) and _named(attribute.table).has(action):
            yield Hint(AttributeTarget(attribute.ref), "beside")


def _looked_up(model: SemanticModel, attribute: Attribute) -> bool:
    """Whether it names the rows of a table that only others point to: ways to pay."""
    ways = [join for join in model.joins.values() if not join.widens]
    pointing = any(join.source == attribute.table for join in ways)
    pointed = any(join.target == attribute.table for join in ways)
    return attribute.role in _VALUED and bool(attribute.values) and pointed and not pointing


def _is_revenue(names: Iterable[object]) -> bool:
    """Whether a derived measure is what sales bring."""
    return any(not _REVENUE.isdisjoint(bags(getattr(name, "words", ()))) for name in names)


def _of(model: SemanticModel, attribute: Attribute, action: Action) -> Iterator[Hint]:
    """What an action points to in a column that is named after it."""
    column = AttributeTarget(attribute.ref)
    if attribute.role is Role.FLAG:
        for value in attribute.values:
            if value.value in {True, "Y", "y", "yes", "ya", "true", "T", "1"}:
                yield Hint(ValueTarget(attribute.ref, value), "is")
    elif attribute.role is Role.TIME:
        for axis in model.axes_of(attribute.table):
            if attribute.column in axis.columns:
                yield Hint(AxisTarget(axis.id), "when")
    elif attribute.role in _VALUED:
        yield Hint(column, "beside")
    elif attribute.role in _NUMBERS and action.number:
        yield Hint(column, "much")
