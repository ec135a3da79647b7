"""Filters as sqlglot trees. A row without a value never meets a condition, and meets its negation.

A condition on related rows that are several (a customer's orders) holds if any of them meets it:
EXISTS. Conditions that stand together in one ``All`` and go through the same join towards children
are about the same related row: "customers with a paid order in May". Two of them ask for equality
with the same column ("bought tea and coffee"): then each is about a row of its own.
"""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from sqlglot import exp

from kai_flow.analyst.query.aggregates import aggregated
from kai_flow.analyst.query.expressions import clock, fields, may_be_missing, value
from kai_flow.analyst.query.joins import Ids, Scope, Tables, link
from kai_flow.analyst.query.nodes import (
    Against,
    Aggregate,
    All,
    Condition,
    During,
    Either,
    Field,
    Filter,
    Function,
    Not,
    Operator,
    Recurring,
    Related,
    Tally,
    bare,
)
from kai_flow.analyst.query.trees import Unlowerable, any_of, both, compared, literal, missing
from kai_flow.analyst.schema import ColumnRef

__all__ = ["Leaf", "conjuncts", "negated", "path_of", "predicate", "witnesses"]

Leaf: TypeAlias = Condition | During | Recurring

_Composed = All | Either | Not | Related | Tally | Against

_REJECTS_NOTHING = {Operator.NOT_EQUAL, Operator.EMPTY}
"""What a row without a value may meet."""


def path_of(leaf: Leaf) -> Ids:
    """The joins that a condition needs."""
    if isinstance(leaf, Condition):
        return max((field.path for field in fields(leaf.of)), key=len, default=())
    return leaf.path


def predicate(node: Filter, scope: Scope, *, sure: bool = False) -> exp.Expr:
    """Whether a row meets a filter. ``sure``: a row that does not meet it is dropped."""
    match node:
        case All():
            return _all(conjuncts(node), scope, sure)
        case Either():
            return any_of(*(predicate(part, scope) for part in node.parts))
        case Not():
            return negated(node.part, scope)
        case Related():
            return _related(node, scope)
        case Tally() | Against():
            left, values = _sides(node, scope)
            return compared(left, node.operator, values)
        case _:
            return _all([node], scope, sure)


def negated(node: Filter, scope: Scope) -> exp.Expr:
    """Whether a row does not meet a filter."""
    match node:
        case All():
            alone, related = _sorted(conjuncts(node), scope)
            parts = [negated(part, scope) for part in alone]
            parts += [exp.Not(this=_exists(key, leaves, scope)) for key, leaves in related]
            return any_of(*parts)
        case Either():
            return both(*(negated(part, scope) for part in node.parts))
        case Not():
            return predicate(node.part, scope)
        case Related() | Tally() | Against():
            return exp.Not(this=_known(node, scope))
        case _:
            if (key := scope.opening(path_of(node))) is not None:
                return exp.Not(this=_exists(key, [node], scope))
            return _opposite(node, scope)


def conjuncts(node: Filter) -> list[Filter]:
    """The parts that must all hold."""
    if isinstance(node, All):
        return [leaf for part in node.parts for leaf in conjuncts(part)]
    return [node]


def witnesses(leaves: Sequence[Leaf]) -> list[list[Leaf]]:
    """The conditions that each related row must meet: one row for all of them, as a rule."""
    by_value: dict[object, list[Leaf]] = {}
    for leaf in leaves:
        equal = isinstance(leaf, Condition) and leaf.operator is Operator.EQUAL
        of = bare(leaf.of) if isinstance(leaf, Condition) and equal else None
        by_value.setdefault(of, []).append(leaf)
    common = by_value.pop(None, [])
    single = [each[0] for each in by_value.values() if len(each) == 1]
    several = [leaf for each in by_value.values() if len(each) > 1 for leaf in each]
    shared = [leaf for leaf in leaves if leaf in common or leaf in single]
    return [[leaf, *shared] for leaf in several] or [shared]


def _all(parts: Sequence[Filter], scope: Scope, sure: bool) -> exp.Expr:
    alone, related = _sorted(parts, scope)
    found = [
        predicate(part, scope, sure=sure)
        if isinstance(part, _Composed)
        else _holds(part, scope, sure)
        for part in alone
    ]
    return both(*found, *(_exists(key, leaves, scope) for key, leaves in related))


def _sorted(
    parts: Iterable[Filter], scope: Scope
) -> tuple[list[Filter], list[tuple[Ids, list[Leaf]]]]:
    """What can be decided on the row itself, and what needs related rows."""
    alone: list[Filter] = []
    related: dict[Ids, list[Leaf]] = {}
    for part in parts:
        key = None
        if isinstance(part, Condition | During | Recurring):
            key = scope.opening(path_of(part))
            if key is not None:
                related.setdefault(key, []).append(part)
        if key is None:
            alone.append(part)
    return alone, [(key, leaves) for key, group in related.items() for leaves in witnesses(group)]


def _exists(key: Ids, leaves: Sequence[Leaf], scope: Scope) -> exp.Expr:
    """Whether a related row meets all these conditions."""
    near = scope.nearest(key)
    first = scope.model.joins[key[len(near)]]
    tables = Tables(scope.model, scope.tables.names, first.target)
    inside = Scope(tables, key[: len(near) + 1], scope)
    for path in (key, *(path_of(leaf) for leaf in leaves)):
        inside.force(path)
    found = [_holds(leaf, inside, sure=True) for leaf in leaves]
    return _any_row(tables, link(first, scope.alias(near), tables.alias), *found)


def _related(node: Related, scope: Scope) -> exp.Expr:
    """Whether there is a related row that meets a filter of its own."""
    inside, linked = _below(node.path, scope)
    found = [] if node.where is None else [predicate(node.where, inside, sure=True)]
    return _any_row(inside.tables, linked, *found)


def _below(path: Ids, scope: Scope) -> tuple[Scope, exp.Expr]:
    """The scope of related rows in a subquery, and what links them to the row outside."""
    first, *_ = scope.joins(path)
    tables = Tables(scope.model, scope.tables.names, first.target)
    way = Scope(tables, (*scope.root, path[0]))
    end = way.force((*scope.root, *path))
    inside = Scope(tables, (), alias=end, table=scope.joins(path)[-1].target)
    return inside, link(first, scope.alias(scope.root), tables.alias)


def _known(node: Related | Tally | Against, scope: Scope) -> exp.Expr:
    """Whether a row meets a filter, which is never unknown."""
    found = predicate(node, scope)
    if isinstance(node, Related):
        return found
    return exp.Coalesce(this=found, expressions=[literal(value=False)])


def _sides(node: Tally | Against, scope: Scope) -> tuple[exp.Expr, list[exp.Expr]]:
    """What is compared with what, of which one side is a subquery of one number."""
    if isinstance(node, Tally):
        inside, linked = _below(node.path, scope)
        return _one_number(node.of, inside, [linked]), [literal(each) for each in node.values]
    tables = Tables(scope.model, scope.tables.names, scope.table)
    return value(node.of, scope), [_one_number(node.than, Scope(tables), [])]


def _one_number(of: Aggregate, inside: Scope, clauses: list[exp.Expr]) -> exp.Expr:
    """The aggregate of the rows of a subquery."""
    dialect = inside.model.schema.dialect
    if of.function is Function.MEDIAN and dialect in {"sqlite", "mysql"}:
        raise Unlowerable("a median of related rows")
    found = None if of.of is None else value(of.of, inside)
    if of.where is not None:
        clauses = [*clauses, predicate(of.where, inside, sure=True)]
    query = inside.tables.source(exp.select(aggregated(of, found, dialect)))
    if clauses:
        query = query.where(both(*clauses), copy=False)
    return query.subquery()


def _any_row(tables: Tables, *clauses: exp.Expr) -> exp.Expr:
    query = tables.source(exp.select(exp.Literal.number(1)))
    return exp.Exists(this=query.where(both(*clauses), copy=False))


def _holds(leaf: Filter, scope: Scope, sure: bool) -> exp.Expr:
    """A condition on the row itself."""
    match leaf:
        case During():
            return clock(leaf.axis, leaf.path, scope, inner=sure).during(leaf.start, leaf.end)
        case Recurring():
            part = clock(leaf.axis, leaf.path, scope, inner=sure).part(leaf.part)
            return compared(part, Operator.EQUAL, [literal(each) for each in leaf.values])
        case Condition(operator=Operator.NOT_EQUAL):
            return _opposite(_equal(leaf), scope)
        case Condition():
            inner = sure and leaf.operator not in _REJECTS_NOTHING
            return _compared(leaf, scope, inner=inner)
        case _:  # pragma: no cover -- a leaf is one of those
            raise TypeError(leaf)


def _equal(leaf: Condition) -> Condition:
    return Condition(of=leaf.of, operator=Operator.EQUAL, values=leaf.values)


def _opposite(leaf: Filter, scope: Scope) -> exp.Expr:
    """That a condition on the row itself does not hold."""
    match leaf:
        case During():
            return clock(leaf.axis, leaf.path, scope).outside(leaf.start, leaf.end)
        case Recurring():
            part = clock(leaf.axis, leaf.path, scope).part(leaf.part)
            values = [literal(each) for each in leaf.values]
            return any_of(compared(part, Operator.NOT_EQUAL, values), missing(part))
        case Condition(operator=Operator.NOT_EQUAL):
            return _compared(_equal(leaf), scope)
        case Condition():
            different = _compared(leaf, scope, opposite=True)
            known = leaf.operator in {Operator.EMPTY, Operator.PRESENT}
            if known or not may_be_missing(leaf.of, scope):
                return different
            return any_of(different, missing(value(leaf.of, scope)))
        case _:  # pragma: no cover -- a leaf is one of those
            raise TypeError(leaf)


def _compared(
    leaf: Condition, scope: Scope, *, inner: bool = False, opposite: bool = False
) -> exp.Expr:
    """A comparison of an expression with constants, or its opposite."""
    left = value(leaf.of, scope, inner=inner)
    if leaf.operator in {Operator.EMPTY, Operator.PRESENT}:
        empty = opposite is (leaf.operator is Operator.PRESENT)
        return missing(left) if empty else exp.Not(this=missing(left))
    if leaf.operator is Operator.CONTAINS:
        found = any_of(*(_contains(left, str(each), scope) for each in leaf.values))
        return exp.not_(found) if opposite else found
    values = [_fitting(each, leaf, scope) for each in leaf.values]
    return compared(left, leaf.operator, values, negated=opposite)


def _contains(left: exp.Expr, text: str, scope: Scope) -> exp.Expr:
    for special in "!%_":  # no backslash, which has a meaning of its own in MySQL's literals
        text = text.replace(special, "!" + special)
    # LIKE ignores the case of letters in SQLite and MySQL
    kind = exp.Like if scope.model.schema.dialect in {"sqlite", "mysql"} else exp.ILike
    like = kind(this=left.copy(), expression=exp.Literal.string(f"%{text}%"))
    return exp.Escape(this=like, expression=exp.Literal.string("!"))


def _fitting(given: str | float | bool, leaf: Condition, scope: Scope) -> exp.Expr:
    """A constant; yes and no are 1 and 0 in a column that is not boolean."""
    if isinstance(given, bool) and isinstance(leaf.of, Field):
        column = scope.model.schema.column(ColumnRef(leaf.of.table, leaf.of.column))
        if not column.type.upper().startswith("BOOL"):
            return literal(int(given))
    return literal(given)
