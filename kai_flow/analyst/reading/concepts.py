"""What the names of columns, joins and times say."""

from typing import Final

from kai_flow.analyst.lexicon.data import ACTIONS
from kai_flow.analyst.lexicon.lexicon import concepts
from kai_flow.analyst.reading.parts.nouns import BILLED
from kai_flow.analyst.semantics.model import Attribute, Axis, Derived, Join, Role, SemanticModel
from kai_flow.analyst.semantics.wording import split_name

UNDONE: Final = frozenset(["return", "refund", "cancellation"])
"""Concepts of what takes a sale back."""

DIRECTIONS: Final = {
    "origin": [("from",), ("source",), ("sender",), ("dari",), ("asal",), ("pengirim",)],
    "destination": [("to",), ("target",), ("receiver",), ("recipient",), ("ke",), ("penerima",)],
}
"""First words of foreign keys that lead to where something came from, or went to."""


def says(join: Join, concept: str) -> bool:
    """Whether the role of a join says a concept."""
    columns = (column for pair in join.pairs for column in pair)
    if any(split_name(column)[:1] in DIRECTIONS.get(concept, ()) for column in columns):
        return True
    return any(
        concept in concepts(name.words) or any(concept in concepts((w,)) for w in name.words)
        for name in join.names
    )


_BIRTH: Final = frozenset(["birth_date", "birth_year"])


def of_birth(axis: Axis) -> bool:
    """Whether it is when people were born, which is nobody's time but where it is named."""
    return any(not _BIRTH.isdisjoint(concepts(name.words)) for name in axis.names)


_JOINING: Final = frozenset(
    word
    for action in ACTIONS
    if action.name in {"join", "hire", "enrol", "admit"}
    for word in (*action.verbs, *action.nouns)
)


def of_joining(axis: Axis) -> bool:
    """Whether it is when somebody joined something, which says nothing of his age."""
    return any(not _JOINING.isdisjoint(name.words) for name in axis.names)


WORTH: Final = "worth"
"""In place of a concept: any of what rows are worth, as in "the amount of the payments"."""

_WORTH: Final = (
    *("amount", "payment_amount", "loan_amount", "refund_amount", "revenue", "income"),
    *("total_of",),
)


DOCUMENTS: Final = frozenset(["invoice", "bill", "receipt", "purchase_invoice"])
"""Concepts of rows that are amounts of money, and that people count as well."""


def billed(model: SemanticModel, table: str) -> bool:
    """Whether the rows of a table are amounts of money."""
    names = model.entities[table].names
    return any(not DOCUMENTS.isdisjoint(concepts(name.words)) for name in names)


def means(attribute: Attribute, concept: str) -> bool:
    """Whether a column's name says a concept; a price per unit is no quantity."""
    if concept == "quantity" and attribute.role is Role.RATE:
        return False
    if concept in {WORTH, BILLED}:
        return attribute.role is Role.ADDITIVE and any(means(attribute, each) for each in _WORTH)
    return concept in attribute.concepts


def revenue_of(model: SemanticModel, table: str) -> Derived | None:
    """What the rows of a table sold for, where no column holds it."""
    for each in model.derived:
        if each.table == table and any("revenue" in concepts(name.words) for name in each.names):
            return each
    return None


def undoes(model: SemanticModel, table: str) -> bool:
    """Whether the rows of a table take something back: what was returned did not sell."""
    names = model.entities[table].names
    return any(not UNDONE.isdisjoint(concepts(name.words)) for name in names)
