"""Every engine with the same databases in it; servers are started once, when first asked for."""

import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from kai_flow.analyst.engines.threads import Stop
from kai_flow.connections.demo import create_demo_database
from tests.engines import servers
from tests.engines.loading import Spec, copied
from tests.engines.places import ENGINES, READER_PASSWORD, Place, scan_file
from tests.engines.servers import Server

SHOP = (
    Spec(
        "shop",
        (("id", "int", ""), ("name", "text", "shop name"), ("opened", "date", "")),
        ("id",),
        rows=((1, "north", "2020-05-01"), (2, "south", "2021-01-31")),
    ),
    Spec(
        "item",
        (
            ("id", "int", ""), ("shop", "int", ""), ("price", "int", "price, harga (USD)"),
            ("name", "text", ""), ("grade", "text", "grade; A = gold, B = silver"),
            ("made", "int", ""), ("weight", "real", ""),
        ),
        ("id",),
        (("shop", "shop", "id"),),
        ((1, 1, 5, "apple", "A", 2019, 0.5), (2, 1, 8, "pear", "B", 2020, 1.25),
         (3, 2, 11, "fig", "A", 2020, 2.0)),
        "goods",
    ),
    Spec("secret", (("password", "text", ""),), rows=(("s3cret",),)),
)  # fmt: skip

Make = Callable[[str, str], Awaitable[Place]]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """The one PostgreSQL of the session."""
    with servers.postgres() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[Server]:
    """The one MariaDB of the session."""
    with servers.mariadb() as server:
        yield server


@pytest.fixture(scope="session")
def make(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Makes an empty database of a kind, with a role `reader` that can do nothing yet."""

    async def build(kind: str, name: str) -> Place:
        if kind in {"sqlite", "duckdb"}:
            return Place(kind, name, path=tmp_path_factory.mktemp(f"{kind}-{name}") / f"{name}.db")
        server: Server = request.getfixturevalue(
            "postgres_server" if kind == "postgres" else "mariadb_server"
        )
        if kind == "postgres":
            await Place(kind, "postgres", server).owner([f'CREATE DATABASE "{name}"', "SELECT 1"])
            place = Place(kind, name, server)
            roles = "SELECT 1 FROM pg_roles WHERE rolname = 'reader'"
            if not await place.owner([roles]):
                for role in ("reader", "writer", "heir", "filer"):
                    password = READER_PASSWORD.replace("'", "''")
                    await place.owner([f"CREATE ROLE {role} LOGIN PASSWORD '{password}'", roles])
                await place.owner(["ALTER ROLE heir NOINHERIT", "GRANT owner TO heir", roles])
                await place.owner(["GRANT pg_read_server_files TO filer", roles])
            return place
        await Place(kind, "", server).owner([f"CREATE DATABASE `{name}`"])
        place = Place(kind, name, server)
        for role in ("reader", "writer"):
            await place.owner(
                [f"CREATE USER IF NOT EXISTS {role}@'%' IDENTIFIED BY '{READER_PASSWORD}'"]
            )
        return place

    return build


async def grant(place: Place, *tables: str) -> None:
    """Let the reader read these tables, or everything."""
    if place.kind == "postgres":
        what = ", ".join(f'"{t}"' for t in tables) or "ALL TABLES IN SCHEMA public"
        await place.owner([f"GRANT SELECT ON {what} TO reader", "SELECT 1"])
    if place.kind == "mysql":
        for table in tables or ("*",):
            name = table if table == "*" else f"`{table}`"
            await place.owner([f"GRANT SELECT ON `{place.name}`.{name} TO reader@'%'"])


@pytest.fixture(scope="session", params=ENGINES)
def kind(request: pytest.FixtureRequest) -> str:
    """Each engine in turn."""
    return str(request.param)


@pytest.fixture(scope="session")
def built() -> dict[tuple[str, str], Place]:
    """Databases that were made already: pytest may come back to an engine."""
    return {}


@pytest.fixture(scope="session")
async def shop(kind: str, make: Make, built: dict[tuple[str, str], Place]) -> Place:
    """A small database, with one table that the reader may not read."""
    if ("shop", kind) not in built:
        built["shop", kind] = await _shop(kind, make)
    return built["shop", kind]


async def _shop(kind: str, make: Make) -> Place:
    place = await make(kind, "shop_db")
    await place.load(SHOP)
    if kind == "postgres":
        await place.owner(
            [
                "CREATE SEQUENCE counter",
                "GRANT SELECT, USAGE ON counter TO reader",
                "CREATE SCHEMA extra",
                "CREATE TABLE extra.item (id bigint PRIMARY KEY, colour text)",
                "INSERT INTO extra.item VALUES (1, 'red'), (2, 'blue'), (3, 'red')",
                "GRANT USAGE ON SCHEMA extra TO reader",
                "GRANT SELECT ON extra.item TO reader",
                "GRANT SELECT, INSERT ON item, shop TO writer",
                "SELECT 1",
            ]
        )
    if kind == "duckdb":
        await place.owner(
            [
                "CREATE SCHEMA extra",
                "CREATE TABLE extra.item (id BIGINT PRIMARY KEY, colour VARCHAR)",
                "INSERT INTO extra.item VALUES (1, 'red'), (2, 'blue'), (3, 'red')",
            ]
        )
    if kind == "mysql":
        await place.owner(["GRANT SELECT, INSERT ON shop_db.* TO writer@'%'"])
        # where MariaDB's own numbers (seq_1_to_…) can be read
        await place.owner(["CREATE DATABASE numbers", "GRANT SELECT ON numbers.* TO reader@'%'"])
    await grant(place, "item", "shop")
    return place


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo database as it is generated."""
    path = tmp_path_factory.mktemp("demo") / "demo.db"
    create_demo_database(path)
    return path


@pytest.fixture(scope="session")
async def koperasi(kind: str, make: Make, demo: Path, built: dict[tuple[str, str], Place]) -> Place:
    """A copy of the demo database in each engine, comments included."""
    if ("koperasi", kind) not in built:
        built["koperasi", kind] = await copy_of_demo(kind, make, demo)
    return built["koperasi", kind]


async def copy_of_demo(kind: str, make: Make, demo: Path) -> Place:
    """Make a copy of the demo database that the reader can read."""
    place = await make(kind, "koperasi_db")
    with closing(sqlite3.connect(demo)) as db:
        schema = scan_file(demo, Stop(20))
        rows: dict[str, Any] = {
            name: db.execute(f'SELECT * FROM "{name}"').fetchall() for name in schema.tables
        }
    await place.load(copied(schema, rows))
    await grant(place)
    return place
