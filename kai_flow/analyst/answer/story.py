"""Everything that an answer needs: the query, its result, and what people call things."""

from dataclasses import dataclass
from functools import cached_property

from kai_flow.analyst.answer.naming import Names
from kai_flow.analyst.answer.wording import Wording
from kai_flow.analyst.engines.contract import Cell, Rows
from kai_flow.analyst.lexicon.lexicon import Language
from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import Field, Group, Query
from kai_flow.analyst.semantics.model import SemanticModel

__all__ = ["Story"]


@dataclass(frozen=True)
class Story:
    """One answered question.

    The columns of ``rows`` are the query's groups, then its measures; or the listed columns.
    """

    query: Query
    rows: Rows
    model: SemanticModel
    language: Language
    notes: tuple[str, ...] = ()
    """Assumptions of the reading, as sentences; they are stated with it."""

    @cached_property
    def names(self) -> Names:
        """What tables and columns are called."""
        return Names(self.model, self.language)

    @cached_property
    def wording(self) -> Wording:
        """The words for the query's parts; the reading has the formulas of derived measures."""
        return Wording(self.names, self.query, brief=True)

    @property
    def nodes(self) -> tuple[Group | Measure | Field, ...]:
        """What each column of the result shows."""
        return (*self.query.groups, *self.query.measures, *self.query.columns)

    def pick(self, indonesian: str, english: str) -> str:
        """The text in the language of the question."""
        return english if self.language == "en" else indonesian

    def groups_of(self, row: tuple[Cell, ...]) -> tuple[Cell, ...]:
        """The cells of a row that name its group."""
        return row[: len(self.query.groups)]

    def measured(self, row: tuple[Cell, ...], at: int = 0) -> Cell:
        """The number of a row for one of the measures."""
        return row[len(self.query.groups) + at]
