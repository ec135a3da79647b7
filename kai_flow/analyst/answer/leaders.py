"""Who comes first in a sorted result, ties included."""

from typing import Any

from kai_flow.analyst.answer.cells import Node, shown
from kai_flow.analyst.answer.story import Story
from kai_flow.analyst.query.nodes import (
    Aggregate,
    Field,
    FieldGroup,
    Function,
    PeriodGroup,
    TimeGroup,
)
from kai_flow.analyst.semantics.model import Role

__all__ = ["leaders"]

MAX_NAMED = 3
"""Equal first places that are named; of more, only the number is stated."""


def leaders(story: Story) -> str:
    """A sentence about the first place; empty when the order is not one of size."""
    at = _ranked_by(story)
    rows = story.rows.data
    if at is None or story.query.each is not None or rows[0][at] is None:
        return ""
    tied = [row for row in rows if row[at] == rows[0][at]]
    if len(tied) == len(rows) > 1 and story.query.limit is None:
        return ""
    value = shown(rows[0][at], story.nodes[at], story.names)
    what = _named(story, story.nodes[at])
    falling = story.query.order[0].descending
    most = story.pick(*(("tertinggi", "highest") if falling else ("terendah", "lowest")))
    extreme = _is_extreme(story.nodes[at])  # "highest price" has its adjective
    if len(tied) > MAX_NAMED:
        first = what if extreme else story.pick(f"{what} {most}", f"{most} {what}")
        return story.pick(
            f"{len(tied)} baris memiliki {first} yang sama: **{value}**.",
            f"{len(tied)} rows share the {first}: **{value}**.",
        )
    who = story.names.both(f"**{_who(story, row)}**" for row in tied)
    if extreme:
        return f"{who}: {what} **{value}**."
    if len(tied) > 1:
        return story.pick(
            f"{who} sama-sama memiliki {what} {most}: **{value}**.",
            f"{who} share the {most} {what}: **{value}**.",
        )
    return story.pick(
        f"{who} memiliki {what} {most}: **{value}**.",
        f"{who} has the {most} {what}: **{value}**.",
    )


def _ranked_by(story: Story) -> int | None:
    """The column of the result that it is sorted by, if that is a quantity."""
    query, nodes = story.query, story.nodes
    if not query.order or query.order[0].by not in nodes:
        return None
    by = query.order[0].by
    if isinstance(by, FieldGroup | TimeGroup | PeriodGroup):
        return None
    at = nodes.index(by)
    if not isinstance(by, Field):
        return at
    quantity = story.names.role(by) in {Role.ADDITIVE, Role.RATE}
    return at if quantity and at > 0 and isinstance(nodes[0], Field) else None


def _is_extreme(node: Node) -> bool:
    """Whether a measure is itself a lowest or highest value."""
    return isinstance(node, Aggregate) and node.function in {Function.MINIMUM, Function.MAXIMUM}


def _who(story: Story, row: tuple[Any, ...]) -> str:
    """The groups of a row, or the first column of a list."""
    count = len(story.query.groups) or 1
    pairs = zip(row[:count], story.nodes[:count], strict=False)
    return ", ".join(shown(cell, node, story.names) for cell, node in pairs)


def _named(story: Story, node: Node) -> str:
    if isinstance(node, Field):
        return story.names.field(node, story.query.fact)
    assert not isinstance(node, FieldGroup | TimeGroup | PeriodGroup)  # noqa: S101 -- see above
    return story.wording.measure(node)
