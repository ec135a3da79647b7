"""Every construct of a query on all four engines, against an evaluation of its nodes in Python."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from kai_flow.analyst.guard import check as guarded
from kai_flow.analyst.query.gate import IllTyped, check
from kai_flow.analyst.query.lowering import lower
from kai_flow.analyst.query.nodes import Query
from kai_flow.analyst.query.printing import printed
from tests.engines import market
from tests.engines.comparing import assert_answers, plain
from tests.engines.conftest import Make, grant
from tests.engines.market_constructs import CONSTRUCTS, FAMILIES, WRITTEN
from tests.engines.naive import Naive
from tests.engines.places import Place
from tests.property.market_queries import queries


@pytest.fixture(scope="session")
async def stalls(kind: str, make: Make, built: dict[tuple[str, str], Place]) -> Place:
    """The market in each engine."""
    if ("market", kind) not in built:
        place = await make(kind, "market_db")
        await place.load(market.SPECS)
        await grant(place)
        built["market", kind] = place
    return built["market", kind]


async def answers(place: Place, queries: Sequence[Query], *written: str) -> list[list[Any]]:
    """The rows that the engine has for queries, through the guard, and for statements as well."""
    dialect = place.engine.dialect
    tables = [spec.name for spec in market.SPECS]
    statements = [lower(query, market.model(dialect)).text for query in queries]
    run = [guarded(each, tables, dialect) for each in statements]
    exact = ["SET SESSION div_precision_increment = 12"] if place.kind == "mysql" else []
    return (await place.answers([*exact, *run, *written]))[len(exact) :]


@pytest.mark.parametrize("family", FAMILIES)
async def test_constructs_mean_the_same_everywhere(stalls: Place, family: str) -> None:
    """The rows of every engine are those that the nodes mean."""
    naive = Naive(market.database(), market.model())
    queries = list(FAMILIES[family].values())
    for query, found in zip(queries, await answers(stalls, queries), strict=True):
        check(query, market.model())
        assert_answers(found, naive.answer(query), printed(query))


async def test_constructs_return_what_an_analyst_would_write(stalls: Place) -> None:
    """The rows are those of statements that were written by hand."""
    queries = [CONSTRUCTS[name] for name in WRITTEN]
    found = await answers(stalls, queries, *WRITTEN.values())
    pairs = zip(found[: len(queries)], found[len(queries) :], strict=True)
    for ours, theirs in pairs:
        assert sorted(map(str, map(plain, ours))) == sorted(map(str, map(plain, theirs)))


async def test_random_queries_mean_the_same_everywhere(stalls: Place) -> None:
    """Queries that nobody thought of give on every engine what their nodes mean."""
    naive = Naive(market.database(), market.model())
    queries = _some(60)
    for query, found in zip(queries, await answers(stalls, queries), strict=True):
        assert_answers(found, naive.answer(query), printed(query))


async def test_the_engine_runs_what_was_lowered(stalls: Place) -> None:
    """The engines' own protections let through all that a query needs, under the right names."""
    for name in ("every aggregate", "medians by group", "by week of written", "share above"):
        statement = lower(CONSTRUCTS[name], market.model(stalls.engine.dialect))
        rows = await stalls.engine.run(statement.text)
        assert rows.columns == tuple(each.name for each in statement.outputs)


def _some(count: int) -> list[Query]:
    """The same random queries at every run."""
    found: list[Query] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(query=queries())
    def collect(query: Query) -> None:
        try:
            check(query, market.model())
        except IllTyped:
            return
        found.append(query)

    collect()
    return found
