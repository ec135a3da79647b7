"""What a verb points to in a database: columns, times, flags and tables named after its action."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from kai_flow.analyst.lexicon.data import ACTIONS, Action
from kai_flow.analyst.lexicon.lexicon import stem
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
_BY_NAME: Final = {action.name: action for action in ACTIONS}
_BY_WORD: Final = {
    word: [action for action in ACTIONS if word in action.verbs | action.nouns]
    for word in frozenset().union(*(action.verbs | action.nouns for action in ACTIONS))
}
_REVENUE: Final = frozenset([("revenue",), ("sale_amount",), ("sales_amount",)])

_NOUNS_TOO: Final = frozenset(["belanja"])
"""Verbs that are mostly nouns: "total belanja" is what was spent."""
_BEFORE_VERBS: Final = frozenset(
    [
        *("yang", "yg", "pernah", "sudah", "telah", "belum", "tidak", "sempat", "udah", "sdh"),
        *("blm", "sering", "jarang", "rajin"),
    ]
)
"""Words after which they are verbs."""

_ACTING: Final = frozenset(["who", "yang", "yg", "pernah", "sudah", "telah", "belum", "sempat"])
"""Words after which such a word is no noun."""
_AFTER_VERBS: Final = frozenset(
    [
        *("in", "on", "at", "from", "since", "during", "before", "after", "between", "more"),
        *("the", "a", "most", "least", "only", "every", "each", "per", "by", "less", "with"),
    ]
)
"""Words that follow a verb, and no first part of a name."""
_PLURAL: Final = frozenset(["orders", "purchases", "returns", "sales", "payments"])


class Actions:
    """The actions of a language that a database has names for, by their words."""

    def __init__(self, model: SemanticModel) -> None:
        self._verbs: dict[str, list[Hint]] = {}
        self._nouns: dict[str, list[Hint]] = {}
        self._acts: dict[str, list[Hint]] = {}
        self._doers = {
            stem(name.words[-1], "en")
            for join in model.joins.values()
            if not join.widens
            for name in model.entities[join.target].names
            if name.words
        }
        for name, found in _hints(model).items():
            action, hints = _BY_NAME[name], list(dict.fromkeys(found))
            near = [hint for hint in hints if hint.how in {"beside", "when"}]
            for word in action.nouns - action.verbs:
                self._acts.setdefault(word, []).extend(h for h in hints if h.how == "done")
            for word in action.verbs:
                self._verbs.setdefault(word, []).extend(hints)
            for word in action.nouns - action.verbs:
                self._nouns.setdefault(word, []).extend(near)

    def acts(self, tokens: Sequence[Token], at: int) -> bool:
        """Whether a word that is a noun as well says what somebody does: "pelanggan yang order".

        So it does after several of those that rows belong to: "which customers order in May". A
        customer order is an order, and the order date of customers is a date.
        """
        word = tokens[at].word
        if at < 1 or not self._acts.get(word) or word in _PLURAL:
            return False
        before = tokens[at - 1].word
        if before in _ACTING:
            return at > 1
        after = tokens[at + 1].word if at + 1 < len(tokens) else ""
        several = before.endswith("s") and stem(before, "en") in self._doers
        return several and (not after or after in _AFTER_VERBS)

    def hints(
        self, tokens: Sequence[Token], named: Collection[int] = ()
    ) -> Iterator[tuple[int, Hint]]:
        """What the verbs of a question point to, with the place of each.

        ``named``: words that are names of something. A noun that is none, such as
        "registrations", is when it happened.
        """
        for at, token in enumerate(tokens):
            own = token.word in self._verbs
            verb = token.word if own else token.word.removesuffix("nya")
            if verb in self._verbs and not _noun(tokens, at):
                hints = self._verbs[verb]
                yield from ((at, hint) for hint in hints if own or hint.how != "much")
            if token.word in self._acts and self.acts(tokens, at):
                yield from ((at, hint) for hint in self._acts[token.word])
            for hint in self._nouns.get(token.word) or self._nouns.get(stem(token.word), []):
                if hint.how == "beside" or at not in named:
                    yield at, hint


def _noun(tokens: Sequence[Token], at: int) -> bool:
    """Whether a word that may be a verb is a noun there: not in "pelanggan yang belanja"."""
    before = [token.word for token in tokens[max(0, at - 2) : at]]
    counted = len(before) > 1 and before[0] in {"berapa", "brp"}
    verb = counted or not _BEFORE_VERBS.isdisjoint(before[-1:])
    return tokens[at].word in _NOUNS_TOO and not verb


def _actions_in(name: str) -> list[Action]:
    """The actions that a name of the database has words of."""
    words = full_words(split_name(name))
    found = {action.name: action for word in words for action in _BY_WORD.get(word, ())}
    return list(found.values())


def _hints(model: SemanticModel) -> Mapping[str, Sequence[Hint]]:
    """All that each action points to, by its name: tables first, then what is in their columns."""
    found: dict[str, list[Hint]] = {action.name: [] for action in ACTIONS}
    of_table = {table: _actions_in(table) for table in model.entities}
    looked_up = {table for table in model.entities if _only_pointed_to(model, table)}
    for table, actions in of_table.items():
        done = [each for each in actions if not (each.number and table in looked_up)]
        for action in done:  # no way to pay is what was spent
            found[action.name].append(Hint(EntityTarget(table), "done"))
    for derived in model.derived:
        if _is_revenue(derived.names):
            found["sell"].append(Hint(EntityTarget(derived.table), "done"))
    for attribute in model.attributes.values():
        own = _actions_in(attribute.column)
        for action in own:
            found[action.name].extend(_of(model, attribute, action))
        if attribute.table in looked_up and attribute.role in _VALUED and attribute.values:
            others = [each for each in of_table[attribute.table] if each not in own]
            for action in others:
                found[action.name].append(Hint(AttributeTarget(attribute.ref), "beside"))
    return found


def _only_pointed_to(model: SemanticModel, table: str) -> bool:
    """Whether others point to the rows of a table, and these point to no others: ways to pay."""
    pointed = any(not join.widens for join in model.arriving.get(table, ()))
    return pointed and all(join.widens for join in model.leaving.get(table, ()))


def _is_revenue(names: Iterable[object]) -> bool:
    """Whether a derived measure is what sales bring."""
    return any(not _REVENUE.isdisjoint(bags(getattr(name, "words", ()))) for name in names)


def _of(model: SemanticModel, attribute: Attribute, action: Action) -> Iterator[Hint]:
    """What an action points to in a column that is named after it."""
    column = AttributeTarget(attribute.ref)
    if attribute.role is Role.FLAG:
        for yes in () if action.number else attribute.values[:1]:  # what is spent is not all paid
            yield Hint(ValueTarget(attribute.ref, yes), "is")
    elif attribute.role is Role.TIME or attribute.part == "year":
        for axis in model.axes_of(attribute.table):
            if attribute.column == axis.columns[0]:
                yield Hint(AxisTarget(axis.id), "when")
    elif attribute.role in _VALUED:
        yield Hint(column, "beside")
    elif attribute.role in _NUMBERS and action.number:
        yield Hint(column, "much")
