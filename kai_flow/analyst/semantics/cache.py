"""Keeps the semantic model of each connection, and builds it again when something has changed.

A model is used again while the database's fingerprint and what was taught are the same. Rows of a
server may change without its fingerprint, so there a scan is also repeated after `MAX_AGE_S`.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from weakref import WeakValueDictionary

from kai_flow.analyst.engines import Engine
from kai_flow.analyst.engines.contract import SCAN_DEADLINE_S
from kai_flow.analyst.engines.threads import in_thread
from kai_flow.analyst.schema import Schema
from kai_flow.analyst.semantics.build import build
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.model import SemanticModel
from kai_flow.connections.knowledge import Knowledge

__all__ = ["BUILD_S", "MAX_AGE_S", "MAX_MODELS", "Models", "Understanding"]

MAX_MODELS: Final = 32
"""Connections whose models are kept; the one that was not used for longest is dropped first."""

MAX_AGE_S: Final = 600.0
"""Seconds after which a server, or a database that was not scanned in full, is scanned again."""

BUILD_S: Final = 30.0
"""Seconds for building a model, even of thousands of tables."""

_FILES = frozenset(["sqlite", "duckdb"])  # dialects whose fingerprint changes with the data


@dataclass(frozen=True)
class Understanding:
    """What is known of a database: its model, and the index of the words in it."""

    model: SemanticModel
    index: Index


@dataclass(frozen=True)
class _Kept:
    fingerprint: str
    until: float
    schema: Schema
    knowledge: Knowledge
    understanding: Understanding


class Models:
    """The models of the connections of one event loop."""

    def __init__(
        self,
        *,
        most: int = MAX_MODELS,
        max_age_s: float = MAX_AGE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._max_age_s = max_age_s
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def get(
        self,
        connection: str,
        engine: Engine,
        knowledge: Knowledge,
        *,
        scan_deadline_s: float = SCAN_DEADLINE_S,
    ) -> Understanding:
        """The model of a connection, by its id. At most one scan of it is under way at a time.

        Raises ``EngineError`` when the database cannot be read, and ``TimeoutError`` when the
        model could not be built in time.
        """
        # Taken before the scan: what changes during the scan changes the next fingerprint.
        fingerprint = await engine.fingerprint()
        kept = self._current(connection, fingerprint)
        if kept is not None and kept.knowledge == knowledge:
            return kept.understanding
        lock = self._locks.setdefault(connection, asyncio.Lock())
        async with lock:
            kept = self._current(connection, fingerprint)
            if kept is not None and kept.knowledge == knowledge:
                return kept.understanding
            if kept is not None:
                schema, until = kept.schema, kept.until
            else:
                schema = await engine.scan(deadline_s=scan_deadline_s)
                until = self._until(engine, schema)
            found = await in_thread(lambda _stop: _understood(schema, knowledge), BUILD_S)
            self._keep(connection, _Kept(fingerprint, until, schema, knowledge, found))
            return found

    def _current(self, connection: str, fingerprint: str) -> _Kept | None:
        """What is kept of a connection, if its schema may still be used."""
        kept = self._kept.get(connection)
        if kept is None or kept.fingerprint != fingerprint or kept.until <= self._clock():
            return None
        self._kept.move_to_end(connection)
        return kept

    def _until(self, engine: Engine, schema: Schema) -> float:
        """When a scan becomes too old."""
        whole = all(table.studied for table in schema.tables.values())
        if whole and engine.dialect in _FILES:
            return float("inf")
        return self._clock() + self._max_age_s

    def _keep(self, connection: str, kept: _Kept) -> None:
        self._kept[connection] = kept
        self._kept.move_to_end(connection)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)


def _understood(schema: Schema, knowledge: Knowledge) -> Understanding:
    model = build(schema, knowledge)
    return Understanding(model, Index(model))
