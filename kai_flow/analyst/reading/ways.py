"""What joins from the fact table cost: what is nearer is meant first."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from kai_flow.analyst.reading.choices import Choice, Note
from kai_flow.analyst.semantics.model import Join, Path, SemanticModel

HOP: Final = 0.15
"""Of a join to one row: what is nearer is meant first."""

WIDE: Final = 0.35
"""Of a join to many rows."""

PARTS: Final = 0.2
"""Of a join to the parts of a row, which are identified by it."""

GUESSED: Final = 0.05
"""Of a join that no foreign key declares."""


SPECIAL: Final = 0.15
"""Of a join with a role that the question does not say, where another one has none."""


class Way(NamedTuple):
    """What a filter costs, and how it reaches the rows that it asks about."""

    cost: float
    path: tuple[str, ...] | None = None
    """The joins to related rows, if it is a question to these."""
    saves: bool = False
    """Whether it may save what its joins have in common with those of another one."""


def ids(path: Path) -> tuple[str, ...]:
    """The ids of joins, as a node of a query has them."""
    return tuple(join.id for join in path)


def way_by(path: Path, model: SemanticModel) -> Choice[Path]:
    """A way by these joins, with what they cost."""
    cost = sum([_step(join, model) for join in path])
    notes = tuple(Note("guessed_join", (("join", join.id),)) for join in path if join.guessed)
    return Choice(path, cost, notes)


def cost_of(path: Sequence[str], model: SemanticModel) -> float:
    """What joins cost, by their ids."""
    return sum([_step(model.joins[join], model) for join in path])


def _step(join: Join, model: SemanticModel) -> float:
    """What one join costs. The lines of an order are nearer to it than what else points to it."""
    more = GUESSED * join.guessed + SPECIAL * join.special
    if not join.widens:
        return HOP + more
    key = model.entities[join.target].key
    near = len(key) > 1 and {child for _, child in join.pairs} < set(key)
    return (PARTS if near else WIDE) + more
