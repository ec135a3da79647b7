"""What is said of all of something, "in all regions", "semua wilayah": no group for each."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.nodes import Words
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.semantics.model import Role

if TYPE_CHECKING:
    from kai_flow.analyst.reading.assembler import Assembler
    from kai_flow.analyst.reading.resolving import Resolver

ALL: Final = frozenset(["all", "semua", "seluruh", "segenap"])
"""Words before all of something. "Each" and "every" are before what groups are made of."""

AFTER: Final = frozenset(["of", "the", "our", "my", "these", "those", "different", "other"])
"""Words that may stand between these and the noun."""

NOT: Final = frozenset(["not", "tidak", "bukan", "nearly", "almost", "hampir"])
"""Words before which they mean something else."""

ACROSS: Final = frozenset(["across", "over", "accross"])
"""Words that group, unless all of something follows."""

WITHIN: Final = frozenset(
    ["in", "for", "across", "over", "from", "among", "di", "untuk", "dari", "pada", "antara"]
)
"""Words after which all of something comes first, too: "in all regions, what are the sales"."""

LISTED_COST: Final = 0.02
"""Of a group for each where a list is asked for: "show the sales of all regions" may be either."""


def all_in(tokens: Sequence[Token]) -> dict[int, bool]:
    """The places where nouns begin of all of which something is said, and whether it is in these.

    "In all regions" says where, wherever it stands; "all regions" at the beginning is asked of.
    """
    found = {}
    for at, token in enumerate(tokens):
        if token.word not in ALL or (at and tokens[at - 1].word in NOT):
            continue
        noun = at + 1
        while noun < len(tokens) and tokens[noun].word in AFTER:
            noun += 1
        found[noun] = at > 0 and tokens[at - 1].word in WITHIN
    return found


def across_all(tokens: Sequence[Token], first: int, last: int) -> bool:
    """Whether "across" stands before all of something, and makes no groups.

    All of a year is a period.
    """
    if last != first + 1 or tokens[first].word not in ACROSS or last == len(tokens):
        return False
    noun = next((t.word for t in tokens[last + 1 :] if t.word not in AFTER), "")
    return tokens[last].word in ALL and not noun.isdigit()


def with_all(a: "Assembler", bag: Bag) -> Iterator[Bag]:
    """The bags in which columns of all of whose values something is said make no groups.

    "Total sales of all regions" is one number. "All regions with their total sales" is a list, and
    where a list is asked for it may be either.
    """
    whole = [(c, w) for c, w in bag.columns if _all_of(a, c, w)]
    if not whole or bag.havings or bag.versus:
        yield bag
        return
    if not _asks_number(a, bag, whole):
        yield _each_with_its_number(a, bag, whole)
        return
    if bag.ranks and not (bag.which or bag.ranks[0][0].of):
        yield bag
        return
    rest = [each for each in bag.columns if each not in whole]
    columns = [(c, w) for c, w in whole if isinstance(c, p.Column)]
    yield replace(bag, columns=rest, throughout=columns)
    if (bag.asked("list") or bag.apiece) and not (bag.ranks or _in_all(a, whole)):
        groups = [*bag.groups, *columns]
        yield replace(bag, columns=rest, groups=groups, cost=bag.cost + LISTED_COST)


def _each_with_its_number(a: "Assembler", bag: Bag, whole: Sequence[tuple[p.Noun, Words]]) -> Bag:
    """The words "All regions with their sales": each of them once, with the sum of its rows."""
    rest = [each for each in bag.columns if each not in whole]
    kinds = [(c, w) for c, w in whole if isinstance(c, p.Column) and _tells_kinds(a, c)]
    own = {column.ref.table for column, _ in kinds}
    others = any(table not in own for table, _ in bag.rows)
    sums = all(a.numeric(column) and a.adds_up(column) for column, _ in rest)
    if len(kinds) < len(whole) or not rest or not sums or others or bag.groups or bag.ranks:
        return bag
    return replace(bag, columns=rest, groups=kinds)


def _tells_kinds(a: "Assembler", column: p.Column) -> bool:
    """Whether many rows have each value of a column, which does not name them."""
    return a.model.attributes[column.ref].role is Role.CATEGORY


def _all_of(a: "Assembler", column: p.Noun, words: Words) -> bool:
    """Whether "all" stands before a column that tells things apart."""
    if not isinstance(column, p.Column) or column.number or column.role or a.numeric(column):
        return False
    key = a.model.attributes[column.ref].role is Role.KEY
    return not key and bool(words) and words[0] in a.all_of


def _asks_number(a: "Assembler", bag: Bag, whole: Sequence[tuple[p.Noun, Words]]) -> bool:
    """Whether a number is asked for, before these: "all regions and their sales" is a list."""
    numbers = [words for _, words in bag.measures]
    numbers += [words for column, words in bag.columns if a.numeric(column)]
    counted = [words for _, words in bag.rows] if bag.asked("count") else []
    first = min((w for _, w in whole), default=())
    if bag.ranks or (a.all_of[first[0]] and (numbers or counted)):
        return True
    return any(words < first for words in [*numbers, *counted])


def reached(a: "Assembler", resolver: "Resolver", bag: Bag) -> bool:
    """Whether the rows that a number is of have what is said to be all of something."""
    return all(a.groups(resolver, column, words) for column, words in bag.throughout)


def _in_all(a: "Assembler", whole: Sequence[tuple[p.Noun, Words]]) -> bool:
    """Whether a word before them says that it is in all of them together."""
    return all(a.all_of[words[0]] for _, words in whole)
