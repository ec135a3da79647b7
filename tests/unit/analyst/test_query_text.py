"""Queries as text and as SQL that a person reads."""

from dataclasses import replace

import pytest

from kai_flow.analyst.guard import check as guarded
from kai_flow.analyst.kinds.differences import Difference
from kai_flow.analyst.kinds.growth import Growth
from kai_flow.analyst.query.lowering import lower
from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import (
    Aggregate,
    Formula,
    Function,
    Grain,
    Operator,
    Query,
    TimeGroup,
)
from kai_flow.analyst.query.printing import printed
from kai_flow.analyst.query.ratio import Ratio
from kai_flow.analyst.query.share import Share
from kai_flow.analyst.schema import ColumnRef
from tests.engines import market
from tests.engines.market_constructs import (
    AVERAGE,
    CONSTRUCTS,
    COUNT,
    CUSTOMER,
    HOME,
    ONLY_PAID,
    REVENUE,
    SHIP,
    TOTAL,
    agg,
    by,
    compare,
    down,
    field,
    is_,
)

MODEL = market.model()
PRICES = Query(
    fact="products",
    measures=(agg(Function.AVERAGE, field("products", "price")),),
    groups=(by("products", "category"),),
    where=is_(field("products", "category"), "drink"),
    order=down(agg(Function.AVERAGE, field("products", "price"))),
    limit=5,
)
PRINTED = {
    "named periods": "count(*), sum(total) from orders by periods of orders.ordered"
    " (2024 = 2024-01-01 to 2025-01-01, 2023 = 2023-01-01 to 2024-01-01)",
    "one child meets both": "list name from customers where"
    " (<orders.customer_id orders.status = 'paid'"
    " and <orders.customer_id orders.ordered in [2024-01-01, 2025-01-01))",
    "without children": "list name from customers where not any (<orders.customer_id)",
    "mondays": "list id, status from orders where weekday of orders.day_number = 1",
    "between": "list id, status from orders where total between 5 and 10",
    "the best of each": "sum(total) from orders by ship_city_id> cities.name,"
    " customer_id> customers.name top 1 of each order by sum(total) descending",
    "a share of filtered rows": "percent count(* where status = 'paid') / count(*) from orders"
    " by customer_id> customers.name",
    "share above": "share(count(*)) from orders by status having share(count(*)) > 20",
    "two tables as a whole": "sum(total) / count(* from customers) from orders"
    " where status = 'paid'",
}
SQL = {
    "rows by another table's column": """
        SELECT "orders"."id" AS "id", "customers"."name" AS "customer_name" FROM "orders"
        LEFT JOIN "customers" ON "orders"."customer_id" = "customers"."id"
        LEFT JOIN "cities" ON "customers"."city_id" = "cities"."id"
        ORDER BY "cities"."name" DESC, "id" NULLS LAST LIMIT 9
    """,
    "children, counted": """
        SELECT "products"."category" AS "category",
        COUNT(DISTINCT "customers"."id") AS "number_of_customers",
        MAX("customers"."credit") AS "highest_credit" FROM "customers"
        JOIN "orders" ON "customers"."id" = "orders"."customer_id"
        JOIN "items" ON "orders"."id" = "items"."order_id"
        JOIN "products" ON "items"."product_id" = "products"."id"
        GROUP BY "products"."category" ORDER BY "category" NULLS LAST
    """,
    "one child meets both": """
        SELECT "customers"."name" AS "name" FROM "customers" WHERE EXISTS(SELECT 1 FROM "orders"
        WHERE "customers"."id" = "orders"."customer_id" AND "orders"."status" = 'paid'
        AND "orders"."ordered" >= '2024-01-01' AND "orders"."ordered" < '2025-01-01')
        ORDER BY "customers"."id"
    """,
    "share above": """
        SELECT "status", "percent_of_orders" FROM (SELECT "orders"."status" AS "status",
        100.0 * COUNT(*) / NULLIF(SUM(COUNT(*)) OVER (), 0) AS "percent_of_orders" FROM "orders"
        GROUP BY "orders"."status") AS "measured" WHERE "percent_of_orders" > 20
        ORDER BY "status" NULLS LAST
    """,
    "a quarter of year_month": """
        SELECT "orders"."id" AS "id", "orders"."status" AS "status" FROM "orders"
        WHERE "orders"."year" * 100 + "orders"."month" >= 202404
        AND "orders"."year" * 100 + "orders"."month" < 202407 ORDER BY "orders"."id"
    """,
    "a year of year_month": """
        SELECT "orders"."id" AS "id", "orders"."status" AS "status" FROM "orders"
        WHERE "orders"."year" = 2024 ORDER BY "orders"."id"
    """,
}


def test_a_query_is_printed_on_one_line() -> None:
    """The text says what, from which table, by what, where, and how it is cut."""
    assert printed(PRICES) == (
        "avg(price) from products by category where category = 'drink' top 5"
        " order by avg(price) descending"
    )


@pytest.mark.parametrize("name", PRINTED)
def test_a_construct_is_printed(name: str) -> None:
    """Columns of other tables stand behind the joins that lead to them."""
    assert printed(CONSTRUCTS[name]) == PRINTED[name]


def test_queries_that_differ_are_printed_differently() -> None:
    """The text of a query leaves nothing out."""
    assert len({printed(each) for each in CONSTRUCTS.values()}) == len(CONSTRUCTS)


@pytest.mark.parametrize("name", SQL)
def test_sql_is_readable(name: str) -> None:
    """There is no subquery, cast or alias that is not needed."""
    assert lower(CONSTRUCTS[name], MODEL).text == " ".join(SQL[name].split())


@pytest.mark.parametrize(
    ("measure", "name"),
    [
        (COUNT, "number_of_orders"),
        (TOTAL, "total"),
        (AVERAGE, "average_total"),
        (ONLY_PAID, "number_of_orders_paid"),
        (agg(Function.DISTINCT, field("customers", "name", CUSTOMER)),
         "number_of_different_customer_name"),
        (Ratio(top=ONLY_PAID, bottom=COUNT, percent=True), "percent_paid"),
        (Ratio(top=TOTAL, bottom=COUNT), "total_per_orders"),
        (Difference(left=TOTAL, right=agg(Function.SUM, field("orders", "total"))),
         "difference_in_total"),
        (Difference(left=ONLY_PAID, right=COUNT, percent=True), "difference_in_orders_in_percent"),
        (Share(of=COUNT), "percent_of_orders"),
        (Growth(of=TOTAL), "growth_of_total_in_percent"),
        (Growth(of=TOTAL, absolute=True), "growth_of_total"),
    ],
)  # fmt: skip
def test_a_column_is_named_after_what_it_shows(measure: Measure, name: str) -> None:
    """The names of measures are English and in snake case."""
    group = TimeGroup(axis="orders.ordered", grain=Grain.MONTH)
    statement = lower(Query(fact="orders", measures=(measure,), groups=(group,)), MODEL)
    assert [each.name for each in statement.outputs] == ["month", name]
    assert [each.node for each in statement.outputs] == [group, measure]


def test_names_are_unique_and_tell_roles_apart() -> None:
    """Two columns of one name get the names of their tables and roles."""
    columns = (
        field("orders", "id"),
        field("customers", "id", CUSTOMER),
        field("cities", "name", CUSTOMER, HOME),
        field("cities", "name", SHIP),
    )
    statement = lower(Query(fact="orders", columns=columns), MODEL)
    names = [each.name for each in statement.outputs]
    assert names == ["id", "customer_id", "city_name", "ship_city_name"]


def test_a_derived_measure_gives_its_name() -> None:
    """A formula is called what people call it."""
    assert isinstance(REVENUE.of, Formula)
    revenue = Aggregate(function=Function.SUM, of=REVENUE.of, derived="revenue")
    [output] = lower(Query(fact="items", measures=(revenue,)), MODEL).outputs
    assert output.name == "total_revenue"


def test_a_table_of_another_namespace_keeps_its_name() -> None:
    """Such a table is read with its namespace, under the name that the scan gave it."""
    tables = dict(MODEL.schema.tables)
    tables["orders"] = replace(tables["orders"], source=("sales", "orders"))
    model = replace(MODEL, schema=replace(MODEL.schema, tables=tables, dialect="postgres"))
    text = lower(CONSTRUCTS["without children"], model).text
    assert 'NOT EXISTS(SELECT 1 FROM "sales"."orders" AS "orders" WHERE' in text
    assert guarded(text, model.schema.sources, "postgres") == text


def test_a_measure_that_is_asked_for_twice_is_shown_twice() -> None:
    """The result has a column for every measure, each with a name of its own."""
    statement = lower(Query(fact="orders", measures=(COUNT, COUNT)), MODEL)
    assert [each.name for each in statement.outputs] == ["number_of_orders", "number_of_orders_2"]


def test_what_a_sample_did_not_show_may_still_be() -> None:
    """Only a scan of all rows tells that a column has no gaps, and that names are unique."""
    ref = ColumnRef("regions", "name")
    sure = replace(MODEL.attributes[ref], unique=True, nullable=False)
    key = ColumnRef("cities", "region_id")
    pointing = replace(MODEL.attributes[key], nullable=False)
    whole = replace(MODEL, attributes={**MODEL.attributes, ref: sure, key: pointing})
    entity = replace(MODEL.entities["regions"], sampled=True)
    sample = replace(whole, entities={**MODEL.entities, "regions": entity})
    query = Query(
        fact="cities",
        measures=(COUNT,),
        groups=(by("regions", "name", "cities.region_id>regions"),),
        where=compare(
            field("regions", "name", "cities.region_id>regions"), Operator.NOT_EQUAL, "west"
        ),
    )
    seen, partly = lower(query, whole).text, lower(query, sample).text
    assert "IS NULL" not in seen
    assert 'GROUP BY "regions"."name" ORDER' in seen
    assert '"regions"."name" IS NULL' in partly
    assert 'GROUP BY "regions"."name", "regions"."id" ORDER' in partly


def test_rows_of_a_sample_are_told_apart_by_a_declared_key_only() -> None:
    """Values that differ in a sample may repeat beyond it, so the rows are numbered."""
    keyless = market.model(keys=False)
    guessed = replace(MODEL.entities["customers"], sampled=True)
    model = replace(keyless, entities={**keyless.entities, "customers": guessed})
    assert "ROW_NUMBER() OVER ()" in lower(CONSTRUCTS["children, counted"], model).text
