"""What every measure can do, be it one aggregate or a number that is calculated from several.

The SQL, the name, the unit and the words of a measure are methods of its node, so that one class
is all that there is to it. What the methods need is handed to them: nothing here does the work.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, Protocol

from sqlglot import exp

from kai_flow.analyst.query.refusals import Reason

if TYPE_CHECKING:
    from kai_flow.analyst.query.faults import Fault
    from kai_flow.analyst.query.naming import Results
    from kai_flow.analyst.query.nodes import Aggregate, Group
    from kai_flow.analyst.query.window import Window

__all__ = ["Asking", "Measure", "Saying", "Sortable"]


class Phrasing(Protocol):
    """What a measure is worded with."""

    def pick(self, indonesian: str, english: str) -> str:
        """The text in the language of the question."""

    def aggregate(self, measure: "Aggregate", /) -> str:
        """One aggregate in words: "total price"."""


class Saying(Phrasing, Protocol):
    """For the sentence that tells how a question was read."""

    def first_group(self) -> str:
        """What the first groups are; empty if there are none."""

    def unit_of_time(self) -> str:
        """The unit of the calendar that the groups are: "month"."""


class Asking(Phrasing, Protocol):
    """For a question that is suggested. An aggregate without a short wording ends the attempt."""

    def counted(self, measure: "Aggregate", /) -> str:
        """An aggregate; of a plain count the rows alone: "orders", not "number of orders"."""

    def part(self, measure: "Aggregate", /) -> str:
        """An aggregate with the filter that it has of its own: "orders with status paid"."""


class Sortable:
    """What the rows of a result can be sorted by: a measure, a group or a column."""

    __slots__ = ()

    words: tuple[int, ...]


class Measure(Sortable):
    """One number for each group. `Aggregate` and the subclasses of `Calculation` are measures."""

    __slots__ = ()

    windows: ClassVar[bool] = False
    """Whether its SQL looks at other groups: it has a window function."""
    rows_first: ClassVar[bool] = False
    """Whether its SQL needs the groups as rows of a subquery, with their aggregates as columns."""

    fixed: ClassVar[Reason] = Reason.COMPOSED
    """Why a follow-up cannot give it another function ("the average instead"), if it cannot."""

    @property
    def aggregates(self) -> "tuple[Aggregate, ...]":
        """What it is calculated from."""
        raise NotImplementedError

    def number(self, found: Sequence[exp.Expr], window: "Window") -> exp.Expr:
        """Its SQL. ``found``: that of its aggregates, in their order; ``window``: the groups."""
        raise NotImplementedError

    def name(self, names: "Results") -> str:
        """The name of its column in the result, in English."""
        raise NotImplementedError

    def printed(self, aggregate: "Callable[[Aggregate], str]") -> str:
        """It on a line for people who look for mistakes."""
        raise NotImplementedError

    def said(self, say: Saying) -> str:
        """It in words of the language of the question."""
        raise NotImplementedError

    def asked(self, ask: Asking) -> str | None:  # noqa: ARG002 -- for those that have a wording
        """It as one would ask for it; None: it is not suggested."""
        return None

    def unit(self, units: Sequence[str]) -> str:
        """Its unit, given those of its aggregates; empty: it has none."""
        raise NotImplementedError

    def lacks(self, groups: "Sequence[Group]") -> "Fault | None":  # noqa: ARG002 -- for those that need groups
        """What is wrong with the groups; None: nothing is."""
        return None
