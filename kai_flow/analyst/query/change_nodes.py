"""What a follow-up can change of the query before; `changes.apply` makes the change.

A reader builds these nodes out of the words of a fragment, and they carry these words. A time whose
``axis`` is empty ("in 2024", "by year") means the axis that the query already uses, or the only one
of its table.
"""

from typing import TypeAlias

from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import (
    During,
    Field,
    Filter,
    Function,
    Group,
    Having,
    Node,
    Recurring,
)

__all__ = [
    "AddFilter",
    "AddGroup",
    "AddMeasure",
    "AsAmount",
    "AsShare",
    "Change",
    "DropFilter",
    "ListRows",
    "ReplaceFilter",
    "SetFunction",
    "SetGroups",
    "SetHaving",
    "SetLimit",
    "SetMeasures",
    "SetOrder",
    "SetPeriod",
]


class AddFilter(Node, frozen=True, tag=True, kw_only=True):
    """A filter ("only for Java"), which replaces those with the same subject.

    A lower bound stays beside an upper one, and an exclusion beside everything (see `filters`).
    """

    part: Filter


class ReplaceFilter(Node, frozen=True, tag=True, kw_only=True):
    """Another value for a column that is already filtered ("what about Java?"); else refused."""

    part: Filter


class DropFilter(Node, frozen=True, tag=True, kw_only=True):
    """No filter on a column any more ("for all provinces"); refused if there is none."""

    of: Field | None = None
    """None: all filters but the period."""


class SetPeriod(Node, frozen=True, tag=True, kw_only=True):
    """A period ("in 2024", "and in March?"), which replaces the period on its axis.

    A part of the year ("in March") stays inside a period ("of 2024"), and replaces another part. A
    period of a year or more keeps the part; a shorter one replaces it as well.
    """

    period: During | Recurring | None = None
    """None: of all times."""


class SetGroups(Node, frozen=True, tag=True, kw_only=True):
    """Other groups ("by city instead"), or none ("the total")."""

    groups: tuple[Group, ...] = ()


class AddGroup(Node, frozen=True, tag=True, kw_only=True):
    """One more group ("and by year?"), two at most.

    Another unit of time on the same axis replaces the unit before. A ranking with a limit gets no
    second group, because its limit would then count something else.
    """

    group: Group


class SetMeasures(Node, frozen=True, tag=True, kw_only=True):
    """Other measures ("and the cost?") in place of those before, or of a list."""

    measures: tuple[Measure, ...]
    fact: str = ""
    """The table whose rows they are about; empty: the same as before."""


class AddMeasure(Node, frozen=True, tag=True, kw_only=True):
    """One more number in each row ("together with the cost")."""

    measure: Measure


class SetFunction(Node, frozen=True, tag=True, kw_only=True):
    """Another function of the same columns ("and the average?")."""

    function: Function


class AsShare(Node, frozen=True, tag=True, kw_only=True):
    """The measures in percent: shares of the groups' total.

    Without groups, and with exactly one filter that is no period: the percentage of the rows that
    meet this filter.
    """


class AsAmount(Node, frozen=True, tag=True, kw_only=True):
    """Amounts again, instead of shares, percentages or growth in percent."""


class SetHaving(Node, frozen=True, tag=True, kw_only=True):
    """A condition on groups ("with more than 100"), which replaces the one on its measure."""

    having: Having


class SetLimit(Node, frozen=True, tag=True, kw_only=True):
    """A number of rows ("top 10 instead", "the worst 5", "all of them")."""

    count: int | None
    """None: no limit."""
    descending: bool | None = None
    """True for "top", False for "bottom"; None keeps the order."""


class SetOrder(Node, frozen=True, tag=True, kw_only=True):
    """Another order ("by name", "the other way round")."""

    by: Measure | Group | Field | None = None
    """None: what it is sorted by already."""
    descending: bool = False


class ListRows(Node, frozen=True, tag=True, kw_only=True):
    """The rows behind the numbers ("show them"), with the same filters."""

    columns: tuple[Field, ...]
    limit: int | None = 100
    distinct: bool = False


Change: TypeAlias = (
    AddFilter
    | ReplaceFilter
    | DropFilter
    | SetPeriod
    | SetGroups
    | AddGroup
    | SetMeasures
    | AddMeasure
    | SetFunction
    | AsShare
    | AsAmount
    | SetHaving
    | SetLimit
    | SetOrder
    | ListRows
)
