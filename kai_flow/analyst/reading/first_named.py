"""What a question names first, which is what it asks for."""

from collections.abc import Collection, Sequence
from typing import TypeAlias

from kai_flow.analyst.query.nodes import Words
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.assembler import Assembler
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.semantics.model import Role

_Rows: TypeAlias = Sequence[tuple[str, Words]]
_Columns: TypeAlias = Sequence[tuple[p.Column, Words]]

_LAST_OF_OPENING = 2
"""Where the first noun stands at the latest: "which drivers", "list the drivers"."""


def pointed_to(bag: Bag, rows: _Rows, columns: _Columns) -> bool:
    """Whether whom rows point to is named before them, as who did something."""
    before = rows and columns and columns[0][1] < rows[0][1]
    return bool(before and columns[0][0].role and not bag.shown)


def other_things_first(a: Assembler, bag: Bag, rows: _Rows, columns: _Columns) -> bool:
    """Whether others are asked for than these rows: "customers with orders" are customers.

    Side by side the nouns are one name: customer orders are orders, and so are online orders.
    """
    if not rows:
        return False
    table, words = rows[0]
    if len(columns) == 1:
        column, named = columns[0]
        name = a.model.attributes[column.ref].role is Role.NAME and column.ref.table != table
        if name and _apart(named, words):
            return True
    return any(
        isinstance(test, p.Compared)
        and isinstance(test.of, p.Column)
        and test.of.ref.table != table
        and 0 < named[0] <= _LAST_OF_OPENING
        and _apart(named, words)
        for test, named in bag.tests[:1]
        if named and (bag.asked("which") or bag.asked("list"))
    )


def in_clause(clauses: Collection[int], bag: Bag, rows: _Rows, table: str) -> bool:
    """Whether rows are named after the beginning of a clause that is about others before it."""
    first = min((words[0] for named, words in rows if named == table and words), default=0)
    before = [words for named, words in rows if named != table and words]
    before += [
        words
        for test, words in bag.tests
        if isinstance(test, p.Compared)
        and isinstance(test.of, p.Column)
        and test.of.ref.table != table
        and words
    ]
    return any(words[-1] < clause < first for clause in clauses for words in before)


def late(bag: Bag) -> bool:
    """Whether a number follows what is listed: "products with two tags" are not two products."""
    named = [words for _, words in (*bag.rows, *bag.columns)]
    return any(words < late for words in named for _, late in bag.somes)


def _apart(left: Words, right: Words) -> bool:
    """Whether other words stand between a noun and a later one."""
    return bool(left) and bool(right) and left[-1] + 1 < right[0]
