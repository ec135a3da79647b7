"""The groups of a query as columns: labels, and the keys that tell equal labels apart."""

from dataclasses import dataclass, replace

from sqlglot import exp

from kai_flow.analyst.query.expressions import clock
from kai_flow.analyst.query.joins import Scope
from kai_flow.analyst.query.naming import Results
from kai_flow.analyst.query.nodes import Field, FieldGroup, Group, PeriodGroup, TimeGroup
from kai_flow.analyst.query.times import RECURRING
from kai_flow.analyst.query.trees import Unlowerable, case, column, literal, shown
from kai_flow.analyst.schema import ColumnRef

__all__ = ["Part", "group_part"]


@dataclass(frozen=True)
class Part:
    """One group as SQL."""

    node: Group
    name: str
    """Of its result column."""
    label: exp.Expr
    keys: tuple[tuple[str, exp.Expr], ...] = ()
    """What else tells its values apart: names for a subquery's columns, and expressions."""
    nullable: bool = True

    @property
    def expressions(self) -> list[exp.Expr]:
        """What is grouped by."""
        return [self.label.copy(), *(each.copy() for _, each in self.keys)]

    @property
    def aliased(self) -> list[exp.Expr]:
        """The same as columns of a subquery."""
        return [
            shown(self.label, self.name),
            *(shown(each, name) for name, each in self.keys),
        ]

    def lifted(self) -> "Part":
        """The group outside of that subquery."""
        keys = tuple((name, column(name)) for name, _ in self.keys)
        return replace(self, label=column(self.name), keys=keys)


def group_part(group: Group, scope: Scope, results: Results) -> Part:
    """A group as a column, with its keys."""
    name = results.group(group)
    match group:
        case FieldGroup():
            return _field_part(group, name, scope, results)
        case TimeGroup():
            found = clock(group.axis, group.path, scope)
            if not group.recurring:
                return Part(group, name, found.label(group.grain))
            if group.grain not in RECURRING:
                raise Unlowerable(f"a {group.grain} does not recur")
            return Part(group, name, found.part(RECURRING[group.grain]))
        case PeriodGroup():
            found = clock(group.axis, group.path, scope)
            branches = [
                (found.during(start, end), literal(label)) for label, start, end in group.periods
            ]
            return Part(group, name, case(*branches), nullable=False)


def _field_part(group: FieldGroup, name: str, scope: Scope, results: Results) -> Part:
    """A column, and the key of the row that it names."""
    field = group.field
    alias = scope.reach(field.path)
    names = _named_by(field, scope)
    keys = tuple((results.unique(f"{field.table}_{each}"), column(each, alias)) for each in names)
    attribute = scope.model.attributes.get(ColumnRef(field.table, field.column))
    nullable = attribute is None or attribute.nullable
    return Part(group, name, column(field.column, alias), keys, nullable)


def _named_by(field: Field, scope: Scope) -> tuple[str, ...]:
    """The key of the rows that a column names, if two of them may have one name."""
    entity = scope.model.entities[field.table]
    attribute = scope.model.attributes.get(ColumnRef(field.table, field.column))
    unique = attribute is not None and attribute.unique and not entity.sampled
    if not field.path or entity.label != field.column or unique:
        return ()
    last = scope.model.joins[field.path[-1]]
    referenced = () if last.widens else tuple(right for _, right in last.pairs)
    return tuple(each for each in entity.key or referenced if each != field.column)
