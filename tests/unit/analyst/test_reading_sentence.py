"""The sentence that says how a question was read: it leaves nothing out."""

import json
from collections.abc import Iterator
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.analyst.answer.reading import differences, understood
from kai_flow.analyst.lexicon.data import LANGUAGES, Language
from kai_flow.analyst.query.nodes import (
    Aggregate,
    Condition,
    During,
    Field,
    FieldGroup,
    Function,
    Node,
    Query,
)
from tests.unit.analyst.answer_models import KOPERASI, SHOP
from tests.unit.analyst.filter_sentences import FILTERS
from tests.unit.analyst.query_sentences import QUERIES
from tests.unit.analyst.random_queries import Maker
from tests.unit.analyst.stories import (
    COUNT,
    orders,
)

FACTS = ["orders", "order_items", "employees", "customers"]


@pytest.mark.parametrize("name", FILTERS)
def test_every_filter_has_its_clause(name: str) -> None:
    """Each kind of filter is said in full, with its values, in plain words of either language."""
    where, english, indonesian = FILTERS[name]
    query = orders(of=(COUNT,), where=where)
    assert understood(query, SHOP, "en") == f"Read as: number of orders, where {english}."
    assert understood(query, SHOP, "id") == (
        f"Dibaca sebagai: jumlah pesanan, dengan syarat {indonesian}."
    )


@pytest.mark.parametrize("name", QUERIES)
def test_every_query_has_its_sentence(name: str) -> None:
    """Each kind of measure, grouping, order and list is said in full."""
    query, english, indonesian = QUERIES[name]
    assert understood(query, SHOP, "en") == f"Read as: {english}."
    assert understood(query, SHOP, "id") == f"Dibaca sebagai: {indonesian}."


def test_names_fit_the_language_of_the_question() -> None:
    """Comments name the columns for an English question, identifiers for an Indonesian one."""
    province = Field(
        table="provinsi",
        column="nama_provinsi",
        path=("laporan_tahunan.koperasi_id>koperasi", "koperasi.provinsi_id>provinsi"),
    )
    query = Query(
        fact="laporan_tahunan",
        measures=(
            Aggregate(
                function=Function.SUM, of=Field(table="laporan_tahunan", column="pendapatan")
            ),
        ),
        groups=(FieldGroup(field=province),),
        where=During(axis="laporan_tahunan.tahun_buku", start="2020-01-01"),
    )
    assert understood(query, KOPERASI, "en") == (
        "Read as: total revenue of annual reports by province, where the financial year is from"
        " 2020 on."
    )
    assert understood(query, KOPERASI, "id") == (
        "Dibaca sebagai: total pendapatan dari laporan tahunan per provinsi, dengan syarat tahun"
        " buku sejak 2020."
    )


def test_only_what_differs_tells_readings_apart() -> None:
    """For a question back, each reading is named by what the others do not have."""
    by_order = During(axis="orders.order_date", start="2025-01-01", end="2026-01-01")
    by_ship = During(axis="orders.ship_date", start="2025-01-01", end="2026-01-01")
    readings = [orders(of=(COUNT,), where=where) for where in (by_order, by_ship)]
    assert differences(readings, SHOP, "en") == (
        "where the order date is in 2025",
        "where the ship date is in 2025",
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
