"""Names of two nouns of which the first only tells which: a customer group is no customer."""

from collections.abc import Iterator

from kai_flow.analyst.lexicon.lexicon import Language
from kai_flow.analyst.query.nodes import Words
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.semantics.model import SemanticModel
from kai_flow.analyst.semantics.paths import leads_to_one


def split(model: SemanticModel, bag: Bag, language: Language) -> bool:
    """Whether a bag takes such a name apart, and uses its first noun alone.

    The second noun is then a table to which each row of the first one belongs: "per customer
    group" would be per customer. In Indonesian the other noun comes first.
    """
    if language == "id" and _of_its_rows(bag):
        return True
    if not bag.rows:
        return False
    if language == "en" and _unrelated(model, bag, language):
        return True
    starts = {min(words) for _, words in bag.tests if words}
    for table, words in bag.rows:
        if not words or max(words) + 1 in starts:
            continue  # "customers, group Gold": the value tells what the second noun is for
        for first, before in _nouns(bag, language):
            adjacent = bool(before) and max(before) + 1 == min(words)
            if adjacent and first != table and leads_to_one(model, first, table):
                return True
    return False


def _of_its_rows(bag: Bag) -> bool:
    """Whether a column stands right before the rows that are asked for, and is of these.

    "Jenis koperasi apa" asks for a type of cooperatives, and not for a cooperative.
    """
    kinds = {
        (column.ref.table, max(words) + 1)
        for column, words in bag.columns
        if isinstance(column, p.Column) and not column.number and words
    }
    return any(
        isinstance(of, p.Rows) and bool(words) and (of.table, min(words)) in kinds
        for of, words in bag.which
    )


def _unrelated(model: SemanticModel, bag: Bag, language: Language) -> bool:
    """Whether rows stand right after others that they have nothing to do with.

    A product group is no group of customers.
    """
    tested = {at for _, words in bag.tests for at in words}
    ends = {max(words) + 1: table for table, words in _nouns(bag, language) if words}
    return any(
        words[:1]
        and words[0] not in tested
        and (before := ends.get(words[0], table)) != table
        and not (leads_to_one(model, before, table) or leads_to_one(model, table, before))
        for table, words in bag.rows
    )


def _nouns(bag: Bag, language: Language) -> Iterator[tuple[str, Words]]:
    """The tables of what a bag names, each with its words.

    In Indonesian a number stands before what it is of: "pendapatan koperasi".
    """
    yield from bag.rows
    for of, words in (*bag.columns, *bag.groups, *bag.which):
        if isinstance(of, p.Column) and not (of.number and language == "id"):
            yield of.ref.table, words
        elif isinstance(of, p.Rows):
            yield of.table, words
    for measure, words in bag.measures:
        amount = measure.bottom if isinstance(measure, p.Quotient) else measure
        if isinstance(amount, p.Amount) and amount.table is not None:
            yield amount.table, words
