"""What a stored query names that the database no longer has."""

from collections.abc import Iterator

from kai_flow.analyst.query.nodes import (
    Aggregate,
    During,
    Field,
    Node,
    Over,
    PeriodGroup,
    Query,
    Recurring,
    Related,
    Tally,
    TimeGroup,
    Unit,
)
from kai_flow.analyst.query.refusals import CannotChange, Reason
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import SemanticModel

__all__ = ["require_present"]

Reached = Field | During | Recurring | TimeGroup | PeriodGroup | Related | Tally | Unit


def require_present(query: Query, model: SemanticModel) -> Query:
    """The query, or `CannotChange` with the names of all that is gone.

    A stored query is older than the model: a table, column or key may have been renamed or dropped
    since, and a formula may have been taken out of the glossary.
    """
    gone = sorted(set(_gone(query, model)))
    if gone:
        raise CannotChange(Reason.GONE, *gone)
    return query


def _gone(node: object, model: SemanticModel) -> Iterator[str]:
    if isinstance(node, tuple):
        for part in node:
            yield from _gone(part, model)
    elif isinstance(node, Node):
        yield from _missing(node, model)
        for name in node.__struct_fields__:
            yield from _gone(getattr(node, name), model)


def _missing(node: Node, model: SemanticModel) -> Iterator[str]:
    """The names in this node alone that the model does not have."""
    match node:
        case Query(fact=fact) | Over(fact=fact) if fact not in model.entities:
            yield fact
        case Field(table=table, column=column) if ColumnRef(table, column) not in model.attributes:
            yield f"{table}.{column}"
        case During() | Recurring() | TimeGroup() | PeriodGroup() | Unit() if (
            node.axis not in model.axes
        ):
            yield node.axis
        case Aggregate(derived=name) if name and name not in {each.name for each in model.derived}:
            yield name
        case _:
            pass
    if isinstance(node, Reached):
        yield from (join for join in node.path if join not in model.joins)
