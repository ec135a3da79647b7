"""All parts of KAI in one process: Temporal, worker and bridge, for `kai up` and `kai ask`.

The rule: what is started here is stopped here, in reverse order. Worker and bridge run in this
event loop; the dev server is a child process that never outlives this one. A Temporal server that
already listens is used, and left running.
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from kai_flow.runtime.imports import imported
from kai_flow.runtime.locks import FileLock
from kai_flow.runtime.metrics import Metrics
from kai_flow.runtime.ports import require_free
from kai_flow.runtime.reporting import serving_metrics
from kai_flow.settings import Settings, StartError
from kai_flow.temporal.converter import data_converter_of
from kai_flow.temporal.dev_server import HOST, DevServer, dev_server
from kai_flow.temporal.target import NoTemporal, Target, target

if TYPE_CHECKING:  # an embedded server starts while the rest is imported
    from temporalio.client import Client
    from temporalio.converter import DataConverter

Say = Callable[[str], None]  # shows the user one line of progress

# Importing these takes longer than an embedded server takes to start. So they are imported while it
# starts, and not above.
_PARTS: Final = ("kai_flow.temporal.client", "kai_flow.web.server", "kai_flow.worker.service")

UI_OFFSET: Final = 1000  # the UI's default port lies that much above Temporal's, as in its own CLI
DATABASE_WAIT_SECONDS: Final = 60.0  # longer than a usual `kai ask`, which may use the file


@dataclass(frozen=True)
class Stack:
    """A stack that runs."""

    client: "Client"
    temporal: str  # host:port
    settings: Settings  # as in effect: with the task queue that the worker polls
    bridge_url: str  # base URLs without a slash at their end
    health_url: str
    server: DevServer | None  # None: a Temporal server that was started elsewhere


@dataclass(frozen=True)
class UiWish:
    """What the user wants of the embedded server's web UI."""

    wanted: bool = False
    port: int | None = None  # 0: any; None: the one that belongs to Temporal's

    def beside(self, temporal_port: int) -> int | None:
        """The UI's port for a server on `temporal_port`; None for no UI."""
        if not self.wanted:
            return None
        if self.port is not None:
            return self.port
        belonging = temporal_port + UI_OFFSET
        return belonging if UI_OFFSET < belonging <= 65_535 else 0


@dataclass(frozen=True)
class _Temporal:
    """What worker and bridge are to run on."""

    client: "Client"
    address: str
    server: DevServer | None = field(default=None)


@contextlib.asynccontextmanager
async def standing_stack(settings: Settings, ui: UiWish, say: Say) -> AsyncIterator[Stack]:
    """The stack of `kai up`, on the configured ports, with the database of the home."""
    where, converter = target(), data_converter_of(settings)
    for what, host, port, setting in (
        ("the bridge", settings.bridge_host, settings.bridge_port, "KAI_BRIDGE_PORT"),
        ("the worker's health endpoints", HOST, settings.health_port, "KAI_HEALTH_PORT"),
        ("the metrics", settings.metrics_host, settings.metrics_port or 0, "KAI_METRICS_PORT"),
    ):
        require_free(what, host, port, setting)  # before anything has been started
    with FileLock(database(settings.home).with_suffix(".lock")) as lock:
        async with contextlib.AsyncExitStack() as parts:
            # take the lock first: an embedded server that is just stopping must not be mistaken
            # for a Temporal server that was started elsewhere
            await _wait_for(lock, say)
            found = await _listening(where, converter)
            if found is not None:
                lock.release()
                say(f"using the Temporal server at {where.address}")
                temporal = _Temporal(found, where.address)
            elif where.secured or not where.loopback:
                raise NoTemporal(
                    f"no Temporal server at {where.address}, and `kai up` starts one on this "
                    "machine only: start the server there, or unset TEMPORAL_ADDRESS"
                )
            else:
                temporal = await parts.enter_async_context(
                    _embedded(
                        where.port, ui.beside(where.port), database(settings.home), lock, converter
                    )
                )
            yield await parts.enter_async_context(_parts(settings, temporal))


@contextlib.asynccontextmanager
async def private_stack(settings: Settings, say: Say, purpose: str) -> AsyncIterator[Stack]:
    """The stack of one `kai ask` or `kai chat`, on free ports: any number of them can run at once.

    On a Temporal server that already listens, the worker polls a task queue of its own, because it
    will soon be gone. An embedded server uses the home's database when no other process uses it,
    and memory otherwise.
    """
    settings = msgspec.structs.replace(
        settings,
        bridge_host=HOST,
        bridge_port=0,
        health_port=0,
        bridge_url=None,
        more_bridge_urls=(),
        metrics_port=None,
        tls_cert=None,
        tls_key=None,
    )
    where, converter = target(), data_converter_of(settings)
    async with contextlib.AsyncExitStack() as parts:
        found = await _listening(where, converter)
        if found is not None:
            say(
                f"using the Temporal server at {where.address}; starting a worker and a bridge for "
                f"{purpose} alone. (To use those that run there: --bridge URL, with the URL of "
                "their bridge)"
            )
            queue = f"{settings.task_queue}-{secrets.token_hex(4)}"
            settings = msgspec.structs.replace(settings, task_queue=queue)
            temporal = _Temporal(found, where.address)
        elif where.chosen and where.port:
            raise NoTemporal(
                f"no Temporal server at {where.address}: start one with `kai up`, or unset "
                f"TEMPORAL_ADDRESS to have one started for {purpose}"
            )
        else:
            lock = parts.enter_context(FileLock(database(settings.home).with_suffix(".lock")))
            file = database(settings.home) if lock.try_acquire() else None
            kept = f"kept in {file}" if file else "in memory: another process uses the database"
            say(f"starting Temporal, worker and bridge for {purpose} ({kept})")
            # stopped by SIGKILL, which loses nothing, so that the prompt returns 1.3 s sooner
            temporal = await parts.enter_async_context(
                _embedded(0, None, file, lock, converter, 0.0)
            )
        yield await parts.enter_async_context(_parts(settings, temporal))


def database(home: Path) -> Path:
    """The file of the embedded server."""
    return home / "temporal.db"


async def _listening(where: Target, converter: "DataConverter | None") -> "Client | None":
    """A client of the Temporal that listens at the address; None when nothing listens there.

    Raises `NoTemporal` when something listens that cannot be used.
    """
    if where.port == 0:
        return None
    if where.loopback and not where.secured and not await _accepts(where):
        return None
    await imported("kai_flow.temporal.client")
    from kai_flow.temporal.client import connect  # noqa: PLC0415  (see `_PARTS`)

    return await connect(timeout=0, data_converter=converter)


async def _accepts(where: Target) -> bool:
    try:
        async with asyncio.timeout(1.0):
            _, writer = await asyncio.open_connection(where.host, where.port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


@contextlib.asynccontextmanager
async def _embedded(
    port: int,
    ui_port: int | None,
    file: Path | None,
    lock: FileLock,
    converter: "DataConverter | None",
    stop_seconds: float = 3.0,
) -> AsyncIterator[_Temporal]:
    async with dev_server(
        port=port,
        ui_port=ui_port,
        db_file=file,
        lock=lock,
        stop_seconds=stop_seconds,
        meanwhile=_PARTS,
    ) as server:
        from temporalio.service import RPCError  # noqa: PLC0415  (see `_PARTS`)

        from kai_flow.temporal.client import connect  # noqa: PLC0415  (see `_PARTS`)
        from kai_flow.temporal.search_attributes import register  # noqa: PLC0415  (see `_PARTS`)

        client = await connect(server.address, data_converter=converter)
        with contextlib.suppress(RPCError):  # one has another type: the worker says so
            await register(client)
        yield _Temporal(client, server.address, server)


@contextlib.asynccontextmanager
async def _parts(settings: Settings, temporal: _Temporal) -> AsyncIterator[Stack]:
    """Start the bridge before the worker and stop it after it: a worker needs its callback."""
    await imported(*_PARTS)
    from kai_flow.web.server import running_bridge  # noqa: PLC0415  (see `_PARTS`)
    from kai_flow.worker.service import running_worker  # noqa: PLC0415  (see `_PARTS`)

    metrics = Metrics()
    async with (
        serving_metrics(settings, metrics),
        running_bridge(settings, temporal.client, metrics) as bridge_url,
        running_worker(_beside(settings, bridge_url), temporal.client, metrics) as health_url,
    ):
        yield Stack(
            client=temporal.client,
            temporal=temporal.address,
            settings=settings,
            bridge_url=bridge_url.rstrip("/"),
            health_url=health_url.rstrip("/"),
            server=temporal.server,
        )


def _beside(settings: Settings, bridge_url: str) -> Settings:
    """The settings of the worker, which may call this bridge at the port that it has got."""
    port = settings.bridge_port or urlsplit(bridge_url).port or 0
    return msgspec.structs.replace(settings, bridge_port=port, bridge_url=bridge_url)


async def _wait_for(lock: FileLock, say: Say) -> None:
    """Take the lock of the database, once another process has released it."""
    deadline = time.monotonic() + DATABASE_WAIT_SECONDS
    told_at = time.monotonic() + 1.0  # a server that is just stopping needs no message
    while not lock.try_acquire():
        now = time.monotonic()
        if now >= deadline:
            raise StartError(
                f"process {lock.holder()} still uses the database beside {lock.path}: end that "
                "process, or set KAI_HOME to another folder"
            )
        if now >= told_at:
            say(f"waiting for process {lock.holder()} to stop using the database")
            told_at = deadline
        await asyncio.sleep(0.1)
