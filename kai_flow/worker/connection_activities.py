"""The activities about connections, which a control plane runs on a worker beside the data.

Their results, failures and log lines hold no secret of a connection. A caller's mistake fails the
activity at once; a database that cannot be used is a result of status ``failed``.
"""

import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

from temporalio import activity
from temporalio.exceptions import ApplicationError

from kai_flow.connections.service import Data
from kai_flow.connections.store import ConnectionStore
from kai_flow.stream.log_fields import about
from kai_flow.worker.failures import EXPECTED, activity_failures
from kai_flow.worker.heartbeats import heartbeats

__all__ = ["DataActivities"]

_SHOWN_FRAMES: Final = 20  # of a defect, the last

Given = Any
"""A value that a caller sends, which `Data` checks. With a stricter type hint the SDK itself would
fail every attempt with "Failed decoding arguments", which does not say what is wrong."""


class DataActivities:
    """The activities of one store."""

    def __init__(self, store: ConnectionStore) -> None:
        self._data = Data(store)

    @activity.defn
    async def store_connection(
        self, connection_id: Given, connection_uri: Given, alias: Given
    ) -> dict[str, Any]:
        """Store a connection, or replace the one of that id: `{"connection_id","alias","uri"}`.

        The URI is either in the clear, and then stays readable in Temporal's history, or
        encrypted by `kai connection encrypt`.
        """
        async with _as_activity():
            return await self._data.store_connection(connection_id, connection_uri, alias)

    @activity.defn
    async def test_connection(self, connection_id: Given) -> dict[str, Any]:
        """Whether its database can be used: `{"status": "ok" | "failed", "message"}`."""
        async with _as_activity():
            return await self._data.test_connection(connection_id)

    @activity.defn
    async def scan_schema(self, connection_id: Given, table_names: Given = None) -> dict[str, Any]:
        """The tables of the database, without rows: `{"status", "scanned_count", "tables"}`."""
        async with _as_activity():
            return await self._data.scan_schema(connection_id, table_names)

    @activity.defn
    async def generate_mdl(self, connection_id: Given, table_names: Given = None) -> dict[str, Any]:
        """Its data model as Markdown: `{"status", "mdl", "table_count", "tables"}`."""
        async with _as_activity():
            return await self._data.generate_mdl(connection_id, table_names)

    @activity.defn
    async def sync_config(
        self,
        connection_id: Given,
        instructions: Given = None,
        skills: Given = None,
        glossary: Given = None,
        mdl: Given = None,
    ) -> dict[str, Any]:
        """Replace what is known about a connection, part by part; None leaves a part as it is.

        `mdl` may be a file that has the other parts as well (docs/reference/knowledge.md). Returns
        `{"status", "synced": {"instructions", "skills", "glossary", "mdl"}, "problems"}`: how many
        entries each part has now, for `mdl` its bytes, and sentences about what has no effect.
        """
        async with _as_activity():
            return await self._data.sync_config(
                connection_id,
                instructions=instructions,
                skills=skills,
                glossary=glossary,
                mdl=mdl,
            )


@asynccontextmanager
async def _as_activity() -> AsyncIterator[None]:
    """Send heartbeats while the block runs, and report its failures without secrets."""
    with activity_failures(), _without_secrets():
        async with heartbeats():
            yield


@contextmanager
def _without_secrets() -> Iterator[None]:
    """Report an unforeseen error by its type alone: its text might hold a secret."""
    try:
        yield
    except EXPECTED:
        raise
    except Exception as error:  # noqa: BLE001  (reported without its text)
        frames = traceback.extract_tb(error.__traceback__)[-_SHOWN_FRAMES:]
        where = ", ".join(f"{frame.filename}:{frame.lineno} ({frame.name})" for frame in frames)
        activity.logger.error(
            "failed with %s at %s",
            type(error).__name__,
            where,
            extra=about("activity_defect"),
        )
        raise ApplicationError(
            f"the worker failed with {type(error).__name__}; see its log", type="Defect"
        ) from None
