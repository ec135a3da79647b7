"""Running a query: rows and bytes cut, deadlines kept, cancellation obeyed, on every engine."""

import asyncio
import gc
import json
import time

import psutil
import pytest

from kai_flow.analyst.engines import Limits
from kai_flow.analyst.errors import QueryFailed, QueryTimeout
from tests.engines.places import Place

_COUNT_UP = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {top})"

NUMBERS = {  # `top` rows of one number i and one text, made in the engine
    "sqlite": _COUNT_UP + " SELECT i, 'abcdefghijklmnopqrstuvwxyz' AS t FROM n",
    "postgres": "SELECT i, repeat('abcdefghij', 3) AS t FROM generate_series(1, {top}) AS n (i)",
    "duckdb": "SELECT i, 'abcdefghijklmnopqrstuvwxyz' || i AS t FROM range(1, {top} + 1) AS n (i)",
    "mysql": "SELECT a.seq AS i, 'abcdefghijklmnopqrstuvwx' AS t FROM numbers.seq_1_to_{top} AS a",
}

_CROSS = "SELECT COUNT(*) FROM {n} AS a, {n} AS b, {n} AS c WHERE a.i + b.i + c.i < 0"
ENDLESS = {  # an hour of work at least, for each
    "sqlite": _COUNT_UP.format(top=10**12) + " SELECT MAX(i) FROM n",
    "postgres": _CROSS.format(n="generate_series(1, 100000)").replace("AS a,", "AS a (i),")
    .replace("AS b,", "AS b (i),").replace("AS c ", "AS c (i) "),
    "duckdb": "SELECT COUNT(*) FROM range(1000000) AS a (i), range(1000000) AS b (i),"
    " range(1000000) AS c (i) WHERE hash(a.i + b.i + c.i) < 0",
    "mysql": _CROSS.format(n="numbers.seq_1_to_100000").replace(".i", ".seq"),
}  # fmt: skip


async def test_rows_are_cut_at_the_limit_and_say_so(shop: Place) -> None:
    """At most so many rows are kept, and whether there were more is known exactly."""
    for limit, truncated in ((2, True), (3, False), (4, False)):
        rows = await shop.engine.run("SELECT id FROM item ORDER BY id", Limits(rows=limit))
        assert (len(rows.data), rows.truncated) == (min(limit, 3), truncated)
        assert rows.columns == ("id",)


async def test_bytes_are_cut_at_the_limit_and_say_so(shop: Place) -> None:
    """Wide rows are cut by their size, before an event could grow too large."""
    sql = NUMBERS[shop.kind].format(top=900)
    rows = await shop.engine.run(sql, Limits(bytes=5_000))
    assert rows.truncated
    assert 4_000 < len(json.dumps(rows.data)) <= 5_600


async def test_ten_million_rows_are_cut_in_bounded_memory(shop: Place) -> None:
    """Of ten million rows only those that are kept are ever held."""
    gc.collect()
    before = psutil.Process().memory_info().rss
    rows = await shop.engine.run(NUMBERS[shop.kind].format(top=10_000_000))
    assert (len(rows.data), rows.truncated) == (1_000, True)
    assert [int(str(row[0])) for row in rows.data] == list(range(1, 1_001))
    assert psutil.Process().memory_info().rss - before < 150 * 2**20


async def test_a_query_of_an_hour_ends_at_its_deadline(shop: Place) -> None:
    """A query that would run for an hour is stopped with a sentence that says what to do."""
    began = time.monotonic()
    with pytest.raises(QueryTimeout, match=r"after 0\.3 s; ask for less"):
        await shop.engine.run(ENDLESS[shop.kind], Limits(deadline_s=0.3))
    assert time.monotonic() - began < 20
    if shop.server is not None:
        assert await comes_to(shop, 0)


async def test_cancelling_reaches_the_running_query(shop: Place) -> None:
    """Cancelling the task ends the query, on the server as well, and leaves nothing at work."""
    running = asyncio.create_task(shop.engine.run(ENDLESS[shop.kind], Limits(deadline_s=60)))
    await asyncio.sleep(0.3)
    if shop.server is not None:
        assert await comes_to(shop, 1)
    began = time.monotonic()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert time.monotonic() - began < 20
    if shop.server is not None:
        assert await comes_to(shop, 0)


async def test_a_slow_query_blocks_nobody(shop: Place) -> None:
    """While a query runs, other coroutines and other queries go on."""
    slow = asyncio.create_task(shop.engine.run(ENDLESS[shop.kind], Limits(deadline_s=60)))
    await asyncio.sleep(0.1)
    rows = await shop.engine.run("SELECT COUNT(*) FROM item")
    assert rows.data == ((3,),)
    assert not slow.done()
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow


async def test_an_error_of_the_database_is_one_sentence(shop: Place) -> None:
    """SQL that the engine refuses fails with its reason on one line."""
    with pytest.raises(
        QueryFailed, match=r"could not run the query \(.*nope.*\); try again"
    ) as caught:
        await shop.engine.run("SELECT nope FROM item")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["postgres"], scope="session")
async def test_a_type_that_the_driver_cannot_read_is_one_sentence(shop: Place) -> None:
    """A pseudo-type, as the statistics of PostgreSQL have, fails as any other query does."""
    with pytest.raises(QueryFailed, match="a column has a type that cannot be read") as caught:
        await shop.engine.run("SELECT most_common_vals FROM pg_stats")
    assert "\n" not in str(caught.value)


VALUES = {
    "postgres": (
        "SELECT 1::numeric, 1.5::numeric, 'NaN'::float8, 'NaN'::numeric, true, DATE '2024-02-29',"
        " '\\x0102'::bytea, repeat('x', 2000), ARRAY[1, 2], '{{\"a\": 1}}'::jsonb, NULL,"
        " '00000000-0000-0000-0000-000000000001'::uuid, TIMESTAMP '2024-01-02 03:04:05'"
    ),
    "duckdb": (
        "SELECT 1::DECIMAL(5,0), 1.5::DECIMAL(5,1), 'nan'::DOUBLE, 'inf'::DOUBLE, true,"
        " DATE '2024-02-29', '\\x01\\x02'::BLOB, repeat('x', 2000), [1, 2], {{'a': 1}}, NULL,"
        " '00000000-0000-0000-0000-000000000001'::UUID, TIMESTAMP '2024-01-02 03:04:05'"
    ),
    "mysql": (
        "SELECT CAST(1 AS DECIMAL(5,0)), CAST(1.5 AS DECIMAL(5,1)), NULL, NULL, 'true',"
        " DATE '2024-02-29', X'0102', REPEAT('x', 2000), '[1, 2]', '{{\"a\": 1}}', NULL,"
        " '00000000-0000-0000-0000-000000000001', TIMESTAMP '2024-01-02 03:04:05'"
    ),
}


@pytest.mark.parametrize("kind", list(VALUES), scope="session")
async def test_every_value_can_be_json(shop: Place) -> None:
    """Decimals, dates, blobs, nested and long values become something JSON can carry."""
    [row] = (await shop.engine.run(VALUES[shop.kind].replace("{{", "{").replace("}}", "}"))).data
    assert row == (
        1, 1.5, None, None, "true", "2024-02-29", "(2 bytes)", "x" * 1000 + "…", "[1, 2]",
        '{"a": 1}', None, "00000000-0000-0000-0000-000000000001", "2024-01-02T03:04:05",
    )  # fmt: skip
    assert json.loads(json.dumps(row, allow_nan=False)) == list(row)


async def comes_to(place: Place, count: int) -> bool:
    """Whether the server before long has so many queries of a reader under way."""
    for _ in range(300):
        if await place.running() == count:
            return True
        await asyncio.sleep(0.1)
    return False
