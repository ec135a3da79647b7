"""Numbers that are calculated from aggregates: ratios, shares, growth, and whatever a kind adds.

To add one, write a subclass: its aggregates are its fields, its SQL is `number`, its words are
`said`. Nothing else has to name it. `Growth` in ``kinds/growth.py`` is an example.
"""

from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import ClassVar, Self

from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.naming import Results
from kai_flow.analyst.query.nodes import Aggregate, Filter, Node, Words
from kai_flow.analyst.query.refusals import CannotChange, Reason

__all__ = ["Calculation", "Nature"]


class Nature(Enum):
    """What can be said of the numbers beyond the numbers."""

    PLAIN = auto()
    PART = auto()
    """Each is a percentage of a whole."""
    CHANGE = auto()
    """Each compares with the time before: above zero is a rise."""


class Calculation(Node, Measure, frozen=True, tag=True, kw_only=True):
    """A measure that is calculated from aggregates. Its name in JSON is that of its class."""

    nature: ClassVar[Nature] = Nature.PLAIN
    signed: ClassVar[bool] = False
    """Whether a percentage is shown with its sign, as "+3%"."""
    beside: ClassVar[bool] = False
    """Whether it is shown beside the aggregate that it is of."""

    @classmethod
    def made_of(cls, aggregates: Sequence[Aggregate], words: Words) -> Self:
        """One from its aggregates, in the order of its fields."""
        names = (name for name in cls.__struct_fields__ if name != "words")
        return cls(words=words, **dict(zip(names, aggregates, strict=False)))

    @property
    def aggregates(self) -> tuple[Aggregate, ...]:
        """What it is calculated from: its fields, in their order."""
        values = (getattr(self, name) for name in self.__struct_fields__)
        return tuple(each for each in values if isinstance(each, Aggregate))

    @property
    def adds_up(self) -> bool:
        """Whether the numbers of all groups may be added."""
        return False

    def name(self, names: Results) -> str:
        """For example ``spread_of_price``."""
        return f"{type(self).__name__.lower()}_of_{names.what(self.aggregates[0])}"

    def printed(self, aggregate: Callable[[Aggregate], str]) -> str:
        """For example ``share(sum(price) within)``."""
        flags = "".join(f" {n}" for n in self.__struct_fields__ if getattr(self, n) is True)
        inner = ", ".join(map(aggregate, self.aggregates))
        return f"{type(self).__name__.lower()}({inner}{flags})"

    def in_percent(self) -> Measure:
        """It as a follow-up wants it in percent; `CannotChange` if that makes no sense."""
        raise CannotChange(Reason.COMPOSED)

    def as_amount(self) -> tuple[Measure, Filter | None]:
        """It as a follow-up wants it as an amount, and what the query's rows must meet then."""
        return self, None
