"""Why a query makes no sense on its model."""

from enum import StrEnum

from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import Node

__all__ = ["Fault", "IllTyped"]


class Fault(StrEnum):
    """The reasons; each is the key of a sentence."""

    NO_TABLE = "no such table"
    NO_COLUMN = "no such column"
    NO_AXIS = "no such time"
    BROKEN_PATH = "broken path"
    """The joins do not lead from the fact table to the column's table."""
    SEVERAL_ROWS = "several rows"
    """One row of the fact table meets several of these, so a row has no single value."""
    NOTHING_ASKED = "nothing asked"
    """Neither measures nor columns, or both."""
    REPEATED_GROUP = "repeated group"
    DIFFERENT_GROUPS = "different groups"
    """Numbers of two tables whose groups are not the same, or of three tables."""
    NOT_SUMMABLE = "not summable"
    """A sum of prices, percentages, codes or keys."""
    NOT_A_NUMBER = "not a number"
    NOT_ORDERED = "not ordered"
    """The lowest or highest of something that is neither number nor time."""
    NO_OPERAND = "no operand"
    """An aggregate of nothing, or a count of a column."""
    BAD_FORMULA = "bad formula"
    TOO_FINE = "too fine"
    """Days or months of a time that is kept by month or year."""
    BAD_PERIOD = "bad period"
    """No date, or an end that is not after the start."""
    OVERLAPPING_PERIODS = "overlapping periods"
    BAD_PART = "bad part"
    """A month 13, or a part that does not recur."""
    WITHOUT_TIME = "without time"
    WITHOUT_GROUPS = "without groups"
    NOT_DIVISIBLE = "not divisible"
    """A share of an average, of different values, or of rows that belong to several groups."""
    EACH_WITHOUT_GROUPS = "each without groups"
    BAD_LIMIT = "bad limit"
    BAD_ORDER = "bad order"
    """Sorted by what the result does not have."""
    BAD_VALUE = "bad value"
    """A value that does not fit the column: a text for a number, or no finite number."""
    BAD_OPERATOR = "bad operator"
    """An operator that does not fit the column, or too few or too many values for it."""


class IllTyped(ValueError):
    """A query that makes no sense."""

    def __init__(self, fault: Fault, node: Node | Measure) -> None:
        super().__init__(f"{fault}: {node}")
        self.fault = fault
        self.node = node
        """The part that is at fault, with the words that it came from."""
