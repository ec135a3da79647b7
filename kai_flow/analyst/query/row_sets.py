"""The rows that are aggregated, and the subqueries that they may come from.

A subquery gives every (group, fact row) once, or every row with the rank of its value.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from kai_flow.analyst.query.aggregates import aggregated, merged_number
from kai_flow.analyst.query.group_columns import Part
from kai_flow.analyst.query.joins import Tables
from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.naming import Results
from kai_flow.analyst.query.nodes import Aggregate
from kai_flow.analyst.query.ordering import ordered
from kai_flow.analyst.query.trees import Unlowerable, column, shown

__all__ = ["Rows", "distinct_pairs", "with_ranks"]


@dataclass
class Rows:
    """The rows that are aggregated: where they come from, and how each aggregate sees them."""

    parts: list[Part]
    inputs: dict[Aggregate, exp.Expr | None]
    source: Callable[[exp.Select], exp.Select]
    dialect: str
    distinct: bool = False
    """Whether rows may repeat, so that counts are of different keys."""
    ranks: dict[Aggregate, tuple[exp.Expr, exp.Expr]] = field(default_factory=dict)
    merged: bool = False
    """Whether the inputs are numbers of groups already, of which each is in one row."""

    @property
    def values(self) -> dict[Measure, exp.Expr]:
        """Every aggregate's number."""
        if self.merged:
            return {
                each: merged_number(each, found, grouped=bool(self.parts))
                for each, found in self.inputs.items()
                if found is not None
            }
        return {
            each: aggregated(
                each, found, self.dialect, distinct=self.distinct, rank=self.ranks.get(each)
            )
            for each, found in self.inputs.items()
        }

    def grouped(self) -> list[exp.Expr]:
        """GROUP BY, by the number of the result column where it is calculated."""
        found: list[exp.Expr] = []
        for at, part in enumerate(self.parts, start=1):
            plain = isinstance(part.label, exp.Column)
            found.append(part.label.copy() if plain else exp.Literal.number(at))
            found += [key.copy() for _, key in part.keys]
        return found


def distinct_pairs(rows: Rows, key: list[exp.Expr], tables: Tables, results: Results) -> Rows:
    """Every (group, fact row) once, with the inputs of the aggregates.

    An input that is limited by a condition may be there and missing for the same pair, when the
    condition is about the group's own child rows: then it is there.
    """
    keys = [shown(each, results.unique(each.name)) for each in key]
    inputs, columns = _carried(rows.inputs, results)
    groups = [each for part in rows.parts for each in part.aliased]
    limited = any(each.where is not None for each in rows.inputs)
    if limited:
        plain = [each for each in columns if isinstance(each.unalias(), exp.Column)]
        by = [*rows.grouped(), *(each.unalias().copy() for each in (*keys, *plain))]
        found = [each if each in plain else _any_of_pair(each) for each in columns]
        select = exp.select(*groups, *keys, *found).group_by(*by, copy=False)
    else:
        select = exp.select(*groups, *keys, *columns).distinct(copy=False)
    return Rows(
        [part.lifted() for part in rows.parts],
        inputs,
        _from(rows.source(select), tables.names.other("pairs")),
        rows.dialect,
    )


def _any_of_pair(aliased: exp.Expr) -> exp.Expr:
    return exp.alias_(exp.Max(this=aliased.unalias().copy()), aliased.alias, quoted=True)


def with_ranks(rows: Rows, medians: Sequence[Aggregate], tables: Tables, results: Results) -> Rows:
    """Every row with the rank of its values in its group, for databases without medians."""
    groups = [each for part in rows.parts for each in part.expressions]
    inputs, columns = _carried(rows.inputs, results)
    ranks: dict[Aggregate, tuple[exp.Expr, exp.Expr]] = {}
    for each in medians:
        found = rows.inputs[each]
        if found is None:
            raise Unlowerable("the median of nothing")
        order = exp.Order(expressions=[ordered(found.copy(), dialect=rows.dialect)])
        count = exp.Count(this=found.copy())
        by = [group.copy() for group in groups]
        windows = (
            exp.Window(this=exp.RowNumber(), partition_by=by, order=order, over="OVER"),
            exp.Window(this=count, partition_by=[group.copy() for group in by], over="OVER"),
        )
        names = [results.unique(f"{what}_of_value") for what in ("rank", "count")]
        columns += [
            exp.alias_(window, name, quoted=True)
            for window, name in zip(windows, names, strict=True)
        ]
        ranks[each] = (column(names[0]), column(names[1]))
    select = exp.select(*(each for part in rows.parts for each in part.aliased), *columns)
    return Rows(
        [part.lifted() for part in rows.parts],
        inputs,
        _from(rows.source(select), tables.names.other("ranked")),
        rows.dialect,
        ranks=ranks,
    )


def _carried(
    inputs: dict[Aggregate, exp.Expr | None], results: Results
) -> tuple[dict[Aggregate, exp.Expr | None], list[exp.Expr]]:
    """The inputs as columns of a subquery: how they are read outside, and written inside."""
    outside: dict[Aggregate, exp.Expr | None] = {}
    inside: dict[exp.Expr, str] = {}
    for aggregate, found in inputs.items():
        if found is None:
            outside[aggregate] = None
            continue
        if found not in inside:
            inside[found] = _carried_name(found, results)
        outside[aggregate] = column(inside[found])
    return outside, [shown(each, name) for each, name in inside.items()]


def _carried_name(found: exp.Expr, results: Results) -> str:
    if not isinstance(found, exp.Column):
        return results.unique("value")
    return results.unique(found.name) if found.table else found.name


def _from(inner: exp.Select, name: str) -> Callable[[exp.Select], exp.Select]:
    """Puts a subquery behind FROM."""

    def source(select: exp.Select) -> exp.Select:
        return select.from_(inner.subquery(exp.to_identifier(name, quoted=True)), copy=False)

    return source
