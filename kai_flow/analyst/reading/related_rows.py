"""Questions to related rows: what is reached by joins to many rows, and what rows have at all."""

import math
from collections.abc import Iterator, Sequence

from msgspec import structs

from kai_flow.analyst.query.nodes import (
    All,
    Condition,
    During,
    Field,
    Filter,
    Operator,
    Recurring,
    Related,
    Words,
)
from kai_flow.analyst.reading.choices import Choice, combined
from kai_flow.analyst.reading.comparisons import ORDERED
from kai_flow.analyst.reading.parts import Has
from kai_flow.analyst.reading.resolving import Resolver
from kai_flow.analyst.reading.ways import Way, cost_of
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import Join, SemanticModel
from kai_flow.analyst.semantics.paths import keeps_rows

EVERY = All(parts=())
"""What every row meets: a sale was sold."""


def with_related(resolver: Resolver, has: Has, words: Words) -> list[Choice[Filter]]:
    """Rows that have related rows in a table of children, maybe through a certain other table."""
    if has.table == resolver.fact:
        return [] if has.by else [Choice(EVERY)]
    having = _having(resolver, has.table, has.role, words)
    if has.by is not None:
        return [choice for choice in having if _leads(resolver, choice, has.by)]
    return [*_pointing(resolver, has.table, words), *having]


def related_to(resolver: Resolver, has: Has) -> Resolver:
    """The resolver of what is asked of the related rows themselves."""
    return Resolver(resolver.model, has.table, resolver.today, resolver.named)


def with_tests(
    found: Sequence[Choice[Filter]], tests: Sequence[Choice[Filter | None]]
) -> list[Choice[Filter]]:
    """Related rows that meet filters of their own."""
    return [
        each.map(lambda v: structs.replace(v[0], where=v[1]) if isinstance(v[0], Related) else v[0])
        for each in combined([[c for c in found if isinstance(c.value, Related)], tests])
    ]


def _leads(resolver: Resolver, choice: Choice[Filter], by: str) -> bool:
    """Whether the way to related rows leads through a table."""
    joins = choice.value.path if isinstance(choice.value, Related) else ()
    return any(resolver.model.joins[join].target == by for join in joins)


def _pointing(resolver: Resolver, table: str, words: Words) -> Iterator[Choice[Filter]]:
    """Rows that point to a row of another table, where not all do: "orders with a coupon"."""
    for way in resolver.ways(table):
        for join in way.value if len(way.value) == 1 and not way.value[0].widens else ():
            own = ColumnRef(join.source, join.pairs[0][0])
            if resolver.model.attributes[own].nullable:
                of = Field(table=own.table, column=own.column, words=words)
                yield Choice(
                    Condition(of=of, operator=Operator.PRESENT, words=words), way.cost + 0.3
                )


def _having(resolver: Resolver, table: str, role: str | None, words: Words) -> list[Choice[Filter]]:
    """Rows that other rows point to."""
    return [
        Choice(
            Related(path=tuple(j.id for j in way.value), words=words),
            way.cost + (-0.3 if way.value[0].widens else 0.3),
        )
        for way in resolver.ways(table, role)
        if not keeps_rows(way.value)
    ]


def asked_of_related(resolver: Resolver, choice: Choice[Filter]) -> Choice[Filter]:
    """The same filter as a question to related rows, when joins to many rows lead there."""
    node = choice.value
    path = _path(node)
    wide = [at for at, join in enumerate(path) if resolver.model.joins[join].widens]
    if not wide:
        return choice
    cut = wide[-1] + 1
    inner = _reached(node, path[cut:])
    return choice.map(lambda _node: Related(path=path[:cut], where=inner, words=node.words))


def _path(node: Filter) -> tuple[str, ...]:
    if isinstance(node, During | Recurring):
        return node.path
    if isinstance(node, Condition) and isinstance(node.of, Field):
        return node.of.path
    return ()


def _reached(node: Filter, path: tuple[str, ...]) -> Filter:
    """The same filter reached by other joins."""
    if isinstance(node, During):
        return During(axis=node.axis, path=path, start=node.start, end=node.end, words=node.words)
    if isinstance(node, Recurring):
        return Recurring(
            axis=node.axis, path=path, part=node.part, values=node.values, words=node.words
        )
    if isinstance(node, Condition) and isinstance(node.of, Field):
        of = Field(table=node.of.table, column=node.of.column, path=path, words=node.of.words)
        return Condition(of=of, operator=node.operator, values=node.values, words=node.words)
    if isinstance(node, All):
        return All(parts=tuple(_reached(part, path) for part in node.parts), words=node.words)
    return node


def merged(model: SemanticModel, parts: Sequence[Filter]) -> list[Filter]:
    """Questions to the same related rows as one: "who ordered a laptop in March" is one order.

    The rows of the longest path are asked; what was to hold for rows on the way there is reached
    from them by the same joins backwards.
    """
    related = [part for part in parts if isinstance(part, Related) and part.where]
    plain = [
        part
        for part in parts
        if not isinstance(part, Related) or not (part.where or _said_by(part, related))
    ]
    found: list[Related] = []
    for part in sorted(related, key=lambda part: -len(part.path)):
        for at, other in enumerate(found):
            if other.path[: len(part.path)] == part.path and part.where and other.where:
                back = tuple(
                    _reverse(model, model.joins[join]).id
                    for join in reversed(other.path[len(part.path) :])
                )
                moved = _moved(part.where, back)
                both = All(parts=(other.where, moved))
                words = tuple(sorted({*other.words, *part.words}))
                found[at] = Related(path=other.path, where=both, words=words)
                break
        else:
            found.append(part)
    return [*plain, *found]


def _said_by(has: Related, others: Sequence[Related]) -> bool:
    """Whether other questions to the same rows say already that there are such rows."""
    return any(other.path[: len(has.path)] == has.path for other in others)


def shared(model: SemanticModel, parts: Sequence[Filter]) -> float:
    """What joins cost that several questions to the same related rows have in common.

    A number of single rows is no further question to those: "sold more than 700 units" in all.
    """
    related = [one for part in parts if (one := _question(part)) is not None]
    if len(related) < 2:
        return 0.0
    known: list[tuple[str, ...]] = []
    saved = 0.0
    for part in sorted(related, key=lambda part: (part.where is not None, -len(part.path))):
        if part.where is not None and not _ordered(part.where):
            common = max((_common(part.path, path) for path in known), key=len, default=())
            saved += cost_of(common, model)
        known.append(part.path)
    return saved


def way_of(choice: Choice[Filter]) -> Way:
    """The way of a filter."""
    one = _question(choice.value)
    return Way(choice.cost) if one is None else Way(choice.cost, one.path, one.where is not None)


def least_shared(model: SemanticModel, options: Sequence[Sequence[Way]]) -> float:
    """What one filter of each test costs at least, less what `shared` may find that they save.

    Any may save what its way has in common with one of another test, except for one of them.
    """
    if not all(options):
        return math.inf
    full = [min([way.cost for way in ways]) for ways in options]
    if len(options) < 2:
        return sum(full)
    paths = [{way.path for way in ways if way.path is not None} for ways in options]
    less = list(full)
    for at, ways in enumerate(options):
        others = set().union(*paths[:at], *paths[at + 1 :])
        starts = {path[0] for path in others}
        for cost, path, saves in ways:
            if saves and path is not None and path[0] in starts:
                common = max((_common(path, other) for other in others), key=len, default=())
                less[at] = min(less[at], cost - cost_of(common, model))
    return sum(less) + min(cost - saved for cost, saved in zip(full, less, strict=True))


def _question(part: Filter) -> Related | None:
    """A question to related rows, or the first of several that count as one: "Kopi and Teh"."""
    first = part.parts[0] if isinstance(part, All) and part.parts else part
    return first if isinstance(first, Related) else None


def _common(path: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """The joins that two ways have in common at their start."""
    length = 0
    for one, two in zip(path, other, strict=False):
        if one != two:
            break
        length += 1
    return path[:length]


def _ordered(node: Filter) -> bool:
    """Whether a filter says how great something is."""
    return isinstance(node, Condition) and node.operator in ORDERED


def _moved(node: Filter, back: tuple[str, ...]) -> Filter:
    """The same filter reached by some joins more."""
    if isinstance(node, All):
        return All(parts=tuple(_moved(part, back) for part in node.parts), words=node.words)
    return _reached(node, (*back, *_path(node)))


def _reverse(model: SemanticModel, join: Join) -> Join:
    """The same join in the other direction."""
    pairs = tuple((right, left) for left, right in join.pairs)
    return next(
        other
        for other in model.joins.values()
        if (other.source, other.target, other.pairs) == (join.target, join.source, pairs)
    )
