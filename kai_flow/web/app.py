"""The bridge as an ASGI app, to be served alone or mounted in another app."""

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from litestar import Litestar
from litestar.config.app import AppConfig
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.plugins import PluginProtocol
from litestar.plugins.problem_details import ProblemDetailsPlugin
from temporalio.client import Client

from kai_flow.bridge.hub import Hub, running_hub
from kai_flow.bridge.metrics import metrics_of
from kai_flow.runtime.reporting import reporting
from kai_flow.runtime.shutdown import before_shutdown
from kai_flow.settings import LOOPBACK, Settings
from kai_flow.temporal.introduction import Introduction, codec_of
from kai_flow.web.access import access_for
from kai_flow.web.body import Bodies
from kai_flow.web.client_gate import ClientGate, ComeAgain
from kai_flow.web.documents import Documents
from kai_flow.web.foreign_requests import ForeignRequestGuard
from kai_flow.web.plain_posts import PlainPosts
from kai_flow.web.problems import PROBLEMS
from kai_flow.web.refusal_log import RefusalLog
from kai_flow.web.routes import (
    come_again_later,
    healthz,
    readyz,
    receive_events,
    receive_lists,
    stream_events,
)
from kai_flow.web.send_timeout import SendTimeout

if TYPE_CHECKING:
    from kai_flow.web.signatures import Signatures

_Message = MutableMapping[str, Any]
ASGIApp = Callable[
    [_Message, Callable[[], Awaitable[_Message]], Callable[[_Message], Awaitable[None]]],
    Awaitable[None],
]
"""An app as other frameworks type it. Litestar's own type is narrower than theirs."""


class _Litestar(Litestar):
    """Litestar without what it adds by itself where pydantic, attrs or OpenTelemetry are installed.

    No route has a use for it, and importing pydantic takes a tenth of a bridge's start.
    """

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return plugins

    @staticmethod
    def _patch_opentelemetry_middleware(config: AppConfig) -> AppConfig:
        return config


def create_app(hub: Hub, client: Client, settings: Settings, *, mounted: bool = False) -> ASGIApp:
    """The app over a running hub: Litestar's, behind the fast way for plain POSTs.

    `mounted`: in another app, whose middleware must see every part of a response.
    """
    hosts = {*LOOPBACK, settings.bridge_host}
    for url in (settings.bridge_url, *settings.more_bridge_urls):
        if url is not None:
            hosts.add(urlsplit(url).hostname or "")
    refusals, send_timeout = RefusalLog(hub.counts.refused), SendTimeout()
    access = access_for(settings)
    bodies, gate = Bodies(hub.stopping), ClientGate(settings, hub.counts.limited)
    documents = Documents(hub, refusals, _signatures(settings), access, gate)
    introduction = Introduction(settings.needs_tokens, codec_of(client.data_converter))
    litestar = _Litestar(
        [receive_events, receive_lists, stream_events, healthz, readyz],
        dependencies={
            "hub": Provide(lambda: hub, sync_to_thread=False),
            "bodies": Provide(lambda: bodies, sync_to_thread=False),
            "documents": Provide(lambda: documents, sync_to_thread=False),
        },
        state=State(
            {
                "temporal": client,
                "mounted": mounted,
                "access": access,
                "gate": gate,
                "introduction": introduction,
            }
        ),
        exception_handlers={ComeAgain: come_again_later},
        middleware=[ForeignRequestGuard(hosts, settings.cors_origins), send_timeout],
        cors_config=CORSConfig(
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "Last-Event-ID"],
            allow_credentials=settings.needs_tokens,  # so that a page can send its cookie
            expose_headers=["Retry-After", "WWW-Authenticate"],
        ),
        plugins=[ProblemDetailsPlugin(PROBLEMS)],
        after_exception=[refusals.note],
        openapi_config=None,
        logging_config=None,  # the program decides where logs go
    )
    return PlainPosts(litestar, hosts, bodies, documents, send_timeout)


def _signatures(settings: Settings) -> "Signatures | None":
    """What verifies and signs; None: the bridge takes every POST."""
    if not settings.signing_keys:
        return None
    from kai_flow.web.signatures import Signatures  # noqa: PLC0415  (only a bridge with keys needs it)

    return Signatures(settings.signing_keys)


def hub_for(settings: Settings, client: Client) -> AbstractAsyncContextManager[Hub]:
    """The hub that these settings ask for; it works while the block runs."""
    return running_hub(
        client,
        signal_interval=settings.signal_interval,
        signals_per_second=settings.signals_per_second,
        idle_timeout=settings.stream_idle_timeout,
    )


@asynccontextmanager
async def bridge_app(client: Client, settings: Settings | None = None) -> AsyncIterator[ASGIApp]:
    """The bridge, to be mounted in another ASGI app; it works while the block runs.

    Enter it in the lifespan of the outer app: servers do not run the lifespan of a mounted app.
    Of the settings, those of the address it listens on have no effect. `bridge_url` is the URL at
    which it is mounted; without one it answers only requests to localhost.

    A server waits for open streams before it ends the lifespan. They are ended when the process
    gets SIGINT or SIGTERM.
    """
    settings = settings or Settings()
    async with (
        hub_for(settings, client) as hub,
        reporting(settings, metrics_of(hub), look=hub.load.look),
    ):
        with before_shutdown(hub.end_streams):
            yield create_app(hub, client, settings, mounted=True)
