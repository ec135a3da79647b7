"""The activities about connections: what a control plane asks of a worker beside the data.

No result, failure or log line of theirs holds a secret of a connection. What the caller got wrong
fails at once; a database that cannot be used is a result of status ``failed``.
"""

import asyncio
import contextlib
import traceback
from collections.abc import AsyncIterator
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from kai_flow.connections.service import BadInput, Data
from kai_flow.connections.store import ConnectionStore, StoreUnavailable
from kai_flow.worker.heartbeats import heartbeats

__all__ = ["DataActivities"]

Given = Any
"""What callers send, checked by us. By a stricter hint the SDK would fail the attempt by itself,
again and again, with "Failed decoding arguments", and nobody would be told what is wrong."""


class DataActivities:
    """The activities on one store."""

    def __init__(self, store: ConnectionStore) -> None:
        self._data = Data(store)

    @activity.defn
    async def store_connection(
        self, connection_id: Given, connection_uri: Given, alias: Given
    ) -> dict[str, Any]:
        """Store a connection, or replace the one of that id: `{"connection_id","alias","uri"}`.

        The URI is in the clear, which Temporal's history then keeps, or as `kai connection
        encrypt` made it.
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
        """What is in the database: `{"status", "scanned_count", "tables"}`; no row of it."""
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

        `{"status", "synced": {"instructions", "skills", "glossary", "mdl"}}`: how many are kept
        now, of `mdl` the bytes.
        """
        async with _as_activity():
            return await self._data.sync_config(
                connection_id,
                instructions=instructions,
                skills=skills,
                glossary=glossary,
                mdl=mdl,
            )


@contextlib.asynccontextmanager
async def _as_activity() -> AsyncIterator[None]:
    """Beat, and say to Temporal which failures are worth another attempt."""
    try:
        async with heartbeats():
            yield
    except BadInput as error:
        activity.logger.warning("refused: %s", error)
        raise ApplicationError(
            str(error),
            type="BadInput",
            non_retryable=True,
            category=ApplicationErrorCategory.BENIGN,
        ) from None
    except StoreUnavailable as error:
        raise ApplicationError(str(error), type="StoreUnavailable") from None
    except asyncio.CancelledError:
        details = activity.cancellation_details()
        if details is not None and details.worker_shutdown:
            raise ApplicationError("the worker is shutting down", type="WorkerShutdown") from None
        raise
    except Exception as error:  # noqa: BLE001  (its text might repeat a secret that it was given)
        where = "".join(traceback.format_tb(error.__traceback__))
        activity.logger.error("failed with %s at\n%s", type(error).__name__, where)
        raise ApplicationError(
            f"the worker failed with {type(error).__name__}; look at its log", type="Defect"
        ) from None
