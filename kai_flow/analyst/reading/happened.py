"""What happened, without a time: machines that were installed, runs that are not finished."""

from collections.abc import Iterator, Sequence
from typing import Final

from kai_flow.analyst.lexicon.lexicon import light
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.nodes import Operator
from kai_flow.analyst.reading.parts import Clock, Column, Compared, Item, Sign, Values, Where, leaf
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.index import Index

HAPPENED_COST: Final = 0.15
"""Of a verb as what happened at any time."""

LIGHT_COST: Final = 0.1
"""Of one that says nothing beside its noun: orders that were placed are orders."""

IRREGULAR: Final = frozenset(["sent", "paid", "sold", "bought", "built", "begun", "left", "found"])
"""English participles without "ed"."""

PREFIXES: Final = ("di", "ter", "ber", "me")
"""What Indonesian verbs begin with."""


def happened(tokens: Sequence[Token], found: Sequence[Item], index: Index) -> Iterator[Item]:
    """Verbs that name a time, as the filter that the time is known.

    Where the word is a status of the rows as well, the status is meant.
    """
    clocks = dict.fromkeys(
        (item.first, item.part)
        for item in found
        if isinstance(item.part, Clock)
        and item.last == item.first + 1
        and verb(tokens[item.first].word)
    )
    if not clocks or any(isinstance(item.part, Sign) and item.part == _LASTED for item in found):
        return  # "how long are books borrowed": the times are those of the duration
    stated = {
        (item.first, item.part.column.ref.table) for item in found if isinstance(item.part, Values)
    }
    for first, clock in clocks:
        axis = index.model.axes.get(clock.axis)
        if axis is None:
            continue
        column = Column(ColumnRef(axis.table, axis.columns[0]))
        if (first, axis.table) not in stated:
            test = Compared(column, Operator.PRESENT)
            plain = LIGHT_COST * light(tokens[first].word)
            yield leaf(first, first + 1, Where(test), HAPPENED_COST + plain)


_LASTED: Final = Sign("duration")


def is_happening(where: Where) -> bool:
    """Whether a filter is only that something happened."""
    return isinstance(where.test, Compared) and where.test.operator is Operator.PRESENT


def verb(word: str) -> bool:
    """Whether a word says what happened, and is no noun: "installed", and not "installation"."""
    return word.endswith("ed") or word in IRREGULAR or word.startswith(PREFIXES)
