"""Connects to the Temporal that `kai_flow.temporal.target` finds.

The rule: only this module calls `Client.connect`, so that every program finds the same server and
prints the same sentence when there is none. Without `KAI_DATA_CONVERTER` the client has Temporal's
default data converter, so that the Temporal CLI and other SDKs can read everything.
"""

import asyncio
import functools
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.envconfig import ClientConnectConfig
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)
from temporalio.service import RPCError, RPCStatusCode

from kai_flow.settings import Settings
from kai_flow.temporal.converter import data_converter_of
from kai_flow.temporal.refused import refusal
from kai_flow.temporal.target import NoTemporal, one_line, target
from kai_flow.traces.program import client_interceptors, traces

ATTEMPT_SECONDS: Final = 3.0  # a program that accepts and stays silent is not Temporal
RETRY_SECONDS: Final = 0.2

_NOT_LET_IN: Final = {  # as the SDK writes them in the errors of a connection
    RPCStatusCode.PERMISSION_DENIED: "PermissionDenied",
    RPCStatusCode.UNAUTHENTICATED: "Unauthenticated",
}

_REMEDY: Final = (
    "start one with `kai up` (or `temporal server start-dev`), or set TEMPORAL_ADDRESS to the "
    "address of your server"
)


def connected(
    part: Callable[[Settings, Client], AbstractAsyncContextManager[str]], service: str
) -> Callable[[Settings], AbstractAsyncContextManager[str]]:
    """`part` with the configured Temporal, as `run_program` starts it. It raises `NoTemporal`.

    `service` is its name in traces.
    """

    @asynccontextmanager
    async def with_client(settings: Settings) -> AsyncIterator[str]:
        async with traces(settings, service):
            client = await connect(data_converter=data_converter_of(settings))
            async with part(settings, client) as url:
                yield url

    return with_client


async def connect(
    address: str | None = None,
    *,
    timeout: float = 3.0,
    data_converter: DataConverter | None = None,
) -> Client:
    """Connect to the configured Temporal and make sure that its namespace exists.

    With `address` (host:port of an embedded server), variables and profiles are ignored. While no
    server listens, the connection is retried for `timeout` seconds; 0 tries once. `data_converter`:
    of all that the client sends and reads (`data_converter_of`); None: Temporal's default.

    Raises `NoTemporal` with address, reason and remedy in one sentence, at most `timeout` plus
    three seconds after the call.
    """
    if address is None:
        where = target()
        address, config = where.address, where.config
    else:
        config = ClientConnectConfig(target_host=address)
    if address.endswith(":0"):
        raise NoTemporal(f"{address} names no server (port 0 means any): {_REMEDY}")
    converter = DataConverter.default if data_converter is None else data_converter
    client = await _connect_within(address, config, timeout, converter)
    await _require_namespace(client, address, config)
    return client


async def _connect_within(
    address: str, config: ClientConnectConfig, timeout: float, converter: DataConverter
) -> Client:
    deadline = time.monotonic() + timeout
    while True:
        try:
            # the SDK's own connect_timeout does not limit a peer that accepts and stays silent
            async with asyncio.timeout(ATTEMPT_SECONDS):
                return await Client.connect(
                    **config,
                    runtime=_runtime(),
                    data_converter=converter,
                    interceptors=client_interceptors(),
                )
        except TimeoutError:  # a silent program, or a firewall that drops what is sent
            raise NoTemporal(
                f"nothing at {address} answered within {ATTEMPT_SECONDS:g} s: {_REMEDY}"
            ) from None
        except ValueError as wrong:
            raise NoTemporal(
                refusal(str(wrong), address, config)
                or f"{address!a} is not an address ({one_line(wrong)}): {_REMEDY}"
            ) from None
        except RuntimeError as refused:
            final = refusal(str(refused), address, config)
            if final is not None:
                raise NoTemporal(final) from None
            if time.monotonic() >= deadline:
                raise NoTemporal(
                    f"no Temporal server at {address} ({_reason(refused)}): {_REMEDY}"
                ) from None
        await asyncio.sleep(RETRY_SECONDS)


async def _require_namespace(client: Client, address: str, config: ClientConnectConfig) -> None:
    try:
        await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=client.namespace)
        )
    except RPCError as answer:
        # without the permission to describe its namespace no worker runs
        status = _NOT_LET_IN.get(answer.status)
        if status is not None:
            raise NoTemporal(refusal(f"code: {status}", address, config)) from None
        if answer.status is RPCStatusCode.NOT_FOUND:
            raise NoTemporal(
                f"Temporal at {address} has no namespace {client.namespace!a}: create it with "
                f"`temporal operator namespace create --namespace {client.namespace}`, or set "
                "TEMPORAL_NAMESPACE"
            ) from None


@functools.cache
def _runtime() -> Runtime:
    """The SDK's core with its log in Python's logging; by default it writes to standard output."""
    log = logging.getLogger("temporalio.core")
    return Runtime(
        telemetry=TelemetryConfig(
            logging=LoggingConfig(
                filter=TelemetryFilter(core_level="WARN", other_level="ERROR"),
                forwarding=LogForwardingConfig(logger=log),
            )
        )
    )


def _reason(failure: RuntimeError) -> str:
    """The reason alone, without the text that the SDK wraps around it."""
    text = str(failure)
    if "ConnectionRefused" in text:
        return "connection refused"
    if "dns error" in text:
        return "the host name is not known"
    return one_line(failure)
