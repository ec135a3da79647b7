"""MySQL and MariaDB by PyMySQL in a thread: one statement in a read-only transaction.

The role's grants are the real protection, so a role that may write causes a warning. In addition,
the protocol takes one statement a call, transactions are read-only, a statement must begin like a
query, the server limits its time, and ``KILL QUERY`` stops a cancelled one.
"""

import re
import socket
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias, TypeVar
from urllib.parse import SplitResult

import pymysql
from pymysql.connections import Connection
from pymysql.cursors import Cursor, SSCursor

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
from kai_flow.analyst.engines.mysql_scan import (
    LOOK_S,
    fingerprint,
    is_mariadb,
    scan_tables,
    version,
)
from kai_flow.analyst.engines.threads import Stop, query_in_thread
from kai_flow.analyst.errors import DatabaseUnavailable, EngineError, QueryTimeout
from kai_flow.analyst.schema import Schema

__all__ = ["MySqlEngine"]

_OPTIONS = frozenset({"sslmode", "sslrootcert"})
_GRACE_S = 2.0  # the server stops a query itself; if it does not, the client does after this
_READS = re.compile(r"[\s(]*(select|with)\b", re.IGNORECASE)
_HARMLESS_GRANTS = {"USAGE", "SELECT", "SHOW VIEW", "SHOW DATABASES", "PROCESS", "REFERENCES"}
_TIMED_OUT = {1969, 3024, 1317}  # MariaDB's limit, MySQL's limit, killed
_DENIED_USER, _UNKNOWN_DATABASE, _TOO_MANY, _DENIED_DATABASE = 1045, 1049, 1040, 1044

Db: TypeAlias = "Connection[Cursor]"  # subscriptable for type checkers only
T = TypeVar("T")


class MySqlEngine:
    """A MySQL or MariaDB database."""

    dialect = "mysql"

    def __init__(self, uri: SplitResult) -> None:
        self._address = Address.of(uri, 3306, _OPTIONS)
        self._tls = _tls(self._address)

    async def check(self) -> Probe:
        """Connect, and look at what the role may do."""
        try:
            server_version, may_write = await self._work(_look_at_role, 2 * CONNECT_TIMEOUT_S)
        except EngineError as error:
            return Probe(ok=False, message=str(error))
        name = "MariaDB" if "mariadb" in server_version.lower() else "MySQL"
        server = f"{name} {server_version.split('-')[0]}"
        return sentences.server_answers(server, self._address, may_write=may_write)

    async def scan(
        self, tables: Sequence[str] | None = None, deadline_s: float = SCAN_DEADLINE_S
    ) -> Schema:
        """What this role can read in the connection's database."""
        return await self._work(
            lambda db, _stop: scan_tables(db, tables, Stop(deadline_s)),
            deadline_s + 2 * CONNECT_TIMEOUT_S,
        )

    async def fingerprint(self) -> str:
        """A hash of the catalogue."""
        return await self._work(lambda db, _stop: fingerprint(db), LOOK_S + 2 * CONNECT_TIMEOUT_S)

    async def run(
        self,
        sql: str,
        limits: Limits = DEFAULT_LIMITS,
        *,
        tables: Collection[str] | None = None,  # noqa: ARG002 -- every engine has it
    ) -> Rows:
        """The rows of one query; the role's grants say what it can read."""
        try:
            return await self._work(
                lambda db, stop: self._fetch(db, sql, limits, stop), limits.deadline_s + _GRACE_S
            )
        except QueryTimeout:
            raise QueryTimeout(limits.deadline_s) from None

    async def _work(self, work: Callable[[Db, Stop], T], deadline_s: float) -> T:
        """Work on an open connection in a thread, until the deadline."""

        def run(stop: Stop) -> T:
            with self._connected(deadline_s) as db:
                stop.interrupt = lambda: self._kill(db)
                try:
                    return work(db, stop)
                except pymysql.MySQLError as error:
                    if _code(error) in _TIMED_OUT or stop():
                        raise QueryTimeout(deadline_s) from None
                    raise sentences.query_failed(_plain(error)) from None
                finally:
                    stop.interrupt = None

        return await query_in_thread(run, deadline_s)

    def _fetch(self, db: Db, sql: str, limits: Limits, stop: Stop) -> Rows:
        """Run one query and read no more of it than is kept."""
        if _READS.match(sql) is None:
            raise sentences.no_query()
        _restrict(db, limits.deadline_s)
        cursor = SSCursor(db)
        try:
            cursor.execute(sql)
            found = Collector((entry[0] for entry in cursor.description or ()), limits)
            while (row := cursor.fetchone()) is not None:
                if not found.add(row):
                    break
            return found.rows()
        finally:
            stop.interrupt = None
            self._abandon(db, cursor)

    def _abandon(self, db: Db, cursor: SSCursor) -> None:
        """Abandon a result that is not read to its end: PyMySQL would read all of it."""
        result: Any = getattr(cursor, "_result", None)  # PyMySQL has no public way to abandon it
        if result is not None and result.unbuffered_active:
            self._kill(db)
            result.unbuffered_active = False
        cursor.connection = None  # type: ignore[assignment]  # closing it would read on

    @contextmanager
    def _connected(self, deadline_s: float) -> Iterator[Db]:
        """A connection that is always closed."""
        db = self._connect()
        try:
            # From now on an answer may take as long as a query may.
            db._read_timeout = deadline_s + _GRACE_S  # type: ignore[attr-defined]  # noqa: SLF001
            yield db
        finally:
            with suppress(Exception):
                db.close()

    def _connect(self) -> Db:
        """Open a connection; ``DatabaseUnavailable`` explains why there is none."""
        at = self._address
        try:
            return pymysql.connect(
                host=at.host,
                port=at.port,
                user=at.user,
                password=(at.password or "").encode(),
                database=at.database,
                connect_timeout=max(1, int(CONNECT_TIMEOUT_S)),
                read_timeout=max(1, int(CONNECT_TIMEOUT_S)),
                write_timeout=max(1, int(CONNECT_TIMEOUT_S)),
                charset="utf8mb4",
                # Known quoting, whatever the server's settings: backslashes escape, " quotes text.
                sql_mode="STRICT_TRANS_TABLES",
                local_infile=False,
                autocommit=True,
                program_name="kai",
                **self._tls,
            )
        except pymysql.MySQLError as error:
            code = _code(error)
            reason = _plain(error)
        except (OSError, ValueError, RuntimeError, EOFError):
            code, reason = 2003, ""
        if code == _DENIED_USER:
            hint = sentences.wrong_login("MySQL")
        elif code in {_UNKNOWN_DATABASE, _DENIED_DATABASE}:
            hint = sentences.no_database("MySQL")
        elif code == _TOO_MANY:
            hint = sentences.no_free_connection("MySQL", at)
        elif 2000 <= code < 3000:
            hint = sentences.no_server("MySQL", at)
        else:
            hint = sentences.refused("MySQL", at, reason)
        raise DatabaseUnavailable(hint)

    def _kill(self, db: Db) -> None:
        """Stop the query of a connection from another thread; drop the connection if that fails."""
        try:
            with self._connected(CONNECT_TIMEOUT_S) as other, other.cursor() as cursor:
                number = int(db.thread_id())  # type: ignore[no-untyped-call]
                cursor.execute(f"KILL QUERY {number}")
        except (EngineError, pymysql.MySQLError, OSError):
            with suppress(Exception):
                db._sock.shutdown(socket.SHUT_RDWR)  # type: ignore[attr-defined]  # noqa: SLF001


def _restrict(db: Db, deadline_s: float) -> None:
    """Make the session read-only, and limit its queries to the deadline."""
    with db.cursor() as cursor:
        if is_mariadb(db):
            cursor.execute("SET SESSION max_statement_time = %s", (deadline_s,))
        else:
            cursor.execute("SET SESSION max_execution_time = %s", (max(1, int(deadline_s * 1000)),))
        cursor.execute("SET SESSION div_precision_increment = 12")  # averages as exact as elsewhere
        cursor.execute("SET SESSION lock_wait_timeout = 5")
        cursor.execute("SET SESSION TRANSACTION READ ONLY")
        cursor.execute("START TRANSACTION READ ONLY")


def _look_at_role(db: Db, _stop: Stop) -> tuple[str, bool]:
    """The server's version, and whether the role has a right other than reading."""
    with db.cursor() as cursor:
        cursor.execute("SHOW GRANTS")
        grants = [str(row[0]) for row in cursor.fetchall()]
    rights = {
        right.strip().upper()
        for grant in grants
        if (found := re.match(r"GRANT (.+?) ON ", re.sub(r"\([^)]*\)", "", grant)))
        for right in found.group(1).split(",")
    }
    return version(db), bool(rights - _HARMLESS_GRANTS)


def _tls(at: Address) -> dict[str, Any]:
    """PyMySQL's options for TLS; by default TLS is used when the server supports it."""
    if "sslmode" not in at.options:
        return {}
    context = tls_context(at.options["sslmode"], at.options.get("sslrootcert"))
    return {"ssl_disabled": True} if context is None else {"ssl": context}


def _code(error: pymysql.MySQLError) -> int:
    """MySQL's number of an error; 2013 (connection lost) when there is none."""
    return error.args[0] if error.args and isinstance(error.args[0], int) else 2013


def _plain(error: pymysql.MySQLError) -> str:
    """MySQL's message on one line."""
    text = str(error.args[1]) if len(error.args) > 1 else str(error)
    return (" ".join(text.split()) or type(error).__name__).rstrip(".")
