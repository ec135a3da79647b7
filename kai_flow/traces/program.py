"""Makes the spans of one program, if its environment asks for traces."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from kai_flow.runtime.extras import installing
from kai_flow.runtime.imports import imported
from kai_flow.settings import Settings, StartError
from kai_flow.stream.log_fields import about
from kai_flow.traces import spans
from kai_flow.traces.asked import OFF, Asked, asked

if TYPE_CHECKING:
    from temporalio.client import Interceptor

log = logging.getLogger(__name__)

_interceptors: "Final[list[Interceptor]]" = []

_PARTS: Final = ("kai_flow.traces.open_telemetry", "kai_flow.traces.temporal")


@asynccontextmanager
async def traces(settings: Settings, service: str) -> AsyncIterator[None]:
    """Make spans while the block runs. Temporal clients are to be connected in it.

    Where nothing asks for traces, there are none, and nothing is imported. `service` is the name of
    the program, unless the environment has another. Raises StartError for a variable that is wrong,
    and when the extra is not installed.
    """
    wanted = asked(os.environ)
    if wanted is None:
        yield
        return
    await _import(wanted)
    from opentelemetry import trace  # noqa: PLC0415

    from kai_flow.traces import open_telemetry as sdk  # noqa: PLC0415  (only where traces are)
    from kai_flow.traces.exporting import exporter_called  # noqa: PLC0415  (likewise)
    from kai_flow.traces.temporal import Traces  # noqa: PLC0415  (likewise)

    content = settings.trace_content
    provider = sdk.provider_for(service, exporter_called(wanted.exporter), content=content)
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        trace.set_tracer_provider(provider)  # so that an agent's own spans have a place to go
    sdk.trace_with(provider, content=content)
    _interceptors.append(Traces(provider))
    try:
        yield
    finally:
        _interceptors.clear()
        spans.use(None)
        if not await asyncio.to_thread(sdk.stop, provider):
            log.warning(
                "the last spans of the traces were not exported within %g s",
                sdk.STOP_SECONDS,
                extra=about("traces_not_exported"),
            )


def client_interceptors() -> "list[Interceptor]":
    """Those that a Temporal client of this program needs; none without traces."""
    return list(_interceptors)


async def _import(wanted: Asked) -> None:
    try:
        await imported(*_PARTS)
    except ModuleNotFoundError as missing:
        if not (missing.name or "").startswith("opentelemetry"):
            raise
        raise StartError(
            f"{wanted.by} asks for traces, and the package {missing.name} is missing: "
            f"{installing('traces')}, or {OFF}"
        ) from None
