"""Reports the metrics of a part of a program: at the port of its program, or at one of its own."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from kai_flow.runtime.extras import needs
from kai_flow.runtime.metrics import Look, Metric, Metrics, no_look
from kai_flow.settings import Settings


@asynccontextmanager
async def reporting(
    settings: Settings,
    table: Iterable[Metric],
    program: Metrics | None = None,
    look: Look = no_look,
) -> AsyncIterator[None]:
    """Report these metrics while the block runs, if a port for metrics is set. Raises PortInUse.

    `program`: those of the program, which serves them, and of which this is one part of several.
    `look` is awaited before each reading.
    """
    metrics = Metrics() if program is None else program
    with metrics.of(table, look):
        if program is None:
            async with serving_metrics(settings, metrics):
                yield
        else:
            yield


@asynccontextmanager
async def serving_metrics(settings: Settings, metrics: Metrics) -> AsyncIterator[None]:
    """Serve the metrics of a program while the block runs, if a port for them is set."""
    if settings.metrics_port is None:
        yield
        return
    with needs("bridge"):
        from kai_flow.runtime.metrics_port import metrics_port  # noqa: PLC0415  (only where set)
    async with metrics_port(settings, metrics):
        yield
