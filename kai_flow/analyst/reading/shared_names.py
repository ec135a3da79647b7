"""Names that many rows of a table share: the patients of visits."""

from typing import Final

from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import SemanticModel

__all__ = ["names_many"]

ROWS_EACH: Final = 3
"""Rows on average at least that have the same name, where it is no name of the rows."""


def names_many(model: SemanticModel, ref: ColumnRef) -> bool:
    """Whether each value of a column stands for many rows, and names none of them."""
    attribute = model.attributes[ref]
    known = len(attribute.values)
    return not attribute.unique and 0 < ROWS_EACH * known <= model.entities[ref.table].rows
