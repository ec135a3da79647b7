"""The bridge as a server: the app, and how it is started and stopped."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.plugins.problem_details import ProblemDetailsPlugin
from temporalio.client import Client

from kai_flow.bridge.hub import Hub, running_hub
from kai_flow.runtime.serving import serving
from kai_flow.settings import LOOPBACK, Settings
from kai_flow.stream.callback import MAX_BODY_BYTES
from kai_flow.web.body import Bodies
from kai_flow.web.foreign_requests import ForeignRequestGuard
from kai_flow.web.problems import PROBLEMS
from kai_flow.web.refusals import Refusals
from kai_flow.web.routes import healthz, readyz, receive_events, stream_events
from kai_flow.web.send_timeout import SendTimeout

log = logging.getLogger(__name__)


def create_app(hub: Hub, client: Client, settings: Settings) -> Litestar:
    """The Litestar app over a running hub."""
    hosts = {*LOOPBACK, settings.bridge_host}
    if settings.bridge_url is not None:
        hosts.add(urlsplit(settings.bridge_url).hostname or "")
    return Litestar(
        [receive_events, stream_events, healthz, readyz],
        dependencies={"hub": Provide(lambda: hub, sync_to_thread=False)},
        state=State({"temporal": client, "bodies": Bodies()}),
        middleware=[ForeignRequestGuard(hosts, settings.cors_origins), SendTimeout()],
        cors_config=CORSConfig(
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Content-Type", "Last-Event-ID"],
        ),
        plugins=[ProblemDetailsPlugin(PROBLEMS)],
        after_exception=[Refusals().note],
        request_max_body_size=MAX_BODY_BYTES,
        openapi_config=None,
        logging_config=None,  # the program decides where logs go
    )


@asynccontextmanager
async def running_bridge(settings: Settings, client: Client) -> AsyncIterator[str]:
    """Serve the bridge while the block runs; yields its base URL. Raises PortInUse."""
    async with (
        running_hub(
            client,
            signal_interval=settings.signal_interval,
            idle_timeout=settings.stream_idle_timeout,
        ) as hub,
        serving(
            create_app(hub, client, settings),
            settings.bridge_host,
            settings.bridge_port,
            what="the bridge",
            setting="KAI_BRIDGE_PORT",
            before_stop=hub.end_streams,
        ) as port,
    ):
        if settings.bridge_url is not None:  # which does not tell where it listens
            log.info("the bridge listens on %s, port %d", settings.bridge_host, port)
        yield settings.reach_bridge(port)
