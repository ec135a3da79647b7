"""Days of the week by their names, where a table has them: "which day" is Friday, and not 5."""

from typing import Any

from kai_flow.analyst.query.nodes import Field, FieldGroup, Grain, Group, TimeGroup
from kai_flow.analyst.semantics.model import SemanticModel

__all__ = ["with_named_days"]


def with_named_days(model: SemanticModel, asked: tuple[Any, ...]) -> tuple[Any, ...]:
    """Numbers, groups, a filter and conditions, where the groups of days of the week have names."""
    numbers, groups, *rest = asked
    return (numbers, [_named(model, group) for group in groups], *rest)


def _named(model: SemanticModel, group: Group) -> Group:
    """Groups by the days of the week as groups by the column that names them, if there is one."""
    if not (isinstance(group, TimeGroup) and group.recurring and group.grain is Grain.DAY):
        return group
    table = model.axes[group.axis].table
    names = [each for each in model.of(table) if each.part == "weekday" and each.low is None]
    if len(names) != 1:
        return group
    words = group.words
    field = Field(table=table, column=names[0].column, path=group.path, words=words)
    return FieldGroup(field=field, words=words)
