"""What a result is like: over time or by parts, whole or cut, and whether its numbers add up."""

from kai_flow.analyst.answer.story import Story
from kai_flow.analyst.engines.contract import Cell
from kai_flow.analyst.query.calculation import Calculation, Nature
from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import (
    Aggregate,
    FieldGroup,
    Function,
    Group,
    PeriodGroup,
    TimeGroup,
)
from kai_flow.analyst.semantics.model import Role, SemanticModel

__all__ = ["adds_up", "figure", "is_quantity", "is_time", "is_whole", "nature_of", "runs"]


def figure(cell: Cell) -> float | None:
    """A cell as a number; None for any other."""
    return cell if isinstance(cell, int | float) and not isinstance(cell, bool) else None


def is_time(group: Group, story: Story) -> bool:
    """Whether groups follow each other in time."""
    if isinstance(group, TimeGroup):
        return not group.recurring
    if not isinstance(group, FieldGroup):
        return False
    role = story.names.role(group.field)
    return role is Role.TIME or (role is Role.TIME_PART and story.names.part(group.field) == "year")


def runs(story: Story) -> int:
    """1 if the rows go forward in time, -1 if backward, 0 if they are in another order."""
    found = story.query.order
    if not found:
        return 1
    first = found[0]
    by = first.by.field if isinstance(first.by, FieldGroup) else first.by
    groups = [g.field if isinstance(g, FieldGroup) else g for g in story.query.groups]
    if by not in groups or not is_time(story.query.groups[groups.index(by)], story):
        return 0
    return -1 if first.descending else 1


def is_whole(story: Story) -> bool:
    """Whether the rows are all groups that there are, so that they can be compared as a whole."""
    query, count = story.query, len(story.rows.data)
    cut = query.limit is not None and count >= query.limit
    return not (story.rows.truncated or cut or query.having or query.each is not None)


def adds_up(measure: Measure, story: Story) -> bool:
    """Whether the values of the groups may be added: counts and sums, when no row is in two."""
    if any(
        isinstance(group, PeriodGroup) or _widens(group, story.model)
        for group in story.query.groups
    ):
        return False
    if isinstance(measure, Calculation):
        return measure.adds_up
    if not isinstance(measure, Aggregate) or measure.over is not None:
        return False
    return measure.function in {Function.COUNT, Function.SUM}


def is_quantity(measure: Measure, story: Story) -> bool:
    """Whether "twice as much" makes sense: not of dates, nor of changes."""
    if isinstance(measure, Calculation):
        return measure.nature is Nature.PART
    rows = story.rows.data
    return all(not isinstance(story.measured(row), str) for row in rows)


def nature_of(measure: Measure) -> Nature:
    """What can be said of a measure's numbers beyond the numbers."""
    return measure.nature if isinstance(measure, Calculation) else Nature.PLAIN


def _widens(group: Group, model: SemanticModel) -> bool:
    """Whether one row of the fact table may be in several groups."""
    path = group.field.path if isinstance(group, FieldGroup) else group.path
    return any(model.joins[each].widens for each in path)
