"""An engine whose calls have spans, by the semantic conventions of databases."""

from collections.abc import Collection, Sequence
from typing import Final

from kai_flow.analyst.engines.contract import (
    DEFAULT_LIMITS,
    SCAN_DEADLINE_S,
    Engine,
    Limits,
    Probe,
    Rows,
)
from kai_flow.analyst.schema import Schema
from kai_flow.traces import spans
from kai_flow.traces.spans import Kind

__all__ = ["TracedEngine"]

_SYSTEMS: Final = {"postgres": "postgresql"}  # the others are called as their dialects are


class TracedEngine:
    """An engine around another one. Where a database is, and its name, are in no span."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._system = _SYSTEMS.get(engine.dialect, engine.dialect)

    @property
    def dialect(self) -> str:
        """See ``Engine``."""
        return self._engine.dialect

    async def check(self) -> Probe:
        """See ``Engine``."""
        with spans.step("check database", self._about(), kind=Kind.CLIENT):
            return await self._engine.check()

    async def scan(
        self, tables: Sequence[str] | None = None, deadline_s: float = SCAN_DEADLINE_S
    ) -> Schema:
        """See ``Engine``."""
        with spans.step("scan schema", self._about(), kind=Kind.CLIENT) as span:
            schema = await self._engine.scan(tables, deadline_s)
            span.set("kai.tables", len(schema.tables))
            return schema

    async def fingerprint(self) -> str:
        """See ``Engine``."""
        with spans.step("fingerprint schema", self._about(), kind=Kind.CLIENT):
            return await self._engine.fingerprint()

    async def run(
        self, sql: str, limits: Limits = DEFAULT_LIMITS, *, tables: Collection[str] | None = None
    ) -> Rows:
        """See ``Engine``."""
        about = {**self._about(), "db.operation.name": "SELECT"}
        if spans.with_content():
            about["db.query.text"] = sql
        with spans.step("SELECT", about, kind=Kind.CLIENT) as span:
            rows = await self._engine.run(sql, limits, tables=tables)
            span.set("db.response.returned_rows", len(rows.data))
            return rows

    def _about(self) -> dict[str, str]:
        return {"db.system.name": self._system}
