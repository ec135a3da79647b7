"""The operations on connections and what is known about them, for activities and command line.

Every answer is a JSON object without secrets. A mistake of the caller raises `BadInput`; a database
that cannot be used is an answer of status ``failed`` with a message.
"""

import asyncio
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import msgspec

from kai_flow.analyst.engines import Engine, engine_for
from kai_flow.analyst.engines.threads import in_thread
from kai_flow.analyst.errors import AnalysisError
from kai_flow.analyst.mdl import places, write_mdl
from kai_flow.analyst.schema import Schema, Table
from kai_flow.connections.knowledge import BadKnowledge, Knowledge, read_knowledge
from kai_flow.connections.knowledge_file import KnowledgeFile, read_file, write_sections
from kai_flow.connections.model import Connection, StoreError
from kai_flow.connections.store import ConnectionStore
from kai_flow.connections.uris import scrub

__all__ = ["MAX_ANSWER_BYTES", "BadInput", "Data"]

MAX_ANSWER_BYTES: Final = 512 * 1024
"""Bytes of the tables in an answer; the columns of tables beyond that are left out."""

MAX_MDL_BYTES: Final = 1000 * 1024
"""Bytes of a data model; tables beyond that are left out, which its last line says."""

MAX_TABLE_NAMES: Final = 1_000
"""Tables that a caller may name at once."""

DEFINITIONS_S: Final = 1.0
"""Time for a scan that is about definitions and not about values, in seconds."""

CHECK_S: Final = 20.0
"""Time for checking what was taught against the schema, in seconds."""

Answer = dict[str, Any]
T = TypeVar("T")


class BadInput(ValueError):
    """A mistake that no retry can mend; the message says what to do, without a secret."""


class Data:
    """The operations on one store."""

    def __init__(self, store: ConnectionStore) -> None:
        self.store = store

    async def store_connection(
        self, connection_id: str, uri: str, alias: str, *, replace: bool = True
    ) -> Answer:
        """Store a connection; the answer shows it without secrets."""

        def work() -> Connection:
            clear = self.store.read_uri(uri)
            engine_for(clear)  # refuses a URI whose driver is missing
            return self.store.add(connection_id, clear, alias, replace=replace)

        return shown(await self._in_thread(work))

    async def test_connection(self, connection_id: str) -> Answer:
        """Whether the database can be used; the message warns about a role that may write."""
        connection = await self.resolve(connection_id)
        try:
            probe = await self._engine(connection).check()
        except (AnalysisError, TimeoutError) as error:
            return _failed(error, connection)
        return {
            "status": "ok" if probe.ok else "failed",
            "message": scrub(probe.message, connection.uri),
        }

    async def scan_schema(
        self, connection_id: str, table_names: Sequence[str] | None = None
    ) -> Answer:
        """Scan the database, and remember what was found."""
        connection = await self.resolve(connection_id)
        names = _table_names(table_names)
        schema = await self._scanned(connection, names)
        if not isinstance(schema, Schema):
            return {**schema, "scanned_count": 0, "tables": []}
        tables = _within([_summary(table) for table in schema.tables.values()])
        await self._in_thread(lambda: self._remember(connection, tables, whole=names is None))
        return {"status": "ok", "scanned_count": len(tables), "tables": tables}

    async def generate_mdl(
        self, connection_id: str, table_names: Sequence[str] | None = None
    ) -> Answer:
        """The data model as Markdown, with what was synced before, in the form of `sync_config`."""
        connection = await self.resolve(connection_id)
        schema = await self._scanned(connection, _table_names(table_names))
        if not isinstance(schema, Schema):
            return {**schema, "mdl": "", "table_count": 0, "tables": []}
        known = await self._in_thread(lambda: self.store.knowledge(connection))
        from kai_flow.analyst.semantics.overlay import described  # noqa: PLC0415  (needs sqlglot)

        written = _fitting(described(schema, known.mdl))
        left_out = len(schema.tables) - len(written.tables)
        model, rest = write_mdl(written, connection.alias, left_out=left_out), write_sections(known)
        return {
            "status": "ok",
            "mdl": model + rest if len((model + rest).encode()) <= MAX_MDL_BYTES else model,
            "table_count": len(written.tables),
            "tables": list(written.tables),
        }

    async def sync_config(self, connection_id: str, **parts: object) -> Answer:
        """Replace the given parts of what is known about a connection; None leaves a part.

        The data model may be a file that has the other parts as well; those given beside it count
        instead. ``problems`` says what has no effect on the database as it is now.
        """
        connection = await self.resolve(connection_id)
        try:
            read, file = _taught(parts)
        except BadKnowledge as error:
            raise BadInput(str(error)) from None
        known = await self._in_thread(lambda: self.store.teach(connection, read))
        problems = await self._problems(connection, known, file)
        return {"status": "ok", "synced": known.counts(), "problems": problems}

    async def _problems(
        self, connection: Connection, known: Knowledge, file: KnowledgeFile
    ) -> list[str]:
        """What of the things known has no effect, as far as a scan can tell."""
        schema = await self._scanned(connection, None)
        if not isinstance(schema, Schema):
            return [f"Nothing was checked against the database: {schema['message']}"]
        from kai_flow.analyst.semantics.build import build  # noqa: PLC0415  (needs sqlglot)

        try:
            taught = await in_thread(lambda _stop: build(schema, known).problems, CHECK_S)
        except TimeoutError:
            taught = (f"Terms were not checked: that took longer than {CHECK_S:g} s.",)
        return list(file.numbered(taught, places(file.mdl or "")))

    async def resolve(self, connection_id: str) -> Connection:
        """The connection of that id or alias."""
        return await self._in_thread(lambda: self.store.resolve(connection_id))

    async def _scanned(self, connection: Connection, names: list[str] | None) -> Schema | Answer:
        """A scan of these tables (None: all), or the answer that it failed."""
        try:
            return await _scan(self._engine(connection), names)
        except (AnalysisError, TimeoutError) as error:
            return _failed(error, connection)

    def _engine(self, connection: Connection) -> Engine:
        return engine_for(connection.uri, self.store.files(connection))

    def _remember(self, connection: Connection, tables: list[Answer], *, whole: bool) -> None:
        if not whole:
            before = self.store.last_scan(connection) or {"tables": []}
            fresh = {table["name"]: table for table in tables}
            kept = [fresh.pop(table["name"], table) for table in before["tables"]]
            tables = [*kept, *fresh.values()]
        self.store.keep_scan(connection, {"tables": tables})

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """Work on the store, which may wait for another process."""
        try:
            return await asyncio.to_thread(work)
        except (StoreError, AnalysisError) as error:
            raise BadInput(str(error)) from None


def _taught(parts: dict[str, object]) -> tuple[dict[str, Any], KnowledgeFile]:
    """The parts that a caller gives, and the file that they come from; `BadKnowledge`."""
    given = {name: value for name, value in parts.items() if value is not None}
    model = given.get("mdl")
    if not isinstance(model, str):
        return read_knowledge(**given), KnowledgeFile()
    file = read_file(model)
    return read_knowledge(**(file.parts | given | {"mdl": file.mdl})), file


def shown(connection: Connection) -> Answer:
    """A connection as it may be shown."""
    return {
        "connection_id": connection.id,
        "alias": connection.alias,
        "uri": connection.safe_uri,
    }


async def _scan(engine: Engine, names: list[str] | None) -> Schema:
    """A scan of these tables, with all their foreign keys.

    An engine leaves out foreign keys to tables that it does not scan, because no query could follow
    them.
    """
    schema = await engine.scan(names)
    if names is None:
        return schema
    whole = await engine.scan(deadline_s=DEFINITIONS_S)
    tables = {
        name: dataclasses.replace(table, foreign_keys=whole.tables[name].foreign_keys)
        if name in whole.tables
        else table
        for name, table in schema.tables.items()
    }
    return dataclasses.replace(schema, tables=tables)


def _failed(error: Exception, connection: Connection) -> Answer:
    if isinstance(error, TimeoutError):
        message = "The database did not answer in time; try again, or name fewer tables."
    else:
        message = scrub(str(error), connection.uri)
    return {"status": "failed", "message": message}


def _table_names(given: object) -> list[str] | None:
    """The named tables; None for all tables."""
    if given is None or given == []:
        return None
    if not isinstance(given, list | tuple) or not all(isinstance(name, str) for name in given):
        raise BadInput('table_names must be a list of names, for example ["orders"], or null.')
    if len(given) > MAX_TABLE_NAMES:
        raise BadInput(
            f"table_names has more than {MAX_TABLE_NAMES:,} names; leave it out for all tables."
        )
    return list(dict.fromkeys(given))


def _summary(table: Table) -> Answer:
    """A table for an answer, without values of its rows."""
    return {
        "name": table.name,
        "row_count": table.row_count,
        "sampled": table.sampled,
        "columns": [{"name": column.name, "type": column.type} for column in table.columns],
        "primary_key": list(table.primary_key),
        "foreign_keys": [
            {
                "columns": list(key.columns),
                "target": key.target,
                "target_columns": list(key.target_columns),
            }
            for key in table.foreign_keys
        ],
    }


def _within(tables: list[Answer]) -> list[Answer]:
    """The tables; those beyond the limit have only their name."""
    size, fitting = 0, []
    for table in tables:
        size += len(msgspec.json.encode(table))
        fitting.append(table if size <= MAX_ANSWER_BYTES else {"name": table["name"]})
    return fitting


def _fitting(schema: Schema) -> Schema:
    """The first tables, as many as a data model can hold."""
    size, tables = 0, {}
    for name, table in schema.tables.items():
        size += len(write_mdl(Schema({name: table}), "").encode())
        if size > MAX_MDL_BYTES:
            break
        tables[name] = table
    return dataclasses.replace(schema, tables=tables)
