"""The greatest or least value that an adjective asks for: the earliest founding year."""

from msgspec.structs import replace

from kai_flow.analyst.query.nodes import Function, Words
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.assembler import Assembler
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.concepts import means
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import Role


def with_extremes(a: Assembler, bag: Bag) -> Bag:
    """The same with the rank of a value by itself as that value: "the lowest price".

    "The oldest cooperative" is a rank of cooperatives, "the earliest year" the least of the years.
    """
    if len(bag.ranks) != 1 or bag.measures or bag.somes or bag.versus:
        return bag
    rank, words = bag.ranks[0]
    if rank.count is not None or rank.whole or bag.which or bag.asked("which") or bag.asked("list"):
        return bag
    column, used, rest = _value(a, bag, rank)
    if column is None:
        return bag
    descending = rank.descending
    if isinstance(rank.by, p.Amount):  # the oldest in years has the earliest date
        descending ^= rank.by.of == p.Implied("age") and _is_time(a, column)
    function = Function.MAXIMUM if descending else Function.MINIMUM
    value = (p.Amount(function, column), tuple(sorted({*words, *used})))
    return replace(rest, ranks=[], measures=[value])


def _value(a: Assembler, bag: Bag, rank: p.Rank) -> tuple[p.Column | None, Words, Bag]:
    """The column whose own values are ranked, its words, and the bag without it."""
    if isinstance(rank.of, p.Column) and _of_itself(a, rank.of, rank):
        return rank.of, (), bag
    if rank.of is not None and not isinstance(rank.of, p.Rows):
        return None, (), bag
    plain = [(c, words) for c, words in bag.columns if isinstance(c, p.Column)]
    named = [(c, words) for c, words in plain if _of_itself(a, c, rank)]
    if len(named) == 1 and rank.of is None:
        column, words = named[0]
        return column, words, replace(bag, columns=[c for c in bag.columns if c != named[0]])
    if len(bag.clocks) == 1 and isinstance(rank.by, p.Clock):
        clock, words = bag.clocks[0]
        axis = a.model.axes[clock.axis]
        column = p.Column(ColumnRef(axis.table, axis.columns[0]))
        if rank.of in {None, p.Rows(axis.table)}:
            return column, words, replace(bag, clocks=[])
    return None, (), bag


def _of_itself(a: Assembler, column: p.Column, rank: p.Rank) -> bool:
    """Whether an adjective says how great the values of a column are: the lowest price."""
    attribute = a.model.attributes[column.ref]
    if isinstance(rank.by, p.Clock):
        return not rank.by.axis and _is_time(a, column)
    if not isinstance(rank.by, p.Amount) or not isinstance(rank.by.of, p.Implied):
        return False
    concept = rank.by.of.concept
    old = concept == "age" and _is_time(a, column)
    return old or (a.numeric(column) and means(attribute, concept))


def _is_time(a: Assembler, column: p.Column) -> bool:
    return a.model.attributes[column.ref].role in {Role.TIME, Role.TIME_PART}


def one_of_two(bag: Bag) -> bool:
    """Whether rows are named that have the greatest of one or of two numbers.

    "Provinsi dengan jumlah koperasi dan total aset terbesar" does not ask how great these are, nor
    does "how many orders had the highest fee".
    """
    first = min((words for _, words in bag.measures), default=())
    named = any(words < first for _, words in bag.rows)
    greatest = [superlative(measure) for measure, _ in bag.measures]
    apart = len(bag.measures) - 1 > bag.joints
    mixed = any(greatest) and not all(greatest)
    return mixed and (apart or (named and not (bag.groups or bag.asks)))


def superlative(measure: "p.Measured | p.Clock | None") -> bool:
    """Whether a number is the greatest or least one."""
    return isinstance(measure, p.Amount) and measure.function in {
        Function.MAXIMUM,
        Function.MINIMUM,
    }
