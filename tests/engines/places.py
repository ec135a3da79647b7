"""One database of each engine with the same tables: what its owner does, and what a reader sees."""

import asyncio
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import duckdb
import pymysql

from kai_flow.analyst.engines import Engine, engine_for
from kai_flow.analyst.engines.sqlite import connect
from kai_flow.analyst.engines.sqlite_scan import scan_tables
from kai_flow.analyst.engines.threads import Stop
from kai_flow.analyst.schema import Schema
from kai_flow.connections.file_access import FileAccess
from tests.engines.loading import Spec, render
from tests.engines.servers import Server

EVERYWHERE = FileAccess((Path("/"),))
"""For tests of other things than which files may be read."""

ENGINES = ("sqlite", "postgres", "duckdb", "mysql")

READER_PASSWORD = "canary/p@ss w0rd#1"  # every character that a URI must escape
_ESCAPED = "canary%2Fp%40ss%20w0rd%231"


@dataclass
class Place:
    """A database."""

    kind: str
    name: str
    server: Server | None = field(repr=False, default=None)
    path: Path | None = None

    @property
    def uri(self) -> str:
        """As a reader reaches it."""
        return self.uri_of("reader", _ESCAPED)

    def uri_of(self, user: str, password: str) -> str:
        """As somebody else reaches it."""
        if self.path is not None:
            return f"{self.kind}://{self.path}"
        assert self.server is not None
        scheme = "postgresql" if self.kind == "postgres" else "mysql"
        return f"{scheme}://{user}:{password}@127.0.0.1:{self.server.port}/{self.name}"

    @property
    def engine(self) -> Engine:
        """A fresh engine of a reader."""
        return engine_for(self.uri, EVERYWHERE)

    async def load(self, specs: Iterable[Spec]) -> None:
        """Make tables as the owner."""
        await self.owner([statement for spec in specs for statement in render(spec, self.kind)])

    async def owner(self, statements: Sequence[str]) -> list[Any]:
        """Run statements as the owner; the rows of the last."""
        return (await self.answers(statements))[-1]

    async def answers(self, statements: Sequence[str]) -> list[list[Any]]:
        """The rows of each statement, run as the owner over one connection."""
        if self.kind == "postgres":
            return await self._postgres(statements)
        return await asyncio.to_thread(getattr(self, f"_{self.kind}"), statements)

    async def _postgres(self, statements: Sequence[str]) -> list[list[Any]]:
        assert self.server is not None
        db = await asyncpg.connect(
            host="127.0.0.1", port=self.server.port, user=self.server.owner,
            password=self.server.password, database=self.name,
        )  # fmt: skip
        try:
            return [[tuple(row) for row in await db.fetch(each)] for each in statements]
        finally:
            await db.close()

    def _mysql(self, statements: Sequence[str]) -> list[list[Any]]:
        assert self.server is not None
        found = []
        with (
            closing(
                pymysql.connect(
                    host="127.0.0.1",
                    port=self.server.port,
                    user="root",
                    database=self.name or None,
                    autocommit=True,
                    charset="utf8mb4",
                )
            ) as db,
            db.cursor() as cursor,
        ):
            for statement in statements:
                cursor.execute(statement)
                found.append(list(cursor.fetchall()))
        return found

    def _sqlite(self, statements: Sequence[str]) -> list[list[Any]]:
        assert self.path is not None
        with closing(sqlite3.connect(self.path)) as db, db:
            return [db.execute(each).fetchall() for each in statements]

    def _duckdb(self, statements: Sequence[str]) -> list[list[Any]]:
        with closing(duckdb.connect(str(self.path))) as db:
            db.begin()
            found = [db.execute(each).fetchall() for each in statements]
            db.commit()
            return found

    async def fingerprint(self) -> object:
        """What must not change: the file, or every table with its rows, and every role."""
        if self.path is not None:
            return await asyncio.to_thread(_bytes, self.path)
        return await self.owner([_STATE[self.kind]])

    async def running(self) -> int:
        """Queries that a reader has under way on the server."""
        return int((await self.owner([_RUNNING[self.kind]]))[0][0])


def scan_file(path: Path, stop: Stop) -> Schema:
    """A scan of a SQLite file, in this thread."""
    with closing(connect(path)) as db:
        return scan_tables(db, stop, None)


def _bytes(path: Path) -> tuple[bytes, list[str]]:
    """A file, and what lies beside it."""
    return path.read_bytes(), names(path.parent)


def names(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(each.name for each in folder.iterdir())


_STATE = {
    "mysql": """
        SELECT (SELECT GROUP_CONCAT(id, price, name ORDER BY id) FROM item),
          (SELECT GROUP_CONCAT(id, name ORDER BY id) FROM shop),
          (SELECT COUNT(*) FROM information_schema.tables WHERE table_schema NOT IN
            ('information_schema', 'performance_schema')),
          (SELECT SUM(CRC32(CONCAT(user, priv))) FROM mysql.global_priv),
          (SELECT COUNT(*) FROM mysql.proc), (SELECT COUNT(*) FROM mysql.event),
          (SELECT COUNT(*) FROM information_schema.schemata), @@GLOBAL.read_only
    """,
    "postgres": """
        SELECT (SELECT string_agg(relname || relkind::text, ',' ORDER BY oid) FROM pg_class
            WHERE relkind <> 't'),
          (SELECT string_agg(item::text, ',') FROM item),
          (SELECT string_agg(shop::text, ',') FROM shop),
          (SELECT string_agg(datname, ',' ORDER BY oid) FROM pg_database),
          (SELECT string_agg(rolname || rolsuper::text || rolpassword, ',' ORDER BY oid)
            FROM pg_authid),
          (SELECT last_value FROM counter), (SELECT count(*) FROM pg_largeobject_metadata),
          (SELECT count(*) FROM pg_proc),
          (SELECT string_agg(setconfig::text, ',') FROM pg_db_role_setting)
    """,
}

_RUNNING = {
    "mysql": "SELECT COUNT(*) FROM information_schema.processlist"
    " WHERE user = 'reader' AND command = 'Query'",
    "postgres": "SELECT count(*) FROM pg_stat_activity"
    " WHERE usename = 'reader' AND state = 'active'",
}
