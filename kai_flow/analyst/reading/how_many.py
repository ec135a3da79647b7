"""What "how many customers" counts: customers, and nothing else of theirs."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from kai_flow.analyst.lexicon.lexicon import stem
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.nodes import Aggregate, Field, FieldGroup, Function, Query
from kai_flow.analyst.reading.concepts import means
from kai_flow.analyst.semantics.model import Role, SemanticModel

__all__ = [
    "counts_an_amount",
    "counts_for_units",
    "counts_others",
    "tells_each",
    "tells_no_things",
]

PLURAL: Final = "s"

DEALING: Final = frozenset(["sell", "sold", "spend", "spent", "buy", "bought", "earn", "earned"])
"""What is done for money, or so many times."""

SOLD: Final = frozenset(["terjual", "laku"])
"""What was done with so many of something."""

COUNTS: Final = frozenset(["number", "count", "many", "often"])
"""Words that ask for a number of rows."""

WHICH: Final = frozenset(["which", "what"])


def counts_others(tokens: Sequence[Token], query: Query, model: SemanticModel) -> bool:
    """Whether rows are counted that belong to those which "how many" asks for.

    "How many customers made a return" is no number of returns of each customer.
    """
    asked = _asked(tokens, model)
    if asked is None or asked == query.fact or not query.measures:
        return False
    counts = [m for m in query.measures if isinstance(m, Aggregate)]
    rows = all(m.function is Function.COUNT and m.of is None for m in counts)
    by = [group.field for group in query.groups if isinstance(group, FieldGroup)]
    others = any(_of(field, asked, model) for field in by) or not by
    return rows and others and len(counts) == len(query.measures)


def counts_an_amount(tokens: Sequence[Token], query: Query) -> bool:
    """Whether rows are counted where "how much" asks what was sold or spent.

    "How much did we sell to female customers" is no number of customers.
    """
    words = [token.word for token in tokens]
    asked = ("how", "much") in pairwise(words)
    if not asked or DEALING.isdisjoint(words) or not COUNTS.isdisjoint(words):
        return False
    counts = [m for m in query.measures if isinstance(m, Aggregate)]
    return any(m.function is Function.COUNT and m.of is None for m in counts)


def counts_for_units(tokens: Sequence[Token], query: Query, model: SemanticModel) -> bool:
    """Whether rows with quantities are counted where it is asked how much was sold.

    "Kopi terjual berapa" is no number of sales, each of several packs.
    """
    words = {token.word for token in tokens}
    if SOLD.isdisjoint(words) or not query.measures:
        return False
    counts = [m for m in query.measures if isinstance(m, Aggregate)]
    if not any(m.function is Function.COUNT and m.of is None for m in counts):
        return False
    called = {word for name in model.entities[query.fact].names for word in name.words}
    return called.isdisjoint(map(stem, words)) and any(
        each.role is Role.ADDITIVE and means(each, "quantity") for each in model.of(query.fact)
    )


def tells_each(tokens: Sequence[Token], query: Query) -> bool:
    """Whether each group's greatest row is told where one group is asked for.

    The words "Per merek, mana yang penjualannya tertinggi" ask for one brand.
    """
    words = [token.word for token in tokens]
    if ("mana", "yang") not in pairwise(words) or not query.groups or query.limit is not None:
        return False
    values = [m for m in query.measures if isinstance(m, Aggregate)]
    return any(m.function in {Function.MAXIMUM, Function.MINIMUM} for m in values)


def tells_no_things(tokens: Sequence[Token], query: Query, model: SemanticModel) -> bool:
    """Whether two periods are compared where it is asked which of some things has more.

    "Which item sold more in 2024 than in 2023" is no year.
    """
    things = any(isinstance(group, FieldGroup) for group in query.groups)
    if things or not query.measures or not query.groups:
        return False
    words = [token.word for token in tokens]
    return any(
        before in WHICH and _table((stem(after, "en"),), model) is not None
        for before, after in pairwise(words)
    )


def _of(field: Field, table: str, model: SemanticModel) -> bool:
    """Whether a field names the rows of a table."""
    return field.table == table and field.column == model.entities[table].label


def _asked(tokens: Sequence[Token], model: SemanticModel) -> str | None:
    """The table whose name, in the plural, follows the only "how many"."""
    words = [token.word for token in tokens]
    places = [at for at in range(len(words) - 2) if words[at : at + 2] == ["how", "many"]]
    if len(places) != 1 or not words[places[0] + 2].endswith(PLURAL):
        return None
    return _table((stem(words[places[0] + 2], "en"),), model)


def _table(name: tuple[str, ...], model: SemanticModel) -> str | None:
    """The only table whose rows are called so."""
    found = [
        table
        for table, entity in model.entities.items()
        if any(tuple(stem(word, "en") for word in each.words) == name for each in entity.names)
    ]
    return found[0] if len(found) == 1 else None


LISTING: Final = frozenset([("apa", "saja"), ("mana", "saja"), ("siapa", "saja")])
"""Words that ask for several things by name."""


def tells_one_number(tokens: Sequence[Token], query: Query) -> bool:
    """Whether things are asked for by name, and a query tells a number of all of them."""
    words = [token.word for token in tokens]
    listed = any(pair in LISTING for pair in pairwise(words)) and COUNTED.isdisjoint(words)
    return listed and bool(query.measures) and not query.groups


COUNTED: Final = frozenset(["berapa", "jumlah", "total"])
"""Words for a number, which may be asked of things that are listed before."""
