"""Rows that are called like money: "how much in fines", "total donations", "the average fee"."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from kai_flow.analyst.lexicon.lexicon import concepts
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.concepts import WORTH, means
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import SemanticModel
from kai_flow.analyst.semantics.targets import EntityTarget, Mention

__all__ = ["Money", "asks_for_numbers", "money_asked"]

MONEY: Final = frozenset(
    [
        *("fine", "fee", "payment", "donation", "expense", "income", "deposit", "withdrawal"),
        *("premium", "refund", "commission", "bonus", "tax", "deduction", "instalment"),
        *("dividend", "saving", "salary", "allowance", "cost", "contribution"),
    ]
)
"""Concepts of money that are also what the rows of a table are."""

WORTHY: Final = MONEY | {"claim", "grant", "invoice", "purchase", "sale", "loan"}
"""With those that people also count, but never after "how much"."""

MUCH: Final = frozenset([("how", "much"), ("banyak", "uang"), ("berapa", "uang")])
ADDED: Final = frozenset(
    [
        *("total", "totals", "sum", "average", "avg", "mean", "median", "rata-rata", "rata"),
        *("rerata", "altogether"),
    ]
)
COUNTED: Final = frozenset(
    [("how", "many"), ("number", "of"), ("berapa", "banyak"), ("berapa", "kali"), ("ada", "berapa")]
)
EITHER: Final = frozenset(["jumlah", "berapa"])
"""Words that ask for an amount as well as for a number of rows."""

PLAIN: Final = MONEY - {"payment", "deposit", "withdrawal", "instalment", "saving", "deduction"}
"""Concepts of money of which such words ask the amount at least as often."""

SPENT: Final = frozenset(["expense", "income", "cost", "revenue"])
"""Concepts of money whose names, in groups, are amounts as often as rows: expenses by month."""

MASS: Final = frozenset(
    [
        *(
            "spending",
            "spend",
            "spends",
            "spent",
            "expenditure",
            "outlay",
            "turnover",
            "earnings",
            "takings",
        ),
        *("belanja", "pemasukan", "penghasilan"),
    ]
)
"""Words for money that cannot be counted: no row is a spending."""

GROUPED: Final = frozenset(
    [
        *("by", "per", "each", "every", "daily", "weekly", "monthly", "quarterly", "yearly"),
        *("annual", "growth", "trend", "share", "compare", "percentage", "tiap", "setiap"),
        *("menurut", "masing-masing", "harian", "mingguan", "bulanan", "tahunan", "tren"),
        *("pertumbuhan", "bandingkan", "persentase"),
    ]
)
"""Words of a question that is about groups, and lists no rows."""

COUNTS: Final = frozenset(["count", "number", "many", "much", "banyak", "most"])
"""Words of a question for a number."""

NIGHTS: Final = frozenset(["night", "malam", "malamnya"])
"""What a price is for, after "per"."""

GREATEST: Final = frozenset(
    [
        *("highest", "lowest", "largest", "biggest", "greatest", "smallest", "higher", "lower"),
        *("tertinggi", "terbesar", "terendah", "terkecil", "termahal", "tinggi", "besar"),
    ]
)
"""Words for how much something is, and not how many there are: "the highest expenses"."""

ROWS_COST: Final = 0.4
"""Of the rows, where their money is asked for."""


@dataclass(frozen=True)
class Money:
    """What a question says of money."""

    of: frozenset[str]
    """The concepts of rows whose money it asks for; empty if it counts."""
    rows_cost: float = ROWS_COST
    """What the rows themselves cost then."""

    def column(self, mention: Mention, model: SemanticModel) -> ColumnRef | None:
        """The one amount of the rows that a mention is of, if it is called like money."""
        if not self.of or not isinstance(mention.target, EntityTarget):
            return None
        table = mention.target.table
        names = model.entities[table].names
        if not any(self.of & concepts(name.words) for name in names):
            return None
        worth = [each.ref for each in model.of(table) if means(each, WORTH)]
        return worth[0] if len(worth) == 1 else None


def asks_for_numbers(words: Sequence[str]) -> bool:
    """Whether words ask for a number, or for groups, and not for a list of what is named."""
    told = (
        ADDED | EITHER | GROUPED | GREATEST | {"count", "number", "many", "much", "banyak", "most"}
    )
    return not told.isdisjoint(words)


def money_asked(tokens: Sequence[Token]) -> Money:
    """The rows whose money a question may ask for: none, where it asks how many there are."""
    words = [token.word for token in tokens]
    pairs = set(pairwise(words))
    if not MUCH.isdisjoint(pairs):
        return Money(WORTHY)
    if not COUNTED.isdisjoint(pairs) or "count" in words:
        return Money(frozenset())
    if not ADDED.isdisjoint(words) or not MASS.isdisjoint(words):
        return Money(MONEY)
    if not EITHER.isdisjoint(words):
        return Money(PLAIN, 0.0)
    told = not GROUPED.isdisjoint(words) or not GREATEST.isdisjoint(words)
    return Money(SPENT if told else frozenset(), 0.0)
