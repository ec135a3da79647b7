import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from kai_flow.analyst.engines import Probe
from kai_flow.analyst.errors import DatabaseUnavailable
from kai_flow.analyst.schema import Column, Kind, Schema, Table
from kai_flow.connections import service as data_module
from kai_flow.connections.service import MAX_ANSWER_BYTES, MAX_MDL_BYTES, BadInput, Data
from kai_flow.connections.store import ConnectionStore

CANARY = "s3cretCanary"
URI = f"postgresql://me:{CANARY}%40@db.example/shop"


class Fake:
    """An engine that finds these tables, after doing something."""

    def __init__(self, tables: Sequence[Table] = (), before: Callable[[], Any] = int) -> None:
        self.schema = Schema({table.name: table for table in tables})
        self.before = before

    async def check(self) -> Probe:
        self.before()
        return Probe(ok=True, message=f"connected with {CANARY}@", may_write=True)

    async def scan(self, tables: Sequence[str] | None = None, deadline_s: float = 20) -> Schema:
        self.before()
        return self.schema


@pytest.fixture
def data(tmp_path: Path) -> Data:
    """The operations on a store with one connection."""
    store = ConnectionStore(tmp_path)
    store.add("1", URI, "shop")
    return Data(store)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Callable[[Fake], None]:
    """Puts a fake in the place of every engine."""
    return lambda fake: monkeypatch.setattr(data_module, "engine_for", lambda *_: fake)


def _fail(message: str) -> Callable[[], None]:
    def fail() -> None:
        raise DatabaseUnavailable(message)

    return fail


async def test_what_an_engine_says_is_scrubbed(data: Data, engine: Callable[[Fake], None]) -> None:
    """Should a driver's words get through with a secret in them, the answer has it no more."""
    engine(Fake())
    assert await data.test_connection("shop") == {"status": "ok", "message": "connected with ***"}
    engine(Fake(before=_fail(f"no entry with {URI} for {CANARY}%40")))
    for answer in (
        await data.test_connection("shop"),
        await data.scan_schema("shop"),
        await data.generate_mdl("shop"),
    ):
        assert answer["status"] == "failed"
        assert answer["message"] == "no entry with *** for ***"


async def test_a_database_that_says_nothing_is_an_answer(
    data: Data, engine: Callable[[Fake], None]
) -> None:
    """Time that runs out is said like everything else that is wrong with a database."""

    def late() -> None:
        raise TimeoutError

    engine(Fake(before=late))
    assert "in time" in (await data.scan_schema("shop"))["message"]


async def test_a_connection_deleted_while_it_is_scanned(
    data: Data, engine: Callable[[Fake], None]
) -> None:
    """The scan's outcome is not kept for whoever takes the id next; the caller is told."""
    engine(Fake(before=lambda: data.store.delete("shop")))
    with pytest.raises(BadInput, match="deleted meanwhile"):
        await data.scan_schema("shop")
    new = data.store.add("1", URI, "shop")
    assert data.store.last_scan(new) is None


async def test_a_connection_deleted_while_it_is_used_still_answers(
    data: Data, engine: Callable[[Fake], None]
) -> None:
    """Who has begun with a connection goes on with it."""
    engine(Fake([Table("t", ())], before=lambda: data.store.delete("shop")))
    assert (await data.generate_mdl("shop"))["tables"] == ["t"]


async def test_answers_are_bounded(data: Data, engine: Callable[[Fake], None]) -> None:
    """A thousand wide tables fit: columns are left out of a scan, tables of a model."""
    columns = tuple(Column(f"column_{n}" * 4, Kind.NUMBER, type="INTEGER") for n in range(60))
    engine(Fake([Table(f"t{n}", columns) for n in range(1000)]))
    scan = await data.scan_schema("shop")
    assert scan["scanned_count"] == len(scan["tables"]) == 1000
    assert scan["tables"][-1] == {"name": "t999"}
    assert len(str(scan)) < MAX_ANSWER_BYTES + 100_000
    model = await data.generate_mdl("shop")
    assert len(model["mdl"].encode()) < MAX_MDL_BYTES + 1000
    assert 0 < model["table_count"] == len(model["tables"]) < 1000
    assert f"{1000 - model['table_count']:,} more tables were left out" in model["mdl"]
    engine(Fake([Table("t0", columns)]))  # what the model is checked against: quickly
    kept = await data.sync_config("shop", mdl=model["mdl"])
    assert kept["synced"]["mdl"] == len(model["mdl"].encode())


async def test_a_partial_scan_renews_a_part(tmp_path: Path) -> None:
    """Scanning one table leaves what was known of the others, and keeps its foreign keys."""
    db = sqlite3.connect(tmp_path / "x.db")
    db.executescript("CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (a REFERENCES a);")
    db.close()
    data = Data(ConnectionStore(tmp_path / "home", folders=(tmp_path,)))
    await data.store_connection("1", f"sqlite://{tmp_path}/x.db", "x")
    await data.scan_schema("x")
    part = await data.scan_schema("x", ["b"])
    assert part["scanned_count"] == 1
    assert part["tables"][0]["foreign_keys"][0]["target"] == "a"
    kept = data.store.last_scan(await data.resolve("x"))
    assert kept is not None
    assert [table["name"] for table in kept["tables"]] == ["a", "b"]
    missing = await data.scan_schema("x", ["nope"])
    assert missing["status"] == "failed"
    assert "nope" in missing["message"]
    assert (await data.scan_schema("x", []))["scanned_count"] == 2


async def test_a_missing_driver_is_said_when_storing(
    data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that this worker could never use is refused before it is stored."""
    monkeypatch.setattr(data_module, "engine_for", lambda *_: _fail("install kai-flow[x]")())
    with pytest.raises(BadInput, match="install"):
        await data.store_connection("2", "duckdb:///srv/x.duckdb", "duck")
    assert [each.alias for each in data.store.all()] == ["shop"]


async def test_parts_are_replaced_one_by_one(data: Data) -> None:
    """None leaves a part as it is, an empty one takes it back; several callers at once agree."""
    await data.sync_config("shop", instructions="a\n\nb", glossary={"x": "y", "X": "z"})
    await asyncio.gather(
        data.sync_config("shop", skills=[{"name": "s", "content": "c"}], instructions=None),
        data.sync_config("shop", mdl="# m", skills=None),
    )
    known = data.store.knowledge(await data.resolve("shop"))
    assert (known.instructions, known.skills[0].name, known.mdl) == (("a", "b"), "s", "# m")
    assert [term.meaning for term in known.glossary] == ["z"]
    await data.sync_config("shop", instructions=[], glossary={}, mdl="")
    known = data.store.knowledge(await data.resolve("shop"))
    assert known.counts() == {"instructions": 0, "skills": 1, "glossary": 0, "mdl": 0}
