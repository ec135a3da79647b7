"""The sentence that says how a question was read: it leaves nothing out."""

import json
from collections.abc import Iterator
from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from kai_flow.analyst.answer.reading import understood
from kai_flow.analyst.lexicon.data import LANGUAGES, Language
from kai_flow.analyst.query.nodes import (
    Aggregate,
    Condition,
    Field,
    FieldGroup,
    Function,
    Node,
    Operator,
    Query,
)
from tests.unit.analyst.answer_models import SHOP
from tests.unit.analyst.random_queries import Maker

FACTS = ["orders", "order_items", "employees", "customers"]


def test_a_measure_its_groups_and_its_filter_are_named() -> None:
    """A plain question is one plain sentence, in either language."""
    query = Query(
        fact="orders",
        measures=(Aggregate(function=Function.SUM, of=Field(table="orders", column="amount")),),
        groups=(
            FieldGroup(
                field=Field(
                    table="customers", column="city", path=("orders.customer_id>customers",)
                )
            ),
        ),
        where=Condition(
            of=Field(table="orders", column="status"), operator=Operator.EQUAL, values=("P",)
        ),
    )
    assert understood(query, SHOP, "en") == (
        "Read as: total amount of orders by customer’s city, where the status is “P” (paid)."
    )
    assert understood(query, SHOP, "id") == (
        "Dibaca sebagai: total nominal dari pesanan per kota pelanggan, dengan syarat status"
        " adalah “P” (paid)."
    )


def _everything(node: object) -> Iterator[object]:
    """A node and all that is in it."""
    yield node
    if isinstance(node, tuple):
        for part in node:
            yield from _everything(part)
    elif isinstance(node, Node):
        for name in node.__struct_fields__:
            yield from _everything(getattr(node, name))


@given(st.integers(0, 10**9), st.sampled_from(LANGUAGES), st.sampled_from(FACTS))
def test_two_readings_never_share_a_sentence(seed: int, language: Language, fact: str) -> None:
    """Two queries that differ in anything differ in their sentence: a wrong reading is seen."""
    make = Maker(Random(seed), SHOP, fact)
    one = make.query()
    for other in (make.query(), make.variant(one)):
        if other != one:
            assert understood(other, SHOP, language) != understood(one, SHOP, language)


@given(st.integers(0, 10**9), st.sampled_from(FACTS))
def test_nothing_of_a_query_is_left_out(seed: int, fact: str) -> None:
    """The sentence names the table, every column, every value and every number."""
    query = Maker(Random(seed), SHOP, fact).query()
    said = understood(query, SHOP, "en")
    assert said.isprintable()
    assert said.startswith("Read as: ")
    for node in _everything(query):
        if isinstance(node, Field):
            label = SHOP.entities[node.table].label
            shown = node.column.replace("_", " ")
            assert shown in said or (node.path and node.column == label)
        elif isinstance(node, Condition):
            for value in node.values:
                assert _written(value) in said
    for number in (query.limit, query.each):
        assert number in {None, 1} or str(number) in said


def _written(value: str | float | bool) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{Decimal(repr(value)).normalize():,f}"
    return json.dumps(value, ensure_ascii=False) if "“" in value else f"“{value}”"
