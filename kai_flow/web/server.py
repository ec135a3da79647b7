"""The bridge as a server of its own: how it is started and stopped."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio.client import Client

from kai_flow.bridge.metrics import metrics_of
from kai_flow.runtime.metrics import Metrics
from kai_flow.runtime.reporting import reporting
from kai_flow.runtime.serving import serving
from kai_flow.settings import Settings
from kai_flow.settings.parsers import is_loopback
from kai_flow.stream.log_fields import about
from kai_flow.web.app import create_app, hub_for
from kai_flow.web.tls import certificate

log = logging.getLogger(__name__)


@asynccontextmanager
async def running_bridge(
    settings: Settings, client: Client, metrics: Metrics | None = None
) -> AsyncIterator[str]:
    """Serve the bridge while the block runs; yields its base URL. Raises PortInUse, StartError.

    `metrics` are those of a program that serves them for all of its parts.
    """
    tls = certificate(settings)
    if tls is None and not is_loopback(settings.bridge_host):
        log.warning(
            "the bridge listens on %s without TLS: tokens, questions and answers travel "
            "unencrypted unless a proxy before it has the certificate; otherwise set KAI_TLS_CERT",
            settings.bridge_host,
            extra=about("bridge_without_tls"),
        )
    async with (
        hub_for(settings, client) as hub,
        reporting(settings, metrics_of(hub), metrics, hub.load.look),
        serving(
            create_app(hub, client, settings),
            settings.bridge_host,
            settings.bridge_port,
            what="the bridge",
            setting="KAI_BRIDGE_PORT",
            before_stop=hub.end_streams,
            tls=tls,
            proxies=settings.trusted_proxies,
        ) as port,
    ):
        if settings.bridge_url is not None:  # that URL does not show where the bridge listens
            log.info(
                "the bridge listens on %s, port %d",
                settings.bridge_host,
                port,
                extra=about("bridge_listening"),
            )
        yield settings.reach_bridge(port)
