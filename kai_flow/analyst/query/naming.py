"""Names of a result's columns: readable, in English, unique, short enough for every database."""

import re
from collections.abc import Iterable

from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import (
    Aggregate,
    Condition,
    Expression,
    Field,
    FieldGroup,
    Formula,
    Function,
    Group,
    Lapse,
    Operator,
    PeriodGroup,
    Unit,
)
from kai_flow.analyst.semantics.model import SemanticModel

__all__ = ["Results"]

MAX_NAME = 60
"""Characters of a name at most: PostgreSQL cuts at 63."""

_PREFIX = {
    Function.COUNT: "number_of",
    Function.DISTINCT: "number_of_different",
    Function.SUM: "total",
    Function.AVERAGE: "average",
    Function.MINIMUM: "lowest",
    Function.MAXIMUM: "highest",
    Function.MEDIAN: "median",
}
_VAGUE = {"id", "name", "nama", "title", "judul", "label", "code", "kode", "nomor", "number"}
"""Column names that say too little without their table's name."""


_YES = frozenset(["1", "1.0", "true", "t", "y", "yes", "ya"])
_NO = frozenset(["0", "0.0", "false", "f", "n", "no", "tidak"])
"""Values of flags, which say nothing without their column's name."""


class Results:
    """Gives out names, each once."""

    def __init__(self, model: SemanticModel, fact: str) -> None:
        self._model = model
        self._fact = fact
        self._used: set[str] = set()

    def unique(self, wanted: str) -> str:
        """A free name like the wanted one."""
        wanted = wanted[:MAX_NAME].strip("_") or "value"
        number, chosen = 2, wanted
        while chosen.casefold() in self._used:
            chosen, number = f"{wanted}_{number}", number + 1
        self._used.add(chosen.casefold())
        return chosen

    def group(self, group: Group) -> str:
        """The name of a group's column."""
        if isinstance(group, FieldGroup):
            return self.field(group.field)
        return self.unique("period" if isinstance(group, PeriodGroup) else group.grain.value)

    def field(self, field: Field) -> str:
        """The name of a listed column."""
        name = field.column
        if not field.path:
            return self.unique(name)
        role = self._model.joins[field.path[-1]].names
        vague = name.casefold() in _VAGUE or name.casefold() in self._used
        if vague:
            name = f"{self._one(field.table)}_{name}"
        if role:
            name = "_".join([*role[0].words, name])
        return self.unique(_slug([name]))

    def measure(self, measure: Measure) -> str:
        """The name of a measure's column."""
        return self.unique(measure.name(self))

    def aggregate(self, aggregate: Aggregate) -> str:
        """What an aggregate is called, alone or within the name of a calculation."""
        prefix = _PREFIX[aggregate.function]
        name = self.what(aggregate)
        if not f"{name}_".startswith(f"{prefix}_"):
            name = f"{prefix}_{name}"
        return name + self.limit(aggregate)

    def what(self, aggregate: Aggregate) -> str:
        """What is aggregated."""
        if aggregate.function is Function.COUNT:
            return _slug([self._fact if aggregate.over is None else aggregate.over.fact])
        if aggregate.derived:
            return _slug([aggregate.derived])
        return _slug(self._columns(aggregate.of))

    def limit(self, aggregate: Aggregate) -> str:
        """The value that an aggregate is limited to, after an underscore; else empty."""
        where = aggregate.where
        if isinstance(where, Condition) and where.operator is Operator.EQUAL and where.values:
            slug = _slug([self._value(where)])
            return f"_{slug}" if slug else ""
        return ""

    def _value(self, where: Condition) -> str:
        """The value that a column must have: of a flag its name, which says more than "true"."""
        value = str(where.values[0])
        known = value.casefold() in _YES | _NO
        if known and isinstance(where.of, Field):
            return f"{'' if value.casefold() in _YES else 'not_'}{where.of.column}"
        return value

    def _columns(self, of: Expression | Unit | None) -> list[str]:
        if isinstance(of, Field):
            vague = of.column.casefold() in _VAGUE and of.path
            return [self._one(of.table), of.column] if vague else [of.column]
        if isinstance(of, Unit):
            return [of.grain.value]
        if isinstance(of, Lapse):
            end = "now" if of.end is None else of.end.column
            return [f"{of.unit}s", "from", of.start.column, "to", end]
        return ["value"] if isinstance(of, Formula) else ["rows"]

    def _one(self, table: str) -> str:
        """What one row of a table is called."""
        entity = self._model.entities.get(table)
        return "_".join(entity.names[0].words) if entity and entity.names else table


def _slug(words: Iterable[str]) -> str:
    """Words in lower case with underscores between them."""
    return re.sub(r"\W+", "_", "_".join(words).lower()).strip("_")
