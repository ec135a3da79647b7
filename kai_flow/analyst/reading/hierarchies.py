"""How many rows stand below others of the same table: managers with more than 5 subordinates."""

from collections.abc import Sequence

from msgspec.structs import replace

from kai_flow.analyst.kinds.hierarchies import BELOW
from kai_flow.analyst.query.nodes import Function, Operator, Words
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.assembler import Assembler
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.schema import ColumnRef


def with_levels(a: Assembler, bag: Bag) -> Bag | None:
    """The same with the number of subordinates as that of rows for each one above them.

    None where nothing is below anything else.
    """
    over = _grouped_above(a, bag)
    if bag.below and not (over and (bag.measures or bag.ranks or bag.havings)):
        return None
    bag = _each_one(bag, over)
    if all(h.amount != BELOW for h, _ in bag.havings) and all(r.by != BELOW for r, _ in bag.ranks):
        return bag
    for above, words, rest in [] if bag.asked("count") else _named(a, bag):
        count = p.Amount(Function.COUNT, None, above.ref.table)
        havings = [(replace(h, amount=_known(h.amount, count)), w) for h, w in bag.havings]
        ranks = [(replace(r, by=count, of=above) if r.by == BELOW else r, w) for r, w in bag.ranks]
        groups = [] if ranks else [(above, words)]
        return replace(rest, havings=havings, ranks=ranks, groups=[*rest.groups, *groups])
    return None


def _grouped_above(a: Assembler, bag: Bag) -> list[p.Column]:
    """The groups that are those above others: "for each manager"."""
    named = [of for of, _ in [*bag.groups, *bag.which]] + [rank.of for rank, _ in bag.ranks]
    return [of for of in named if isinstance(of, p.Column) and _is_above(a, of)]


def _each_one(bag: Bag, above: Sequence[p.Column]) -> Bag:
    """The bag where "the number of subordinates of each manager" counts those that point there."""
    if len(above) != 1:
        return bag
    count = p.Amount(Function.COUNT, None, above[0].ref.table)
    measures = [(count if m == BELOW else m, words) for m, words in bag.measures]
    if measures == bag.measures:
        return bag
    below = p.Compared(above[0], Operator.PRESENT)  # nobody is the subordinate of nobody
    return replace(bag, measures=measures, tests=[*bag.tests, (below, ())])


def _is_above(a: Assembler, of: p.Column) -> bool:
    """Whether a column is of rows above others of the same table."""
    join = a.model.joins.get(of.role or "")
    return join is not None and join.source == join.target == of.ref.table


def _known(amount: p.Amount, count: p.Amount) -> p.Amount:
    return count if amount == BELOW else amount


def _named(a: Assembler, bag: Bag) -> "list[tuple[p.Column, Words, Bag]]":
    """Those who may be above others, as the question names them, and the bag without them."""
    found: list[tuple[p.Column, Words, Bag]] = []
    for of, words in bag.which:
        if isinstance(of, p.Rows) and _narrowed(bag):
            continue
        rest = replace(bag, which=[each for each in bag.which if each != (of, words)])
        found += [(above, words, rest) for above in _above(a, of)]
    for column, words in bag.columns:
        rest = replace(bag, columns=[each for each in bag.columns if each != (column, words)])
        found += [(above, words, rest) for above in _above(a, column)]
    for table, words in [] if _narrowed(bag) else bag.rows:
        rest = replace(bag, rows=[each for each in bag.rows if each != (table, words)])
        found += [(above, words, rest) for above in _above(a, p.Rows(table))]
    return found


def _narrowed(bag: Bag) -> bool:
    """Whether a filter is of those above, whom the rows that are counted only point to."""
    return any(isinstance(test, p.Compared) for test, _ in bag.tests)


def _above(a: Assembler, of: object) -> list[p.Column]:
    """The names of rows above those of the same table."""
    if not isinstance(of, p.Rows | p.Column):
        return []
    table = of.table if isinstance(of, p.Rows) else of.ref.table
    label = a.model.entities[table].label
    own = [
        join.id
        for join in a.model.joins.values()
        if join.source == join.target == table and not join.widens
    ]
    if label is None or len(own) != 1:
        return []
    if isinstance(of, p.Column) and (of.ref.column != label or of.role not in {None, *own}):
        return []
    return [p.Column(ColumnRef(table, label), own[0])]
