"""The same questions give the same numbers on every engine, through the whole analyst."""

from pathlib import Path
from typing import Any

import pytest

from kai_flow.agents import Task
from kai_flow.analyst.agent import Analyst
from kai_flow.analyst.engines import engine_for
from kai_flow.analyst.guard import check
from kai_flow.connections.store import Connection, ConnectionStore
from tests.engines.places import EVERYWHERE, Place

QUESTIONS = (
    "Tampilkan top 5 provinsi dengan rata-rata modal awal koperasi tertinggi",
    "Berapa jumlah koperasi per jenis dan status?",
    "Total pendapatan koperasi per provinsi tahun 2023",
    "Bagaimana tren jumlah koperasi per tahun sejak 2010?",
    "Tampilkan 10 koperasi dengan modal awal terbesar",
    "How many cooperatives were founded before 1970 or in suspended status?",
    "average revenue of cooperatives in Java in 2022",
    "provinces with more than 100 cooperatives",
)


class OneStore(ConnectionStore):
    """Knows one connection by every name."""

    def __init__(self, uri: str, home: Path) -> None:
        super().__init__(home, folders=EVERYWHERE.folders)
        self._uri = uri

    def resolve(self, id_or_alias: str) -> Connection:
        return Connection("own", "own", self._uri)


async def ask(uri: str, question: str, home: Path) -> dict[str, Any]:
    """The rows and the result of a question."""
    found: dict[str, Any] = {}
    async for event in Analyst(OneStore(uri, home)).stream_execute(Task("t", "s", question, "own")):
        found[event["type"]] = event
    return found


@pytest.mark.parametrize("question", QUESTIONS)
async def test_a_question_has_the_same_answer_everywhere(
    koperasi: Place, demo: Path, tmp_path: Path, question: str
) -> None:
    """Rows, answer and chart are those of the demo database, whatever engine holds the copy."""
    expected = await ask(f"sqlite://{demo}", question, tmp_path)
    found = await ask(koperasi.uri, question, tmp_path)
    assert found["done"]["result"]["status"] == "completed", found["done"]
    assert found["sql_result"]["columns"] == expected["sql_result"]["columns"]
    assert rounded(found["sql_result"]["data"]) == rounded(expected["sql_result"]["data"])
    for key in ("final_answer", "insights", "suggested_questions"):
        assert found["done"]["result"][key] == expected["done"]["result"][key]


def rounded(data: list[list[Any]]) -> list[list[Any]]:
    """Rows with numbers as exact as every engine's average is."""
    return [[round(cell, 6) if isinstance(cell, float) else cell for cell in row] for row in data]


async def test_native_dates_are_grouped_by_year(shop: Place, tmp_path: Path) -> None:
    """A column of type DATE gives its calendar year in every dialect."""
    found = await ask(shop.uri, "number of shops per year", tmp_path)
    assert found["sql_result"]["data"] == [[2020, 1], [2021, 1]]


@pytest.mark.parametrize(
    "name", ["north", "it's", "back\\slash", "100%", "under_score", "a!b", "'; --"]
)
async def test_a_text_is_looked_for_as_it_is_written(
    shop: Place, tmp_path: Path, name: str
) -> None:
    """Quotes, backslashes and wildcards in a question are text, in every dialect."""
    found = await ask(shop.uri, f'list shops "{name}"', tmp_path)
    assert found["done"]["result"]["status"] != "failed", found["done"]
    assert len(found["sql_result"]["data"]) == (1 if name == "north" else 0)


@pytest.mark.parametrize("kind", ["postgres", "duckdb"], scope="session")
async def test_a_table_of_another_schema_can_be_asked(shop: Place, tmp_path: Path) -> None:
    """What needs its schema's name gets it in the SQL."""
    found = await ask(shop.uri, "number of extra item per colour", tmp_path)
    assert found["sql_result"]["data"] == [["red", 2], ["blue", 1]]
    assert '"extra"."item"' in found["sql_result"]["sql"]


async def test_the_guard_gives_each_engine_its_own_sql(shop: Place) -> None:
    """What the guard renders again runs, with names and functions of the dialect."""
    sql = (
        "SELECT s.name, COUNT(*), ROUND(SUM(i.price), 2), MAX(LENGTH(i.name)) FROM item i JOIN shop"
        " s ON s.id = i.shop WHERE i.name LIKE '%p%' GROUP BY s.name HAVING COUNT(*) > 0"
        " ORDER BY 2 DESC LIMIT 5"
    )
    engine = engine_for(shop.uri, EVERYWHERE)
    rows = await engine.run(check(sql, ["item", "shop"], engine.dialect))
    assert rows.data == (("north", 2, 13, 5),)
