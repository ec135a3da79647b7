"""What a scan finds, on every engine the same."""

import time

import pytest

from kai_flow.analyst.engines.contract import SCAN_DEADLINE_S
from kai_flow.analyst.errors import EngineError
from kai_flow.analyst.schema import Kind
from tests.engines.conftest import Make, grant
from tests.engines.loading import Spec
from tests.engines.places import Place

AWKWARD = ('my "order"', "select", "Größe", "日本語", "semi;colon", "per%cent", "back`tick", "a.b")


async def test_a_scan_finds_kinds_keys_comments_and_values(shop: Place) -> None:
    """Names, kinds, keys, comments, counts and values come from the database."""
    schema = await shop.engine.scan()
    assert schema.dialect == shop.kind
    item = schema.tables["item"]
    assert {c.name: c.kind for c in item.columns} == {
        "id": Kind.KEY, "shop": Kind.KEY, "price": Kind.NUMBER, "name": Kind.TEXT,
        "grade": Kind.TEXT, "made": Kind.YEAR, "weight": Kind.NUMBER,
    }  # fmt: skip
    assert (item.row_count, item.primary_key, item.note.names) == (3, ("id",), ("goods",))
    [key] = item.foreign_keys
    assert (key.columns, key.target, key.target_columns) == (("shop",), "shop", ("id",))
    grade, price = item.column("grade"), item.column("price")
    assert (grade.values, dict(grade.note.meanings)) == (("A", "B"), {"A": "gold", "B": "silver"})
    assert (price.note.names, price.note.unit) == (("price", "harga"), "USD")
    assert schema.tables["shop"].column("opened").kind is Kind.DATE
    assert schema.tables["shop"].column("name").unique
    assert item.studied
    assert not item.sampled
    assert all(column.type for column in item.columns)


async def test_a_scan_finds_bounds_and_counts_values(shop: Place) -> None:
    """Bounds of numbers and days, how many values differ, and whether one may be missing."""
    tables = (await shop.engine.scan()).tables
    item, opened = tables["item"], tables["shop"].column("opened")
    seen = {c.name: (c.low, c.high, c.distinct, c.nulls) for c in item.columns}
    assert seen["id"] == (1, 3, 3, False)
    assert seen["shop"] == (1, 2, 2, False)
    assert seen["weight"] == (0.5, 2.0, 3, False)
    assert seen["grade"] == (None, None, 2, False)
    assert (opened.low, opened.high, opened.distinct) == ("2020-05-01", "2021-01-31", 2)


async def test_dates_are_bounded_by_all_rows_of_a_sampled_table(kind: str, make: Make) -> None:
    """The last day counts even when it is in none of the sampled rows; a row without one shows."""
    place = await make(kind, "dated_db")
    columns = (("i", "int", ""), ("day", "date", ""), ("word", "text", ""))
    await place.load([Spec("dated", columns, (), (), ((0, "2020-01-01", "2021-03-04"),))])
    for _ in range(16):
        await place.owner(["INSERT INTO dated SELECT i, day, word FROM dated" + _end(kind)])
    await place.owner(
        ["INSERT INTO dated VALUES (1, '2024-12-31', '2025-01-02'), (2, NULL, NULL)" + _end(kind)]
    )
    await grant(place)
    dated = (await place.engine.scan()).tables["dated"]
    assert dated.sampled
    day, word = dated.column("day"), dated.column("word")
    assert (day.low, day.high) == ("2020-01-01", "2024-12-31")
    assert word.text_date
    assert (word.low, word.high) == ("2021-03-04", "2025-01-02")


async def test_only_named_tables_are_scanned(shop: Place) -> None:
    """Naming tables scans those alone; a name that is not there is said, with what to do."""
    engine = shop.engine
    assert list((await engine.scan(["ITEM"])).tables) == ["item"]
    assert (await engine.scan(["item"])).tables["item"].foreign_keys == ()
    with pytest.raises(EngineError, match=r"no table 'nowhere'.*scan without table names"):
        await engine.scan(["item", "nowhere"])


async def test_what_the_role_may_not_read_is_not_there(shop: Place) -> None:
    """A table without a grant does not show up, where the engine has grants."""
    tables = (await shop.engine.scan()).tables
    assert ("secret" in tables) == (shop.path is not None)


async def test_awkward_names_are_scanned_and_read(kind: str, make: Make) -> None:
    """Spaces, quotes, capitals, reserved words, dots and Unicode are names like others."""
    place = await make(kind, "awkward_db")
    specs = [
        Spec(
            name, ((f"{name} id", "int", ""), (name, "text", "")), (f"{name} id",), (), ((1, "x"),)
        )
        for name in AWKWARD
    ]
    await place.load(specs)
    await grant(place)
    schema = await place.engine.scan()
    assert set(schema.tables) == set(AWKWARD)
    for name, table in schema.tables.items():
        assert [(c.name, c.values) for c in table.columns] == [(f"{name} id", ()), (name, ("x",))]
        assert table.row_count == 1


async def test_a_thousand_tables_are_scanned_in_time(kind: str, make: Make) -> None:
    """1,000 tables take less work than there is time for by default."""
    place = await make(kind, "wide_db")
    await place.load(
        Spec(f"t{n}", (("id", "int", ""), ("word", "text", "")), ("id",), (), ((1, f"w{n}"),))
        for n in range(1000)
    )
    await grant(place)
    began = time.process_time()  # ours alone: a busy machine may take longer for it
    schema = await place.engine.scan(deadline_s=90)
    assert time.process_time() - began < SCAN_DEADLINE_S
    assert len(schema.tables) == 1000
    assert schema.tables["t999"].column("word").values == ("w999",)


async def test_without_time_a_scan_gives_definitions(shop: Place) -> None:
    """After its deadline a scan knows tables, columns and keys, and says that it knows no more."""
    item = (await shop.engine.scan(deadline_s=0.0001)).tables["item"]
    assert [column.name for column in item.columns][:3] == ["id", "shop", "price"]
    assert item.foreign_keys
    assert not item.studied
    assert item.column("grade").values == ()


async def test_a_large_table_is_sampled_and_that_is_said(kind: str, make: Make) -> None:
    """Beyond the sample a scan stops looking, counts on, and says so."""
    place = await make(kind, "large_db")
    await place.load([Spec("seed", (("i", "int", ""), ("w", "text", "")), (), (), ((0, "old"),))])
    for _ in range(17):
        await place.owner(["INSERT INTO seed SELECT i, w FROM seed" + _end(kind)])
    await grant(place)
    table = (await place.engine.scan()).tables["seed"]
    assert (table.row_count, table.sampled, table.studied) == (2**17, True, True)
    assert table.column("w").values == ("old",)


def _end(kind: str) -> str:
    """Asyncpg's fetch wants something to return."""
    return " RETURNING 1" if kind == "postgres" else ""


@pytest.mark.parametrize("kind", ["postgres", "duckdb"], scope="session", indirect=False)
async def test_tables_of_other_schemas_come_with_their_schema(shop: Place) -> None:
    """A table that its name alone does not find is called by schema and name, and can be asked."""
    schema = await shop.engine.scan()
    other = schema.tables["extra.item"]
    assert other.source == ("extra", "item")
    assert other.column("colour").values == ("blue", "red")
    assert ("extra", "item") in schema.sources
