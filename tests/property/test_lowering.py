"""The SQL of a query means what its nodes mean, calculated row by row."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest
import sqlglot
from hypothesis import HealthCheck, assume, given, settings

from kai_flow.analyst.guard import check as guarded
from kai_flow.analyst.query.gate import IllTyped, check
from kai_flow.analyst.query.lowering import lower
from kai_flow.analyst.query.nodes import Query
from kai_flow.analyst.query.printing import printed
from tests.engines import market
from tests.engines.comparing import assert_answers
from tests.engines.loading import Spec, render
from tests.engines.naive import Naive
from tests.property.market_queries import markets, queries


@pytest.mark.parametrize("keys", [True, False])
@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(specs=markets(), query=queries())
def test_sql_returns_what_the_nodes_mean(keys: bool, specs: list[Spec], query: Query) -> None:
    """Any query that the gate lets through gives the rows that a naive evaluation gives."""
    model = market.model(keys=keys, specs=specs)
    try:
        check(query, model)
    except IllTyped:
        assume(False)
    statement = lower(query, model)
    sql = guarded(statement.text, model.schema.sources)
    assert sqlglot.parse_one(sql, read="sqlite").sql("sqlite", identify=True) == sql
    found = _run(specs, sql)
    expected = Naive(market.database(specs), model).answer(query)
    assert_answers(found, expected, f"{printed(query)}\n{sql}")


def _run(specs: list[Spec], sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(":memory:")) as db:
        for spec in specs:
            for statement in render(spec, "sqlite"):
                db.execute(statement)
        return db.execute(sql).fetchall()
