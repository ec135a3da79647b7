"""Serves the metrics of a program in Prometheus' text format, at a port of their own.

`prometheus_client` is imported only here, and this module only if `KAI_METRICS_PORT` is set.
"""

import asyncio
import hmac
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, MutableMapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.metrics_core import Metric as Family

from kai_flow import __version__
from kai_flow.runtime.connections import CONNECTIONS, Cause
from kai_flow.runtime.metrics import Metric, Metrics
from kai_flow.runtime.serving import serving
from kai_flow.settings import LOOPBACK, Settings
from kai_flow.stream.clock import now
from kai_flow.stream.log_fields import about
from kai_flow.stream.tally import Histogram

log = logging.getLogger(__name__)

PROBE_SECONDS: Final = 0.25  # between two looks at how late the event loop is

_DELAYS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_FAMILIES: Final[Mapping[str, type[CounterMetricFamily | GaugeMetricFamily]]] = {
    "counter": CounterMetricFamily,
    "gauge": GaugeMetricFamily,
}

Message = MutableMapping[str, Any]


@asynccontextmanager
async def metrics_port(settings: Settings, metrics: Metrics) -> AsyncIterator[str]:
    """Serve the metrics while the block runs; yields their URL. Raises PortInUse.

    `settings.metrics_port` is set.
    """
    delays = Histogram(_DELAYS)
    probe = asyncio.create_task(_probe(delays))
    host = settings.metrics_host
    try:
        async with serving(
            _app(metrics, settings),
            host,
            settings.metrics_port or 0,
            what="the metrics",
            setting="KAI_METRICS_PORT",
        ) as port:
            with metrics.of(process_metrics(delays)):
                url = f"http://{f'[{host}]' if ':' in host else host}:{port}/metrics"
                log.info("metrics are at %s", url, extra=about("metrics_served"))
                yield url
    finally:
        probe.cancel()
        with suppress(asyncio.CancelledError):
            await probe


def process_metrics(delays: Histogram) -> list[Metric]:
    """The metrics of every process; `delays` are those of its event loop."""
    return [
        Metric(
            "kai_event_loop_delay_seconds",
            "histogram",
            "How late the event loop was, looked at four times a second.",
            lambda: delays,
        ),
        Metric(
            "kai_http_connections",
            "gauge",
            "Open connections of all HTTP servers of the process.",
            lambda: len(CONNECTIONS),
        ),
        Metric(
            "kai_http_connections_limit",
            "gauge",
            "Connections that the process may have; further ones are reset.",
            lambda: CONNECTIONS.limit,
        ),
        Metric(
            "kai_http_connections_ended_total",
            "counter",
            "Connections that a limit on clients has refused or ended, by cause.",
            lambda: CONNECTIONS.ended,
            {"cause": tuple(cause.value for cause in Cause)},
        ),
    ]


async def _probe(delays: Histogram) -> None:
    while True:
        due = now() + PROBE_SECONDS
        await asyncio.sleep(PROBE_SECONDS)
        delays.observe(max(0.0, now() - due))


class _Collected:
    """What a registry of the library asks for the metrics."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Family]:
        """All of them, as they are now."""
        yield InfoMetricFamily("kai_build", "What runs here.", {"version": __version__})
        for metric in self._metrics:
            yield _family(metric)


def _family(metric: Metric) -> Family:
    if metric.kind == "histogram":
        return _histogram(metric)
    family = _FAMILIES[metric.kind](metric.name, metric.help, labels=list(metric.labels))
    for values, number in metric.samples().items():
        family.add_metric(list(values), number)
    return family


def _histogram(metric: Metric) -> Family:
    family = HistogramMetricFamily(metric.name, metric.help)
    read = metric.read()
    assert isinstance(read, Histogram)  # noqa: S101  (so the table says)
    bounds = [*map(str, read.bounds), "+Inf"]
    family.add_metric([], [*zip(bounds, map(float, read.at_most), strict=True)], read.sum)
    return family


def _app(metrics: Metrics, settings: Settings) -> Callable[[Message, Any, Any], Any]:
    """One route as a plain ASGI app."""
    registry = CollectorRegistry()
    registry.register(_Collected(metrics))
    ProcessCollector(registry=registry)

    async def app(scope: Message, _receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        headers = {name.lower(): value for name, value in scope["headers"]}
        refusal = _refusal(scope, headers, settings)
        if refusal is not None:
            await _send(send, *refusal)
            return
        encode, media_type = choose_encoder(headers.get(b"accept", b"").decode("latin-1"))
        await metrics.look()
        body = b"" if scope["method"] == "HEAD" else encode(registry)
        await _send(send, 200, {"content-type": media_type}, body)

    return app


def _refusal(
    scope: Message, headers: Mapping[bytes, bytes], settings: Settings
) -> tuple[int, dict[str, str], bytes] | None:
    """Why a request is refused; None: it is not. Who may not read learns nothing else."""
    token = settings.metrics_token
    if token is not None:
        kind, _, given = headers.get(b"authorization", b"").partition(b" ")
        if not (hmac.compare_digest(given.strip(), token) and kind.lower() == b"bearer"):
            detail = "send the token of KAI_METRICS_TOKEN: Authorization: Bearer …"
            return _problem(401, detail, {"www-authenticate": "Bearer"})
    elif _name(headers.get(b"host", b"")) not in {*LOOPBACK, settings.metrics_host}:
        # A page whose host name points to this machine could read what this port serves.
        return _problem(403, "call the metrics as localhost, or set KAI_METRICS_TOKEN")
    if scope["path"] != "/metrics":
        return _problem(404, "there is no such route; use /metrics")
    if scope["method"] not in {"GET", "HEAD"}:
        return _problem(405, "GET /metrics", {"allow": "GET, HEAD"})
    return None


def _name(host: bytes) -> str:
    """The name in a `Host` header; empty if it is none."""
    try:
        return urlsplit(f"//{host.decode('latin-1')}").hostname or ""
    except ValueError:
        return ""


def _problem(
    status: int, detail: str, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    body = msgspec.json.encode({"status": status, "detail": detail})
    return status, {"content-type": "application/problem+json", **(headers or {})}, body


async def _send(send: Any, status: int, headers: Mapping[str, str], body: bytes) -> None:
    fields = {**headers, "content-length": str(len(body)), "cache-control": "no-store"}
    encoded = [(name.encode(), value.encode()) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
