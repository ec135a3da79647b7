"""PostgreSQL by asyncpg: one prepared statement in a read-only transaction that is rolled back.

The role's grants are the real protection. A role that may write causes a warning; a role to which
grants do not apply (a superuser, or one that may become a superuser or use the server's files) is
refused. In addition, the session's transactions are read-only, a statement without a result
(``COMMIT``, ``SET`` and others) is refused before it runs, the server limits its time, and the
transaction is always rolled back.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal, TypeAlias
from urllib.parse import SplitResult

import asyncpg

from kai_flow.analyst.engines import sentences
from kai_flow.analyst.engines.address import Address, tls_context
from kai_flow.analyst.engines.cells import Collector
from kai_flow.analyst.engines.contract import (
    CONNECT_TIMEOUT_S,
    DEFAULT_LIMITS,
    SCAN_DEADLINE_S,
    Limits,
    Probe,
    Rows,
)
from kai_flow.analyst.engines.postgres_scan import LOOK_S, fingerprint, scan_tables
from kai_flow.analyst.errors import DatabaseUnavailable, EngineError, QueryTimeout
from kai_flow.analyst.schema import Schema

__all__ = ["PostgresEngine"]

_OPTIONS = frozenset({"host", "sslmode", "sslrootcert"})
_LOCK_TIMEOUT_MS = 5_000  # the longest wait for a table that is being altered
_GRACE_S = 2.0  # the server stops a query itself; if it does not, the client does after this
_CLOSE_S = 2.0  # for closing a connection in order
_PREFETCH = 50  # rows at a time, so that few wide rows are held at once

Db: TypeAlias = "asyncpg.Connection[asyncpg.Record]"  # subscriptable for type checkers only

_MAY_WRITE = """
SELECT
  current_setting('server_version'),
  EXISTS (
    SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname !~ '^pg_'
      AND n.nspname <> 'information_schema' AND has_schema_privilege(n.oid, 'USAGE')
      AND (has_table_privilege(c.oid, 'INSERT') OR has_table_privilege(c.oid, 'UPDATE')
        OR has_table_privilege(c.oid, 'DELETE') OR has_table_privilege(c.oid, 'TRUNCATE')))
  OR EXISTS (
    SELECT FROM pg_namespace n WHERE n.nspname !~ '^pg_' AND has_schema_privilege(n.oid, 'CREATE'))
"""

_ALL_POWERFUL = """
SELECT EXISTS (
  SELECT FROM pg_roles
  WHERE pg_has_role(session_user, oid, 'MEMBER') AND (rolsuper OR rolname IN
    ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')))
"""


class PostgresEngine:
    """A PostgreSQL database."""

    dialect = "postgres"

    def __init__(self, uri: SplitResult) -> None:
        self._address = Address.of(uri, 5432, _OPTIONS)
        self._ssl = self._tls()

    async def check(self) -> Probe:
        """Connect, and look at what the role may do."""
        try:
            async with self._connected(CONNECT_TIMEOUT_S) as db:
                row = await db.fetchrow(_MAY_WRITE)
        except EngineError as error:
            return Probe(ok=False, message=str(error))
        assert row is not None  # noqa: S101 -- a SELECT without FROM gives one row
        server, may_write = f"PostgreSQL {str(row[0]).split()[0]}", bool(row[1])
        return sentences.server_answers(server, self._address, may_write=may_write)

    async def scan(
        self, tables: Sequence[str] | None = None, deadline_s: float = SCAN_DEADLINE_S
    ) -> Schema:
        """What this role can read, in every schema but the system's."""
        async with self._connected(max(LOOK_S, deadline_s)) as db:
            return await scan_tables(db, tables, deadline_s)

    async def fingerprint(self) -> str:
        """A hash of the catalogue."""
        async with self._connected(LOOK_S) as db:
            return await fingerprint(db)

    async def run(
        self,
        sql: str,
        limits: Limits = DEFAULT_LIMITS,
        *,
        tables: Collection[str] | None = None,  # noqa: ARG002 -- every engine has it
    ) -> Rows:
        """The rows of one query; the role's grants say what it can read."""
        try:
            async with asyncio.timeout(limits.deadline_s + _GRACE_S):
                async with self._connected(limits.deadline_s) as db:
                    return await _fetch(db, sql, limits)
        except TimeoutError:
            raise QueryTimeout(limits.deadline_s) from None

    def _tls(self) -> ssl.SSLContext | Literal["prefer", False]:
        """The option of asyncpg for TLS; by default TLS is used when the server supports it."""
        mode = self._address.options.get("sslmode", "prefer")
        if mode == "prefer":
            return "prefer"
        return tls_context(mode, self._address.options.get("sslrootcert")) or False

    @asynccontextmanager
    async def _connected(self, deadline_s: float) -> AsyncIterator[Db]:
        """A session with read-only transactions, which is always closed."""
        db = await self._connect(deadline_s)
        try:
            if await db.fetchval(_ALL_POWERFUL):
                raise DatabaseUnavailable(sentences.too_powerful("PostgreSQL", self._address))
            yield db
        except asyncpg.QueryCanceledError:
            raise QueryTimeout(deadline_s) from None
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise sentences.query_failed(_plain(error)) from None
        except asyncpg.InternalClientError:  # the driver's own words name its internals
            raise sentences.query_failed("a column has a type that cannot be read") from None
        except (OSError, asyncio.IncompleteReadError):
            raise sentences.broken("PostgreSQL", self._address) from None
        finally:
            try:
                await asyncio.shield(db.close(timeout=_CLOSE_S))
            except (Exception, asyncio.CancelledError):  # noqa: BLE001 -- a broken connection is dropped
                db.terminate()

    async def _connect(self, deadline_s: float) -> Db:
        """Open a session; ``DatabaseUnavailable`` explains why there is none."""
        at = self._address
        try:
            return await asyncpg.connect(
                host=at.host,
                port=at.port,
                user=at.user,
                password=at.password,
                database=at.database,
                ssl=self._ssl,
                timeout=CONNECT_TIMEOUT_S,
                server_settings={
                    "application_name": "kai",
                    "default_transaction_read_only": "on",
                    "statement_timeout": str(max(1, int(deadline_s * 1000))),
                    "lock_timeout": str(_LOCK_TIMEOUT_MS),
                },
            )
        except asyncpg.InvalidPasswordError:
            hint = sentences.wrong_login("PostgreSQL")
        except asyncpg.InvalidAuthorizationSpecificationError:
            hint = sentences.no_entry("PostgreSQL", "pg_hba.conf")
        except asyncpg.InvalidCatalogNameError:
            hint = sentences.no_database("PostgreSQL")
        except asyncpg.TooManyConnectionsError:
            hint = sentences.no_free_connection("PostgreSQL", at)
        except ssl.SSLError:
            hint = sentences.untrusted("PostgreSQL", at)
        except asyncpg.PostgresError as error:
            hint = sentences.refused("PostgreSQL", at, _plain(error))
        except (OSError, TimeoutError, asyncpg.InterfaceError, ValueError):
            hint = sentences.no_server("PostgreSQL", at)
        raise DatabaseUnavailable(hint)


async def _fetch(db: Db, sql: str, limits: Limits) -> Rows:
    """Run one statement that gives rows, and roll back."""
    transaction = db.transaction(readonly=True)
    await transaction.start()
    try:
        statement = await db.prepare(sql)
        columns = statement.get_attributes()
        if not columns:
            raise sentences.no_query()
        found = Collector((column.name for column in columns), limits)
        cursor: Any = statement.cursor(prefetch=_PREFETCH)
        async for row in cursor:
            if not found.add(row.values()):
                break
        return found.rows()
    finally:
        if not db.is_closed():
            await transaction.rollback()


def _plain(error: BaseException) -> str:
    """PostgreSQL's message on one line."""
    return (" ".join(str(error).split()) or type(error).__name__).rstrip(".")
