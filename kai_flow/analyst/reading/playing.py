"""Rows that are named by the role in which others point to them: the employees who are drivers."""

from typing import Final

from kai_flow.analyst.query.nodes import All, Filter, Related, Words
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.choices import Choice
from kai_flow.analyst.semantics.model import SemanticModel

PLAYED_COST: Final = 0.15
"""Of rows that play a role: what rows themselves say that they are is meant first."""


def playing(
    model: SemanticModel, of: p.Dimension | None, table: str, words: Words
) -> Choice[Filter] | None:
    """What rows of a table meet if they play the role that they are named by."""
    role = model.joins.get(of.role or "") if isinstance(of, p.Column) else None
    if role is None or role.target != table or not role.names:
        return None
    back = tuple((target, source) for source, target in role.pairs)
    for join in model.joins.values():
        if (join.source, join.target, join.pairs) == (table, role.source, back) and join.widens:
            return Choice(Related(path=(join.id,), words=words), PLAYED_COST)
    return None


def both(where: Filter | None, further: Filter | None) -> Filter | None:
    """A filter and a further one."""
    if where is None or further is None:
        return further if where is None else where
    parts = where.parts if isinstance(where, All) else (where,)
    return All(parts=(*parts, further))
