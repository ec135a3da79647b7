"""What places send and receive, where joins tell these apart: cities that sent goods to Paris."""

from typing import Final

from msgspec.structs import replace

from kai_flow.analyst.query.nodes import Function, Words
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.concepts import says
from kai_flow.analyst.reading.resolving import HINT
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import Role, SemanticModel

_Tests = list[tuple[p.Test, Words]]

BOTH_ENDS: Final = 0.1
"""What the places at both ends of what is sent are likelier than one place: "from A to B"."""

NOT_NAMED: Final = frozenset([Role.KEY])
"""Roles of labels that name nothing."""


def with_senders(model: SemanticModel, bag: Bag) -> Bag | None:
    """The bag in which the other end is that of what was sent, and groups are at their own end.

    None if it has groups at the other end: cities that received something are no origins.
    """
    tests = _between(bag.tests)
    if tests is not bag.tests:
        bag = replace(bag, tests=tests, cost=bag.cost - BOTH_ENDS)
    role, havings, ranks = None, list(bag.havings), list(bag.ranks)
    for at, (having, words) in enumerate(havings):
        amount, found = _taken(having.amount)
        if found is not None:
            role, havings[at] = found, (replace(having, amount=amount), words)
    for at, (rank, words) in enumerate(ranks):
        amount, found = _taken(rank.by)
        if found is not None:
            role, ranks[at] = found, (replace(rank, by=amount), words)
    if role is None:
        return bag
    asked = [of for of, _ in (*bag.which, *bag.columns)]
    if any(_at_another(model, of, role) for of in (*asked, *(rank.of for rank, _ in ranks))):
        return None
    return _at_ends(model, replace(bag, havings=havings, ranks=ranks), role)


def _at_ends(model: SemanticModel, bag: Bag, role: str) -> Bag:
    """The bag whose groups are reached by the join that has a role."""
    ranks = [(replace(rank, of=_at_end(model, rank.of, role)), words) for rank, words in bag.ranks]
    which = [(at, w) for of, w in bag.which if (at := _at_end(model, of, role)) is not None]
    rows = [(_at_end(model, p.Rows(table), role), words) for table, words in bag.rows]
    columns = [(of, words) for of, words in rows if isinstance(of, p.Column) and not which]
    rest = [(of.table, words) for of, words in rows if isinstance(of, p.Rows)]
    return replace(
        bag,
        ranks=ranks,
        which=which,
        rows=bag.rows if which else rest,
        columns=[*bag.columns, *columns],
    )


def _taken(amount: object) -> tuple[p.Amount, str] | tuple[None, None]:
    """A number of rows, and the end at which they are counted."""
    if not isinstance(amount, p.Amount) or amount.function is not Function.COUNT:
        return None, None
    for test in amount.where:
        role = test.role if isinstance(test, p.Has) and test.table == amount.table else None
        if role is not None and _hint(role):
            where = tuple(each for each in amount.where if each != test)
            return replace(amount, where=where), role
    return None, None


def _hint(role: str | None) -> bool:
    return role is not None and role.startswith(HINT)


def _at_end(model: SemanticModel, of: "p.Dimension | None", role: str) -> "p.Dimension | None":
    """Rows, or what they have, as they are reached by the join that has a role."""
    if isinstance(of, p.Column) and of.role is None and not of.number:
        return p.Column(of.ref, role)
    if not isinstance(of, p.Rows):
        return of
    label = model.entities[of.table].label
    if label is None or model.attributes[ColumnRef(of.table, label)].role in NOT_NAMED:
        return of
    return p.Column(ColumnRef(of.table, label), role)


def _at_another(model: SemanticModel, of: object, role: str) -> bool:
    """Whether something is reached by a join that has another role."""
    join = model.joins.get(of.role or "") if isinstance(of, p.Column) else None
    return join is not None and not says(join, role.removeprefix(HINT))


def _between(tests: _Tests) -> _Tests:
    """The tests, those of the other end as filters of what was sent."""
    sent = [test for test, _ in tests if _hint(_sending(test))]
    if len(sent) != 1:
        return tests
    role = _sending(sent[0])
    other = [(t, w) for t, w in tests if _end(t) not in {None, role}]
    if not other:
        return tests
    return [
        (_with(test, tuple(t for t, _ in other)) if test is sent[0] else test, words)
        for test, words in tests
        if (test, words) not in other
    ]


def _sending(test: p.Test) -> str | None:
    """The end of rows that sent something, or sent nothing."""
    inner = test.part if isinstance(test, p.Negated) else test
    return inner.role if isinstance(inner, p.Has) else None


def _end(test: p.Test) -> str | None:
    """The end that a filter is about."""
    inner = test.part if isinstance(test, p.Negated) else test
    column = inner.of if isinstance(inner, p.Compared) else None
    return column.role if isinstance(column, p.Column) and _hint(column.role) else None


def _with(test: p.Test, where: tuple[p.Test, ...]) -> p.Test:
    if isinstance(test, p.Negated):
        return p.Negated(_with(test.part, where))
    return replace(test, where=(*test.where, *where)) if isinstance(test, p.Has) else test
