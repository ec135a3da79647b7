"""The parts that names, and verbs that point to something, stand for."""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from kai_flow.analyst.lexicon.lexicon import concepts
from kai_flow.analyst.query.nodes import Operator
from kai_flow.analyst.reading.parts import (
    Beside,
    Clock,
    Column,
    Compared,
    Computed,
    Has,
    Item,
    Part,
    Role,
    Rows,
    Values,
    Where,
    leaf,
)
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.model import Role as ColumnRole
from kai_flow.analyst.semantics.model import SemanticModel
from kai_flow.analyst.semantics.targets import (
    AttributeTarget,
    AxisTarget,
    DerivedTarget,
    EntityTarget,
    Hint,
    JoinTarget,
    Mention,
    Target,
    ValueTarget,
)

HINT_COST: Final = {"beside": 0.0, "when": 0.1, "is": 0.05, "much": 0.2, "done": 0.1}
"""Of what a verb points to."""


KINDS_OF_ROWS: Final = frozenset(["type", "category", "position_title"])
"""Concepts of columns that say what a row is: a van is a vehicle, a driver an employee."""

KIND_COST: Final = 0.12
"""Of such a value as the rows that have it."""


def kind_of_rows(
    mention: Mention, cost: float, model: SemanticModel, *, several: bool
) -> Iterator[Item]:
    """The rows that a value names, because it says what they are: "list the vans".

    ``several``: whether the words are a plural, which a flag then says of rows: "smokers".
    """
    if not isinstance(mention.target, ValueTarget):
        return
    ref, value = mention.target.ref, mention.target.value.value
    attribute = model.attributes[ref]
    flag = several and attribute.role is ColumnRole.FLAG and value not in {0, "0"}
    known = model.kept_of("kinds of rows")
    if ref not in known:
        known[ref] = any(KINDS_OF_ROWS & concepts(name.words) for name in attribute.names)
    if flag or known[ref]:
        words = tuple(range(mention.first, mention.last))
        test = Compared(Column(ref), Operator.EQUAL, (value,))
        rows = leaf(mention.first, mention.last, Rows(ref.table), cost + KIND_COST)
        yield replace(rows, aside=((test, words),))


def hinted(hint: Hint, index: Index) -> Part:
    """The part that a verb is."""
    match hint.target:
        case AttributeTarget(ref) if hint.how == "beside":
            return Beside(Column(ref))
        case EntityTarget(table):
            return Where(Has(table))
        case target:
            return part_of(target, index)


def part_of(target: Target, index: Index) -> Part:
    """The part that a target is, made once for all questions."""
    known = index.model.kept_of("parts")
    part: Part | None = known.get(target)
    if part is None:
        part = known[target] = _part_of(target, index)
    return part


def _part_of(target: Target, index: Index) -> Part:
    match target:
        case EntityTarget(table):
            return Rows(table)
        case AttributeTarget(ref):
            adds = index.model.attributes[ref].role is ColumnRole.ADDITIVE
            number = ref in index.numbers
            return _pointed(ref, index.model) or Column(ref, number=number, adds=adds)
        case ValueTarget(ref, value):
            return Values(Column(ref), (value.value,))
        case DerivedTarget(name, table):
            return Computed(name, table)
        case AxisTarget(axis):
            return Clock(axis)
        case JoinTarget(join):
            table = index.model.joins[join].target
            label = index.model.entities[table].label
            return Role(join, ColumnRef(table, label) if label else None)


def _pointed(ref: ColumnRef, model: SemanticModel) -> Column | None:
    """The name of what a foreign key points to: nobody asks for the key itself."""
    if model.attributes[ref].role is not ColumnRole.KEY:
        return None
    for join in model.leaving.get(ref.table, ()):
        if not join.widens and len(join.pairs) == 1:
            label = model.entities[join.target].label
            if join.pairs[0][0] == ref.column and label is not None:
                return Column(ColumnRef(join.target, label), join.id)
    return None
